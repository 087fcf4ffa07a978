//! CSV files: plain or gzip, in whatever encoding and delimiter.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::Encoding;
use flate2::read::MultiGzDecoder;

use super::encoding::encoding_of;
use super::{Merges, ROWS_ABOVE_HEADER, Table, TableError, TableRow};
use crate::import::mapping::Mapping;
use crate::import::report::Counted;

/// Bytes that are looked at to tell the delimiter.
const HEAD_BYTES: usize = 1 << 16;
/// The longest row that is taken.
pub(super) const LONGEST_ROW_BYTES: u64 = 1 << 20;

/// What a file says, unpacked where it is gzip, whatever its name.
pub(super) fn plain(file: impl Read + Send + 'static) -> std::io::Result<Box<dyn Read + Send>> {
    let mut file = BufReader::new(file);
    let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

impl Table {
    /// Opens a CSV file, plain or gzip, up to its header. `taken` counts the bytes read.
    ///
    /// # Errors
    /// [`TableError`] says what is wrong with the file.
    pub fn csv(path: &Path, mapping: &Mapping, taken: Arc<AtomicU64>) -> Result<Self, TableError> {
        let encoding = encoding_of(path, mapping.encoding.as_deref())?;
        let mut input = plain(Counted::new(File::open(path)?, taken))?;
        let head = head_of(&mut input)?;
        if head.starts_with(b"PK\x03\x04") {
            return Err(TableError::IsZip);
        }
        // Excel for Mac can end lines with a carriage return alone.
        let has_lines = head.contains(&b'\n') || !head.contains(&b'\r');
        let delimiter = mapping.delimiter.map_or_else(
            || delimiter_of(&head),
            |given| u8::try_from(given).unwrap_or(b','),
        );
        let since_row = Arc::new(AtomicU64::new(0));
        let guarded = RowGuard {
            inner: std::io::Cursor::new(head).chain(input).chain(b"\n".as_slice()),
            since_row: Arc::clone(&since_row),
        };
        let mut builder = csv::ReaderBuilder::new();
        if has_lines {
            builder.terminator(csv::Terminator::Any(b'\n'));
        }
        let mut records = builder
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(guarded)
            .into_byte_records();
        let mut counted = 0;
        let rows = std::iter::from_fn(move || {
            let begin = records.reader().position().line();
            let record = records.next()?;
            since_row.store(0, Ordering::Relaxed);
            counted += 1;
            let lines = has_lines.then(|| (begin, records.reader().position().line()));
            Some(csv_row(record, lines.unwrap_or((counted, counted + 1)), encoding))
        });
        let table = Self::after_header(rows, mapping, &Merges::default())?;
        Ok(Self {
            encoding: Some(encoding.name()),
            ..table
        })
    }
}

/// The first bytes of the input, as many as tell its delimiter, however few a single read gives.
fn head_of(input: &mut impl Read) -> Result<Vec<u8>, TableError> {
    let mut head = Vec::new();
    let most = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    input.take(most).read_to_end(&mut head)?;
    Ok(head)
}

/// `lines` are the line after the row before and the line after this one. The row's own line is counted back from
/// there: where it begins, the reader has not yet passed over the empty lines before it.
fn csv_row(
    record: Result<csv::ByteRecord, csv::Error>,
    lines: (u64, u64),
    encoding: &'static Encoding,
) -> Result<TableRow, TableError> {
    let (begin, end) = lines;
    let record = record.map_err(|error| {
        let is_long = |source: &std::io::Error| source.kind() == std::io::ErrorKind::FileTooLarge;
        if matches!(error.kind(), csv::ErrorKind::Io(source) if is_long(source)) {
            TableError::LongRow(begin)
        } else {
            TableError::Row {
                row: begin,
                message: error.to_string(),
            }
        }
    })?;
    let own = record.as_slice().split(|byte| *byte == b'\n').count();
    let number = end.saturating_sub(u64::try_from(own).unwrap_or(u64::MAX));
    let cells = record
        .iter()
        .map(|cell| {
            // The line end of Windows is two letters, of which the reader takes the last.
            let cell = cell.strip_suffix(b"\r").unwrap_or(cell);
            encoding
                .decode_without_bom_handling_and_without_replacement(cell)
                .map(std::borrow::Cow::into_owned)
        })
        .collect::<Option<Vec<String>>>();
    cells
        .map(|cells| TableRow { number, cells })
        .ok_or_else(|| TableError::Bytes {
            row: number,
            encoding: encoding.name(),
        })
}

/// The delimiter that a line of the beginning holds most often outside quotation marks: titles above a header hold none.
fn delimiter_of(head: &[u8]) -> u8 {
    let pieces = |delimiter: u8| {
        let lines = head
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .take(ROWS_ABOVE_HEADER);
        lines.map(|line| unquoted(line, delimiter)).max().unwrap_or(0)
    };
    // The comma comes first, and the first of equals stands.
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| pieces(*delimiter))
        .unwrap_or(b',')
}

/// How often a byte stands outside quotation marks.
fn unquoted(line: &[u8], wanted: u8) -> usize {
    let mut is_quoted = false;
    line.iter()
        .filter(|byte| {
            is_quoted ^= **byte == b'"';
            !is_quoted && **byte == wanted
        })
        .count()
}

/// Ends the reading of a row that is too long, before it fills the memory. The reader of rows sets the count back with
/// every row: a quotation mark that never ends makes one row of the rest, however many lines that has.
struct RowGuard<R> {
    inner: R,
    since_row: Arc<AtomicU64>,
}

impl<R: Read> Read for RowGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        let before = self.since_row.fetch_add(length, Ordering::Relaxed);
        if before.saturating_add(length) > LONGEST_ROW_BYTES {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
        }
        Ok(read)
    }
}
