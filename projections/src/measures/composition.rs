//! Budget lines, and F8 科目偏离.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use karez_events::event::fund::FundSource;
use karez_events::{CategoryId, Ratio};
use rust_decimal::Decimal;

use super::budget::{Basis, Facts, sum};
use super::rate::{Rate, RateLevel};
use crate::fiscal_calendar::year_start;
use crate::project::{Entry, EntryKind, Project, category_id};

/// One line at a date: a source and a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineMeasures {
    /// Whose money. Life figures of carried-over fiscal money stand under the fiscal line it came from.
    pub source: FundSource,
    /// 科目; `None` where the budget of this source has no categories (包干制).
    pub category: Option<CategoryId>,
    /// `A_c` on the basis of the measures (year or life).
    pub budget: Decimal,
    /// `E_c` on the same basis.
    pub spent: Decimal,
    /// `O_c`: promised and not yet released.
    pub committed: Decimal,
    /// Whether the budget in force knows the line.
    pub is_budgeted: bool,
}

impl LineMeasures {
    /// `E_c/A_c`, level line.
    #[must_use]
    pub fn rate(&self) -> Rate {
        Rate {
            figure: "F8r",
            level: RateLevel::Line,
            numerator_name: "line_expenditure",
            denominator_name: "line_budget",
            numerator: self.spent,
            denominator: self.budget,
            is_denominator_incomplete: self.budget.is_zero() && !self.spent.is_zero(),
        }
    }

    /// F8: (`E_c` − `A_c`)/`A_c`; `None` for a line without budget.
    #[must_use]
    pub fn deviation(&self) -> Option<Ratio> {
        Ratio::of(self.spent.saturating_sub(self.budget), self.budget)
    }
}

/// F8, PEFA form: Σ|`E_c` − `A_c`·E/A| / E: how far the mix of spending is from the mix of the budget.
/// `None` while nothing is spent, and without a budget.
#[must_use]
pub fn variance(lines: &[LineMeasures]) -> Option<Ratio> {
    let budget = Ratio::exact(sum(lines.iter().map(|line| line.budget)));
    let spent = Ratio::exact(sum(lines.iter().map(|line| line.spent)));
    let executed = spent.over(&budget)?;
    let apart = lines.iter().fold(Ratio::whole(0), |apart, line| {
        let expected = Ratio::exact(line.budget).times(&executed);
        apart.plus(&Ratio::exact(line.spent).minus(&expected).magnitude())
    });
    apart.over(&spent)
}

type LineKey<'a> = (FundSource, Option<&'a str>);

/// The lines of a project, from its budget and its entries up to a date.
pub(super) fn lines<'a>(
    project: &Project,
    facts: &Facts<'a>,
    (basis, as_of): (Basis, NaiveDate),
    entries: &[&'a Entry],
) -> Vec<LineMeasures> {
    let year = match basis {
        Basis::Year => Some(as_of.year()),
        Basis::Life => None,
    };
    let budget = facts.lines(year).0;
    let is_lump_sum = project.approval(as_of).is_some_and(|approval| approval.lump_sum);
    let whole = sources_without_categories(&budget, is_lump_sum);
    let key = |source: FundSource, category: Option<&'a str>| -> LineKey<'a> {
        let is_carried = basis == Basis::Life && source == FundSource::FiscalCarryover;
        let source = if is_carried {
            FundSource::FiscalCurrent
        } else {
            source
        };
        (source, category.filter(|_| !whole.contains(&source)))
    };
    let mut found: BTreeMap<LineKey<'a>, LineMeasures> = BTreeMap::new();
    for ((source, category), amount) in &budget {
        let line = found
            .entry(key(*source, category.map(CategoryId::as_str)))
            .or_insert_with_key(empty);
        line.budget = line.budget.saturating_add(*amount);
        line.is_budgeted = true;
    }
    let first_on = year.map_or(NaiveDate::MIN, year_start);
    let mut promised: BTreeMap<&str, LineKey<'a>> = BTreeMap::new();
    for entry in entries {
        let mut key = key(entry.source, entry.wording().category);
        if entry.kind.is_spending() {
            let is_meant = year.is_none() || (entry.on >= first_on && !entry.prior_year);
            if is_meant {
                let line = found.entry(key).or_insert_with_key(empty);
                line.spent = line.spent.saturating_add(entry.amount);
            }
        } else if matches!(entry.kind, EntryKind::Committed | EntryKind::Released) {
            // A release names the commitment only, and falls on its line.
            if let Some(number) = entry.wording().reference {
                key = *promised.entry(number).or_insert(key);
            }
            let line = found.entry(key).or_insert_with_key(empty);
            line.committed = line.committed.saturating_add(entry.amount);
        }
    }
    found.into_values().collect()
}

fn empty(key: &LineKey<'_>) -> LineMeasures {
    LineMeasures {
        source: key.0,
        category: key.1.and_then(category_id),
        budget: Decimal::ZERO,
        spent: Decimal::ZERO,
        committed: Decimal::ZERO,
        is_budgeted: false,
    }
}

/// Sources whose budget is one sum: whatever category is spent on falls on it.
fn sources_without_categories(
    budget: &BTreeMap<(FundSource, Option<&CategoryId>), Decimal>,
    is_lump_sum: bool,
) -> BTreeSet<FundSource> {
    if is_lump_sum {
        return FundSource::ALL.into();
    }
    let has_category = |source: FundSource| {
        budget
            .keys()
            .any(|(of, category)| *of == source && category.is_some())
    };
    budget
        .keys()
        .map(|(source, _)| *source)
        .filter(|source| !has_category(*source))
        .collect()
}
