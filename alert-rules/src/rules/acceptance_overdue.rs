//! # TL-02 验收逾期 Acceptance overdue
//!
//! ## What it finds
//! A project that ended 30, 90, 180 or 365 days ago and for which nobody has asked for acceptance.
//!
//! ## Why it is a risk
//! Nobody has looked at what was done, and money that is left stays where it is.
//!
//! ## Worked example
//! A project ends on 2024-06-30: blue on 07-30, yellow on 09-28, orange on 12-27, red on 2025-06-30. An extension or the
//! application lifts it. Scenario: `fires_by_days_after_the_end`.
//!
//! ## Thresholds
//! `levels` in days after the end.
//!
//! ## What it leaves out
//! Awards, reimbursements, the department's own activities, terminated projects, projects that never began, and projects
//! published by others. Suspended days do not count, and a suspended project keeps the colour that it has.
//!
//! ## Source
//! Late reports and acceptance, a usual audit finding (the audit analytics of the inspector general of the US National
//! Science Foundation); the days are defaults of this system, to be set by the local rules for projects.

use karez_projections::{LifeStep, ProjectState};
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged};
use crate::case::Case;
use crate::rule::{About, Clearing, Finding, Outcome, Rule, Runs, banded};
use crate::words::day_zh;

/// Thresholds of TL-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AcceptanceOverdue {
    /// Days after the end, by colour.
    pub levels: Bands,
}

impl Default for AcceptanceOverdue {
    fn default() -> Self {
        Self {
            levels: Bands::whole([30, 90, 180, 365]),
        }
    }
}

impl Rule for AcceptanceOverdue {
    fn about(&self) -> About<'_> {
        About {
            name: "acceptance_overdue",
            code: "TL-02",
            zh: "验收逾期",
            en: "Acceptance overdue",
            runs: Runs::Daily,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("acceptance_overdue.rs"),
            manual_zh: include_str!("zh/acceptance_overdue.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if !case.is_main_currency() || case.is_exempt() || case.is_activity() || case.is_published() {
            return Outcome::QUIET;
        }
        match case.state() {
            ProjectState::Ended => Outcome::of(self.finding(case)),
            ProjectState::Suspended => Outcome::of(self.finding(case).map(|finding| Finding {
                judged: Judged {
                    level: None,
                    ..finding.judged
                },
                ..finding
            })),
            ProjectState::Applied
            | ProjectState::Approved
            | ProjectState::Signed
            | ProjectState::Running
            | ProjectState::Terminated
            | ProjectState::Closed => Outcome::QUIET,
        }
    }
}

impl AcceptanceOverdue {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let is_filed = case
            .project
            .first_on(case.as_of, |step| step == LifeStep::AcceptanceApplied)
            .is_some();
        let end_on = case.project.end_on(case.as_of).filter(|_| !is_filed)?;
        let days = case.measures.clock.active_days(end_on, case.as_of);
        let evidence = banded(
            format!(
                "{} − {end_on} = {days} d in which it was not suspended",
                case.as_of
            ),
            self.levels,
            "d",
        );
        Some(Finding::new(
            self.levels.from_days(days),
            format!("项目于{}到期，{days}天未提交验收申请", day_zh(end_on)),
            format!("the project ended on {end_on}; nobody has asked for acceptance in {days} days"),
            evidence,
        ))
    }
}
