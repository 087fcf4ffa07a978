//! Sheets of workbooks.

use std::io::{Cursor, Read, Seek};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use calamine::{Data, Reader, Xlsx, XlsxError, open_workbook, open_workbook_from_rs};

use super::sheet_rows::{SheetRows, cell_text};
use super::{Merge, Merges, Table, TableError};
use crate::import::mapping::Mapping;

impl Table {
    /// Reads a sheet of a workbook. `taken` counts the bytes read.
    ///
    /// # Errors
    /// [`TableError`] says what is wrong with the file.
    pub fn xlsx(path: &Path, mapping: &Mapping, taken: &AtomicU64) -> Result<Self, TableError> {
        let workbook = open_workbook(path).map_err(wrong)?;
        let table = Self::of_workbook(workbook, mapping)?;
        taken.store(std::fs::metadata(path)?.len(), Ordering::Relaxed);
        Ok(table)
    }

    /// Reads a sheet of a workbook that is in memory.
    ///
    /// # Errors
    /// [`TableError`] says what is wrong with the workbook.
    pub fn xlsx_in_memory(workbook: &[u8], mapping: &Mapping) -> Result<Self, TableError> {
        let workbook = open_workbook_from_rs(Cursor::new(workbook)).map_err(wrong)?;
        Self::of_workbook(workbook, mapping)
    }

    fn of_workbook<R: Read + Seek>(mut workbook: Xlsx<R>, mapping: &Mapping) -> Result<Self, TableError> {
        let sheet = sheet_name(&workbook.sheet_names(), mapping)?;
        let merges = workbook.merge_cells_by_sheet_name(&sheet).map_err(wrong)?;
        let merges = merges.into_iter().map(|area| Merge {
            rows: (u64::from(area.start.0) + 1, u64::from(area.end.0) + 1),
            columns: (place(area.start.1), place(area.end.1)),
        });
        let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(wrong)?;
        let mut rows = SheetRows::default();
        while let Some(cell) = cells.next_cell().map_err(wrong)? {
            let (row, column) = cell.get_position();
            rows.put(row, column, cell_text(&Data::from(cell.get_value().clone())))?;
        }
        Self::after_header(rows.in_order(), mapping, &Merges(merges.collect()))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn wrong(error: XlsxError) -> TableError {
    TableError::Workbook(error.to_string())
}

fn place(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn sheet_name(sheets: &[String], mapping: &Mapping) -> Result<String, TableError> {
    match (&mapping.sheet, sheets.first()) {
        (Some(wanted), _) if sheets.contains(wanted) => Ok(wanted.clone()),
        (None, Some(first)) => Ok(first.clone()),
        (wanted, _) => Err(TableError::Sheet {
            wanted: wanted.clone().unwrap_or_default(),
            found: sheets.join(", "),
        }),
    }
}
