//! # DQ-02 对账不符 Reconciliation gap
//!
//! ## What it finds
//! A bank's or treasury's statement that differs from the unit's books by 1 yuan, or by 0.1 %, 1 % or 5 % of the statement.
//!
//! ## Why it is a risk
//! Figures that rest on books that do not agree with the bank are worth nothing.
//!
//! ## Worked example
//! Books 100,000.00, statement 100,120.00: 0.12 %, yellow, until the next reconciliation agrees.
//!
//! ## Thresholds
//! `least_amount` for blue; `levels` in percent of the statement for the others.
//!
//! ## What it leaves out
//! Projects without a reconciliation. Only the latest one counts.
//!
//! ## Source
//! domain.md §4.4.

use karez_events::Ratio;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, money_en, money_zh, percent};
use karez_events::event::supervision::Level;

/// Thresholds of DQ-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReconciliationGap {
    /// Blue from this difference, in whole units of the currency.
    pub least_amount: Decimal,
    /// Percent of the statement, by colour.
    pub levels: Bands,
}

impl Default for ReconciliationGap {
    fn default() -> Self {
        Self {
            least_amount: Decimal::ONE,
            levels: Bands {
                blue: None,
                yellow: Some(Decimal::new(1, 1)),
                orange: Some(Decimal::ONE),
                red: Some(Decimal::from(5)),
            },
        }
    }
}

impl Rule for ReconciliationGap {
    fn about(&self) -> &'static About {
        &About {
            name: "reconciliation_gap",
            code: "DQ-02",
            zh: "对账不符",
            en: "Reconciliation gap",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("reconciliation_gap.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        Outcome::of(self.finding(case))
    }
}

impl ReconciliationGap {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let currency = case.currency();
        let known = case
            .project
            .reconciliations
            .iter()
            .filter(|reconciled| reconciled.on <= case.as_of && reconciled.fact.currency == currency);
        let latest = known.max_by_key(|reconciled| reconciled.on)?;
        let (books, statement) = (latest.fact.book_balance, latest.fact.statement_balance);
        let gap = (books - statement).abs();
        if gap < self.least_amount {
            return None;
        }
        let share = Ratio::of(gap, statement.abs());
        let of_share = share.as_ref().map_or(Judged::at(Level::Red), |share| {
            self.levels.from(&share.times(&Ratio::whole(100)), Margin::None)
        });
        let share = share.map_or_else(|| "—".to_owned(), |share| percent(&share));
        let mut evidence = banded(
            format!("|{books} − {statement}| = {gap} = {share}, {}", latest.on),
            self.levels,
            "%",
            "domain.md §4.4",
        );
        evidence.facts.push(latest.event_id);
        Some(Finding::new(
            Judged::at(Level::Blue).or(of_share),
            format!(
                "{}对账：账面{}，对账单{}，相差{}",
                day_zh(latest.on),
                money_zh(books, currency),
                money_zh(statement, currency),
                money_zh(gap, currency)
            ),
            format!(
                "books {} and statement {} of {} differ by {}",
                money_en(books, currency),
                money_en(statement, currency),
                latest.on,
                money_en(gap, currency)
            ),
            evidence,
        ))
    }
}
