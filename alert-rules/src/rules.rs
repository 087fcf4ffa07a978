//! The rules, one file each; the text at the head of a file is the rule's manual.

// ST: stalled funds
pub mod idle_funds;
// BX: budget and execution apart

// PS: pre-start costs

// YE: year-end and late spending

// DS: duplicates

// CC: category caps

// MF: matching funds

// TL: timeliness

// DQ: data quality

// PI: performance

// FC: forecast
