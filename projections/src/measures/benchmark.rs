//! F6 序时进度 b(t): the share of a budget that is due at a date.
//!
//! A suspension freezes it, a termination stops it; awards and reimbursements have none.

use chrono::{Datelike, NaiveDate};
use karez_events::event::project::ProjectKind;
use karez_events::{Currency, Ratio};
use rust_decimal::Decimal;

use super::budget::{Facts, sum};
use super::clock::Clock;
use crate::fiscal_calendar::{completed_months, days_of_year, year_start};
use crate::project::{LifeStep, Project};

/// A point of a checkpoint table: at the end of this month this share is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Month, 1 to 12.
    pub month: u32,
    /// Share due by its last day, in percent.
    pub due_percent: Decimal,
}

/// By which curve progress is judged; a policy, not always n/365 (domain.md, glossary).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BenchmarkMode {
    /// Days of the budget year: n/N.
    #[default]
    DayOfYear,
    /// Completed months of the budget year: m/12.
    MonthOfYear,
    /// A table of checkpoints; between two of them the earlier one holds.
    Checkpoints(Vec<Checkpoint>),
    /// Days of the budget year, each part of the budget from the day on which it came (F6w).
    Weighted,
    /// Days of the project's own period.
    ProjectPeriod,
    /// The approved 用款计划.
    CashPlan,
}

impl BenchmarkMode {
    /// The stable key.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::DayOfYear => "day_of_year",
            Self::MonthOfYear => "month_of_year",
            Self::Checkpoints(_) => "checkpoints",
            Self::Weighted => "weighted",
            Self::ProjectPeriod => "project_period",
            Self::CashPlan => "cash_plan",
        }
    }
}

/// A benchmark at a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Benchmark {
    /// By which curve.
    pub mode: BenchmarkMode,
    /// The share due, 0 to 1.
    pub share: Ratio,
}

/// The benchmark of a project at a date. `None` for awards and reimbursements, and where the mode lacks its
/// curve (no period, no plan, no budget).
#[must_use]
pub fn benchmark(
    project: &Project,
    currency: Currency,
    as_of: NaiveDate,
    mode: &BenchmarkMode,
) -> Option<Benchmark> {
    if is_exempt(project, as_of) {
        return None;
    }
    let clock = Clock::of(project, as_of);
    let until = frozen_on(project, as_of);
    let share = match mode {
        BenchmarkMode::DayOfYear => of_days(as_of, until, &clock),
        BenchmarkMode::MonthOfYear => Ratio::of_counts(completed_months(as_of).into(), 12),
        BenchmarkMode::Checkpoints(table) => of_checkpoints(table, as_of),
        BenchmarkMode::Weighted => {
            let budget = Facts::of(project, currency, as_of).of_year(as_of.year());
            budget.increments.benchmark(until, &clock)
        }
        BenchmarkMode::ProjectPeriod => of_period(project, as_of, &clock),
        BenchmarkMode::CashPlan => of_plan(project, currency, as_of),
    }?;
    Some(Benchmark {
        mode: mode.clone(),
        share,
    })
}

/// 奖励、后补助: paid is done (domain.md, glossary).
#[must_use]
pub fn is_exempt(project: &Project, as_of: NaiveDate) -> bool {
    match project.approval(as_of).map(|approval| approval.kind) {
        Some(ProjectKind::Award | ProjectKind::Reimbursement) => true,
        Some(ProjectKind::Research | ProjectKind::Activity) | None => false,
    }
}

/// The date up to which the curve runs: a terminated project's stops.
pub(super) fn frozen_on(project: &Project, as_of: NaiveDate) -> NaiveDate {
    project
        .first_on(as_of, |step| step == LifeStep::Terminated)
        .unwrap_or(as_of)
}

/// n/N of the year of a date, as sums are judged by.
#[must_use]
pub fn share_of_year(as_of: NaiveDate) -> Option<Ratio> {
    of_days(as_of, as_of, &Clock::default())
}

/// n/N of the year of `as_of`, counting active days up to `until`.
pub(super) fn of_days(as_of: NaiveDate, until: NaiveDate, clock: &Clock) -> Option<Ratio> {
    let before = year_start(as_of.year()).pred_opt()?;
    Ratio::of_counts(clock.active_days(before, until), days_of_year(as_of))
}

/// The share of a checkpoint table at a date: the last checkpoint reached; zero before the first.
#[must_use]
pub fn of_checkpoints(table: &[Checkpoint], as_of: NaiveDate) -> Option<Ratio> {
    let reached = table
        .iter()
        .filter(|point| point.month <= completed_months(as_of));
    let due = reached
        .max_by_key(|point| point.month)
        .map_or(Decimal::ZERO, |point| point.due_percent);
    Ratio::of(due, Decimal::ONE_HUNDRED)
}

/// (t − S)/(T − S). From the day on which an extension is approved, what is still due spreads over the new
/// rest: the curve never goes backwards.
pub(super) fn of_period(project: &Project, as_of: NaiveDate, clock: &Clock) -> Option<Ratio> {
    let approval = project.approval(as_of);
    let contract = project.contract(as_of);
    let started_on = project.first_on(as_of, |step| step == LifeStep::Started);
    let planned_start_on = approval.and_then(|approval| approval.planned_start_on);
    let mut from = contract
        .map(|contract| contract.start_on)
        .or(started_on)
        .or(planned_start_on)?;
    let planned_end_on = approval.and_then(|approval| approval.planned_end_on);
    let mut end = contract.map(|contract| contract.end_on).or(planned_end_on)?;
    let mut share = Ratio::whole(0);
    let until = frozen_on(project, as_of);
    for (on, extended_to) in extensions(project, until) {
        if on > from {
            share = advanced(&share, (from, on), end, clock);
            from = on;
        }
        end = extended_to;
    }
    Some(advanced(&share, (from, until), end, clock))
}

/// The share after the active days of `(from, to]`, on a straight line from `share` at `from` to 1 at `end`.
fn advanced(share: &Ratio, (from, to): (NaiveDate, NaiveDate), end: NaiveDate, clock: &Clock) -> Ratio {
    let done = clock.active_days(from, to.min(end));
    let whole = Ratio::whole(1);
    match Ratio::of_counts(done, (end - from).num_days().max(0)) {
        Some(part) => share.plus(&whole.minus(share).times(&part)),
        None if to < from => share.clone(),
        None => whole,
    }
}

fn extensions(project: &Project, until: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    let mut found: Vec<(NaiveDate, NaiveDate)> = project
        .life
        .iter()
        .filter(|fact| fact.on <= until)
        .filter_map(|fact| match fact.fact {
            LifeStep::Extended { end_on } => Some((fact.on, end_on)),
            LifeStep::Applied
            | LifeStep::Approved
            | LifeStep::Signed
            | LifeStep::Started
            | LifeStep::PreStartApproved { .. }
            | LifeStep::Suspended
            | LifeStep::Resumed
            | LifeStep::Terminated
            | LifeStep::AcceptanceApplied
            | LifeStep::Accepted
            | LifeStep::Closed => None,
        })
        .collect();
    found.sort_by_key(|(on, _)| *on);
    found
}

fn of_plan(project: &Project, currency: Currency, as_of: NaiveDate) -> Option<Ratio> {
    let (due, planned) = planned(project, currency, as_of)?;
    Ratio::of(due, planned)
}

/// What the cash plan in force wants paid by the date, and in all. `None` without a plan.
pub(super) fn planned(project: &Project, currency: Currency, as_of: NaiveDate) -> Option<(Decimal, Decimal)> {
    let plans = project
        .cash_plans
        .iter()
        .filter(|plan| plan.on <= as_of && plan.fact.currency == currency);
    let plan = plans.max_by_key(|plan| plan.on)?;
    let due = plan
        .fact
        .payments
        .iter()
        .filter(|payment| payment.due_on.is_some_and(|due_on| due_on <= as_of));
    let all = plan.fact.payments.iter();
    Some((
        sum(due.map(|payment| payment.amount)),
        sum(all.map(|payment| payment.amount)),
    ))
}
