//! All figures of one project.

use chrono::{Datelike, NaiveDate};
use karez_events::event::budget::LeftoverKind;
use karez_events::{Currency, Ratio};
use rust_decimal::Decimal;

use super::amounts::Amounts;
use super::benchmark::{Benchmark, BenchmarkMode, frozen_on, is_exempt, of_days, of_period, planned};
use super::budget::{Basis, BudgetChange, Facts, sum};
use super::clock::Clock;
use super::composition::{self, LineMeasures};
use super::eligibility::Eligibility;
use super::forecast::Forecast;
use super::idle::{BalanceCurve, Idle};
use super::increments::Increments;
use super::ledger::Walk;
use super::pre_start::PreStart;
use super::rate::Rate;
use super::rates::{Incomplete, Scope, rates};
use super::tranche::{TrancheMeasures, tranches};
use crate::fiscal_calendar::day_of_year;
use crate::project::{Carryover, Entry, Project, ProjectState};

/// The figures of one project in one currency at a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measures {
    /// The business date.
    pub as_of: NaiveDate,
    /// The currency.
    pub currency: Currency,
    /// Where the project stands.
    pub state: ProjectState,
    /// 奖励、后补助: paid is done; no progress and no idle money are measured.
    pub is_exempt: bool,
    /// By year or by life.
    pub basis: Basis,
    /// The amounts.
    pub amounts: Amounts,
    /// F1, F2, F3, F4, F5 …; see [`Measures::rate`].
    pub rates: Vec<Rate>,
    /// F6, by days of the year or of the project, as `basis` says.
    pub benchmark: Option<Benchmark>,
    /// F6w.
    pub weighted_benchmark: Option<Ratio>,
    /// F19: the changes of the year's total, in order.
    pub changes: Vec<BudgetChange>,
    /// F11, F12; only on the basis of the year.
    pub forecast: Option<Forecast>,
    /// F10; `None` when no money lies still.
    pub idle: Option<Idle>,
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

impl Measures {
    /// A rate by its figure, such as `"F2"`.
    #[must_use]
    pub fn rate(&self, figure: &str) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.figure == figure)
    }

    /// The execution rate on the basis of these measures: F2, or F1 where there is no budget of the year.
    #[must_use]
    pub fn execution(&self) -> Option<&Rate> {
        match self.basis {
            Basis::Year => self.rate("F2"),
            Basis::Life => self.rate("F1"),
        }
    }

    /// The budget on the basis of these measures.
    #[must_use]
    pub fn budget(&self) -> Decimal {
        match self.basis {
            Basis::Year => self.amounts.adjusted_budget,
            Basis::Life => self.amounts.life_budget,
        }
    }

    /// F7: execution − F6, exact, in shares of 1.
    #[must_use]
    pub fn deviation(&self) -> Option<Ratio> {
        let benchmark = self.benchmark.as_ref()?;
        Some(self.execution()?.ratio()?.minus(&benchmark.share))
    }

    /// F7 in percentage points, rounded once.
    #[must_use]
    pub fn deviation_pp(&self) -> Option<Decimal> {
        self.deviation()?.percent()
    }

    /// Execution − F6w, exact.
    #[must_use]
    pub fn weighted_deviation(&self) -> Option<Ratio> {
        Some(
            self.execution()?
                .ratio()?
                .minus(self.weighted_benchmark.as_ref()?),
        )
    }

    /// F10: days.
    #[must_use]
    pub fn idle_days(&self) -> Option<i64> {
        self.idle.as_ref().map(|idle| idle.days)
    }

    /// F10: yuan·days.
    #[must_use]
    pub fn idle_yuan_days(&self) -> Option<Decimal> {
        self.idle.as_ref().map(|idle| idle.yuan_days)
    }

    /// F12.
    #[must_use]
    pub fn catch_up(&self) -> Option<Ratio> {
        self.forecast.as_ref().and_then(Forecast::catch_up)
    }

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

/// The figures of a project in one currency at a date.
#[must_use]
pub fn measures(project: &Project, currency: Currency, as_of: NaiveDate) -> Measures {
    let facts = Facts::of(project, currency, as_of);
    let entries: Vec<&Entry> = known(project, currency, as_of).collect();
    let (OwnSums { sums, .. }, changes) =
        OwnSums::of_facts(project, &facts, (currency, as_of), entries.iter().copied());
    let amounts = sums.amounts;
    let clock = Clock::of(project, as_of);
    let is_exempt = is_exempt(project, as_of);
    let is_annual = !amounts.adjusted_budget.is_zero() || amounts.life_budget.is_zero();
    let basis = if is_annual { Basis::Year } else { Basis::Life };
    let (benchmark, weighted_benchmark) = if is_exempt {
        (None, None)
    } else {
        benchmarks(project, (basis, as_of), &clock, &sums.increments)
    };
    let curve = BalanceCurve::of(&entries);
    let is_forecast = !is_exempt && basis == Basis::Year;
    Measures {
        as_of,
        currency,
        state: project.state(as_of),
        is_exempt,
        basis,
        rates: rates(&amounts, as_of, sums.incomplete, Scope::Project),
        benchmark,
        weighted_benchmark,
        changes,
        forecast: is_forecast.then(|| Forecast::of(&amounts, as_of)),
        idle: if is_exempt {
            None
        } else {
            curve.idle(as_of, &clock)
        },
        pre_start: PreStart::of(project, currency, as_of, &entries),
        lines: composition::lines(project, &facts, (basis, as_of), &entries),
        tranches: tranches(project, as_of, &clock, &entries),
        curve,
        clock,
        amounts,
    }
}

/// F6 and F6w on the basis of the measures; a project's own period needs no weights.
fn benchmarks(
    project: &Project,
    (basis, as_of): (Basis, NaiveDate),
    clock: &Clock,
    increments: &Increments,
) -> (Option<Benchmark>, Option<Ratio>) {
    let until = frozen_on(project, as_of);
    let (mode, share, weighted) = match basis {
        Basis::Year => {
            let weighted = increments.benchmark(until, clock);
            (BenchmarkMode::DayOfYear, of_days(as_of, until, clock), weighted)
        }
        Basis::Life => {
            let share = of_period(project, as_of, clock);
            (BenchmarkMode::ProjectPeriod, share.clone(), share)
        }
    };
    (share.map(|share| Benchmark { mode, share }), weighted)
}
