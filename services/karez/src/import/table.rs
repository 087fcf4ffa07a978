//! Tables as rows of text: CSV in whatever encoding and delimiter, and workbooks. Cells are found by their header.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use calamine::{Data, Reader, Xlsx, open_workbook};
use encoding_rs::{Encoding, GB18030, UTF_8};
use flate2::read::MultiGzDecoder;

use super::mapping::Mapping;
use super::report::Counted;

/// Bytes that are looked at to tell encoding and delimiter.
const HEAD_BYTES: usize = 1 << 16;
/// The longest row that is taken.
const LONGEST_ROW_BYTES: u64 = 1 << 20;

/// How far down a header is looked for.
const ROWS_ABOVE_HEADER: usize = 50;

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file.
    #[error("the file cannot be read: {0}")]
    Input(#[from] std::io::Error),
    /// No workbook.
    #[error("this is no .xlsx workbook (a renamed file?): {0}")]
    Workbook(String),
    /// No such sheet.
    #[error("the workbook has no sheet {wanted:?}; it has {found}")]
    Sheet {
        /// The sheet asked for.
        wanted: String,
        /// The sheets there are.
        found: String,
    },
    /// No header where it should be.
    #[error("there is no header in row {0}: say header_row in the mapping")]
    NoHeader(usize),
    /// Two columns of one name.
    #[error("two columns are called {0:?}: rename one")]
    TwoColumns(String),
    /// An unknown encoding.
    #[error("{0:?} is not the name of an encoding: use utf-8, gb18030 or iso-8859-1")]
    Encoding(String),
    /// A row that is too long.
    #[error("row {0} is longer than {LONGEST_ROW_BYTES} bytes: is a quotation mark missing before it?")]
    LongRow(u64),
    /// A row that is no CSV.
    #[error("row {row} is no CSV: {message}")]
    Row {
        /// Its number.
        row: u64,
        /// What is wrong.
        message: String,
    },
}

/// A cell without outer white space and byte order mark.
fn bare(cell: &str) -> &str {
    cell.trim().trim_start_matches('\u{feff}')
}

/// One row: its number in the file, from 1, and its cells by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// Its number in the file, from 1.
    pub number: u64,
    cells: Vec<String>,
}

/// The columns of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header(HashMap<String, usize>);

impl Header {
    fn of(cells: &[String], row: usize) -> Result<Self, TableError> {
        let mut columns = HashMap::new();
        for (place, name) in cells.iter().enumerate() {
            let name = bare(name).to_owned();
            if !name.is_empty() && columns.insert(name.clone(), place).is_some() {
                return Err(TableError::TwoColumns(name));
            }
        }
        if columns.is_empty() {
            Err(TableError::NoHeader(row))
        } else {
            Ok(Self(columns))
        }
    }

    /// Whether there is such a column.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.0.contains_key(column)
    }

    /// The names of the columns, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// A cell of a row, without outer white space; empty where the row is short.
    #[must_use]
    pub fn cell<'a>(&self, row: &'a TableRow, column: &str) -> &'a str {
        self.0
            .get(column)
            .and_then(|place| row.cells.get(*place))
            .map_or("", |cell| cell.trim())
    }
}

impl TableRow {
    /// The row as JSON, for keeping.
    #[must_use]
    pub fn as_json(&self) -> String {
        serde_json::to_string(&self.cells).unwrap_or_default()
    }

    /// Whether a cell holds exactly this text.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        self.cells.iter().any(|cell| bare(cell) == text)
    }

    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// A table that is being read.
pub struct Table {
    /// Its columns.
    pub header: Header,
    rows: Box<dyn Iterator<Item = Result<TableRow, TableError>> + Send>,
}

impl Iterator for Table {
    type Item = Result<TableRow, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows
            .by_ref()
            .find(|row| !row.as_ref().is_ok_and(TableRow::is_blank))
    }
}

impl Table {
    /// Opens a CSV file, plain or gzip, up to its header. `taken` counts the bytes read.
    ///
    /// # Errors
    /// [`TableError`] says what is wrong with the file.
    pub fn csv(path: &Path, mapping: &Mapping, taken: Arc<AtomicU64>) -> Result<Self, TableError> {
        let mut file = BufReader::new(Counted::new(File::open(path)?, taken));
        let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let plain: Box<dyn Read + Send> = if is_gzip {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        let mut input = BufReader::with_capacity(HEAD_BYTES, plain);
        let head = input.fill_buf()?.to_vec();
        let encoding = encoding_of(&head, mapping.encoding.as_deref())?;
        let delimiter = mapping.delimiter.map_or_else(
            || delimiter_of(&head),
            |given| u8::try_from(given).unwrap_or(b','),
        );
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(RowGuard::new(input));
        let records = reader.into_byte_records().enumerate();
        let rows = records.map(move |(index, record)| csv_row(index, record, encoding));
        Self::after_header(rows, mapping)
    }

    /// Reads a sheet of a workbook.
    ///
    /// # Errors
    /// [`TableError`] says what is wrong with the file.
    pub fn xlsx(path: &Path, mapping: &Mapping) -> Result<Self, TableError> {
        let wrong = |error: calamine::XlsxError| TableError::Workbook(error.to_string());
        let mut workbook: Xlsx<_> = open_workbook(path).map_err(wrong)?;
        let sheets = workbook.sheet_names();
        let sheet = match (&mapping.sheet, sheets.first()) {
            (Some(wanted), _) if sheets.contains(wanted) => wanted.clone(),
            (None, Some(first)) => first.clone(),
            (wanted, _) => {
                let wanted = wanted.clone().unwrap_or_default();
                return Err(TableError::Sheet {
                    wanted,
                    found: sheets.join(", "),
                });
            }
        };
        let range = workbook.worksheet_range(&sheet).map_err(wrong)?;
        let first_row = u64::from(range.start().map_or(0, |(row, _)| row));
        let first_column = usize::try_from(range.start().map_or(0, |(_, column)| column)).unwrap_or(0);
        let rows: Vec<TableRow> = (first_row + 1..)
            .zip(range.rows())
            .map(|(number, cells)| {
                let before = std::iter::repeat_n(String::new(), first_column);
                TableRow {
                    number,
                    cells: before.chain(cells.iter().map(cell_text)).collect(),
                }
            })
            .collect();
        let above = std::iter::repeat_n((), usize::try_from(first_row).unwrap_or(0))
            .zip(1..)
            .map(|((), number)| {
                Ok(TableRow {
                    number,
                    cells: Vec::new(),
                })
            });
        Self::after_header(above.chain(rows.into_iter().map(Ok)), mapping)
    }

    fn after_header(
        mut rows: impl Iterator<Item = Result<TableRow, TableError>> + Send + 'static,
        mapping: &Mapping,
    ) -> Result<Self, TableError> {
        if let Some(place) = mapping.header_row {
            let row = rows
                .nth(place.saturating_sub(1))
                .ok_or(TableError::NoHeader(place))??;
            return Ok(Self {
                header: Header::of(&row.cells, place)?,
                rows: Box::new(rows),
            });
        }
        let mut nearest = None;
        for place in 1..=ROWS_ABOVE_HEADER {
            let Some(row) = rows.next() else { break };
            let row = row?;
            if row.is_blank() {
                continue;
            }
            if mapping.needed().all(|column| row.holds(column)) {
                return Ok(Self {
                    header: Header::of(&row.cells, place)?,
                    rows: Box::new(rows),
                });
            }
            // Titles above a table fill few cells: the widest row is the likeliest header to name in a complaint.
            let width = row.cells.iter().filter(|cell| !cell.trim().is_empty()).count();
            if nearest.as_ref().is_none_or(|(widest, _)| width > *widest) {
                nearest = Some((width, row));
            }
        }
        let (_, row) = nearest.ok_or(TableError::NoHeader(1))?;
        Ok(Self {
            header: Header::of(&row.cells, 1)?,
            rows: Box::new(rows),
        })
    }
}

fn csv_row(
    index: usize,
    record: Result<csv::ByteRecord, csv::Error>,
    encoding: &'static Encoding,
) -> Result<TableRow, TableError> {
    let number = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1);
    let record = record.map_err(|error| {
        let is_long = |source: &std::io::Error| source.kind() == std::io::ErrorKind::InvalidData;
        if matches!(error.kind(), csv::ErrorKind::Io(source) if is_long(source)) {
            TableError::LongRow(number)
        } else {
            TableError::Row {
                row: number,
                message: error.to_string(),
            }
        }
    })?;

    let number = record.position().map_or(number, csv::Position::line);
    let cells = record
        .iter()
        .map(|cell| {
            encoding
                .decode_without_bom_handling_and_without_replacement(cell)
                .map(std::borrow::Cow::into_owned)
        })
        .collect::<Option<Vec<String>>>();
    let message = || {
        format!(
            "it holds bytes that are not {}: say the encoding in the mapping",
            encoding.name()
        )
    };
    cells
        .map(|cells| TableRow { number, cells })
        .ok_or_else(|| TableError::Row {
            row: number,
            message: message(),
        })
}

/// UTF-8 where the beginning is, else GB18030, in which nearly every byte is something: other encodings must be named.
fn encoding_of(head: &[u8], named: Option<&str>) -> Result<&'static Encoding, TableError> {
    if let Some(name) = named {
        return Encoding::for_label(name.as_bytes()).ok_or_else(|| TableError::Encoding(name.to_owned()));
    }
    match std::str::from_utf8(head) {
        Ok(_) => Ok(UTF_8),
        // The head may end within a character.
        Err(error) if error.error_len().is_none() => Ok(UTF_8),
        Err(_) => Ok(GB18030),
    }
}

fn delimiter_of(head: &[u8]) -> u8 {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let pieces = |delimiter: &u8| line.split(|byte| byte == delimiter).count();
    b",;\t"
        .iter()
        .copied()
        .max_by_key(pieces)
        .filter(|found| pieces(found) > 1)
        .unwrap_or(b',')
}

/// Numbers by their shortest decimal text, so that 99.995 stays 99.995; dates as ISO days.
fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Float(value) => format!("{value}"),
        Data::DateTime(value) => value
            .as_datetime()
            .map_or_else(|| format!("{}", value.as_f64()), |at| at.date().to_string()),
    }
}

/// Ends the reading of a row that is too long, before it fills the memory.
struct RowGuard<R> {
    inner: R,
    since_line_end: u64,
}

impl<R> RowGuard<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            since_line_end: 0,
        }
    }
}

impl<R: Read> Read for RowGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let taken = buffer.get(..read).unwrap_or_default();
        let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.since_line_end = match taken.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => length(taken.get(end + 1..).unwrap_or_default()),
            None => self.since_line_end.saturating_add(length(taken)),
        };
        if self.since_line_end > LONGEST_ROW_BYTES {
            return Err(std::io::Error::from(std::io::ErrorKind::InvalidData));
        }
        Ok(read)
    }
}
