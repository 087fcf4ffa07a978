//! 批次: what became of each payment that arrived, first in first out.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use karez_events::event::project::CarryoverRegime;
use rust_decimal::Decimal;

use super::budget::sum;
use super::clock::Clock;
use crate::fiscal_calendar::year_end;
use crate::project::{Entry, EntryKind, Project};

/// One tranche of fiscal money. The balances of all tranches add up to the idle balance U.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrancheMeasures {
    /// 批次.
    pub tranche_no: Option<Box<str>>,
    /// 到位日.
    pub arrived_on: NaiveDate,
    /// Amount arrived.
    pub amount: Decimal,
    /// Spent of it. What was spent beyond everything that arrived stands with the last tranche.
    pub spent: Decimal,
    /// Returned or recovered of it.
    pub taken_back: Decimal,
    /// Left of it.
    pub balance: Decimal,
    /// Days since arrival while something is left, suspended days left out; 0 once it is used up.
    pub days: i64,
    /// The year for which the money was first budgeted; kept through every reallocation (domain.md P2).
    pub origin_budget_year: i32,
    /// 31 December of the year after, where the two-year rule applies (domain.md P1).
    pub two_year_deadline: Option<NaiveDate>,
}

/// The tranches of a project at a date, in order of arrival.
pub(super) fn tranches(
    project: &Project,
    as_of: NaiveDate,
    clock: &Clock,
    entries: &[&Entry],
) -> Vec<TrancheMeasures> {
    let fiscal = || entries.iter().filter(|entry| entry.source.is_fiscal());
    let mut arrivals: Vec<&Entry> = fiscal()
        .filter(|entry| entry.kind == EntryKind::Arrived && entry.amount > Decimal::ZERO)
        .copied()
        .collect();
    arrivals.sort_by_key(|entry| entry.on);
    let origins = origins_paid_over(entries);
    let has_deadline = has_two_year_rule(project, as_of);
    let mut tranches: Vec<TrancheMeasures> = arrivals
        .into_iter()
        .map(|arrival| arrived(arrival, &origins, has_deadline))
        .collect();
    let unnamed = take_back(&mut tranches, fiscal().filter_map(|entry| taken_back(entry)));
    use_up(&mut tranches, unnamed, |tranche| &mut tranche.taken_back);
    let spent = sum(fiscal()
        .filter(|entry| entry.kind.is_spending())
        .map(|entry| entry.amount));
    use_up(&mut tranches, spent, |tranche| &mut tranche.spent);
    for tranche in &mut tranches {
        if tranche.balance > Decimal::ZERO {
            tranche.days = clock.active_days(tranche.arrived_on, as_of);
        }
    }
    tranches
}

fn arrived(arrival: &Entry, origins: &BTreeMap<&str, i32>, has_deadline: bool) -> TrancheMeasures {
    let paid_over = || {
        arrival
            .wording()
            .reference
            .and_then(|tranche| origins.get(tranche).copied())
    };
    let origin_budget_year = arrival
        .seldom
        .origin_budget_year
        .or_else(paid_over)
        .unwrap_or_else(|| arrival.on.year());
    TrancheMeasures {
        tranche_no: arrival.wording().reference.map(Into::into),
        arrived_on: arrival.on,
        amount: arrival.amount,
        spent: Decimal::ZERO,
        taken_back: Decimal::ZERO,
        balance: arrival.amount,
        days: 0,
        origin_budget_year,
        two_year_deadline: has_deadline.then(|| year_end(origin_budget_year.saturating_add(1))),
    }
}

/// The origin year that the payer stated, by tranche number.
fn origins_paid_over<'a>(entries: &[&'a Entry]) -> BTreeMap<&'a str, i32> {
    let paid_over = entries.iter().filter(|entry| entry.kind == EntryKind::Disbursed);
    paid_over
        .filter_map(|entry| entry.wording().reference.zip(entry.seldom.origin_budget_year))
        .collect()
}

/// A running research project carries its balance on inside the contract period, without the two-year rule.
fn has_two_year_rule(project: &Project, as_of: NaiveDate) -> bool {
    match project.approval(as_of).map(|approval| approval.carryover_regime) {
        Some(CarryoverRegime::Fiscal | CarryoverRegime::Department) => true,
        Some(CarryoverRegime::ResearchProject) | None => false,
    }
}

/// Amount and tranche of money that left again without being spent; a negative arrival is such a correction.
fn taken_back(entry: &Entry) -> Option<(Option<&str>, Decimal)> {
    match entry.kind {
        EntryKind::Returned | EntryKind::Recovered => Some((entry.wording().reference, entry.amount)),
        EntryKind::Arrived if entry.amount < Decimal::ZERO => {
            Some((entry.wording().reference, -entry.amount))
        }
        EntryKind::Arrived
        | EntryKind::Disbursed
        | EntryKind::PassedOn
        | EntryKind::MatchingArrived(_)
        | EntryKind::Committed
        | EntryKind::Released
        | EntryKind::Spent
        | EntryKind::Refunded
        | EntryKind::Reversed
        | EntryKind::Reclassified
        | EntryKind::Other(_) => None,
    }
}

/// Takes back what names its tranche, as far as that goes; the rest is returned.
fn take_back<'a>(
    tranches: &mut [TrancheMeasures],
    taken: impl Iterator<Item = (Option<&'a str>, Decimal)>,
) -> Decimal {
    let mut rest = Decimal::ZERO;
    let mut named: BTreeMap<&str, Decimal> = BTreeMap::new();
    for (tranche_no, amount) in taken {
        let sum = match tranche_no {
            Some(tranche_no) => named.entry(tranche_no).or_default(),
            None => &mut rest,
        };
        *sum = sum.saturating_add(amount);
    }
    for tranche in tranches.iter_mut() {
        let Some(left) = tranche
            .tranche_no
            .as_deref()
            .and_then(|number| named.get_mut(number))
        else {
            continue;
        };
        let part = (*left).min(tranche.balance);
        tranche.taken_back = tranche.taken_back.saturating_add(part);
        tranche.balance = tranche.balance.saturating_sub(part);
        *left = left.saturating_sub(part);
    }
    named.into_values().fold(rest, Decimal::saturating_add)
}

/// Uses an amount up, oldest money first; what is more than everything falls on the last tranche.
fn use_up(
    tranches: &mut [TrancheMeasures],
    amount: Decimal,
    used: impl Fn(&mut TrancheMeasures) -> &mut Decimal,
) {
    let mut rest = amount;
    let last = tranches.len().saturating_sub(1);
    for (index, tranche) in tranches.iter_mut().enumerate() {
        let part = if index == last {
            rest
        } else {
            rest.min(tranche.balance)
        };
        tranche.balance = tranche.balance.saturating_sub(part);
        let sum = used(tranche);
        *sum = sum.saturating_add(part);
        rest = rest.saturating_sub(part);
    }
}
