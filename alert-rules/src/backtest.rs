//! What another rule set would have said over the same history: warning by warning, against what was really raised.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use karez_events::event::supervision::Level;
use karez_projections::warnings::EndingKind;
use karez_projections::{Target, Warning, Warnings};
use serde::Serialize;

/// How a warning of the other rule set compares with what was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It would have been raised, and was not.
    Gained,
    /// It was raised, and would not have been.
    Lost,
    /// It would have been raised earlier.
    Earlier,
    /// It would have been raised later.
    Later,
    /// On the same day, with another highest colour.
    LevelChanged,
    /// No difference.
    Same,
}

/// One warning under both rule sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseDiff {
    /// How it compares.
    pub change: Change,
    /// The rule.
    pub rule: String,
    /// What it is about.
    pub target: Target,
    /// What within it.
    pub subject: Option<String>,
    /// As it was raised.
    pub real: Option<Raised>,
    /// As it would have been.
    pub other: Option<Raised>,
    /// What became of the real one, so that precision can be read off: a false alarm lost is a gain.
    pub disposition: Option<Disposition>,
}

/// When and how high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Raised {
    /// The business date.
    pub on: NaiveDate,
    /// The colour at first.
    pub level: Level,
    /// The highest colour it reached by the last day compared.
    pub highest_level: Level,
}

/// What became of a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Nobody has ended it.
    Open,
    /// Its cause went.
    Lifted,
    /// A person called it a false alarm.
    Dismissed,
    /// Later facts disproved it.
    Retracted,
}

impl Raised {
    /// As it stood at the end of a day: what came later the other rule set was not asked about.
    fn by(warning: &Warning, to: NaiveDate) -> Self {
        let reached = warning.levels.iter().filter(|(since, _)| *since <= to);
        Self {
            on: warning.raised_on,
            level: warning.raised.level,
            highest_level: reached
                .map(|(_, level)| *level)
                .max()
                .unwrap_or(warning.raised.level),
        }
    }
}

impl Disposition {
    fn of(warning: &Warning) -> Self {
        match warning.ending.as_ref().map(|ending| ending.kind) {
            None => Self::Open,
            Some(EndingKind::Lifted) => Self::Lifted,
            Some(EndingKind::Dismissed) => Self::Dismissed,
            Some(EndingKind::Retracted) => Self::Retracted,
        }
    }
}

type Key<'a> = (&'a str, Target, Option<&'a str>);

/// Every warning raised between two days under either rule set, by rule and target. Of one subject the episodes are
/// paired in their order.
#[must_use]
pub fn compare(real: &Warnings, other: &Warnings, from: NaiveDate, to: NaiveDate) -> Vec<CaseDiff> {
    let mut cases: BTreeMap<Key<'_>, (Vec<&Warning>, Vec<&Warning>)> = BTreeMap::new();
    let is_meant = |warning: &&Warning| (from..=to).contains(&warning.raised_on);
    for warning in real.iter().filter(is_meant) {
        cases.entry(key(warning)).or_default().0.push(warning);
    }
    for warning in other.iter().filter(is_meant) {
        cases.entry(key(warning)).or_default().1.push(warning);
    }
    let mut found = Vec::new();
    for ((rule, target, subject), (mut real, mut other)) in cases {
        real.sort_by_key(|warning| warning.raised.episode);
        other.sort_by_key(|warning| warning.raised.episode);
        for index in 0..real.len().max(other.len()) {
            let real = real.get(index).copied();
            let disposition = real.map(Disposition::of);
            let [real, other] =
                [real, other.get(index).copied()].map(|one| one.map(|warning| Raised::by(warning, to)));
            found.push(CaseDiff {
                change: change(real, other),
                rule: rule.to_owned(),
                target: target.clone(),
                subject: subject.map(str::to_owned),
                real,
                other,
                disposition,
            });
        }
    }
    found
}

fn key(warning: &Warning) -> Key<'_> {
    (
        &warning.raised.rule,
        warning.target(),
        warning.raised.subject.as_deref(),
    )
}

fn change(real: Option<Raised>, other: Option<Raised>) -> Change {
    match (real, other) {
        (None, _) => Change::Gained,
        (_, None) => Change::Lost,
        (Some(real), Some(other)) if other.on < real.on => Change::Earlier,
        (Some(real), Some(other)) if other.on > real.on => Change::Later,
        (Some(real), Some(other))
            if real.highest_level != other.highest_level || real.level != other.level =>
        {
            Change::LevelChanged
        }
        (Some(_), Some(_)) => Change::Same,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use karez_events::Event;
    use karez_events::event::supervision::{WarningLevelChanged, WarningRaised};
    use karez_projections::warnings::WarningFact;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A warning that is blue in May, and red from a day on where one is given.
    fn warnings(red_on: Option<&str>) -> Warnings {
        let raised: WarningRaised = serde_json::from_value(serde_json::json!({
            "rule": "idle_funds", "rule_version": 1, "thresholds_hash": "", "project": "P1", "episode": 1, "level": "blue",
            "as_of": "2024-05-30", "known_at_position": 1, "sentence_zh": "", "sentence_en": "",
        }))
        .unwrap();
        let risen = red_on.map(|on| WarningLevelChanged {
            from: Level::Blue,
            to: Level::Red,
            as_of: day(on),
            cause: None,
            sentence_zh: String::new(),
            sentence_en: String::new(),
            evidence: None,
        });
        let events = [Event::WarningRaised(raised)]
            .into_iter()
            .chain(risen.map(Event::WarningLevelChanged));
        let mut warnings = Warnings::default();
        for event in events {
            let fact = WarningFact {
                event: &event,
                on: day("2024-05-30"),
                at: DateTime::<Utc>::UNIX_EPOCH,
                position: 1,
                is_by_sentinel: true,
            };
            warnings.apply(&"ST-01-x".parse().unwrap(), &fact);
        }
        warnings
    }

    #[test]
    fn a_colour_reached_after_the_last_day_is_no_difference() {
        let changes = |to: &str| {
            let diffs = compare(
                &warnings(Some("2025-03-01")),
                &warnings(None),
                day("2024-01-01"),
                day(to),
            );
            diffs.into_iter().map(|diff| diff.change).collect::<Vec<_>>()
        };
        assert_eq!(changes("2024-12-31"), [Change::Same]);
        assert_eq!(changes("2025-03-01"), [Change::LevelChanged]);
    }
}
