//! # MF-01 自筹到位滞后 Match behind
//!
//! ## What it finds
//! Own money that was promised and has not arrived as the time of the project goes on: the share of the period gone less the share
//! arrived (F17) is 15, 30, 45 or 60 percentage points.
//!
//! ## Why it is a risk
//! The contract counts on it; a project without its match is smaller than the one approved.
//!
//! ## Worked example
//! 100,000 are promised for 2024-02-01 to 2024-12-31, and nothing arrives: blue on 2024-03-23, when 15 % of the period is
//! gone. Scenario: `fires_as_the_period_goes_on`.
//!
//! ## Thresholds
//! `levels` in percentage points.
//!
//! ## What it leaves out
//! Projects that promise nothing, that have not begun (ST-02 speaks), were terminated or closed, awards and reimbursements, and
//! projects published by others. A suspension freezes the time of the project; an extension spreads what is still to come
//! over the new rest. Past its end, while acceptance is awaited, all of it is due.
//!
//! ## Source
//! The match promised in the project's contract; the points are defaults of this system.

use karez_events::Ratio;
use karez_events::event::fund::FundSource;
use karez_projections::measures::{BenchmarkMode, benchmark};
use karez_projections::{EntryKind, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{money_en, money_zh, percent, points};

/// Thresholds of MF-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchBehind {
    /// Percentage points, by colour.
    pub levels: Bands,
}

impl Default for MatchBehind {
    fn default() -> Self {
        Self {
            levels: Bands::whole([15, 30, 45, 60]),
        }
    }
}

impl Rule for MatchBehind {
    fn about(&self) -> About<'_> {
        About {
            name: "match_behind",
            code: "MF-01",
            zh: "自筹到位滞后",
            en: "Match behind",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 2,
            source_text: include_str!("match_behind.rs"),
            manual_zh: include_str!("zh/match_behind.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let runs = matches!(
            case.state(),
            ProjectState::Running | ProjectState::Suspended | ProjectState::Ended
        );
        let planned = case.measures.amounts.planned_self_raised;
        if !runs || planned <= Decimal::ZERO || case.is_published() {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case, planned))
    }
}

impl MatchBehind {
    fn finding(&self, case: &Case<'_>, planned: Decimal) -> Option<Finding> {
        let period = benchmark(
            case.project,
            case.currency(),
            case.as_of,
            &BenchmarkMode::ProjectPeriod,
        )?;
        let arrived = case.measures.amounts.self_raised_arrived;
        let share = Ratio::of(arrived, planned)?;
        let behind = period.share.minus(&share);
        let judged = self
            .levels
            .from(&behind.times(&Ratio::whole(100)), Margin::Units(Decimal::TWO));
        if judged.is_clear() {
            return None;
        }
        let currency = case.currency();
        let evidence = banded(
            format!(
                "b − F17 = {} − {arrived}/{planned} = {} − {}",
                percent(&period.share),
                percent(&period.share),
                percent(&share)
            ),
            self.levels,
            "pp",
        )
        .figure(
            "contract_no",
            case.contract()
                .and_then(|contract| contract.contract_no.as_deref())
                .unwrap_or("—"),
        );
        let is_own =
            |kind, source| matches!(kind, EntryKind::MatchingArrived(_)) && source == FundSource::SelfRaised;
        let arrivals = case.entries().filter(|entry| is_own(entry.kind, entry.source));
        Some(Finding::new(
            judged,
            format!(
                "自筹到位{}，为承诺{}的{}，落后于项目进度{}个百分点",
                money_zh(arrived, currency),
                money_zh(planned, currency),
                percent(&share),
                points(&behind)
            ),
            format!(
                "{} of the promised {} has arrived, {} points behind the project's time",
                money_en(arrived, currency),
                money_en(planned, currency),
                points(&behind)
            ),
            evidence.facts(arrivals),
        ))
    }
}
