//! What an import did: every fact read is counted under one outcome, and every refused row is kept with its reason.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::NaiveDate;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A row or element that cannot be a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedRow {
    /// Where: `row 12`, or an element's path with its line.
    pub row: String,
    /// The column or element.
    pub pointer: String,
    /// The stable code.
    pub code: String,
    /// What was wrong and what to do, in Chinese.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
    /// What was found, as read.
    pub content: String,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// The file's name.
    pub file: String,
    /// `iati`, `csv`, `xlsx` or `ndjson`.
    pub format: &'static str,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The day on which the publisher made it, where it says so.
    pub published_on: Option<NaiveDate>,
    /// The encoding in which a CSV file was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
    /// Facts read, refused rows included.
    pub read: u64,
    /// Recorded now; in a dry run, what would be.
    pub recorded: u64,
    /// Recorded before.
    pub already_known: u64,
    /// Earlier facts withdrawn or reversed because the file no longer states them.
    pub withdrawn: u64,
    /// Refused, each kept with its reason.
    pub refused: u64,
    /// Taken with a reservation, such as a date that stands for another.
    pub reservations: u64,
    /// Facts passed over because a newer file of the same publisher has been imported.
    pub outdated: u64,
    /// Why the file could not be read to its end, in Chinese and English.
    pub stopped: Option<(String, String)>,
    /// Nothing was recorded: the run only looked.
    pub is_dry_run: bool,
}

impl ImportReport {
    /// The report of a file of which nothing has been read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_file(path: &Path, format: &'static str) -> io::Result<Self> {
        let file = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(Self {
            file,
            format,
            sha256: sha256_of(path)?,
            ..Self::default()
        })
    }
}

/// Reads a file once to name it by its content.
///
/// # Errors
/// The file cannot be read.
fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.update(buffer.get(..read).unwrap_or_default());
    }
    Ok(hexadecimal(&digest.finalize()))
}

/// The name of a content.
#[must_use]
pub fn sha256_of_bytes(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// A reader that counts the bytes taken from it, for progress.
#[derive(Debug)]
pub struct Counted<R> {
    inner: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Counted<R> {
    /// Counts into `taken`.
    pub fn new(inner: R, taken: Arc<AtomicU64>) -> Self {
        Self { inner, taken }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken
            .fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        Ok(read)
    }
}
