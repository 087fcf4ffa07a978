//! Silences: for which warnings nobody is called, and until when.

use chrono::NaiveDate;
use karez_events::event::supervision::{Level, WarningsSilenced};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::portfolio::Portfolio;
use crate::warnings::{Target, Warning};

/// The most days that a silence may last.
pub const LONGEST_SILENCE_DAYS: i64 = 30;
/// The most open warnings that a silence may cover when it begins.
pub const BROADEST_SILENCE_WARNINGS: usize = 50;

/// One silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The event that began it.
    pub event_id: Uuid,
    /// Its first day.
    pub from_on: NaiveDate,
    /// What is silenced, until when, and why.
    pub silenced: WarningsSilenced,
    /// Who asked for it.
    pub by: Option<String>,
    /// The day on which it ended; `None` while it holds.
    pub ended_on: Option<NaiveDate>,
}

impl Silence {
    /// Whether it holds on a day.
    #[must_use]
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.from_on <= day
            && day <= self.silenced.until_on
            && self.ended_on.is_none_or(|ended_on| day < ended_on)
    }

    /// Whether a warning is of the kind that it silences; a red one never is.
    #[must_use]
    pub fn covers(&self, warning: &Warning, portfolio: &Portfolio) -> bool {
        warning.level < Level::Red && is_meant(&self.silenced, warning, portfolio)
    }
}

/// Whether a warning is about what a silence names.
pub(crate) fn is_meant(silenced: &WarningsSilenced, warning: &Warning, portfolio: &Portfolio) -> bool {
    let (project, unit) = match warning.target() {
        Target::Project(id) => {
            let unit = portfolio.project(&id).and_then(|project| project.unit().cloned());
            (Some(id), unit)
        }
        Target::Unit(id) => (None, Some(id)),
        Target::Fund(_) | Target::Office => (None, None),
    };
    silenced
        .rule
        .as_ref()
        .is_none_or(|rule| *rule == warning.raised.rule)
        && (silenced.project.is_none() || silenced.project == project)
        && (silenced.unit.is_none() || silenced.unit == unit)
}
