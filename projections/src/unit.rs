//! One unit: its name, its projects, its closed books.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use karez_events::{Event, ProjectId, RecordedEvent, UnitId};
use serde::{Deserialize, Serialize};

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// 统一社会信用代码 or a publisher's reference.
    pub id: UnitId,
    /// Its name, as last stated.
    pub name: Option<String>,
    /// The projects it applied for or carries.
    pub projects: BTreeSet<ProjectId>,
    /// Closed periods of its books, first and last day.
    pub closed_periods: Vec<(NaiveDate, NaiveDate)>,
}

impl Unit {
    pub(crate) fn new(id: UnitId) -> Self {
        Self {
            id,
            name: None,
            projects: BTreeSet::new(),
            closed_periods: Vec::new(),
        }
    }

    /// Whether its books of a day are closed.
    #[must_use]
    pub fn is_closed_on(&self, day: NaiveDate) -> bool {
        self.closed_periods
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&day))
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "Project::apply lists every event; only a few concern this fold"
    )]
    pub(crate) fn apply(&mut self, recorded: &RecordedEvent) {
        match &recorded.event {
            Event::PeriodClosed(data) => self.closed_periods.push((data.from_on, data.to_on)),
            Event::PeriodReopened(data) => {
                self.closed_periods
                    .retain(|(from, to)| *to < data.from_on || *from > data.to_on);
            }
            _ => {}
        }
    }
}
