//! # ST-02 到位未启动 Arrived, not started
//!
//! ## What it finds
//! Money that has been at a unit for 60, 90, 120 or 180 days while the project has not begun. The days run from the arrival of
//! the oldest money that is still there.
//!
//! ## Why it is a risk
//! Money that waits for a project is idle for the whole time; the evaluation report on the city's
//! innovation fund, too, says that units hold money that they cannot use.
//!
//! ## Worked example
//! 300,000 yuan arrive on 2024-03-01 and nobody starts: blue on 04-30, yellow on 05-30, orange on 06-29, red on 08-28. The
//! start on 09-10 lifts it after three clean days. Scenario: `fires_by_days_after_arrival`.
//!
//! ## Thresholds
//! `levels` in days after the arrival.
//!
//! ## What it leaves out
//! Projects that run, are suspended or have ended, awards and reimbursements, projects published by others, and money that was
//! taken back or has been spent (before the start: the PS family speaks). It silences ST-01 and BX-01.
//!
//! ## Source
//! Money that arrived and is not used, a usual audit finding; the days are defaults of this system.

use karez_projections::{EntryKind, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Bands;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, money_en, money_zh};

/// Thresholds of ST-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArrivedNotStarted {
    /// Days after the arrival, by colour.
    pub levels: Bands,
}

impl Default for ArrivedNotStarted {
    fn default() -> Self {
        Self {
            levels: Bands::whole([60, 90, 120, 180]),
        }
    }
}

impl Rule for ArrivedNotStarted {
    fn about(&self) -> About<'_> {
        About {
            name: "arrived_not_started",
            code: "ST-02",
            zh: "到位未启动",
            en: "Arrived, not started",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 2,
            source_text: include_str!("arrived_not_started.rs"),
            manual_zh: include_str!("zh/arrived_not_started.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_waiting = matches!(case.state(), ProjectState::Approved | ProjectState::Signed);
        if !is_waiting || case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl ArrivedNotStarted {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let mut tranches = case.measures.tranches.iter();
        let arrived_on = tranches
            .find(|tranche| tranche.balance > Decimal::ZERO)?
            .arrived_on;
        let balance = case.measures.curve.balance_on(case.as_of);
        let days = (case.as_of - arrived_on).num_days();
        let currency = case.currency();
        let contract = case.contract().map_or_else(
            || "—".to_owned(),
            |contract| format!("{} – {}", contract.start_on, contract.end_on),
        );
        let evidence = banded(
            format!("{} − {arrived_on} = {days} d; U = {balance}", case.as_of),
            self.levels,
            "d",
        )
        .figure("contract_period", contract)
        .figure("pre_start_cost", case.measures.pre_start.total());
        let arrivals = case.entries().filter(|entry| entry.kind == EntryKind::Arrived);
        Some(Finding::new(
            self.levels.from_days(days),
            format!(
                "资金{}于{}到位，{days}天仍未启动",
                money_zh(balance, currency),
                day_zh(arrived_on)
            ),
            format!(
                "{} arrived on {arrived_on} and the project has not begun for {days} days",
                money_en(balance, currency)
            ),
            evidence.facts(arrivals),
        ))
    }
}
