//! F20 立项前支出: what was spent for a service before the eligibility start (domain.md §4.3).

use chrono::NaiveDate;
use karez_events::event::fund::FundSource;
use karez_events::{Currency, Ratio};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::fiscal_calendar::days_before;
use crate::project::{Entry, LifeStep, Project};

/// Most days before the eligibility start that an approval may cover.
///
/// # Source
/// domain.md X1, after 2 CFR 200.308.
const LONGEST_GRACE_DAYS: u16 = 90;

/// Pre-start costs by source, net of refunds and reversals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreStart {
    /// S: the contract's eligibility date, else its first day, else the approval. Of a project published by
    /// others: the actual start, else the planned one.
    pub eligible_from_on: Option<NaiveDate>,
    /// Approved pre-study days, at most 90.
    pub grace_days: u16,
    /// Costs before S, by source.
    pub spent: Vec<(FundSource, Decimal)>,
    /// Of these, before S − grace: not covered by an approval.
    pub uncovered: Vec<(FundSource, Decimal)>,
    /// The earliest day of such a cost.
    pub first_on: Option<NaiveDate>,
}

impl PreStart {
    pub(super) fn of(project: &Project, currency: Currency, as_of: NaiveDate, entries: &[&Entry]) -> Self {
        let eligible_from_on = eligible_from(project, as_of);
        let grace_days = grace_days(project, as_of);
        let mut found = Self {
            eligible_from_on,
            grace_days,
            ..Self::default()
        };
        let Some(start) = eligible_from_on else {
            return found;
        };
        let covered_from = days_before(start, grace_days.into());
        for entry in entries.iter().filter(|entry| entry.kind.is_spending()) {
            let before = cost_before(entry, start, currency);
            if before.is_zero() {
                continue;
            }
            add(&mut found.spent, entry.source, before);
            add(
                &mut found.uncovered,
                entry.source,
                cost_before(entry, covered_from, currency),
            );
            let (first, _) = entry.cost_period();
            found.first_on = Some(found.first_on.map_or(first, |earliest| earliest.min(first)));
        }
        for (_, sum) in found.spent.iter_mut().chain(&mut found.uncovered) {
            *sum = in_smallest_units(*sum, currency);
        }
        found
    }

    /// The first day whose costs are covered by an approval, else S; `None` while there is no S.
    #[must_use]
    pub fn covered_from(&self) -> Option<NaiveDate> {
        self.eligible_from_on
            .map(|start| days_before(start, self.grace_days.into()))
    }

    /// All sources together.
    #[must_use]
    pub fn total(&self) -> Decimal {
        total(&self.spent, |_| true)
    }

    /// Costs before S from one source.
    #[must_use]
    pub fn spent_from(&self, source: FundSource) -> Decimal {
        total(&self.spent, |of| of == source)
    }

    /// Costs that no approval covers, from sources that qualify.
    #[must_use]
    pub fn uncovered_from(&self, is_meant: impl Fn(FundSource) -> bool) -> Decimal {
        total(&self.uncovered, is_meant)
    }
}

fn total(by_source: &[(FundSource, Decimal)], is_meant: impl Fn(FundSource) -> bool) -> Decimal {
    let meant = by_source.iter().filter(|(source, _)| is_meant(*source));
    meant.fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(*amount))
}

fn add(by_source: &mut Vec<(FundSource, Decimal)>, source: FundSource, amount: Decimal) {
    match by_source.iter_mut().find(|(of, _)| *of == source) {
        Some((_, sum)) => *sum = sum.saturating_add(amount),
        None => by_source.push((source, amount)),
    }
}

/// S, the first day whose costs are eligible.
pub(super) fn eligible_from(project: &Project, as_of: NaiveDate) -> Option<NaiveDate> {
    let of_contract = project
        .contract(as_of)
        .map(|contract| contract.eligible_from_on.unwrap_or(contract.start_on));
    let of_publisher = || {
        let planned = || {
            project
                .approval(as_of)
                .and_then(|approval| approval.planned_start_on)
        };
        project
            .is_published
            .then(|| project.started_on().or_else(planned))
            .flatten()
    };
    let approved_on = || project.first_on(NaiveDate::MAX, |step| step == LifeStep::Approved);
    of_contract.or_else(of_publisher).or_else(approved_on)
}

fn grace_days(project: &Project, as_of: NaiveDate) -> u16 {
    let approved = project
        .life
        .iter()
        .filter(|fact| fact.on <= as_of)
        .map(|fact| match fact.fact {
            LifeStep::PreStartApproved { days, .. } => days,
            LifeStep::Applied
            | LifeStep::Approved
            | LifeStep::Signed
            | LifeStep::Started
            | LifeStep::Suspended
            | LifeStep::Resumed
            | LifeStep::Extended { .. }
            | LifeStep::Terminated
            | LifeStep::AcceptanceApplied
            | LifeStep::Accepted
            | LifeStep::Closed => 0,
        });
    approved.max().unwrap_or(0).min(LONGEST_GRACE_DAYS)
}

/// Decimals beyond the smallest unit that parts of costs keep until they have been summed.
const DECIMALS_KEPT: u32 = 10;

/// The part of a cost that lies before a day. A cost whose period spans the day is split by days. The part is not
/// rounded to the smallest unit here: only the sum of many is, once ([`in_smallest_units`]).
#[must_use]
pub fn cost_before(entry: &Entry, day: NaiveDate, currency: Currency) -> Decimal {
    let (first, last) = entry.cost_period();
    if last < day {
        return entry.amount;
    }
    if first >= day {
        return Decimal::ZERO;
    }
    let share = Ratio::of_counts((day - first).num_days(), (last - first).num_days() + 1);
    let decimals = entry
        .amount
        .scale()
        .max(currency.minor_unit_digits().unwrap_or(2));
    let decimals = decimals.saturating_add(DECIMALS_KEPT).min(Decimal::MAX_SCALE);
    let part = share.and_then(|share| Ratio::exact(entry.amount).times(&share).rounded(decimals));
    part.unwrap_or(Decimal::ZERO)
}

/// A sum of parts of costs, rounded half-up to the smallest unit of the currency.
pub(super) fn in_smallest_units(sum: Decimal, currency: Currency) -> Decimal {
    let decimals = currency.minor_unit_digits().unwrap_or(2);
    sum.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}
