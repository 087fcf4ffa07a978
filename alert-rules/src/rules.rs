//! The rules, one file each; the text at the head of a file is the rule's manual.

// ST: stalled funds
pub mod idle_funds;
// BX: budget and execution apart

// PS: pre-start costs
pub mod counted_as_match;
pub mod finished_before_approval;
pub mod fiscal_before_start;
pub mod self_funded_before_start;
pub mod swapped_into_fiscal;

// YE: year-end and late spending

// DS: duplicates

// CC: category caps

// MF: matching funds

// TL: timeliness
pub mod rectification_overdue;
pub mod report_missing;

// DQ: data quality
pub mod late_entry;
pub mod missing_fields;
pub mod negative_balance;
pub mod reconciliation_gap;

// PI: performance

// FC: forecast
