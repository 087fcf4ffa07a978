//! # BX-03 超预算、无预算支出 Over budget, no budget
//!
//! ## What it finds
//! A budget line of which 95 % is used with more than a quarter of the time left (blue), that is exceeded while the total is not
//! (yellow), or exceeded by a tenth (orange); a total that is exceeded, or spending for which there is no line or no budget (red).
//!
//! ## Why it is a risk
//! No money without a budget, no change of purpose without approval (预算法13, 63).
//!
//! ## Worked example
//! A line of 100,000 of a total of 1,000,000: 95,000 spent by June is blue, 100,000.01 yellow, 110,000.01 orange; the total
//! exceeded, or 10 yuan on a line that is not in the budget, is red. Scenario: `fires_line_by_line`.
//!
//! ## Thresholds
//! `line_used_percent`, `time_left_percent`, `line_over_percent`.
//!
//! ## What it leaves out
//! Under 包干制 and for awards only the total counts. Where others publish no budget, or only budgets to come, nothing is judged: the
//! rate says that its denominator is incomplete.
//!
//! ## Source
//! Budget Law, articles 13 and 63 (预算法).

use karez_events::{CategoryId, Ratio};
use karez_projections::ProjectState;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Judged;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{money_en, money_zh};
use karez_events::event::supervision::Level;

/// Thresholds of BX-03.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OverBudget {
    /// A line is nearly used up from here, in percent.
    pub line_used_percent: Decimal,
    /// While more than this share of the time is left, in percent.
    pub time_left_percent: Decimal,
    /// A line is far exceeded above this, in percent.
    pub line_over_percent: Decimal,
}

impl Default for OverBudget {
    fn default() -> Self {
        Self {
            line_used_percent: Decimal::from(95),
            time_left_percent: Decimal::from(25),
            line_over_percent: Decimal::from(110),
        }
    }
}

impl Rule for OverBudget {
    fn about(&self) -> About<'_> {
        About {
            name: "over_budget",
            code: "BX-03",
            zh: "超预算、无预算支出",
            en: "Over budget, no budget",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("over_budget.rs"),
            manual_zh: include_str!("zh/over_budget.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_meant = !matches!(case.state(), ProjectState::Applied | ProjectState::Closed);
        if !is_meant || case.awaits_budget() {
            return Outcome::QUIET;
        }
        let total = Self::total(case);
        let is_total_over = total.is_some();
        let lines = if case.is_exempt() || case.is_published() {
            Vec::new()
        } else {
            self.lines(case, is_total_over)
        };
        Outcome::of_all(total.into_iter().chain(lines))
    }
}

impl OverBudget {
    fn total(case: &Case<'_>) -> Option<Finding> {
        let rate = case.measures.execution()?;
        let is_unknown =
            rate.is_denominator_incomplete && (case.is_published() || rate.denominator > Decimal::ZERO);
        if is_unknown || rate.numerator <= rate.denominator || rate.numerator <= Decimal::ZERO {
            return None;
        }
        let currency = case.currency();
        let over = rate.numerator.saturating_sub(rate.denominator);
        let evidence = evidence(
            format!("E − A = {} − {} = {over}", rate.numerator, rate.denominator),
            "E > A",
        )
        .figure("denominator", rate.denominator_name);
        let last: Vec<_> = case.spending().rev().take(5).collect();
        let finding = Finding::new(
            Judged::at(Level::Red),
            format!(
                "支出{}，超出预算{}",
                money_zh(rate.numerator, currency),
                money_zh(over, currency)
            ),
            format!(
                "{} spent, {} more than the budget",
                money_en(rate.numerator, currency),
                money_en(over, currency)
            ),
            evidence.facts(last.into_iter().rev()),
        );
        let is_cut = case
            .measures
            .changes
            .last()
            .is_some_and(|change| change.amount < Decimal::ZERO);
        Some(if is_cut {
            finding.because("预算调减")
        } else {
            finding
        })
    }

    fn lines(&self, case: &Case<'_>, is_total_over: bool) -> Vec<Finding> {
        let elapsed = case
            .measures
            .benchmark
            .as_ref()
            .map(|benchmark| benchmark.share.times(&Ratio::whole(100)));
        let has_time = elapsed
            .is_some_and(|elapsed| Ratio::whole(100).minus(&elapsed) > Ratio::exact(self.time_left_percent));
        let has_budget = case.measures.lines.iter().any(|line| line.is_budgeted);
        let lines = case
            .measures
            .lines
            .iter()
            .filter(|line| line.spent > Decimal::ZERO && has_budget);
        let findings = lines.filter_map(|line| {
            let category = line.category.as_ref().map(CategoryId::as_str);
            let name = category.unwrap_or("—");
            let used = line.spent * Decimal::ONE_HUNDRED;
            let level = if !line.is_budgeted {
                Level::Red
            } else if used > line.budget * self.line_over_percent {
                Level::Orange
            } else if line.spent > line.budget && !is_total_over {
                Level::Yellow
            } else if used >= line.budget * self.line_used_percent && has_time && line.spent <= line.budget {
                Level::Blue
            } else {
                return None;
            };
            let currency = case.currency();
            let source = line.source.as_str();
            let threshold = format!(
                "{}/100/{}/– % of the line",
                self.line_used_percent, self.line_over_percent
            );
            let evidence = evidence(
                format!("{source}/{name}: {} of {}", line.spent, line.budget),
                threshold,
            );
            let of_line = case
                .spending()
                .filter(move |entry| entry.source == line.source && entry.wording().category == category);
            let (zh, en) = if line.is_budgeted {
                (
                    format!(
                        "科目“{name}”支出{}，预算{}",
                        money_zh(line.spent, currency),
                        money_zh(line.budget, currency)
                    ),
                    format!(
                        "{} spent on line {name:?} with a budget of {}",
                        money_en(line.spent, currency),
                        money_en(line.budget, currency)
                    ),
                )
            } else {
                (
                    format!("科目“{name}”无预算，已支出{}", money_zh(line.spent, currency)),
                    format!(
                        "{} spent on {name:?}, for which there is no budget line",
                        money_en(line.spent, currency)
                    ),
                )
            };
            Some(
                Finding::new(Judged::at(level), zh, en, evidence.facts(of_line))
                    .about(format!("{source}/{name}")),
            )
        });
        findings.collect()
    }
}
