//! # PS-02 财政资金启动前支出 Fiscal money before start
//!
//! ## What it finds
//! Fiscal money spent for a service before the eligibility start S less the approved pre-study days. Of a project published by
//! others, whatever was spent before its start: its sources are not known.
//!
//! ## Why it is a risk
//! Costs before the start are not the project's: they are ineligible unless approved (2 CFR 200.458; Horizon Europe).
//!
//! ## Worked example
//! S = 2024-06-01. On 05-20 fiscal money of 8,000 is spent for a service of May: red. An approval of 30 days, recorded later,
//! lifts it.
//!
//! ## Thresholds
//! `least_amount`: sums below it are not judged. There is no colour but red: that an approval has been asked for is not a fact
//! that karez knows, so the catalogue's orange for a pending approval is not given.
//!
//! ## What it leaves out
//! Costs that an approval covers, reversed and refunded costs, awards and reimbursements; costs swapped from own money are
//! shown by PS-03, which silences this one.
//!
//! ## Source
//! domain.md §4.3, X1, X3.

use karez_events::event::supervision::Level;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::self_funded_before_start::{limit, sum, uncovered};
use crate::bands::Judged;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{day_zh, money_en, money_zh};

/// Thresholds of PS-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FiscalBeforeStart {
    /// The least sum that is judged, in whole units of the currency.
    pub least_amount: Decimal,
}

impl Default for FiscalBeforeStart {
    fn default() -> Self {
        Self {
            least_amount: Decimal::ZERO,
        }
    }
}

impl Rule for FiscalBeforeStart {
    fn about(&self) -> &'static About {
        &About {
            name: "fiscal_before_start",
            code: "PS-02",
            zh: "财政资金启动前支出",
            en: "Fiscal money before start",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("fiscal_before_start.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl FiscalBeforeStart {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let limit = limit(case)?;
        let costs = uncovered(case, limit, |source| source.is_fiscal() || case.is_published());
        let total = sum(&costs);
        let has_costs = costs.iter().any(|(_, amount)| *amount > Decimal::ZERO);
        if !has_costs || total < self.least_amount || (total <= Decimal::ZERO && !case.is_published()) {
            return None;
        }
        let currency = case.currency();
        let start = case.measures.pre_start.eligible_from_on.unwrap_or(limit);
        let evidence = evidence(
            format!(
                "Σ before {limit} = {total} in {} postings; S = {start}, grace {} d",
                costs.len(),
                case.measures.pre_start.grace_days
            ),
            format!("> {}", self.least_amount),
            "domain.md §4.3",
        );
        Some(Finding::new(
            Judged::at(Level::Red),
            format!(
                "可列支起始日{}之前列支{}，共{}笔",
                day_zh(start),
                money_zh(total, currency),
                costs.len()
            ),
            format!(
                "{} in {} postings was spent before {start}, from which costs are eligible",
                money_en(total, currency),
                costs.len()
            ),
            evidence.facts(costs.iter().map(|(entry, _)| *entry)),
        ))
    }
}
