//! Tables as rows of text: CSV in whatever encoding and delimiter, and workbooks. Cells are found by their header.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use calamine::{Data, Reader, Xlsx, open_workbook};
use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_8, WINDOWS_1252};
use flate2::read::MultiGzDecoder;

use super::mapping::Mapping;
use super::report::Counted;
use super::sheet_rows::{MOST_CELLS, SheetRows, cell_text};

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
    /// A sheet that is too large.
    #[error(
        "the sheet has more than {MOST_CELLS} cells before row {0}: is something written far from the table?"
    )]
    LargeSheet(u64),
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
    pub(super) cells: Vec<String>,
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
        let head = head_of(&mut input)?;
        let input = std::io::Cursor::new(head.clone()).chain(input);
        let encoding = encoding_of(&head, mapping.encoding.as_deref())?;
        let delimiter = mapping.delimiter.map_or_else(
            || delimiter_of(&head),
            |given| u8::try_from(given).unwrap_or(b','),
        );
        let since_row = Arc::new(AtomicU64::new(0));
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(RowGuard {
                inner: input,
                since_row: Arc::clone(&since_row),
            });
        let mut line = 1;
        let rows = reader.into_byte_records().map(move |record| {
            since_row.store(0, Ordering::Relaxed);
            let row = csv_row(line, record, encoding);
            line = row.as_ref().map_or(line, |row| row.number).saturating_add(1);
            row
        });
        Self::after_header(rows, mapping)
    }

    /// Reads a sheet of a workbook.
    ///
    /// # Errors
    /// [`TableError`] says what is wrong with the file.
    pub fn xlsx(path: &Path, mapping: &Mapping, taken: &AtomicU64) -> Result<Self, TableError> {
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
        let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(wrong)?;
        let mut rows = SheetRows::default();
        while let Some(cell) = cells.next_cell().map_err(wrong)? {
            let (row, column) = cell.get_position();
            rows.put(row, column, cell_text(&Data::from(cell.get_value().clone())))?;
        }
        taken.store(std::fs::metadata(path)?.len(), Ordering::Relaxed);
        Self::after_header(rows.in_order(), mapping)
    }

    fn after_header(
        mut rows: impl Iterator<Item = Result<TableRow, TableError>> + Send + 'static,
        mapping: &Mapping,
    ) -> Result<Self, TableError> {
        if let Some(place) = mapping.header_row {
            let wanted = u64::try_from(place).unwrap_or(u64::MAX);
            let row = loop {
                let row = rows.next().ok_or(TableError::NoHeader(place))??;
                if row.number >= wanted {
                    break row;
                }
            };
            if row.number > wanted {
                return Err(TableError::NoHeader(place));
            }
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

/// The first bytes of the input, as many as tell its encoding, however few a single read gives.
fn head_of(input: &mut impl Read) -> Result<Vec<u8>, TableError> {
    let mut head = Vec::new();
    let most = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    input.take(most).read_to_end(&mut head)?;
    Ok(head)
}

/// Reads a record. `line` is the one after the record before.
fn csv_row(
    line: u64,
    record: Result<csv::ByteRecord, csv::Error>,
    encoding: &'static Encoding,
) -> Result<TableRow, TableError> {
    let record = record.map_err(|error| {
        let is_long = |source: &std::io::Error| source.kind() == std::io::ErrorKind::FileTooLarge;
        if matches!(error.kind(), csv::ErrorKind::Io(source) if is_long(source)) {
            TableError::LongRow(line)
        } else {
            TableError::Row {
                row: line,
                message: error.to_string(),
            }
        }
    })?;
    let number = record.position().map_or(line, csv::Position::line);
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

/// UTF-8 where the beginning is; else GB18030, in which nearly every pair of bytes is something; else windows-1252.
/// Other encodings must be named, and so must windows-1252 in a short file, which may happen to be GB18030 as well.
fn encoding_of(head: &[u8], named: Option<&str>) -> Result<&'static Encoding, TableError> {
    if let Some(name) = named {
        return Encoding::for_label(name.as_bytes()).ok_or_else(|| TableError::Encoding(name.to_owned()));
    }
    Ok([UTF_8, GB18030]
        .into_iter()
        .find(|encoding| reads(head, encoding))
        .unwrap_or(WINDOWS_1252))
}

/// Whether the bytes are text in this encoding; they may end within a character.
fn reads(head: &[u8], encoding: &'static Encoding) -> bool {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(head.len());
    let mut text = String::with_capacity(room.unwrap_or_default());
    let is_last = head.len() < HEAD_BYTES;
    let (result, _) = decoder.decode_to_string_without_replacement(head, &mut text, is_last);
    matches!(result, DecoderResult::InputEmpty)
}

/// The delimiter that a line of the beginning holds most often outside quotation marks: titles above a header hold none.
fn delimiter_of(head: &[u8]) -> u8 {
    let pieces = |delimiter: u8| {
        let lines = head.split(|byte| *byte == b'\n').take(ROWS_ABOVE_HEADER);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(more: &str) -> Mapping {
        Mapping::parse(&format!(
            "source = \"t\"\n{more}\n[project]\nid = [\"A\"]\n[[fact]]\ntype = \"arrival\"\namount = \"B\"\n"
        ))
        .unwrap()
    }

    #[test]
    fn encodings_are_tried_from_the_strictest() {
        let found = |bytes: &[u8]| encoding_of(bytes, None).unwrap().name();
        assert_eq!(found("项目".as_bytes()), "UTF-8");
        assert_eq!(found(&GB18030.encode("项目,金额").0), "gb18030");
        assert_eq!(found(b"N\xfamero,OXOLOT\xc1, 1\n"), "windows-1252");
        assert!(encoding_of(b"", Some("utf-9")).is_err());
    }

    #[test]
    fn a_cell_far_out_does_not_make_a_large_table() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("far.xlsx");
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let page = workbook.add_worksheet();
        for (column, text) in ["A", "B"].into_iter().enumerate() {
            page.write_string(2, u16::try_from(column).unwrap(), text)
                .unwrap();
        }
        page.write_string(3, 0, "P1").unwrap();
        page.write_number(3, 1, 99.995).unwrap();
        page.write_string(1_048_575, 16_383, "x").unwrap();
        workbook.save(&path).unwrap();
        for mapping in [mapping(""), mapping("header_row = 3")] {
            let taken = AtomicU64::new(0);
            let mut table = Table::xlsx(&path, &mapping, &taken).unwrap();
            let row = table.next().unwrap().unwrap();
            assert_eq!((row.number, table.header.cell(&row, "B")), (4, "99.995"));
            assert_eq!(taken.into_inner(), std::fs::metadata(&path).unwrap().len());
        }
        assert!(matches!(
            Table::xlsx(&path, &mapping("header_row = 2"), &AtomicU64::new(0)),
            Err(TableError::NoHeader(2))
        ));
    }

    #[test]
    fn a_renamed_file_is_no_workbook() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("renamed.xlsx");
        for bytes in [
            &b"A,B\n1,2\n"[..],
            b"PK\x03\x04",
            b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        ] {
            std::fs::write(&path, bytes).unwrap();
            let refused = Table::xlsx(&path, &mapping(""), &AtomicU64::new(0))
                .err()
                .unwrap();
            assert!(matches!(refused, TableError::Workbook(_)), "{refused}");
        }
    }
}
