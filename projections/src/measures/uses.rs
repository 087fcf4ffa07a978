//! What became of a project's fiscal money: arrived, spent by category, taken back, still there.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use karez_events::{CategoryId, Currency};
use rust_decimal::Decimal;

use crate::project::{Project, category_id};

/// Net fiscal expenditure by 科目 up to a date: together E of fiscal money. What was posted without one stands
/// under `None`.
#[must_use]
pub fn fiscal_uses(
    project: &Project,
    currency: Currency,
    as_of: NaiveDate,
) -> BTreeMap<Option<CategoryId>, Decimal> {
    let mut uses: BTreeMap<Option<&str>, Decimal> = BTreeMap::new();
    let spending = project.entries.iter().filter(|entry| {
        entry.currency == currency
            && entry.on <= as_of
            && entry.kind.is_spending()
            && entry.source.is_fiscal()
    });
    for entry in spending {
        let sum = uses.entry(entry.wording().category).or_default();
        *sum = sum.saturating_add(entry.amount);
    }
    let by_id = |(text, amount): (Option<&str>, _)| (text.and_then(category_id), amount);
    uses.into_iter().map(by_id).collect()
}
