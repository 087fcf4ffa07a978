//! Facts, days and deadlines in one order: a day's run comes after what was known when it was due, and before what came
//! later; so does the passing on of a red warning that nobody has acknowledged.
//! The order follows from the log alone, so whoever tells it again tells the same.

use std::collections::{HashMap, HashSet, VecDeque};

use chrono::{DateTime, NaiveDate, Utc};
use karez_alert_rules::{RuleSet, Watch};
use karez_events::{Event, RecordedEvent, StreamId, Submission};
use karez_projections::warnings::{WarningFact, is_by_sentinel, is_step};
use karez_projections::{Portfolio, Warnings};
use uuid::Uuid;

use super::daily::Daily;

/// The watch over a log, with the facts that are still to be told to it.
#[derive(Debug)]
pub struct Timeline {
    daily: Daily,
    watch: Watch,
    waiting: VecDeque<RecordedEvent>,
    /// The day whose run comes next.
    next_day: Option<NaiveDate>,
    /// What the sentinel has in the log beyond the last complete day.
    recorded: HashSet<Uuid>,
    /// Rules that the log publishes take effect; not in a back-test under other rules.
    adopts_rules: bool,
}

impl Timeline {
    /// Begins at the last complete day of a log, or at its first fact.
    #[must_use]
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the end of a day is looked for"
    )]
    pub fn resume(daily: Daily, events: Vec<RecordedEvent>) -> Self {
        let last_run = events.iter().rev().find_map(|recorded| match &recorded.event {
            Event::DayEvaluated(data) if is_by_sentinel(recorded) => Some((data.as_of, recorded.position)),
            _ => None,
        });
        let Some((last_day, run_at)) = last_run else {
            let mut timeline = Self::under(daily, RuleSet::default());
            timeline.adopts_rules = true;
            timeline.extend(events);
            return timeline;
        };
        let due = daily.due(last_day);
        let caused_at = Causes::of(&daily, &events);
        let (mut portfolio, mut warnings) = (Portfolio::default(), Warnings::default());
        let mut rules = RuleSet::default();
        let mut later = Vec::new();
        for recorded in events {
            let was_known = recorded.position < run_at && due.is_none_or(|due| recorded.recorded_at < due);
            if is_step(&recorded) && recorded.position <= run_at {
                apply(&mut warnings, &recorded, caused_at.of_step(&recorded));
            } else if is_step(&recorded) || !was_known {
                later.push(recorded);
            } else if is_by_sentinel(&recorded) {
                // Time that had passed by that day's end.
            } else if matches!(recorded.stream, StreamId::Warning(_)) {
                apply(&mut warnings, &recorded, recorded.recorded_at);
            } else {
                portfolio.apply(&recorded);
                if let Some(published) = published(&recorded) {
                    rules = published;
                }
            }
        }
        let mut timeline = Self {
            daily,
            watch: Watch::resumed(portfolio, warnings, rules, last_day),
            waiting: VecDeque::new(),
            next_day: last_day.succ_opt(),
            recorded: HashSet::new(),
            adopts_rules: true,
        };
        timeline.extend(later);
        timeline
    }

    /// Begins before the first fact, under rules that nothing in the log replaces.
    #[must_use]
    pub fn under(daily: Daily, rules: RuleSet) -> Self {
        Self {
            daily,
            watch: Watch::under(rules),
            waiting: VecDeque::new(),
            next_day: None,
            recorded: HashSet::new(),
            adopts_rules: false,
        }
    }

    /// What the log has beyond what was told, in its order.
    pub fn extend(&mut self, events: impl IntoIterator<Item = RecordedEvent>) {
        for recorded in events {
            if is_step(&recorded) {
                self.recorded.insert(recorded.event_id);
            } else {
                self.waiting.push_back(recorded);
            }
        }
    }

    /// The watch as it stands.
    #[must_use]
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// When the next day's run is due; `None` before the first fact.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        self.daily.due(self.next_day?)
    }

    /// When the first of the runs and deadlines was due that were by an instant and are not told.
    #[must_use]
    pub fn due_by(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let due = [self.next_due(), self.watch.next_escalation()];
        due.into_iter().flatten().min().filter(|due| *due <= now)
    }

    /// The business day of an instant.
    #[must_use]
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        self.daily.day_of(at)
    }

    /// How many days' runs are due at an instant.
    #[must_use]
    pub fn days_due(&self, now: DateTime<Utc>) -> usize {
        let days = self.next_day.into_iter().flat_map(|day| day.iter_days());
        days.take_while(|day| self.daily.due(*day).is_some_and(|due| due <= now))
            .count()
    }

    /// The next fact or day, and what the log does not have yet of what it brings. `None` when every fact is told and, with
    /// an instant, every day that was due by then.
    pub fn next_step(&mut self, now: Option<DateTime<Utc>>) -> Option<Vec<Submission>> {
        let next = self.waiting.front();
        let first_day = next.map(|recorded| self.daily.day_of(recorded.recorded_at));
        let day = self.next_day.or(first_day)?;
        let due = self.daily.due(day);
        let until = next.map(|recorded| recorded.recorded_at).or(now)?;
        let comes_first = |at: &DateTime<Utc>| *at <= until && due.is_none_or(|due| *at < due);
        let facts = if let Some(at) = self.watch.next_escalation().filter(comes_first) {
            self.watch.escalate(at, self.daily.day_of(at))
        } else if let Some(due) = due.filter(|due| *due <= until) {
            self.next_day = day.succ_opt();
            self.watch.end_day(day, due)
        } else {
            let recorded = self.waiting.pop_front()?;
            self.next_day = Some(day);
            self.told(&recorded)
        };
        Some(self.not_recorded(facts))
    }

    fn told(&mut self, recorded: &RecordedEvent) -> Vec<Submission> {
        if self.adopts_rules
            && let Some(rules) = published(recorded)
        {
            self.watch.adopt(rules);
        }
        self.watch.take(recorded, self.daily.day_of(recorded.recorded_at))
    }

    fn not_recorded(&mut self, mut facts: Vec<Submission>) -> Vec<Submission> {
        facts.retain(|fact| !self.recorded.remove(&fact.event_id));
        facts
    }
}

fn apply(warnings: &mut Warnings, recorded: &RecordedEvent, at: DateTime<Utc>) {
    if let StreamId::Warning(id) = &recorded.stream {
        let fact = WarningFact {
            at,
            ..WarningFact::of(recorded)
        };
        warnings.apply(id, &fact);
    }
}

/// When what brought the sentinel's steps about became known: their deadlines run from then, not from when a sentinel
/// found the time to record them.
struct Causes<'a> {
    daily: &'a Daily,
    known_at: HashMap<Uuid, DateTime<Utc>>,
}

impl<'a> Causes<'a> {
    fn of(daily: &'a Daily, events: &[RecordedEvent]) -> Self {
        let facts = events.iter().filter(|recorded| !is_by_sentinel(recorded));
        Self {
            daily,
            known_at: facts
                .map(|recorded| (recorded.event_id, recorded.recorded_at))
                .collect(),
        }
    }

    fn of_step(&self, recorded: &RecordedEvent) -> DateTime<Utc> {
        let of_fact = recorded
            .metadata
            .causation
            .and_then(|cause| self.known_at.get(&cause).copied());
        let of_day = || self.daily.due(recorded.occurred_on);
        of_fact.or_else(of_day).unwrap_or(recorded.recorded_at)
    }
}

/// A rule set that takes effect; one that this version cannot read leaves the earlier one in force.
fn published(recorded: &RecordedEvent) -> Option<RuleSet> {
    let Event::RulesPublished(data) = &recorded.event else {
        return None;
    };
    match RuleSet::try_from_toml(&data.rules) {
        Ok(rules) => Some(rules),
        Err(error) => {
            tracing::error!(
                "the rule set published at position {} is not in force: {error}",
                recorded.position
            );
            None
        }
    }
}
