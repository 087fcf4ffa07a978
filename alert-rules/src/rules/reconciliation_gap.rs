//! # DQ-02 对账不符 Reconciliation gap
//!
//! ## What it finds
//! At the end of a month, that the latest statement of the bank or treasury differs from the unit's books, or from what karez
//! adds up for that day: by one unit of the currency blue, by 0.1 % of the balance yellow, 1 % orange, 5 % red.
//!
//! ## Why it is a risk
//! Figures that do not tie with the bank are not evidence: money was moved that nobody posted, or posted that never moved.
//!
//! ## Worked example
//! The statement of 2024-06-30 shows 200,000, the books 199,000: 1,000 is 0.5 %, yellow on that day. The voucher is found,
//! and the statement of 07-31 agrees: lifted on 07-31. Scenario: `fires_by_share_of_the_balance`.
//!
//! ## Thresholds
//! `least_amount` for blue, in whole units of the currency; `shares_percent` of the larger balance for the others.
//!
//! ## What it leaves out
//! Accounts that were never reconciled. karez's own sum is compared only where arrivals were posted, and it agrees where
//! either its fiscal balance or that of all sources ties: a statement may be of the one account or of the other.
//!
//! ## Source
//! 预算法实施条例, article 83: final accounts use verified figures; the internal control standards on regular reconciliation
//! (内部控制规范).

use karez_events::Ratio;
use karez_events::event::period::AccountReconciled;
use karez_events::event::supervision::Level;
use karez_projections::measures;
use karez_projections::project::Dated;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{day_zh, money_en, money_zh, percent};

/// Thresholds of DQ-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReconciliationGap {
    /// Blue from this difference, in whole units of the currency.
    pub least_amount: Decimal,
    /// Shares of the balance, in percent.
    pub shares_percent: Bands,
}

impl Default for ReconciliationGap {
    fn default() -> Self {
        Self {
            least_amount: Decimal::ONE,
            shares_percent: Bands {
                blue: None,
                yellow: Some(Decimal::new(1, 1)),
                orange: Some(Decimal::ONE),
                red: Some(Decimal::from(5)),
            },
        }
    }
}

impl Rule for ReconciliationGap {
    fn about(&self) -> About<'_> {
        About {
            name: "reconciliation_gap",
            code: "DQ-02",
            zh: "对账不符",
            en: "Reconciliation gap",
            runs: Runs::Monthly,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("reconciliation_gap.rs"),
            manual_zh: include_str!("zh/reconciliation_gap.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let of_currency =
            |made: &&Dated<AccountReconciled>| made.on <= case.as_of && made.fact.currency == case.currency();
        let made = case.project.reconciliations.iter().filter(of_currency);
        let latest = made.max_by_key(|made| made.on);
        Outcome::of(latest.and_then(|latest| self.finding(case, latest)))
    }
}

impl ReconciliationGap {
    fn finding(&self, case: &Case<'_>, latest: &Dated<AccountReconciled>) -> Option<Finding> {
        let AccountReconciled {
            book_balance,
            statement_balance,
            currency,
        } = latest.fact;
        let of_books = book_balance.saturating_sub(statement_balance);
        let of_karez = gap_of_karez(case, latest).unwrap_or_default();
        let (zh, en, gap) = if of_books.abs() >= of_karez.abs() {
            ("单位账面", "the unit's books", of_books)
        } else {
            ("系统累计余额", "what was posted to karez", of_karez)
        };
        if gap.abs() < self.least_amount || gap.is_zero() {
            return None;
        }
        let ours = statement_balance.saturating_add(gap);
        let share = Ratio::of(gap.abs(), ours.abs().max(statement_balance.abs()))?;
        let judged = self
            .shares_percent
            .from(&share.times(&Ratio::whole(100)), Margin::None);
        let evidence = evidence(
            format!(
                "|{ours} − {statement_balance}| = {} = {}",
                gap.abs(),
                percent(&share)
            ),
            format!("{}; {} %", self.least_amount, self.shares_percent),
        )
        .figure("reconciled_on", latest.on)
        .figure("book_balance", book_balance)
        .figure("statement_balance", statement_balance)
        .dated(latest);
        Some(Finding::new(
            judged.or(Judged::at(Level::Blue)),
            format!(
                "{}对账：{zh}与银行（国库）对账单相差{}，占余额{}",
                day_zh(latest.on),
                money_zh(gap.abs(), currency),
                percent(&share)
            ),
            format!(
                "{en} and the statement of {} differ by {}, {} of the balance",
                latest.on,
                money_en(gap.abs(), currency),
                percent(&share)
            ),
            evidence,
        ))
    }
}

/// What karez adds up for the day of the statement, less the statement; the nearer of fiscal money and all sources.
fn gap_of_karez(case: &Case<'_>, latest: &Dated<AccountReconciled>) -> Option<Decimal> {
    let amounts = measures::amounts(case.project, case.currency(), latest.on);
    let arrived = amounts.arrived.saturating_add(amounts.matching_arrived);
    if arrived.is_zero() {
        return None;
    }
    let taken_back = amounts.returned.saturating_add(amounts.recovered);
    let all = arrived.saturating_sub(amounts.spent).saturating_sub(taken_back);
    let statement_balance = latest.fact.statement_balance;
    let gaps = [amounts.idle(), all].map(|balance| balance.saturating_sub(statement_balance));
    gaps.into_iter().min_by_key(Decimal::abs)
}
