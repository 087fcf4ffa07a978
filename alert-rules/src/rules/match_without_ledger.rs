//! # MF-02 自筹未单独核算 Match not ledgered
//!
//! ## What it finds
//! Own money that is said to have arrived and of which nothing is booked as spent 30, 60, 90 or 120 days later.
//!
//! ## Why it is a risk
//! Match is to be kept in the project's own books (单独核算); a claim without a ledger line may be a figure only.
//!
//! ## Worked example
//! 100,000 of own money is claimed on 2024-03-01, and the books show none of it spent: blue on 03-31, yellow on 04-30,
//! orange on 05-30, red on 06-29. Scenario: `fires_by_days_after_the_claim`.
//!
//! ## Thresholds
//! `levels` in days after the claim.
//!
//! ## What it leaves out
//! Contributions in kind, whose use is not booked as spending; awards and reimbursements; projects published by others. Suspended
//! days do not count. A posting that was reversed or refunded in full is no ledger line.
//!
//! ## Source
//! The rules on earmarked research funds that each project has its own books and its money its own purpose (单独核算、专款专用).

use chrono::NaiveDate;
use karez_projections::EntryKind;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Bands;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, money_en, money_zh};
use karez_events::event::fund::FundSource;
use karez_events::event::money_flow::ContributionKind;

/// Thresholds of MF-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchWithoutLedger {
    /// Days after the claim, by colour.
    pub levels: Bands,
}

impl Default for MatchWithoutLedger {
    fn default() -> Self {
        Self {
            levels: Bands::whole([30, 60, 90, 120]),
        }
    }
}

impl Rule for MatchWithoutLedger {
    fn about(&self) -> About<'_> {
        About {
            name: "match_without_ledger",
            code: "MF-02",
            zh: "自筹未单独核算",
            en: "Match not ledgered",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: true,
            version: 2,
            source_text: include_str!("match_without_ledger.rs"),
            manual_zh: include_str!("zh/match_without_ledger.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl MatchWithoutLedger {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let is_claim = |kind| matches!(kind, EntryKind::MatchingArrived(ContributionKind::Cash));
        let claims: Vec<_> = case
            .entries()
            .filter(|entry| is_claim(entry.kind) && entry.source == FundSource::SelfRaised)
            .collect();
        let first: NaiveDate = claims.iter().map(|entry| entry.on).min()?;
        let spent = case.measures.amounts.spent_self_raised;
        if spent > Decimal::ZERO {
            return None;
        }
        let days = case.measures.clock.active_days(first, case.as_of);
        let claimed = case.measures.amounts.self_raised_arrived;
        let currency = case.currency();
        let evidence = banded(
            format!("claimed {claimed} since {first}; booked {spent}; {days} d"),
            self.levels,
            "d",
        );
        let slips: Vec<&str> = claims
            .iter()
            .filter_map(|entry| entry.wording().reference)
            .collect();
        let evidence = evidence.figure("bank_slips", slips.join(", "));
        Some(Finding::new(
            self.levels.from_days(days),
            format!(
                "自{}起申报自筹到位{}，{days}天无支出入账",
                day_zh(first),
                money_zh(claimed, currency)
            ),
            format!(
                "{} of match is claimed since {first}; nothing of it was booked in {days} days",
                money_en(claimed, currency)
            ),
            evidence.facts(claims),
        ))
    }
}
