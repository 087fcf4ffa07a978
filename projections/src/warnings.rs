//! Warnings as their events tell them.

use chrono::NaiveDate;
use karez_events::event::supervision::{Level, WarningRaised};
use karez_events::{Event, RecordedEvent, WarningId};
use serde::{Deserialize, Serialize};

/// A warning, open or closed; none is ever deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Its identifier.
    pub id: WarningId,
    /// What was raised.
    pub raised: WarningRaised,
    /// Since when.
    pub raised_on: NaiveDate,
    /// Its colour now.
    pub level: Level,
    /// Whether it is still open.
    pub is_open: bool,
    /// Who has it.
    pub assignee: Option<String>,
    /// Whether somebody has taken note.
    pub is_acknowledged: bool,
}

impl Warning {
    pub(crate) fn new(id: WarningId, raised: WarningRaised, raised_on: NaiveDate) -> Self {
        let level = raised.level;
        Self {
            id,
            raised,
            raised_on,
            level,
            is_open: true,
            assignee: None,
            is_acknowledged: false,
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "Project::apply lists every event; only a few concern this fold"
    )]
    pub(crate) fn apply(&mut self, recorded: &RecordedEvent) {
        match &recorded.event {
            Event::WarningLevelChanged(data) => self.level = data.to,
            Event::WarningAcknowledged(_) => self.is_acknowledged = true,
            Event::WarningAssigned(data) => self.assignee = Some(data.assignee.clone()),
            Event::WarningLifted(_) | Event::WarningDismissed(_) | Event::WarningRetracted(_) => {
                self.is_open = false;
            }
            _ => {}
        }
    }
}
