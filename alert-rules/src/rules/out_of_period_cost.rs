//! # YE-03 期外支出 Out-of-period cost
//!
//! ## What it finds
//! A cost for a service after the last day of the project, by the days it is late (from the first day, 30, 60, 90), or inside a
//! suspension (blue).
//!
//! ## Why it is a risk
//! Costs after the end are not the project's (Horizon Europe); a large spend right after the end is a sign to auditors.
//!
//! ## Worked example
//! The project ends on 2024-06-30. A service of 07-01 is blue, one of 07-30 yellow, of 08-29 orange, of 09-28 red.
//! Scenario: `fires_by_days_late`.
//!
//! ## Thresholds
//! `levels` in days after the end.
//!
//! ## What it leaves out
//! Costs whose service lies inside the period though they are paid later; extensions, which lift it; projects published by others.
//!
//! ## Source
//! Costs outside the period, a usual audit finding (the audit analytics of the inspector general of the US National
//! Science Foundation). Compare the eligibility of costs in Horizon Europe.

use karez_projections::{EntryKind, LifeStep};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{money_en, money_zh};
use karez_events::event::supervision::Level;

/// Thresholds of YE-03.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutOfPeriodCost {
    /// Days after the end, by colour.
    pub levels: Bands,
}

impl Default for OutOfPeriodCost {
    fn default() -> Self {
        Self {
            levels: Bands::whole([1, 30, 60, 90]),
        }
    }
}

impl Rule for OutOfPeriodCost {
    fn about(&self) -> About<'_> {
        About {
            name: "out_of_period_cost",
            code: "YE-03",
            zh: "期外支出",
            en: "Out-of-period cost",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("out_of_period_cost.rs"),
            manual_zh: include_str!("zh/out_of_period_cost.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl OutOfPeriodCost {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let stopped_on = case
            .project
            .first_on(case.as_of, |step| step == LifeStep::Terminated);
        let end_on = stopped_on.or_else(|| case.project.end_on(case.as_of));
        let mut worst = Judged::default();
        let (mut total, mut late) = (Decimal::ZERO, Vec::new());
        for entry in case
            .spending()
            .filter(|entry| !entry.is_reversed && entry.kind != EntryKind::Reversed)
        {
            let cost_on = entry.cost_period().0;
            let days = end_on.map_or(0, |end_on| (cost_on - end_on).num_days());
            let is_frozen = case.measures.clock.active_days(cost_on.pred_opt()?, cost_on) == 0;
            let judged = if days > 0 {
                self.levels.from_days(days)
            } else if is_frozen {
                Judged::at(Level::Blue)
            } else {
                continue;
            };
            worst = worst.or(judged);
            total = total.saturating_add(entry.amount);
            late.push(entry);
        }
        if total <= Decimal::ZERO {
            return None;
        }
        let currency = case.currency();
        let end = end_on.map_or_else(|| "—".to_owned(), |end_on| end_on.to_string());
        let evidence = banded(
            format!(
                "Σ after {end} or in a suspension = {total} in {} postings",
                late.len()
            ),
            self.levels,
            "d",
        );
        Some(Finding::new(
            worst,
            format!(
                "项目期外支出{}，共{}笔（截止日{end}）",
                money_zh(total, currency),
                late.len()
            ),
            format!(
                "{} in {} postings is for services after the end ({end}) or in a suspension",
                money_en(total, currency),
                late.len()
            ),
            evidence.facts(late),
        ))
    }
}
