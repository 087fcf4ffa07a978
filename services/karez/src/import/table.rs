//! Tables as rows of text: CSV in whatever encoding and delimiter, and workbooks. Cells are found by their header.

use std::collections::{HashMap, VecDeque};

use super::mapping::Mapping;

mod csv_file;
mod encoding;
mod sheet_rows;
mod workbook;

use csv_file::LONGEST_ROW_BYTES;
use sheet_rows::MOST_CELLS;

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
    /// A workbook or archive where CSV was expected.
    #[error("this is no CSV file but a workbook or archive: use import xlsx, or unpack it")]
    IsZip,
    /// Excel's "Unicode text".
    #[error("the file is UTF-16 (Excel's \"Unicode text\"): save it as CSV UTF-8 or as a workbook")]
    Utf16,
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
    NoHeader(u64),
    /// A header without some columns that are needed.
    #[error("the columns {0} are missing: take the template's own header")]
    Columns(String),
    /// Two columns of one name.
    #[error("two columns are called {0:?}: rename one")]
    TwoColumns(String),
    /// An unknown encoding.
    #[error("{0:?} is not the name of an encoding: use utf-8, gb18030 or iso-8859-1")]
    Encoding(String),
    /// Bytes that are not text.
    #[error("row {row} holds bytes that are not {encoding}: say the encoding in the mapping")]
    Bytes {
        /// Its number.
        row: u64,
        /// The encoding in which the file is read.
        encoding: &'static str,
    },
    /// A row that is too long.
    #[error(
        "row {0} is longer than {LONGEST_ROW_BYTES} bytes: is a quotation mark missing in it or before it?"
    )]
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

impl TableError {
    /// The same in Chinese.
    #[must_use]
    pub fn message_zh(&self) -> String {
        match self {
            Self::Input(error) => format!("文件无法读取：{error}"),
            Self::Workbook(error) => format!("不是 .xlsx 工作簿（是否改过扩展名？）：{error}"),
            Self::IsZip => "不是 CSV 文件，而是工作簿或压缩包：请用 import xlsx，或先解压".to_owned(),
            Self::Utf16 => {
                "文件编码为 UTF-16（Excel 的“Unicode 文本”）：请另存为 CSV UTF-8 或工作簿".to_owned()
            }
            Self::Sheet { wanted, found } => format!("工作簿中没有“{wanted}”表；现有：{found}"),
            Self::LargeSheet(row) => {
                format!("第 {row} 行之前已超过 {MOST_CELLS} 个单元格：表格之外是否另有内容？")
            }
            Self::NoHeader(row) => format!("第 {row} 行没有表头：请在映射文件中写明 header_row"),
            Self::Columns(missing) => format!("缺少列：{missing}；请保留模板的表头"),
            Self::TwoColumns(name) => format!("有两列都叫“{name}”：请改其中一列的名称"),
            Self::Encoding(name) => format!("“{name}”不是编码名称：请用 utf-8、gb18030 或 iso-8859-1"),
            Self::Bytes { row, encoding } => {
                format!("第 {row} 行有不属于 {encoding} 编码的字节：请在映射文件中写明 encoding")
            }
            Self::LongRow(row) => {
                format!("第 {row} 行超过 {LONGEST_ROW_BYTES} 字节：该行或此前是否缺少一个引号？")
            }
            Self::Row { row, message } => format!("第 {row} 行不是 CSV：{message}"),
        }
    }
}

/// A cell without outer white space and byte order mark.
fn bare(cell: &str) -> &str {
    cell.trim().trim_start_matches('\u{feff}').trim_start()
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
    /// The columns by the names that the mapping uses.
    fn of(names: &[String], row: u64, mapping: &Mapping) -> Result<Self, TableError> {
        let mut columns = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            let name = mapping.canonical(name);
            if !name.is_empty() && columns.insert(name.to_owned(), place).is_some() {
                return Err(TableError::TwoColumns(name.to_owned()));
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
            .map_or("", |cell| bare(cell))
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
        self.cells.iter().all(|cell| bare(cell).is_empty())
    }

    fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !bare(cell).is_empty()).count()
    }
}

/// Cells that are merged into one: first and last row, from 1, and column, from 0. Only the first holds the text.
#[derive(Debug, Clone, Copy)]
struct Merge {
    rows: (u64, u64),
    columns: (usize, usize),
}

#[derive(Debug, Default)]
struct Merges(Vec<Merge>);

impl Merges {
    /// The cell whose text an empty cell of a header shows. To the right it counts only under a header of several
    /// rows: in a single row two columns would get one name.
    fn shown_at(&self, cell: (u64, usize), fills_right: bool) -> Option<(u64, usize)> {
        let (row, column) = cell;
        let covers = |merge: &&Merge| {
            (merge.rows.0..=merge.rows.1).contains(&row)
                && (merge.columns.0..=merge.columns.1).contains(&column)
                && (fills_right || merge.columns.0 == column)
        };
        self.0
            .iter()
            .find(covers)
            .map(|merge| (merge.rows.0, merge.columns.0))
    }
}

/// A table that is being read.
pub struct Table {
    /// Its columns.
    pub header: Header,
    /// The encoding in which a CSV file is read.
    pub encoding: Option<&'static str>,
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
    /// Reads down to the header: the row that the mapping gives, or else the first with every column needed.
    fn after_header(
        mut rows: impl Iterator<Item = Result<TableRow, TableError>> + Send + 'static,
        mapping: &Mapping,
        merges: &Merges,
    ) -> Result<Self, TableError> {
        let mut above: VecDeque<TableRow> = VecDeque::new();
        let mut widest: Option<(usize, u64, Vec<String>)> = None;
        let mut looked_at = 0;
        let (number, names) = loop {
            let row = match (rows.next().transpose()?, mapping.header_row) {
                (Some(row), Some(_)) => row,
                (Some(row), None) if looked_at < ROWS_ABOVE_HEADER => row,
                // Titles above a table fill few cells: the widest row is the likeliest header to name in a complaint.
                (_, given) => {
                    let (_, number, names) = widest.ok_or(TableError::NoHeader(given.unwrap_or(1)))?;
                    break (number, names);
                }
            };
            looked_at += 1;
            let (number, filled) = (row.number, row.filled());
            if above.len() == ROWS_ABOVE_HEADER {
                above.pop_front();
            }
            above.push_back(row);
            match mapping.header_row {
                Some(given) if number < given => continue,
                Some(given) if number > given => return Err(TableError::NoHeader(given)),
                None if filled == 0 => continue,
                Some(_) | None => {}
            }
            let names = names_at(&above, mapping.header_rows, merges);
            let is_there = |column: &str| names.iter().any(|name| mapping.canonical(name) == column);
            if mapping.header_row.is_some() || mapping.needed().all(is_there) {
                break (number, names);
            }
            if widest.as_ref().is_none_or(|(most, ..)| filled > *most) {
                widest = Some((filled, number, names));
            }
        };
        Ok(Self {
            header: Header::of(&names, number, mapping)?,
            encoding: None,
            rows: Box::new(rows),
        })
    }
}

/// The names of the columns where the last of these rows is the last of the header's: what stands above one another,
/// joined by " / ".
fn names_at(above: &VecDeque<TableRow>, header_rows: u64, merges: &Merges) -> Vec<String> {
    let Some(last) = above.back().map(|row| row.number) else {
        return Vec::new();
    };
    let text = |row: u64, column: usize| {
        let row = above.iter().find(|candidate| candidate.number == row);
        row.and_then(|row| row.cells.get(column))
            .map_or("", |cell| bare(cell))
    };
    let width = above.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    (0..width)
        .map(|column| {
            let mut parts: Vec<&str> = Vec::new();
            for row in (last + 1).saturating_sub(header_rows)..=last {
                let own = text(row, column);
                let shown = match merges.shown_at((row, column), header_rows > 1) {
                    Some((row, column)) if own.is_empty() => text(row, column),
                    Some(_) | None => own,
                };
                if !shown.is_empty() && parts.last() != Some(&shown) {
                    parts.push(shown);
                }
            }
            parts.join(" / ")
        })
        .collect()
}

#[cfg(test)]
mod tests;
