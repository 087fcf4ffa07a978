//! # PS-04 充抵自筹 Counted as match
//!
//! ## What it finds
//! Own money that is claimed to have arrived before the start although it was spent then: pre-start costs inside the claimed
//! self-raised money. Yellow below 10 % of what is claimed, orange to 30 %, red above.
//!
//! ## Why it is a risk
//! A promise of match is a promise for the task. What was spent before the task began does not keep it.
//!
//! ## Worked example
//! 200,000 of own money are claimed, 100,000 of them by 05-01; S = 2024-06-01; 30,000 of own money was spent before S: 15 % of
//! the claim, orange.
//!
//! ## Thresholds
//! `levels` in percent of the claimed money.
//!
//! ## What it leaves out
//! Claims of money that arrived from S on; costs that an approval covers; projects published by others.
//!
//! ## Source
//! domain.md §4.3, P16.

use karez_events::Ratio;
use karez_events::event::fund::FundSource;
use karez_projections::EntryKind;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::self_funded_before_start::{limit, sum, uncovered};
use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{money_en, money_zh, percent};

/// Thresholds of PS-04.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CountedAsMatch {
    /// Shares of the claimed money, in percent.
    pub levels: Bands,
}

impl Default for CountedAsMatch {
    fn default() -> Self {
        Self {
            levels: Bands {
                blue: None,
                yellow: Some(Decimal::ZERO),
                orange: Some(Decimal::TEN),
                red: Some(Decimal::from(30)),
            },
        }
    }
}

impl Rule for CountedAsMatch {
    fn about(&self) -> &'static About {
        &About {
            name: "counted_as_match",
            code: "PS-04",
            zh: "启动前支出充抵自筹",
            en: "Pre-start cost counted as match",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("counted_as_match.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl CountedAsMatch {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let limit = limit(case)?;
        let is_claim = |kind| matches!(kind, EntryKind::MatchingArrived(_));
        let claims = case
            .entries()
            .filter(|entry| is_claim(entry.kind) && entry.source == FundSource::SelfRaised);
        let (mut claimed, mut before) = (Decimal::ZERO, Decimal::ZERO);
        for claim in claims {
            claimed = claimed.saturating_add(claim.amount);
            if claim.on < limit {
                before = before.saturating_add(claim.amount);
            }
        }
        let costs = uncovered(case, limit, |source| source == FundSource::SelfRaised);
        let counted = sum(&costs).min(before);
        if counted <= Decimal::ZERO {
            return None;
        }
        let share = Ratio::of(counted, claimed)?;
        let judged = self.levels.from(&share.times(&Ratio::whole(100)), Margin::None);
        let currency = case.currency();
        let formula = format!(
            "min(pre-start cost, claimed before {limit}) / claimed = {counted} / {claimed} = {}",
            percent(&share)
        );
        let evidence = banded(formula, self.levels, "%", "domain.md §4.3");
        Some(Finding::new(
            judged,
            format!(
                "启动前支出{}计入已到位自筹，占{}",
                money_zh(counted, currency),
                percent(&share)
            ),
            format!(
                "{} spent before the start is inside the claimed match, {} of it",
                money_en(counted, currency),
                percent(&share)
            ),
            evidence.facts(costs.iter().map(|(entry, _)| *entry)),
        ))
    }
}
