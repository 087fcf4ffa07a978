//! The costs that the PS rules judge: of the time before the start, and covered by no approval.

use chrono::NaiveDate;
use karez_events::event::fund::FundSource;
use karez_projections::measures::{PreStart, cost_before, in_smallest_units, sum};
use karez_projections::{Entry, LifeStep, ProjectState};
use rust_decimal::Decimal;

use crate::bands::Judged;
use crate::case::Case;
use crate::rule::{Collect, Finding};
use karez_events::event::supervision::Evidence;

/// 不计入项目成本: a cost moved into one of these categories by finance is the unit's own and no cost of the project.
const NOT_COUNTED: [&str; 3] = ["不计入项目成本", "不计入", "not_counted"];

/// A cost, refund or correction with its part that no approval covers, not yet rounded.
pub(crate) type Part<'a> = (&'a Entry, Decimal);

/// What is spent before S − grace, or beyond the approval's cap.
pub(crate) fn before_start<'a>(
    case: &Case<'a>,
    is_meant: impl Fn(&Entry) -> bool,
) -> impl Iterator<Item = Part<'a>> {
    let pre_start = &case.measures.pre_start;
    // Most projects have no such cost, and the sums know.
    let has_costs = !pre_start.spent.is_empty();
    let judged = case.spending().filter({
        let case = *case;
        move |entry| has_costs && is_judged(&case, entry)
    });
    let costs = pre_start.costs(judged, case.currency());
    let uncovered = costs
        .into_iter()
        .filter(move |cost| !cost.uncovered.is_zero() && is_meant(cost.entry));
    uncovered.map(|cost| (cost.entry, cost.uncovered))
}

/// Every spending entry that is judged, with its part before S − grace; zero where it has none.
pub(crate) fn with_parts<'a>(case: &Case<'a>) -> Vec<Part<'a>> {
    let mut parts = before_start(case, |_| true).peekable();
    let judged = case.spending().filter(|entry| is_judged(case, entry));
    let with_part = judged.map(|entry| {
        let part = parts.next_if(|(of, _)| std::ptr::eq(*of, entry));
        (entry, part.map_or(Decimal::ZERO, |(_, part)| part))
    });
    with_part.collect()
}

/// The same; and while the project has not begun and no approval has been given, every cost.
pub(crate) fn before_start_or_unstarted<'a>(
    case: &Case<'a>,
    is_meant: impl Fn(&Entry) -> bool,
) -> Vec<Part<'a>> {
    if !is_unstarted(case) || case.measures.pre_start.grace_days > 0 {
        return before_start(case, is_meant).collect();
    }
    let tomorrow = case.as_of.succ_opt().unwrap_or(case.as_of);
    let limit = case
        .measures
        .pre_start
        .covered_from()
        .map_or(tomorrow, |from_on| from_on.max(tomorrow));
    case.spending()
        .filter(|entry| is_meant(entry) && is_judged(case, entry))
        .map(|entry| (entry, cost_before(entry, limit, case.currency())))
        .filter(|(_, part)| !part.is_zero())
        .collect()
}

/// Whether the project has not begun, or ended without having begun.
fn is_unstarted(case: &Case<'_>) -> bool {
    match case.state() {
        ProjectState::Approved | ProjectState::Signed => true,
        ProjectState::Terminated | ProjectState::Suspended => case
            .project
            .first_on(case.as_of, |step| step == LifeStep::Started)
            .is_none(),
        ProjectState::Applied | ProjectState::Running | ProjectState::Ended | ProjectState::Closed => false,
    }
}

/// Costs of a suspension are YE-03's, and what finance does not count is no cost of the project.
fn is_judged(case: &Case<'_>, entry: &Entry) -> bool {
    let is_not_counted = |category| NOT_COUNTED.contains(&category);
    !entry.undated
        && !entry.wording().category.is_some_and(is_not_counted)
        && !case.measures.clock.is_suspended_on(entry.cost_on())
}

/// The sum, rounded once to the smallest unit of the currency.
pub(crate) fn rounded_sum(case: &Case<'_>, parts: &[Part<'_>]) -> Decimal {
    in_smallest_units(sum(parts.iter().map(|(_, part)| *part)), case.currency())
}

/// Whether a cost was booked before a later contract put the start off, and became a pre-start cost by that.
pub(crate) fn is_by_postponement(case: &Case<'_>, parts: &[Part<'_>]) -> bool {
    let pre_start = &case.measures.pre_start;
    let Some(postponed_from_on) = pre_start
        .eligibility
        .and_then(|eligibility| eligibility.postponed_from_on)
    else {
        return false;
    };
    let contracts = case.project.contracts.iter();
    let in_force = contracts.rev().find(|contract| contract.on <= case.as_of);
    let changed_at = in_force.map_or(0, |contract| contract.position);
    let was_known = parts.iter().filter(|(entry, _)| entry.position < changed_at);
    was_known.into_iter().any(|(entry, part)| {
        let before = cost_before(entry, postponed_from_on, case.currency());
        part.abs() > before.abs()
    })
}

/// What the family says of a project: while it is suspended, and once it is closed, what stands stays and nothing new is
/// raised; an application is only collected (domain.md §4, table of states).
pub(crate) fn in_state(case: &Case<'_>, finding: Option<Finding>) -> Option<Finding> {
    match case.state() {
        ProjectState::Applied => None,
        ProjectState::Suspended | ProjectState::Closed => finding.map(|finding| Finding {
            judged: Judged {
                level: None,
                ..finding.judged
            },
            ..finding
        }),
        ProjectState::Approved
        | ProjectState::Signed
        | ProjectState::Running
        | ProjectState::Ended
        | ProjectState::Terminated => finding,
    }
}

/// Whether the family judges the project at all.
pub(crate) fn is_judged_at_all(case: &Case<'_>) -> bool {
    !case.is_exempt() && !case.is_published() && case.state() != ProjectState::Applied
}

/// Whether a source is the unit's own money.
pub(crate) fn is_own(entry: &Entry) -> bool {
    entry.source == FundSource::SelfRaised
}

/// The approvals that were looked up, for the evidence.
pub(crate) fn with_approvals(case: &Case<'_>, mut evidence: Evidence) -> Evidence {
    let PreStart { grace_days, cap, .. } = &case.measures.pre_start;
    if *grace_days > 0 {
        evidence = evidence.figure("approved_days", grace_days);
    }
    if let Some(cap) = cap {
        evidence = evidence.figure("approved_cap", cap);
    }
    if let Some(covered_from) = case.measures.pre_start.covered_from() {
        evidence = evidence.figure("covered_from_on", covered_from);
    }
    let approvals = case
        .project
        .life
        .iter()
        .filter(|step| step.on <= case.as_of && matches!(step.fact, LifeStep::PreStartApproved { .. }));
    approvals.fold(evidence, Collect::dated)
}

/// S, or the day itself where none is known.
pub(crate) fn start_on(case: &Case<'_>) -> NaiveDate {
    case.measures.pre_start.eligible_from_on().unwrap_or(case.as_of)
}
