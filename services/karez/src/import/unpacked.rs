//! How large a workbook is when it is unpacked. What an archive says about its own parts may be a lie, so they are
//! unpacked once, into nothing, before anything is made of them.

use std::io::{self, Cursor, Read};

use zip::ZipArchive;

/// The most parts of an archive.
const MOST_PARTS: usize = 1_000;

/// Why a workbook is not opened.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It is no archive, or a damaged one.
    #[error("this is no .xlsx workbook: {0}")]
    NoWorkbook(String),
    /// It unpacks to more than is taken.
    #[error("the workbook unpacks to more than {0} bytes: send it in parts, and remove pictures")]
    TooLarge(u64),
}

impl UnpackError {
    /// The same in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::NoWorkbook(error) => format!("不是 .xlsx 工作簿：{error}"),
            Self::TooLarge(most) => format!("工作簿解压后超过 {most} 字节：请分批提交，并去掉图片"),
        }
    }
}

/// Checks that a workbook unpacks to no more than so many bytes.
///
/// # Errors
/// [`UnpackError`].
pub fn check(workbook: &[u8], most_bytes: u64) -> Result<(), UnpackError> {
    let no_workbook = |error: &dyn std::fmt::Display| UnpackError::NoWorkbook(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(workbook)).map_err(|error| no_workbook(&error))?;
    if archive.len() > MOST_PARTS {
        return Err(UnpackError::TooLarge(most_bytes));
    }
    let mut left = most_bytes;
    for part in 0..archive.len() {
        let part = archive.by_index(part).map_err(|error| no_workbook(&error))?;
        let size = io::copy(&mut part.take(left.saturating_add(1)), &mut io::sink())
            .map_err(|error| no_workbook(&error))?;
        left = left.checked_sub(size).ok_or(UnpackError::TooLarge(most_bytes))?;
    }
    Ok(())
}
