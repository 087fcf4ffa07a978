//! # TL-03 整改逾期 Rectification overdue
//!
//! ## What it finds
//! A rectification ordered about one of the project's warnings whose deadline passed 1 (blue), 7 (yellow), 15 (orange) or 30
//! days ago (red) and which nobody has accepted (销号).
//!
//! ## Why it is a risk
//! An order that nobody follows up is worse than none: the office has known.
//!
//! ## Worked example
//! On 2024-05-10 the office orders that a swap be reversed by 05-31. Nothing happens: blue on 06-01, yellow on 06-07,
//! orange on 06-15, red on 06-30. The unit replies on 07-02; the office accepts on 07-05, and it is lifted. Scenario:
//! `fires_by_days_after_the_deadline`.
//!
//! ## Thresholds
//! `levels` in days after the deadline.
//!
//! ## What it leaves out
//! Orders whose warning was dismissed or retracted, or lifted by a person, who has thereby decided. Where the unit has
//! replied, the days go on until the reply is accepted, but the sentence says since when it waits for the office.
//! It speaks in every state of a project, and about each warning for itself.
//!
//! ## Source
//! The monitoring form for project expenditure, which asks for rectifications and their results (整改要求, 整改结果); the days
//! are defaults of this system.

use karez_projections::warnings::{EndingKind, Rectification};
use karez_projections::{Target, Warning};
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
    fn about(&self) -> About<'_> {
        About {
            name: "rectification_overdue",
            code: "TL-03",
            zh: "整改逾期",
            en: "Rectification overdue",
            runs: Runs::Daily,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("rectification_overdue.rs"),
            manual_zh: include_str!("zh/rectification_overdue.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if !case.is_main_currency() {
            return Outcome::QUIET;
        }
        let target = Target::Project(case.project.id.clone());
        let standing = case
            .warnings
            .about(&target)
            .filter(|warning| is_standing(warning));
        Outcome::of_all(standing.filter_map(|warning| {
            let rectification = warning.rectification.as_ref()?;
            self.finding(case, warning, rectification)
        }))
    }
}

/// Whether what was ordered about a warning is still wanted.
fn is_standing(warning: &Warning) -> bool {
    match &warning.ending {
        None => true,
        Some(ending) => ending.kind == EndingKind::Lifted && !ending.is_by_person,
    }
}

impl RectificationOverdue {
    fn finding(&self, case: &Case<'_>, warning: &Warning, rectification: &Rectification) -> Option<Finding> {
        let is_known = rectification.ordered_on <= case.as_of;
        let is_accepted = rectification.accepted_on.is_some_and(|on| on <= case.as_of);
        let due_on = rectification.order.due_on;
        let days = (case.as_of - due_on).num_days();
        if !is_known || is_accepted || days <= 0 {
            return None;
        }
        let replied_on = rectification.reported_on.filter(|on| *on <= case.as_of);
        let (waits_zh, waits_en) = match replied_on {
            Some(on) => (
                format!("，单位已于{}反馈，待销号", day_zh(on)),
                format!("; the unit replied on {on}, and the reply waits to be accepted"),
            ),
            None => ("，尚未反馈".to_owned(), "; there is no reply".to_owned()),
        };
        let mut evidence = banded(format!("{} − {due_on} = {days} d", case.as_of), self.levels, "d")
            .figure("rule", &warning.raised.rule)
            .figure("ordered_on", rectification.ordered_on)
            .figure("due_on", due_on)
            .figure("items", rectification.order.items.join("；"));
        if let Some(on) = replied_on {
            evidence = evidence.figure("replied_on", on);
        }
        Some(
            Finding::new(
                self.levels.from_days(days),
                format!("整改应于{}前完成，已逾期{days}天{waits_zh}", day_zh(due_on)),
                format!("rectification was due on {due_on}, {days} days ago{waits_en}"),
                evidence,
            )
            .about(format!("{} {due_on}", warning.id)),
        )
    }
}
