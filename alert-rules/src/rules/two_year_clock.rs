//! # ST-04 结转两年到期 Two-year clock
//!
//! ## What it finds
//! Money of a government or department budget that was first budgeted in year y and is not spent 180, 90 or 30 days before
//! 31 December of y+1, or on that day and after it. One warning for each tranche and origin year.
//!
//! ## Why it is a risk
//! A carry-over unspent at the end of the next year is managed as surplus and taken back (预算法42). Re-purposing does not restart its age.
//!
//! ## Worked example
//! 200,000 of the budget of 2023 arrive on 2024-03-01: blue on 2024-07-04, yellow on 10-02, orange on 12-01, red on 12-31.
//!
//! ## Thresholds
//! `levels` in days before the deadline; red from the day itself.
//!
//! ## What it leaves out
//! Running research projects, which carry their balance on inside the contract period (P1, P14).
//!
//! ## Source
//! domain.md §4.4, P1, P2; 预算法42, 条例50, 财预〔2015〕15号.

use karez_events::Ratio;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, money_en, money_zh};

/// Thresholds of ST-04.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwoYearClock {
    /// Days left, by colour.
    pub levels: Bands,
}

impl Default for TwoYearClock {
    fn default() -> Self {
        Self {
            levels: Bands::whole([180, 90, 30, 0]),
        }
    }
}

impl Rule for TwoYearClock {
    fn about(&self) -> About<'_> {
        About {
            name: "two_year_clock",
            code: "ST-04",
            zh: "结转两年到期",
            en: "Two-year clock",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 1,
            source_text: include_str!("two_year_clock.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let due = case
            .measures
            .tranches
            .iter()
            .filter(|tranche| tranche.balance > Decimal::ZERO);
        let findings = due.filter_map(|tranche| {
            let deadline = tranche.two_year_deadline?;
            let left = (deadline - case.as_of).num_days();
            let judged = self.levels.below(&Ratio::whole(left - 1), Margin::None);
            if judged.is_clear() {
                return None;
            }
            let currency = case.currency();
            let year = tranche.origin_budget_year;
            let number = tranche.tranche_no.as_deref().unwrap_or("—");
            let evidence = banded(
                format!(
                    "{deadline} − {} = {left} d; {} of tranche {number} (origin {year}) left",
                    case.as_of, tranche.balance
                ),
                self.levels,
                "d left",
                "domain.md §4.4, P1; 预算法42",
            )
            .figure("arrived_on", tranche.arrived_on)
            .figure("origin_budget_year", year);
            let zh = format!(
                "{year}年度资金结余{}，距两年期限{}还有{left}天",
                money_zh(tranche.balance, currency),
                day_zh(deadline)
            );
            let en = format!(
                "{} of the budget of {year} is unspent, {left} days before {deadline}",
                money_en(tranche.balance, currency)
            );
            Some(
                Finding::new(judged, zh, en, evidence)
                    .about(format!("{year}/{number}/{}", tranche.arrived_on)),
            )
        });
        Outcome::of_all(findings)
    }
}
