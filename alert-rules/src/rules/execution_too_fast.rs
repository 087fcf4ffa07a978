//! # BX-02 执行偏快 Execution too fast
//!
//! ## What it finds
//! Execution ahead of its benchmark (F2, or F1, − F6w) by 25, 35, 45 or 55 percentage points with at least 40 % of the period left.
//!
//! ## Why it is a risk
//! Money goes out before work is done: advance payments, booking ahead, or costs of something else.
//!
//! ## Worked example
//! Of 1,000,000 for 2024, 800,000 are spent by 05-31 (41.53 % due): 38 points ahead, yellow. Scenario:
//! `fires_on_the_worked_example`.
//!
//! ## Thresholds
//! `levels` in percentage points; `least_left_percent` of the year or period.
//!
//! ## What it leaves out
//! Awards, projects that are not running, rates whose denominator is missing or incomplete, and projects whose approved cash plan
//! pays early: the plan takes the place of the benchmark. F3, spent of what arrived, is not judged by itself: a unit that spends
//! each tranche when it comes is not too fast.
//!
//! ## Source
//! Money ahead of work, a usual audit finding; the points are defaults of this system.

use karez_events::Ratio;
use karez_projections::ProjectState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Finding, Outcome, Rule, Runs, banded};
use crate::words::{percent, points};
use karez_projections::measures::{BenchmarkMode, benchmark};

/// Thresholds of BX-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecutionTooFast {
    /// Percentage points, by colour.
    pub levels: Bands,
    /// Judged while so much of the year or period is left, in percent.
    pub least_left_percent: Decimal,
}

impl Default for ExecutionTooFast {
    fn default() -> Self {
        Self {
            levels: Bands::whole([25, 35, 45, 55]),
            least_left_percent: Decimal::from(40),
        }
    }
}

impl Rule for ExecutionTooFast {
    fn about(&self) -> About<'_> {
        About {
            name: "execution_too_fast",
            code: "BX-02",
            zh: "执行偏快",
            en: "Execution too fast",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 1,
            source_text: include_str!("execution_too_fast.rs"),
            manual_zh: include_str!("zh/execution_too_fast.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.state() != ProjectState::Running
            || case.is_exempt()
            || case.awaits_budget()
            || case.is_published()
        {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl ExecutionTooFast {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let rate = case
            .measures
            .execution()
            .filter(|rate| !rate.is_denominator_incomplete)?;
        let elapsed = case.measures.benchmark.as_ref()?.share.times(&Ratio::whole(100));
        if Ratio::whole(100).minus(&elapsed) < Ratio::exact(self.least_left_percent) {
            return None;
        }
        let plan = benchmark(
            case.project,
            case.currency(),
            case.as_of,
            &BenchmarkMode::CashPlan,
        );
        let due = plan
            .map(|plan| plan.share)
            .or_else(|| case.measures.weighted_benchmark.clone())?;
        let done = rate.ratio()?;
        let ahead = done.minus(&due);
        let judged = self
            .levels
            .from(&ahead.times(&Ratio::whole(100)), Margin::Units(Decimal::TWO));
        if judged.is_clear() {
            return None;
        }
        let evidence = banded(
            format!(
                "{} − F6w = {}/{} − {} = {} − {}",
                rate.figure,
                rate.numerator,
                rate.denominator,
                percent(&due),
                percent(&done),
                percent(&due)
            ),
            self.levels,
            "pp",
        );
        Some(Finding::new(
            judged,
            format!(
                "支出进度{}，高于序时进度{}个百分点",
                percent(&done),
                points(&ahead)
            ),
            format!(
                "{} spent where {} is due: {} points ahead",
                percent(&done),
                percent(&due),
                points(&ahead)
            ),
            evidence,
        ))
    }
}
