//! Which red warnings are waiting to be acknowledged, and until when. One that nobody acknowledges by its deadline is
//! passed on, once for each time that it turned red.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use karez_events::WarningId;
use karez_events::event::supervision::Level;
use karez_projections::Warning;

use crate::sla::RED_ACKNOWLEDGED_WITHIN;

/// A silenced warning is looked at again after so long.
const LOOK_AGAIN_AFTER: TimeDelta = TimeDelta::hours(24);

/// The deadlines that are running.
#[derive(Debug, Default)]
pub(crate) struct Escalations(BTreeSet<(DateTime<Utc>, WarningId)>);

/// Whether a warning is red, and nobody has taken note of it nor has it been passed on since it became so.
pub(crate) fn is_to_be_acknowledged(warning: &Warning) -> bool {
    warning.is_open()
        && warning.level == Level::Red
        && warning.acknowledged_at.is_none()
        && warning.escalated_at.is_none_or(|at| at < warning.level_at)
}

impl Escalations {
    /// Starts the clock of a warning that waits to be acknowledged.
    pub(crate) fn look_at(&mut self, warning: &Warning) {
        if is_to_be_acknowledged(warning) {
            self.0
                .insert((warning.level_at + RED_ACKNOWLEDGED_WITHIN, warning.id.clone()));
        }
    }

    /// Looks at a silenced warning again later.
    pub(crate) fn look_again(&mut self, id: WarningId, at: DateTime<Utc>) {
        self.0.insert((at + LOOK_AGAIN_AFTER, id));
    }

    /// The next deadline.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        self.0.first().map(|(due, _)| *due)
    }

    /// Takes the warnings whose deadline has come.
    pub(crate) fn take_due(&mut self, at: DateTime<Utc>) -> Vec<WarningId> {
        let mut due = Vec::new();
        while self.next().is_some_and(|next| next <= at) {
            due.extend(self.0.pop_first().map(|(_, id)| id));
        }
        due
    }
}
