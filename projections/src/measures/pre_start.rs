//! F20 立项前支出: what was spent for a service before the eligibility start (domain.md §4.3).

use chrono::NaiveDate;
use karez_events::event::fund::FundSource;
use karez_events::{Currency, Ratio};
use rust_decimal::{Decimal, RoundingStrategy};

use super::eligibility::Eligibility;
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
    /// From when on costs are eligible.
    pub eligibility: Option<Eligibility>,
    /// Approved pre-study days, at most 90.
    pub grace_days: u16,
    /// Most that the approval covers, where it is limited; what becomes known first is covered first.
    pub cap: Option<Decimal>,
    /// Costs before S, by source.
    pub spent: Vec<(FundSource, Decimal)>,
    /// Of these, before S − grace or beyond the cap: not covered by an approval.
    pub uncovered: Vec<(FundSource, Decimal)>,
    /// The earliest day of such a cost.
    pub first_on: Option<NaiveDate>,
}

/// One cost, refund or correction of the time before S.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreStartCost<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// Its part before S.
    pub spent: Decimal,
    /// Its part that no approval covers.
    pub uncovered: Decimal,
}

impl PreStart {
    pub(super) fn of(project: &Project, currency: Currency, as_of: NaiveDate, entries: &[&Entry]) -> Self {
        let (grace_days, cap) = approved_days(project, as_of);
        let mut found = Self {
            eligibility: Eligibility::of(project, as_of),
            grace_days,
            cap,
            ..Self::default()
        };
        let spending = entries.iter().copied().filter(|entry| entry.kind.is_spending());
        for PreStartCost {
            entry,
            spent,
            uncovered,
        } in found.costs(spending, currency)
        {
            add(&mut found.spent, entry.source, spent);
            add(&mut found.uncovered, entry.source, uncovered);
            let (first, _) = entry.cost_period();
            found.first_on = Some(found.first_on.map_or(first, |earliest| earliest.min(first)));
        }
        for (_, sum) in found.spent.iter_mut().chain(&mut found.uncovered) {
            *sum = in_smallest_units(*sum, currency);
        }
        found
    }

    /// The costs before S among spending entries that are given in the order of becoming known.
    pub fn costs<'a>(
        &self,
        spending: impl Iterator<Item = &'a Entry>,
        currency: Currency,
    ) -> Vec<PreStartCost<'a>> {
        let Some((eligibility, covered_from)) = self.eligibility.zip(self.covered_from()) else {
            return Vec::new();
        };
        let before = |day, entry| eligibility.part_before(day, entry, currency);
        let costs = spending.map(|entry| PreStartCost {
            entry,
            spent: before(eligibility.from_on, entry),
            uncovered: before(covered_from, entry),
        });
        let mut costs: Vec<PreStartCost<'a>> = costs.filter(|cost| !cost.spent.is_zero()).collect();
        if let Some(cap) = self.cap {
            uncover_beyond(cap, &mut costs);
        }
        costs
    }

    /// S.
    #[must_use]
    pub fn eligible_from_on(&self) -> Option<NaiveDate> {
        self.eligibility.map(|eligibility| eligibility.from_on)
    }

    /// The first day whose costs are covered by an approval, else S; `None` while there is no S.
    #[must_use]
    pub fn covered_from(&self) -> Option<NaiveDate> {
        self.eligible_from_on()
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

/// What goes beyond the cap of an approval is not covered: what became known first is covered first.
fn uncover_beyond(cap: Decimal, costs: &mut [PreStartCost<'_>]) {
    let within = |cost: &PreStartCost<'_>| cost.spent.saturating_sub(cost.uncovered);
    let covered = costs
        .iter()
        .fold(Decimal::ZERO, |sum, cost| sum.saturating_add(within(cost)));
    let mut beyond = covered.saturating_sub(cap).max(Decimal::ZERO);
    for cost in costs.iter_mut().rev() {
        let uncovered = within(cost).clamp(Decimal::ZERO, beyond);
        cost.uncovered = cost.uncovered.saturating_add(uncovered);
        beyond = beyond.saturating_sub(uncovered);
    }
}

/// Days and cap of the approval of the most days.
fn approved_days(project: &Project, as_of: NaiveDate) -> (u16, Option<Decimal>) {
    let known = project.life.iter().filter(|fact| fact.on <= as_of);
    let approved = known.filter_map(|fact| match fact.fact {
        LifeStep::PreStartApproved { days, cap } => Some((days, cap)),
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
        | LifeStep::Closed => None,
    });
    let (days, cap) = approved.max_by_key(|(days, _)| *days).unwrap_or_default();
    (days.min(LONGEST_GRACE_DAYS), cap)
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
#[must_use]
pub fn in_smallest_units(sum: Decimal, currency: Currency) -> Decimal {
    let decimals = currency.minor_unit_digits().unwrap_or(2);
    sum.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}
