//! # BX-01 执行偏慢 Execution lag
//!
//! ## What it finds
//! Execution behind its benchmark (F2 − F6w, or F1 over the project's own period) by 10, 20, 30 or 40 percentage points, at two
//! levels apart: `fund`, what was paid over of the budget, and `unit`, what the unit has spent once money has reached it. A project
//! of several years with budgets by year has one more instance, `life`: all it has spent of all it was given, over its whole period.
//!
//! ## Why it is a risk
//! What is not spent by the end of the year is carried over, taken back, or spent in a rush.
//!
//! ## Worked example
//! Nothing is spent of 1,000,000 that reached the unit on 03-01: blue within days, yellow on 04-02, orange on 05-06,
//! red on 06-09; 300,000 on 06-20 bring it back to blue. A notice of 2015 names 34.15 % against 74.97 % due: 40.82
//! points behind, which would be red. Scenario: `fires_by_points_behind`.
//!
//! ## Thresholds
//! `levels` in percentage points; `least_elapsed_percent` of the year or period; `least_budget` in whole units of the currency;
//! `checkpoints`, tables of months and the percent due by their end, each with the day from which it counts and the notice it rests
//! on: where there is one, it takes the place of F6w.
//!
//! ## What it leaves out
//! Projects that are not running, awards, rates whose denominator is missing or incomplete, and the unit's level before money came.
//! An approved cash plan, a re-plan as well, takes the place of the benchmark; the evidence says by which curve it was judged.
//!
//! ## Source
//! What notices on spending progress usually ask for; checkpoints are those of the local notice, the points are
//! defaults of this system.

use chrono::{Datelike, NaiveDate};
use karez_events::Ratio;
use karez_projections::ProjectState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::versions::in_force;
use crate::words::{percent, points};
use karez_projections::Rate;
use karez_projections::measures::{Basis, BenchmarkMode, Checkpoint, benchmark};

/// Thresholds of BX-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecutionLag {
    /// Percentage points, by colour.
    pub levels: Bands,
    /// Judged from this share of the year or period, in percent.
    pub least_elapsed_percent: Decimal,
    /// Smaller budgets are not judged, in whole units of the currency.
    pub least_budget: Decimal,
    /// Tables of checkpoints, none by default.
    pub checkpoints: Vec<Checkpoints>,
}

/// A table of checkpoints that a notice lays down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoints {
    /// The day from which it counts.
    pub effective_on: NaiveDate,
    /// The notice.
    pub basis: String,
    /// What is due by the end of a month, in percent of the year's budget.
    pub points: Vec<Point>,
}

/// One checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The month at whose end it is reached, 1 to 12.
    pub month: u32,
    /// Percent due.
    pub due_percent: Decimal,
}

/// What is due, and by which curve.
struct Due {
    curve: String,
    share: Ratio,
}

impl Default for ExecutionLag {
    fn default() -> Self {
        Self {
            levels: Bands::whole([10, 20, 30, 40]),
            least_elapsed_percent: Decimal::from(15),
            least_budget: Decimal::from(50_000),
            checkpoints: Vec::new(),
        }
    }
}

impl Rule for ExecutionLag {
    fn about(&self) -> About<'_> {
        About {
            name: "execution_lag",
            code: "BX-01",
            zh: "执行偏慢",
            en: "Execution lag",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: true,
            version: 2,
            source_text: include_str!("execution_lag.rs"),
            manual_zh: include_str!("zh/execution_lag.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.state() != ProjectState::Running || case.is_exempt() || case.awaits_budget() {
            return Outcome::QUIET;
        }
        let of_year = self.due(case).map(|due| {
            let unit = case.measures.execution().filter(|_| has_money(case));
            let fund = case.measures.rate("F5").filter(|_| !case.is_published());
            [
                self.finding(case, &due, ("unit", unit)),
                self.finding(case, &due, ("fund", fund)),
            ]
        });
        let life = self.due_by_life(case).and_then(|due| {
            let life = case.measures.rate("F1").filter(|_| has_money(case));
            self.finding(case, &due, ("life", life))
        });
        Outcome::of_all(of_year.into_iter().flatten().flatten().chain(life))
    }
}

impl ExecutionLag {
    /// The share that is due: the approved cash plan's, else that of the checkpoints in force, else F6w.
    fn due(&self, case: &Case<'_>) -> Option<Due> {
        let elapsed = case.measures.benchmark.as_ref()?.share.times(&Ratio::whole(100));
        if elapsed < Ratio::exact(self.least_elapsed_percent) {
            return None;
        }
        let by = |curve: &str, mode: &BenchmarkMode| {
            let benchmark = benchmark(case.project, case.currency(), case.as_of, mode)?;
            Some(Due {
                curve: curve.to_owned(),
                share: benchmark.share,
            })
        };
        let plan = by("cash plan", &BenchmarkMode::CashPlan);
        let of_table = |table: &Checkpoints| {
            let points = table.points.iter().map(|point| Checkpoint {
                month: point.month,
                due_percent: point.due_percent,
            });
            by(&table.basis, &BenchmarkMode::Checkpoints(points.collect()))
        };
        let table = || in_force(&self.checkpoints, |table| table.effective_on, case.as_of).and_then(of_table);
        let weighted = || {
            let share = case.measures.weighted_benchmark.clone()?;
            Some(Due {
                curve: "F6w".to_owned(),
                share,
            })
        };
        plan.or_else(table).or_else(weighted)
    }

    /// The share of its whole period that a project with budgets of several years has behind it.
    fn due_by_life(&self, case: &Case<'_>) -> Option<Due> {
        let starts_on = case.contract()?.start_on;
        let ends_on = case.project.end_on(case.as_of)?;
        if case.measures.basis != Basis::Year || starts_on.year() == ends_on.year() {
            return None;
        }
        let period = benchmark(
            case.project,
            case.currency(),
            case.as_of,
            &BenchmarkMode::ProjectPeriod,
        )?
        .share;
        // Budgets of the years that have ended are due in full, this year's as far as it has gone: what was approved
        // last month is not due by a period that began two years ago.
        let amounts = &case.measures.amounts;
        let earlier = amounts
            .life_budget
            .saturating_sub(amounts.adjusted_budget)
            .max(Decimal::ZERO);
        if earlier.is_zero() {
            return None;
        }
        let of_this_year =
            Ratio::exact(amounts.adjusted_budget).times(case.measures.weighted_benchmark.as_ref()?);
        let by_years = Ratio::exact(earlier)
            .plus(&of_this_year)
            .over(&Ratio::exact(amounts.life_budget))?;
        let is_late_enough = period.times(&Ratio::whole(100)) >= Ratio::exact(self.least_elapsed_percent);
        is_late_enough.then(|| Due {
            curve: "period".to_owned(),
            share: period.min(by_years),
        })
    }

    fn finding(&self, case: &Case<'_>, due: &Due, (level, rate): (&str, Option<&Rate>)) -> Option<Finding> {
        let rate = rate?;
        let is_usable = !rate.is_denominator_incomplete && rate.denominator >= self.least_budget;
        // Of what others published, money passed on is use of the budget as well as money spent.
        let more = if case.is_published() {
            case.measures.amounts.disbursed
        } else {
            Decimal::ZERO
        };
        let numerator = rate.numerator.saturating_add(more);
        let done = Ratio::of(numerator, rate.denominator).filter(|_| is_usable)?;
        let behind = due.share.minus(&done);
        let judged = self
            .levels
            .from(&behind.times(&Ratio::whole(100)), Margin::Units(Decimal::TWO));
        if judged.is_clear() {
            return None;
        }
        let (zh, en) = match level {
            "fund" => ("拨付", "paid over"),
            "life" => ("项目全周期支出", "of the whole project spent"),
            _ => ("支出", "spent"),
        };
        let (done, due_share, behind) = (percent(&done), percent(&due.share), points(&behind));
        let formula = format!(
            "{} − {} = {numerator}/{} − {due_share} = {done} − {due_share}",
            rate.figure, due.curve, rate.denominator
        );
        let evidence = banded(formula, self.levels, "pp")
            .figure("denominator", rate.denominator_name)
            .figure("opening_budget", case.measures.amounts.opening_budget)
            .figure("full_year_budget", case.measures.amounts.adjusted_budget);
        let finding = Finding::new(
            judged,
            format!("{zh}进度{done}，低于序时进度{behind}个百分点"),
            format!("{done} {en} where {due_share} is due: {behind} points behind"),
            evidence,
        );
        Some(finding.about(level))
    }
}

fn has_money(case: &Case<'_>) -> bool {
    case.is_published() || case.measures.amounts.arrived_fiscal > Decimal::ZERO
}
