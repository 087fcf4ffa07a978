//! # PI-02 自评与账不符 Self-report ≠ ledger
//!
//! ## What it finds
//! A self-evaluation whose 全年执行数 is 0.01, 0.1, 1 or 5 % away from what the ledger holds for that year, up or down. The latest
//! self-evaluation of each year counts.
//!
//! ## Why it is a risk
//! Ten of the hundred points of a self-evaluation are for the execution rate; a figure made up for the form is made up elsewhere too.
//!
//! ## Worked example
//! The ledger has 800,000 for 2024, the form 808,000: 1 % apart, orange. Scenario: `fires_in_each_colour`.
//!
//! ## Thresholds
//! `levels` in percent of the ledger's figure.
//!
//! ## What it leaves out
//! Forms without the figure, and evaluations by departments and finance. Where the ledger has nothing and the form has something, it is red.
//! Published data.
//!
//! ## Source
//! The self-evaluation form for project expenditure (全年执行数 and the score for execution); the percentages are defaults
//! of this system.

use std::collections::BTreeMap;

use chrono::Datelike;
use karez_events::Ratio;
use karez_events::event::performance::{EvaluationScored, EvaluationTier};
use karez_events::event::supervision::Level;
use karez_projections::measures::sum;
use karez_projections::project::Dated;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{money_en, money_zh, percent};

/// Thresholds of PI-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SelfReportDiffers {
    /// Percent of the ledger's figure, by colour.
    pub levels: Bands,
}

impl Default for SelfReportDiffers {
    fn default() -> Self {
        Self {
            levels: Bands {
                blue: Some(Decimal::new(1, 2)),
                yellow: Some(Decimal::new(1, 1)),
                orange: Some(Decimal::ONE),
                red: Some(Decimal::from(5)),
            },
        }
    }
}

impl Rule for SelfReportDiffers {
    fn about(&self) -> About<'_> {
        About {
            name: "self_report_differs",
            code: "PI-02",
            zh: "自评与账不符",
            en: "Self-report ≠ ledger",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("self_report_differs.rs"),
            manual_zh: include_str!("zh/self_report_differs.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_published() || !case.is_main_currency() {
            return Outcome::QUIET;
        }
        let mut latest: BTreeMap<i32, &Dated<EvaluationScored>> = BTreeMap::new();
        let mut scored: Vec<_> = case
            .project
            .evaluations
            .iter()
            .filter(|scored| scored.on <= case.as_of && scored.fact.tier == EvaluationTier::SelfEvaluation)
            .collect();
        scored.sort_by_key(|scored| (scored.on, scored.position));
        for scored in scored {
            latest.insert(scored.fact.fiscal_year, scored);
        }
        Outcome::of_all(
            latest
                .into_values()
                .filter_map(|scored| self.finding(case, scored)),
        )
    }
}

impl SelfReportDiffers {
    fn finding(&self, case: &Case<'_>, scored: &Dated<EvaluationScored>) -> Option<Finding> {
        let year = scored.fact.fiscal_year;
        let reported = scored.fact.reported_spending?;
        let of_year: Vec<_> = case
            .spending()
            .filter(|entry| entry.on.year() == year && !entry.prior_year)
            .collect();
        let ledger = sum(of_year.iter().map(|entry| entry.amount));
        let apart = reported.saturating_sub(ledger);
        let share = Ratio::of(apart.abs(), ledger.abs());
        let judged = match &share {
            Some(share) => self.levels.from(&share.times(&Ratio::whole(100)), Margin::None),
            None if apart.is_zero() => return None,
            None => Judged::at(Level::Red),
        };
        let share = share.as_ref().map_or_else(|| "—".to_owned(), percent);
        let evidence = banded(
            format!("|{reported} − {ledger}| / {ledger} = {share}"),
            self.levels,
            "%",
        )
        .facts(of_year)
        .dated(scored);
        let currency = case.currency();
        let finding = Finding::new(
            judged,
            format!(
                "{year}年自评全年执行数{}，账面{}，相差{share}",
                money_zh(reported, currency),
                money_zh(ledger, currency)
            ),
            format!(
                "the self-evaluation of {year} reports {} spent, the ledger has {}: {share} apart",
                money_en(reported, currency),
                money_en(ledger, currency)
            ),
            evidence,
        );
        (!judged.is_clear()).then(|| finding.about(year.to_string()))
    }
}
