//! What became of the rows of a workbook.

use serde::Serialize;
use utoipa::ToSchema;

use super::batch::{RowCounts, RowView};
use super::preview::ChangeView;

/// What became of one fact of one row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRowView {
    /// The sheet.
    pub sheet: String,
    /// The row, as Excel counts it.
    pub row: u64,
    /// The column at fault, by its heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub result: RowView,
}

/// What became of a workbook.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    /// Whether all rows or none were to be recorded.
    pub atomic: bool,
    /// Whether it was only asked what would be done.
    pub dry_run: bool,
    /// How many ended how.
    pub counts: RowCounts,
    /// Every fact, in the order of sheets and rows. A row of 项目 states several.
    pub results: Vec<ImportRowView>,
    /// Of a dry run, the warnings that would be raised.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub raised: Vec<ChangeView>,
    /// Of a dry run, the warnings that would have another colour, or rest on other figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<ChangeView>,
    /// Of a dry run, the warnings that would end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lifted: Vec<ChangeView>,
}
