//! Money that lies at a unit: what became of what was there on a day, what is promised soon, what a plan defers, and what
//! can be told of a project that others published.

use chrono::{Days, NaiveDate};
use karez_projections::EntryKind;
use karez_projections::measures::{BalanceCurve, sum};
use rust_decimal::Decimal;

use crate::case::Case;

/// IATI `ActivityStatus` 2: implementation.
const IMPLEMENTATION: &str = "2";

/// The money that was there when a window began, and what became of it.
pub(crate) struct Window {
    pub(crate) days: u32,
    pub(crate) since: NaiveDate,
    /// U at its start.
    pub(crate) at_start: Decimal,
    /// Spent since, net.
    pub(crate) spent: Decimal,
    /// Still there of the money of the start.
    pub(crate) left: Decimal,
    /// M at its start.
    pub(crate) least: Decimal,
}

impl Window {
    pub(crate) fn is_still(&self, token_share_percent: Decimal) -> bool {
        self.at_start >= self.least
            && self.left >= self.least
            && self.spent < self.at_start * token_share_percent / Decimal::ONE_HUNDRED
    }
}

/// What is left of the money that was there on a day, oldest money spent first.
pub(crate) fn left_of_money_at(case: &Case<'_>, curve: &BalanceCurve, day: NaiveDate) -> Decimal {
    if case.is_published() {
        let spent = curve.net_spent_between(day, case.as_of);
        let left = curve.balance_on(day).saturating_sub(spent);
        return left.min(curve.balance_on(case.as_of));
    }
    let tranches = case.measures.tranches.iter();
    let there = tranches.filter(|tranche| tranche.arrived_on <= day);
    sum(there.map(|tranche| tranche.balance))
}

/// 已收回: less than M is left because money was taken back.
pub(crate) fn is_recovered(case: &Case<'_>, window: &Window) -> bool {
    let taken_back = case.measures.amounts.taken_back_fiscal;
    window.left < window.least && window.left.saturating_add(taken_back) >= window.least
}

/// 已批复暂缓: the latest cash plan was approved while money was there, has a payment still to come, and as much has been
/// spent since as it wants by now.
pub(crate) fn is_deferred(case: &Case<'_>, curve: &BalanceCurve) -> bool {
    let plans = case.project.cash_plans.iter();
    let known = plans.filter(|plan| plan.on <= case.as_of && plan.fact.currency == case.currency());
    let Some(plan) = known.max_by_key(|plan| plan.on) else {
        return false;
    };
    let (mut due, mut is_to_come) = (Decimal::ZERO, false);
    for payment in &plan.fact.payments {
        match payment.due_on {
            Some(due_on) if due_on > case.as_of => is_to_come = true,
            Some(due_on) if due_on > plan.on => due = due.saturating_add(payment.amount),
            Some(_) | None => {}
        }
    }
    is_to_come
        && curve.balance_on(plan.on) > Decimal::ZERO
        && curve.net_spent_between(plan.on, case.as_of) >= due
}

/// What is open of commitments of fiscal money whose first due day is near. A renewal of the same number has had its turn.
pub(crate) fn commitments_due(case: &Case<'_>, within_days: u64) -> Decimal {
    if case.measures.amounts.committed_open <= Decimal::ZERO {
        return Decimal::ZERO;
    }
    let until = case
        .as_of
        .checked_add_days(Days::new(within_days))
        .unwrap_or(NaiveDate::MAX);
    let mut open: Vec<(Option<&str>, Decimal, Option<NaiveDate>)> = Vec::new();
    for entry in case.entries() {
        let is_signed = entry.kind == EntryKind::Committed && entry.source.is_fiscal();
        if !is_signed && entry.kind != EntryKind::Released {
            continue;
        }
        let number = entry.wording().reference;
        let mut known = open.iter_mut();
        match known.find(|(of, ..)| of.is_some() && *of == number) {
            Some((_, amount, due_on)) => {
                *amount = amount.saturating_add(entry.amount);
                *due_on = due_on.or(entry.seldom.due_on);
            }
            None if is_signed => open.push((number, entry.amount, entry.seldom.due_on)),
            None => {}
        }
    }
    let due = open.into_iter().filter(|(_, amount, due_on)| {
        *amount > Decimal::ZERO && due_on.is_some_and(|due_on| (case.as_of..=until).contains(&due_on))
    });
    sum(due.map(|(_, amount, _)| amount))
}

/// Whether what was published is enough to tell how much came in and went out.
pub(crate) fn is_plain_published(case: &Case<'_>) -> bool {
    let status = case
        .approval()
        .and_then(|approval| approval.published_status.as_deref());
    if status.is_some_and(|status| status != IMPLEMENTATION) {
        return false;
    }
    let is_promise = |kind| matches!(kind, EntryKind::Committed | EntryKind::Released);
    let mut has_come_in = false;
    for entry in case
        .project
        .entries
        .iter()
        .filter(|entry| !is_promise(entry.kind))
    {
        if entry.undated || entry.currency != case.currency() {
            return false;
        }
        has_come_in |= entry.kind == EntryKind::Arrived && entry.on <= case.as_of;
    }
    has_come_in
}

/// Whether the publisher lists parts of the project: money may have gone out through them.
pub(crate) fn has_published_parts(case: &Case<'_>) -> bool {
    let of_unit = case.unit().into_iter().flat_map(|unit| &unit.projects);
    let mut others = of_unit.filter_map(|id| case.portfolio.project(id));
    others.any(|other| other.parent() == Some(&case.project.id))
}
