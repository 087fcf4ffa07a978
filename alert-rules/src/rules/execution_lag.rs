//! # BX-01 执行偏慢 Execution lag
//!
//! ## What it finds
//! Execution behind its benchmark (F2 − F6w, or F1 over the project's own period) by 10, 20, 30 or 40 percentage points, at two
//! levels apart: `fund`, what was paid over of the budget, and `unit`, what the unit has spent once money has reached it.
//!
//! ## Why it is a risk
//! What is not spent by the end of the year is carried over, taken back, or spent in a rush.
//!
//! ## Worked example
//! A notice of 2015 names an execution of 34.15 % against 74.97 % due: 40.82 points behind, which is red. A top-up of 600,000 on
//! 1 November to a budget of 1,000,000 makes 75.63 % due on 30 November, not 91.51 %.
//!
//! ## Thresholds
//! `levels` in percentage points; `least_elapsed_percent` of the year or period; `least_budget` in whole units of the currency.
//!
//! ## What it leaves out
//! Projects that are not running, awards, rates whose denominator is missing or incomplete, and the unit's level before money came.
//! An approved cash plan takes the place of the benchmark.
//!
//! ## Source
//! domain.md §4.2, F6w, F7; P10.

use karez_events::Ratio;
use karez_projections::ProjectState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{percent, points};
use karez_projections::Rate;
use karez_projections::measures::{BenchmarkMode, benchmark};

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
}

impl Default for ExecutionLag {
    fn default() -> Self {
        Self {
            levels: Bands::whole([10, 20, 30, 40]),
            least_elapsed_percent: Decimal::from(15),
            least_budget: Decimal::from(50_000),
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
            version: 1,
            source_text: include_str!("execution_lag.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.state() != ProjectState::Running || case.is_exempt() || case.awaits_budget() {
            return Outcome::QUIET;
        }
        let Some(due) = self.due(case) else {
            return Outcome::QUIET;
        };
        let unit = case.measures.execution().filter(|_| has_money(case));
        let fund = case.measures.rate("F5").filter(|_| !case.is_published());
        let findings = [("unit", unit), ("fund", fund)];
        Outcome::of_all(
            findings
                .into_iter()
                .filter_map(|(level, rate)| self.finding(case, &due, (level, rate?))),
        )
    }
}

impl ExecutionLag {
    /// The share that is due: the approved cash plan's, else F6w.
    fn due(&self, case: &Case<'_>) -> Option<Ratio> {
        let elapsed = case.measures.benchmark.as_ref()?.share.times(&Ratio::whole(100));
        if elapsed < Ratio::exact(self.least_elapsed_percent) {
            return None;
        }
        let plan = benchmark(
            case.project,
            case.currency(),
            case.as_of,
            &BenchmarkMode::CashPlan,
        );
        plan.map(|plan| plan.share)
            .or_else(|| case.measures.weighted_benchmark.clone())
    }

    fn finding(&self, case: &Case<'_>, due: &Ratio, (level, rate): (&str, &Rate)) -> Option<Finding> {
        let is_usable = !rate.is_denominator_incomplete && rate.denominator >= self.least_budget;
        // Of what others published, money passed on is use of the budget as well as money spent.
        let more = if case.is_published() {
            case.measures.amounts.disbursed
        } else {
            Decimal::ZERO
        };
        let numerator = rate.numerator.saturating_add(more);
        let done = Ratio::of(numerator, rate.denominator).filter(|_| is_usable)?;
        let behind = due.minus(&done);
        let judged = self
            .levels
            .from(&behind.times(&Ratio::whole(100)), Margin::Units(Decimal::TWO));
        if judged.is_clear() {
            return None;
        }
        let (zh, en) = if level == "fund" {
            ("拨付", "paid over")
        } else {
            ("支出", "spent")
        };
        let formula = format!(
            "{} − F6w = {numerator}/{} − {} = {} − {}",
            rate.figure,
            rate.denominator,
            percent(due),
            percent(&done),
            percent(due)
        );
        let evidence = banded(formula, self.levels, "pp", "domain.md §4.2")
            .figure("denominator", rate.denominator_name)
            .figure("opening_budget", case.measures.amounts.opening_budget)
            .figure("full_year_budget", case.measures.amounts.adjusted_budget);
        let finding = Finding::new(
            judged,
            format!(
                "{zh}进度{}，低于序时进度{}个百分点",
                percent(&done),
                points(&behind)
            ),
            format!(
                "{} {en} where {} is due: {} points behind",
                percent(&done),
                percent(due),
                points(&behind)
            ),
            evidence,
        );
        Some(finding.about(level))
    }
}

fn has_money(case: &Case<'_>) -> bool {
    case.is_published() || case.measures.amounts.arrived_fiscal > Decimal::ZERO
}
