//! The filled cells of a sheet as rows of text.

use std::collections::BTreeMap;

use calamine::Data;

use super::{TableError, TableRow};

/// The most cells that are taken from a sheet, blank ones before a filled one included.
pub(super) const MOST_CELLS: usize = 1 << 24;

/// The rows of a sheet, of which only what is filled takes memory: a cell far out does not make a large table.
#[derive(Default)]
pub(super) struct SheetRows {
    rows: BTreeMap<u32, Vec<String>>,
    cells: usize,
}

impl SheetRows {
    /// Puts a cell into its place; rows and columns count from 0.
    pub(super) fn put(&mut self, row: u32, column: u32, text: String) -> Result<(), TableError> {
        if text.is_empty() {
            return Ok(());
        }
        let number = u64::from(row).saturating_add(1);
        let column = usize::try_from(column).map_err(|_| TableError::LargeSheet(number))?;
        let cells = self.rows.entry(row).or_default();
        let wider = column.saturating_add(1).saturating_sub(cells.len());
        self.cells = self.cells.saturating_add(wider);
        if self.cells > MOST_CELLS {
            return Err(TableError::LargeSheet(number));
        }
        cells.resize(cells.len().saturating_add(wider), String::new());
        if let Some(cell) = cells.get_mut(column) {
            *cell = text;
        }
        Ok(())
    }

    /// The rows with their numbers; those without any cell are left out.
    pub(super) fn in_order(self) -> impl Iterator<Item = Result<TableRow, TableError>> + Send + 'static {
        self.rows.into_iter().map(|(row, cells)| {
            Ok(TableRow {
                number: u64::from(row).saturating_add(1),
                cells,
            })
        })
    }
}

/// Numbers by their shortest decimal text, so that 99.995 stays 99.995; dates as ISO days. A formula that failed
/// keeps its mark (`#REF!`): as an empty cell it would pass for "nothing stated".
pub(super) fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Error(error) => error.to_string(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(value) => value.to_string(),
        Data::Int(value) => value.to_string(),
        Data::Float(value) => format!("{value}"),
        Data::DateTime(value) => value
            .as_datetime()
            .map_or_else(|| format!("{}", value.as_f64()), |at| at.date().to_string()),
    }
}
