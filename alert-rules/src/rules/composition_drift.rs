//! # BX-04 科目偏离 Composition
//!
//! ## What it finds
//! At the end of a month: a mix of spending that is 15, 25, 35 or 50 % away from the mix of the budget, by the measure of the public
//! expenditure framework PEFA (F8), once 30 % of the budget is spent. The two lines that are furthest away are named.
//!
//! ## Why it is a risk
//! A budget drawn up for one purpose and spent on another was either badly drafted or is used for what was not approved.
//!
//! ## Worked example
//! Of 50, 40, 20 and 10 on four lines, 48, 20, 22 and 10 are spent: `Σ|E_c − A_c·E/A| / E` = 26.67 %, which is yellow.
//! Scenario: `fires_in_each_colour`.
//!
//! ## Thresholds
//! `levels` in percent; `least_spent_percent` of the budget.
//!
//! ## What it leaves out
//! A lump sum (包干制), awards, reimbursements and published data, whose budgets have no categories; a project with one line.
//!
//! ## Source
//! The composition variance of the PEFA framework for public financial management; the percentages are defaults of this
//! system.

use std::cmp::Reverse;

use karez_events::Ratio;
use karez_events::event::fund::FundSource;
use karez_projections::ProjectState;
use karez_projections::measures::{LineMeasures, sum};
use karez_projections::project::BudgetForm;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{percent, source_en, source_zh};

/// Thresholds of BX-04.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompositionDrift {
    /// Variance in percent, by colour.
    pub levels: Bands,
    /// Judged once so much of the budget is spent, in percent.
    pub least_spent_percent: Decimal,
}

impl Default for CompositionDrift {
    fn default() -> Self {
        Self {
            levels: Bands::whole([15, 25, 35, 50]),
            least_spent_percent: Decimal::from(30),
        }
    }
}

impl Rule for CompositionDrift {
    fn about(&self) -> About<'_> {
        About {
            name: "composition_drift",
            code: "BX-04",
            zh: "科目偏离",
            en: "Composition",
            runs: Runs::Monthly,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 1,
            source_text: include_str!("composition_drift.rs"),
            manual_zh: include_str!("zh/composition_drift.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_silent = matches!(case.state(), ProjectState::Applied | ProjectState::Closed);
        if is_silent || case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl CompositionDrift {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let rate = case.measures.execution()?;
        let is_enough = rate.ratio()?.times(&Ratio::whole(100)) >= Ratio::exact(self.least_spent_percent);
        let lines: Vec<&LineMeasures> = case
            .measures
            .lines
            .iter()
            .filter(|line| line.is_budgeted)
            .collect();
        let has_categories = lines.iter().filter(|line| line.category.is_some()).count() > 1;
        if !is_enough || rate.is_denominator_incomplete || !has_categories {
            return None;
        }
        let variance = case.measures.composition_variance()?;
        let judged = self
            .levels
            .from(&variance.times(&Ratio::whole(100)), Margin::Units(Decimal::TWO));
        if judged.is_clear() {
            return None;
        }
        let worst = furthest(case);
        let mut evidence = banded(
            format!(
                "Σ|E_c − A_c·E/A| / E = {}, E/A = {}/{}",
                percent(&variance),
                rate.numerator,
                rate.denominator
            ),
            self.levels,
            "%",
        );
        for line in &worst {
            evidence = evidence.figure(&name(line), format!("{} of {}", line.spent, line.budget));
        }
        let moved = case.project.budget.iter().filter(|fact| {
            fact.form == BudgetForm::Reallocated
                && fact.currency == case.currency()
                && fact.effective_on <= case.as_of
        });
        let evidence = moved.fold(evidence, Collect::budget);
        let named = |source: fn(FundSource) -> &'static str| -> Vec<String> {
            let line = |line: &&LineMeasures| format!("{}/{}", source(line.source), category(line));
            worst.iter().map(line).collect()
        };
        Some(Finding::new(
            judged,
            format!(
                "支出结构与预算结构相差{}，偏离最大：{}",
                percent(&variance),
                named(source_zh).join("、")
            ),
            format!(
                "the mix of spending is {} away from the mix of the budget, furthest: {}",
                percent(&variance),
                named(source_en).join(", ")
            ),
            evidence,
        ))
    }
}

/// The two lines that are furthest from their share.
fn furthest<'a>(case: &Case<'a>) -> Vec<&'a LineMeasures> {
    let lines = &case.measures.lines;
    let total = |amount: fn(&LineMeasures) -> Decimal| Ratio::exact(sum(lines.iter().map(amount)));
    let executed = total(|line| line.spent)
        .over(&total(|line| line.budget))
        .unwrap_or_else(|| Ratio::whole(0));
    let mut worst: Vec<&LineMeasures> = lines.iter().collect();
    worst.sort_by_cached_key(|line| {
        let expected = Ratio::exact(line.budget).times(&executed);
        Reverse(Ratio::exact(line.spent).minus(&expected).magnitude())
    });
    worst.truncate(2);
    worst
}

fn name(line: &LineMeasures) -> String {
    format!("{}/{}", line.source.as_str(), category(line))
}

fn category(line: &LineMeasures) -> &str {
    line.category.as_ref().map_or("—", |category| category.as_str())
}
