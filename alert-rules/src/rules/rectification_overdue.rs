//! # TL-03 整改逾期 Rectification overdue
//!
//! ## What it finds
//! A rectification that was ordered and not accepted 1, 7, 15 or 30 days after its deadline.
//!
//! ## Why it is a risk
//! An order that nobody follows up is worth nothing.
//!
//! ## Worked example
//! Ordered until 2024-09-30: blue on 10-01, yellow on 10-07, orange on 10-15, red on 10-30; the acceptance lifts it.
//!
//! ## Thresholds
//! `levels` in days after the deadline.
//!
//! ## What it leaves out
//! Warnings without an order.
//!
//! ## Source
//! domain.md §4.4.

use karez_projections::Target;
use serde::{Deserialize, Serialize};

use crate::bands::Bands;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::day_zh;

/// Thresholds of TL-03.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RectificationOverdue {
    /// Days after the deadline, by colour.
    pub levels: Bands,
}

impl Default for RectificationOverdue {
    fn default() -> Self {
        Self {
            levels: Bands::whole([1, 7, 15, 30]),
        }
    }
}

impl Rule for RectificationOverdue {
    fn about(&self) -> &'static About {
        &About {
            name: "rectification_overdue",
            code: "TL-03",
            zh: "整改逾期",
            en: "Rectification overdue",
            runs: Runs::Daily,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("rectification_overdue.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if !case.is_main_currency() {
            return Outcome::QUIET;
        }
        let target = Target::Project(case.project.id.clone());
        let findings = case.warnings.about(&target).filter_map(|warning| {
            let rectification = warning
                .rectification
                .as_ref()
                .filter(|of| of.accepted_on.is_none())?;
            let due_on = rectification.order.due_on;
            let judged = self.levels.from_days((case.as_of - due_on).num_days());
            if judged.is_clear() {
                return None;
            }
            let days = (case.as_of - due_on).num_days();
            let evidence = banded(
                format!("{} − {due_on} = {days} d", case.as_of),
                self.levels,
                "d",
                "domain.md §4.4",
            )
            .figure("items", rectification.order.items.join("; "));
            let finding = Finding::new(
                judged,
                format!("整改应于{}完成，逾期{days}天未销号", day_zh(due_on)),
                format!("the rectification due on {due_on} has not been accepted for {days} days"),
                evidence,
            );
            Some(finding.about(warning.id.to_string()))
        });
        Outcome::of_all(findings)
    }
}
