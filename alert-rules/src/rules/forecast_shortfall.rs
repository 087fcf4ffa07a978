//! # FC-01 年末预测不足 Forecast shortfall
//!
//! ## What it finds
//! From 1 April on, a budget of the year of which even the upper estimate (F11) reaches less than 90, 80, 70 or 60 % by its end.
//!
//! ## Why it is a risk
//! What will not be spent can still be planned anew in summer; in December it can only be rushed or lost.
//!
//! ## Worked example
//! Budget 1,200,000, spent 426,000 by 2023-08-31, 224,000 of it in the last 90 days: linear 53.32 %, trailing 60.80 %. The
//! upper estimate is below 70 %: orange. Scenario: `fires_by_the_upper_estimate`.
//!
//! ## Thresholds
//! `levels` in percent of the budget; `from_month`; `settled_days` since money first came.
//!
//! ## What it leaves out
//! Projects that keep an approved cash plan, within ten points, and those to which no money has come. Projects that are not
//! running, budgets of the project's life, awards and reimbursements, and projects published by others. In a suspension
//! nothing is raised, and what is open is kept.
//!
//! ## Source
//! This system's own rule: the range of two forecasts, by the mean pace and by the recent pace. Final accounts use
//! verified figures and no forecasts (预算法实施条例, article 83).

use karez_events::Ratio;
use karez_projections::ProjectState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::percent;
use chrono::Datelike;

/// Thresholds of FC-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForecastShortfall {
    /// Percent of the budget, by colour.
    pub levels: Bands,
    /// First month judged.
    pub from_month: u32,
    /// Judged when money has been there for so many days.
    pub settled_days: i64,
}

impl Default for ForecastShortfall {
    fn default() -> Self {
        Self {
            levels: Bands::whole([90, 80, 70, 60]),
            from_month: 4,
            settled_days: 90,
        }
    }
}

impl Rule for ForecastShortfall {
    fn about(&self) -> About<'_> {
        About {
            name: "forecast_shortfall",
            code: "FC-01",
            zh: "年末预测不足",
            en: "Forecast shortfall",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: true,
            version: 2,
            source_text: include_str!("forecast_shortfall.rs"),
            manual_zh: include_str!("zh/forecast_shortfall.md"),
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

impl ForecastShortfall {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let forecast = case.measures.forecast.as_ref()?;
        let (low, high) = forecast.range()?;
        let judged = self
            .levels
            .below(&high.times(&Ratio::whole(100)), Margin::Units(Decimal::from(3)));
        if judged.is_clear() {
            return None;
        }
        let (low, high) = (percent(&low), percent(&high));
        let evidence = banded(
            format!(
                "A = {}, E = {}, n/N = {}/{}: {low} – {high}",
                forecast.budget, forecast.spent, forecast.day, forecast.days
            ),
            self.levels,
            "%",
        )
        .figure("spent_last_90_days", forecast.spent_last_90_days)
        .figure("committed", forecast.committed);
        Some(Finding::new(
            judged,
            format!("按现有进度年末预计执行{low}至{high}"),
            format!("at this pace {low} to {high} of the budget will be spent by the end of the year"),
            evidence,
        ))
    }
}
