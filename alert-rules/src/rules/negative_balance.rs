//! # DQ-01 负余额 Negative balance
//!
//! ## What it finds
//! A line of which more came back than was spent (yellow), a source of which more was spent than arrived (orange), and a project
//! whose fiscal balance is below zero (red).
//!
//! ## Why it is a risk
//! Nobody spends money that is not there: an arrival, a posting or a source is missing or wrong.
//!
//! ## Worked example
//! 300,000 arrive; 300,000.01 is spent: the fiscal balance is −0.01, red, until the missing arrival is recorded.
//!
//! ## Thresholds
//! `least_amount`: smaller differences are not judged.
//!
//! ## What it leaves out
//! Projects published by others, whose sources are not known; own money, which need not be declared to be spent.
//!
//! ## Source
//! domain.md §4.4, §4.5 item 6.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Judged;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{money_en, money_zh};
use karez_events::event::supervision::Level;

/// Thresholds of DQ-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NegativeBalance {
    /// The least difference judged, in whole units of the currency.
    pub least_amount: Decimal,
}

impl Default for NegativeBalance {
    fn default() -> Self {
        Self {
            least_amount: Decimal::new(1, 2),
        }
    }
}

impl Rule for NegativeBalance {
    fn about(&self) -> &'static About {
        &About {
            name: "negative_balance",
            code: "DQ-01",
            zh: "负余额",
            en: "Negative balance",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("negative_balance.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_published() {
            return Outcome::QUIET;
        }
        let balance = case.measures.curve.balance_on(case.as_of);
        let of_project = self
            .finding(case, (Level::Red, "财政资金余额", "the fiscal balance"), balance)
            .map(|finding| finding.about("fiscal"));
        let lines = case.measures.lines.iter().filter_map(|line| {
            let name = line.category.as_ref().map_or("—", |category| category.as_str());
            let (zh, en) = (
                format!("科目“{name}”净支出"),
                format!("the net spending of {name:?}"),
            );
            let finding = self.finding(case, (Level::Yellow, &zh, &en), line.spent)?;
            Some(finding.about(format!("{}/{name}", line.source.as_str())))
        });
        Outcome::of_all(of_project.into_iter().chain(lines))
    }
}

impl NegativeBalance {
    fn finding(
        &self,
        case: &Case<'_>,
        (level, zh, en): (Level, &str, &str),
        amount: Decimal,
    ) -> Option<Finding> {
        if amount > -self.least_amount {
            return None;
        }
        let currency = case.currency();
        let evidence = evidence(
            format!("{amount} < 0"),
            format!("≤ −{}", self.least_amount),
            "domain.md §4.4, §4.5",
        );
        let last: Vec<_> = case.spending().rev().take(5).collect();
        Some(Finding::new(
            Judged::at(level),
            format!("{zh}为{}，请核对到位、资金来源和凭证", money_zh(amount, currency)),
            format!(
                "{en} is {}: check arrivals, sources and vouchers",
                money_en(amount, currency)
            ),
            evidence.facts(last.into_iter().rev()),
        ))
    }
}
