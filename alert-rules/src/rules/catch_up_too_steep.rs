//! # FC-02 追赶倍数过高 Catch-up too steep
//!
//! ## What it finds
//! From 1 April on, a budget of the year the rest of which must be spent 1.5, 2, 3 or 5 times as fast as what was spent so far (F12).
//!
//! ## Why it is a risk
//! Nobody spends three times as fast without cutting corners.
//!
//! ## Worked example
//! Budget 1,200,000, spent 426,000 by 2023-08-31: the rest needs 3.62 times the pace, orange. Scenario:
//! `fires_by_multiple`.
//!
//! ## Thresholds
//! `levels` in multiples; `from_month`; `settled_days` since money first came; `executed_percent` of the budget, from which what is
//! left is small whatever its pace.
//!
//! ## What it leaves out
//! Projects that keep an approved cash plan, within ten points, and those to which no money has come. Budgets of which 90 %
//! is spent: a last invoice in December is no catching up. Projects that are not running, that have spent nothing (ST-01
//! and BX-01 speak), awards and reimbursements, and projects published by others. In a suspension nothing is raised, and
//! what is open is kept.
//!
//! ## Source
//! This system's own rule: the daily pace that the rest of the budget needs over the pace so far; the multiples are
//! defaults.

use karez_projections::ProjectState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Finding, Outcome, Rule, Runs, banded};
use crate::words::multiple;
use chrono::Datelike;

/// Thresholds of FC-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatchUpTooSteep {
    /// Multiples of the pace so far, by colour.
    pub levels: Bands,
    /// First month judged.
    pub from_month: u32,
    /// Judged when money has been there for so many days.
    pub settled_days: i64,
    /// Not judged once so much of the budget is spent, in percent.
    pub executed_percent: Decimal,
}

impl Default for CatchUpTooSteep {
    fn default() -> Self {
        Self {
            levels: Bands {
                blue: Some(Decimal::new(15, 1)),
                yellow: Some(Decimal::TWO),
                orange: Some(Decimal::from(3)),
                red: Some(Decimal::from(5)),
            },
            from_month: 4,
            settled_days: 90,
            executed_percent: Decimal::from(90),
        }
    }
}

impl Rule for CatchUpTooSteep {
    fn about(&self) -> About<'_> {
        About {
            name: "catch_up_too_steep",
            code: "FC-02",
            zh: "追赶倍数过高",
            en: "Catch-up too steep",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: true,
            version: 3,
            source_text: include_str!("catch_up_too_steep.rs"),
            manual_zh: include_str!("zh/catch_up_too_steep.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_meant = matches!(case.state(), ProjectState::Running | ProjectState::Suspended)
            && case.as_of.month() >= self.from_month;
        let is_judged = is_meant && !case.is_published() && case.has_had_money_for(self.settled_days);
        if !is_judged || case.keeps_cash_plan() {
            return Outcome::QUIET;
        }
        let mut finding = self.finding(case);
        if let Some(finding) = finding
            .as_mut()
            .filter(|_| case.state() == ProjectState::Suspended)
        {
            finding.judged.level = None;
        }
        Outcome::of(finding)
    }
}

impl CatchUpTooSteep {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let forecast = case.measures.forecast.as_ref()?;
        let steep = forecast.catch_up()?;
        if forecast.spent * Decimal::ONE_HUNDRED >= forecast.budget * self.executed_percent {
            return None;
        }
        let judged = self.levels.from(&steep, Margin::Tenth);
        if judged.is_clear() || forecast.budget.is_zero() {
            return None;
        }
        let times = multiple(&steep);
        let evidence = banded(
            format!(
                "[({} − {})/({} − {})] ÷ [{}/{}] = {times}",
                forecast.budget, forecast.spent, forecast.days, forecast.day, forecast.spent, forecast.day
            ),
            self.levels,
            "×",
        );
        Some(Finding::new(
            judged,
            format!("余下预算须以此前{times}倍的速度支出"),
            format!("the rest of the budget must be spent {times} times as fast as so far"),
            evidence,
        ))
    }
}
