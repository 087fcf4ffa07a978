//! All that is measured of one project.

use std::ops::Deref;

use chrono::{Datelike, NaiveDate};
use karez_events::event::budget::LeftoverKind;
use karez_events::{Currency, Ratio};
use rust_decimal::Decimal;

use super::amounts::Amounts;
use super::benchmark::planned;
use super::budget::{Basis, BudgetChange, Facts, sum};
use super::clock::Clock;
use super::composition::{self, LineMeasures};
use super::eligibility::Eligibility;
use super::figures::Figures;
use super::idle::BalanceCurve;
use super::increments::Increments;
use super::ledger::Walk;
use super::pre_start::PreStart;
use super::rates::Incomplete;
use super::tranche::{TrancheMeasures, tranches};
use crate::fiscal_calendar::day_of_year;
use crate::project::{Carryover, Entry, Project, ProjectState};

/// All that is measured of one project in one currency at a date: its figures, and what they rest on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measures {
    /// The business date.
    pub as_of: NaiveDate,
    /// Where the project stands.
    pub state: ProjectState,
    /// Its figures, as lists show them.
    pub figures: Figures,
    /// F19: the changes of the year's total, in order.
    pub changes: Vec<BudgetChange>,
    /// The fiscal balance over time, for windows of any length.
    pub curve: BalanceCurve,
    /// Days that count.
    pub clock: Clock,
    /// F20.
    pub pre_start: PreStart,
    /// Per source and category.
    pub lines: Vec<LineMeasures>,
    /// Per payment arrived, in order of arrival.
    pub tranches: Vec<TrancheMeasures>,
}

impl Deref for Measures {
    type Target = Figures;

    fn deref(&self) -> &Figures {
        &self.figures
    }
}

impl Measures {
    /// F8, PEFA form: Σ|`E_c` − `A_c`·E/A| / E.
    #[must_use]
    pub fn composition_variance(&self) -> Option<Ratio> {
        composition::variance(&self.lines)
    }

    /// F18: the last 7 days' spending over the mean week of the year.
    #[must_use]
    pub fn last_week_multiple(&self) -> Option<Ratio> {
        last_week_multiple(&self.amounts, self.as_of)
    }
}

/// F18: the last 7 days' spending over the mean week of the year; `None` while nothing is spent.
#[must_use]
pub fn last_week_multiple(amounts: &Amounts, as_of: NaiveDate) -> Option<Ratio> {
    let mean_week = Ratio::exact(amounts.spent_year).times(&Ratio::of_counts(7, day_of_year(as_of))?);
    Ratio::exact(amounts.spent_last_7_days).over(&mean_week)
}

/// The amounts of a project in one currency at a date.
#[must_use]
pub fn amounts(project: &Project, currency: Currency, as_of: NaiveDate) -> Amounts {
    OwnSums::of(project, currency, as_of).sums.amounts
}

/// What a project adds to any sum: its amounts, when its budget came, and whether its budget is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    pub(super) amounts: Amounts,
    pub(super) increments: Increments,
    pub(super) incomplete: Incomplete,
}

/// The sums of a project, which go on when it books expenditures.
#[derive(Debug, Clone)]
pub(super) struct OwnSums {
    pub(super) sums: Sums,
    /// `spent_pre_start` before it was rounded.
    pre_start_exact: Decimal,
    /// There is no budget of its life, or none that has begun.
    lacks_life_budget: bool,
}

impl OwnSums {
    pub(super) fn of(project: &Project, currency: Currency, as_of: NaiveDate) -> Self {
        let facts = Facts::of(project, currency, as_of);
        let entries = known(project, currency, as_of);
        Self::of_facts(project, &facts, (currency, as_of), entries).0
    }

    /// The sums, with the changes of the year's budget.
    fn of_facts<'a>(
        project: &'a Project,
        facts: &Facts<'a>,
        (currency, as_of): (Currency, NaiveDate),
        entries: impl Iterator<Item = &'a Entry>,
    ) -> (Self, Vec<BudgetChange>) {
        let mut walk = Walk::new(currency, as_of, Eligibility::of(project, as_of));
        entries.for_each(|entry| walk.take(entry));
        let pre_start_exact = walk.pre_start_exact();
        let mut amounts = walk.finish();
        let year = facts.of_year(as_of.year());
        amounts.opening_budget = year.opening;
        amounts.adjusted_budget = year.total;
        amounts.budget_changes = sum(year.changes.iter().map(|change| change.amount.abs()));
        amounts.life_budget = facts.of_life();
        amounts.own_budget = facts.lines(Some(as_of.year())).of_units_themselves();
        amounts.own_life_budget = facts.lines(None).of_units_themselves();
        let due = planned(project, currency, as_of).map(|(due, _)| due);
        amounts.arrival_due = due.unwrap_or(amounts.disbursed);
        amounts.planned_self_raised = planned_self_raised(project, currency, as_of);
        add_quotas(&mut amounts, project, currency, as_of);
        add_leftovers(&mut amounts, project, currency, as_of);
        let lacks_life_budget = amounts.life_budget.is_zero() || facts.covers_only_the_future();
        let sums = Sums {
            incomplete: Incomplete::of_project(&amounts, lacks_life_budget),
            amounts,
            increments: year.increments,
        };
        let own = Self {
            sums,
            pre_start_exact,
            lacks_life_budget,
        };
        (own, year.changes)
    }

    /// Takes expenditures that the project has booked since. They change nothing else that these sums are made of.
    pub(super) fn go_on<'a>(
        &mut self,
        project: &Project,
        (currency, as_of): (Currency, NaiveDate),
        spent: impl Iterator<Item = &'a Entry>,
    ) {
        let before = Amounts {
            spent_pre_start: self.pre_start_exact,
            ..self.sums.amounts
        };
        let mut walk = Walk::new(currency, as_of, Eligibility::of(project, as_of)).going_on_from(&before);
        spent.for_each(|entry| walk.take(entry));
        self.pre_start_exact = walk.pre_start_exact();
        self.sums.amounts = walk.finish();
        self.sums.incomplete = Incomplete::of_project(&self.sums.amounts, self.lacks_life_budget);
    }
}

/// The entries of one currency that count at a date.
pub(super) fn known(project: &Project, currency: Currency, as_of: NaiveDate) -> impl Iterator<Item = &Entry> {
    project
        .entries
        .iter()
        .filter(move |entry| entry.counts(currency, as_of))
}

/// 自筹 promised: the contract's, else the application's.
fn planned_self_raised(project: &Project, currency: Currency, as_of: NaiveDate) -> Decimal {
    let contract = project
        .contract(as_of)
        .filter(|contract| contract.currency == currency);
    let application = project
        .application
        .as_ref()
        .filter(|application| application.on <= as_of);
    let application = application.map(|application| &application.fact);
    let applied_for = || {
        application
            .filter(|applied| applied.currency == currency)?
            .planned_self_raised
    };
    contract
        .and_then(|contract| contract.planned_self_raised)
        .or_else(applied_for)
        .unwrap_or_default()
}

fn add_quotas(amounts: &mut Amounts, project: &Project, currency: Currency, as_of: NaiveDate) {
    for quota in &project.quotas {
        if quota.currency != currency || quota.effective_on > as_of {
            continue;
        }
        amounts.issued = amounts.issued.saturating_add(quota.amount);
        if quota.effective_on.year() == as_of.year() {
            amounts.issued_year = amounts.issued_year.saturating_add(quota.amount);
        }
    }
}

/// 结转 into and out of the year, and 结余 out of it.
fn add_leftovers(amounts: &mut Amounts, project: &Project, currency: Currency, as_of: NaiveDate) {
    let (year, next) = (as_of.year(), as_of.year().saturating_add(1));
    for carried in project.carryovers.iter().filter(|carried| carried.on <= as_of) {
        let Carryover {
            amount,
            into_year,
            kind,
            ..
        } = carried.fact;
        let sum = match kind {
            _ if carried.fact.currency != currency => continue,
            LeftoverKind::Carryover if into_year == year => &mut amounts.carried_in,
            LeftoverKind::Carryover if into_year == next => &mut amounts.carried_over,
            LeftoverKind::Surplus if into_year == next => &mut amounts.surplus,
            LeftoverKind::Carryover | LeftoverKind::Surplus => continue,
        };
        *sum = sum.saturating_add(amount);
    }
}

/// The budget lines of a project's whole life at a date, whatever the basis of its measures.
#[must_use]
pub fn life_lines(project: &Project, currency: Currency, as_of: NaiveDate) -> Vec<LineMeasures> {
    let facts = Facts::of(project, currency, as_of);
    let entries: Vec<&Entry> = known(project, currency, as_of).collect();
    composition::lines(project, &facts, (Basis::Life, as_of), &entries)
}

/// All that is measured of a project in one currency at a date.
#[must_use]
pub fn measures(project: &Project, currency: Currency, as_of: NaiveDate) -> Measures {
    let facts = Facts::of(project, currency, as_of);
    let entries: Vec<&Entry> = known(project, currency, as_of).collect();
    let (OwnSums { sums, .. }, changes) =
        OwnSums::of_facts(project, &facts, (currency, as_of), entries.iter().copied());
    let clock = Clock::of(project, as_of);
    let curve = BalanceCurve::of(entries.iter().copied());
    let idle = curve.idle(project, as_of, &clock);
    let figures = Figures::of(project, (currency, as_of), &sums, &clock, idle);
    Measures {
        as_of,
        state: project.state(as_of),
        changes,
        pre_start: PreStart::of(project, currency, as_of, &entries),
        lines: composition::lines(project, &facts, (figures.basis, as_of), &entries),
        tranches: tranches(project, as_of, &clock, &entries),
        curve,
        clock,
        figures,
    }
}
