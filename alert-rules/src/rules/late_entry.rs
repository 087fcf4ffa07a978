//! # DQ-04 迟录倒录 Late, back-dated
//!
//! ## What it finds
//! A posting that became known 30, 60, 90 or 180 days after its business date, or that falls into books that were closed: of a
//! month orange, of an earlier year red.
//!
//! ## Why it is a risk
//! Figures that were shown are no longer true; what was closed was reported.
//!
//! ## Worked example
//! A voucher of 25 May becomes known on 12 September, 110 days later: orange.
//!
//! ## Thresholds
//! `levels` in days.
//!
//! ## What it leaves out
//! Facts that others published, whose publication is always late. A person who knows the reason lifts it.
//!
//! ## Source
//! domain.md §4.4, §4.2 (back-dated posting into a closed month).

use karez_projections::EntryKind;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use chrono::Datelike;
use karez_events::event::supervision::Level;

/// Thresholds of DQ-04.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LateEntry {
    /// Days between business date and recording, by colour.
    pub levels: Bands,
}

impl Default for LateEntry {
    fn default() -> Self {
        Self {
            levels: Bands::whole([30, 60, 90, 180]),
        }
    }
}

impl Rule for LateEntry {
    fn about(&self) -> &'static About {
        &About {
            name: "late_entry",
            code: "DQ-04",
            zh: "迟录倒录",
            en: "Late, back-dated",
            runs: Runs::OnEvent,
            clearing: Clearing::ByPerson,
            awaits_books: false,
            version: 1,
            source_text: include_str!("late_entry.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_published() {
            return Outcome::QUIET;
        }
        let mut worst = Judged::default();
        let (mut late, mut days_most) = (Vec::new(), 0);
        for entry in case.spending().filter(|entry| entry.kind == EntryKind::Spent) {
            let recorded_on = entry.recorded_at.date_naive();
            let days = (recorded_on - entry.on).num_days();
            let of_days = self.levels.from_days(days);
            let of_books = match (entry.is_into_closed_period, entry.on.year() < recorded_on.year()) {
                (true, true) => Judged::at(Level::Red),
                (true, false) => Judged::at(Level::Orange),
                (false, _) => Judged::default(),
            };
            let judged = of_days.or(of_books);
            if !judged.is_clear() {
                worst = worst.or(judged);
                days_most = days.max(days_most);
                late.push(entry);
            }
        }
        if late.is_empty() {
            return Outcome::QUIET;
        }
        let count = late.len();
        let evidence = banded(
            format!("{count} postings, at most {days_most} d"),
            self.levels,
            "d",
            "domain.md §4.4",
        )
        .facts(late);
        Outcome::of(Some(Finding::new(
            worst,
            format!("{count}笔支出迟录或补记入已结账期间，最长{days_most}天"),
            format!("{count} postings were recorded late or into closed books, at most {days_most} days"),
            evidence,
        )))
    }
}
