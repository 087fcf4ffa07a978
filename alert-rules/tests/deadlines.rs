//! Deadlines: a red warning that nobody acknowledges is passed on, once; the end of a silence is announced, once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use karez_alert_rules::{RuleSet, Watch};
use karez_events::{Event, EventType, Hash, Metadata, RecordedEvent, StreamId, Submission};
use serde_json::{Value, json};
use uuid::Uuid;

struct Told {
    watch: Watch,
    position: u64,
}

impl Told {
    fn new() -> Self {
        let mut told = Self {
            watch: Watch::under(RuleSet::default()),
            position: 0,
        };
        told.take(
            "project/P1",
            "project_approved",
            &json!({"title": "P", "unit": "U1"}),
            "2024-01-10T01:00:00Z",
        );
        told
    }

    fn take(&mut self, stream: &str, event_type: &str, data: &Value, at: &str) -> Vec<Submission> {
        self.position += 1;
        let recorded_at: DateTime<Utc> = at.parse().unwrap();
        let event_type: EventType = event_type.parse().unwrap();
        let recorded = RecordedEvent {
            position: self.position,
            stream: stream.parse::<StreamId>().unwrap(),
            version: 1,
            event_id: Uuid::from_u128(self.position.into()),
            occurred_on: recorded_at.date_naive(),
            recorded_at,
            event: Event::decode(event_type, event_type.schema(), data.to_string().as_bytes()).unwrap(),
            metadata: Metadata::default(),
            hash: Hash::default(),
        };
        self.watch.take(&recorded, recorded_at.date_naive())
    }

    /// Money spent without any budget is red at nine in the morning; the id of the warning.
    fn overspend(&mut self) -> StreamId {
        let facts = self.take(
            "project/P1",
            "expenditure_recorded",
            &json!({"amount": "100"}),
            "2024-03-05T09:00:00Z",
        );
        let is_it = |fact: &&Submission| matches!(&fact.event, Event::WarningRaised(data) if data.rule == "over_budget");
        let raised = facts.iter().find(is_it).cloned();
        raised.unwrap().stream
    }

    fn escalate(&mut self, at: &str) -> Vec<StreamId> {
        let at: DateTime<Utc> = at.parse().unwrap();
        let facts = self.watch.escalate(at, at.date_naive());
        facts.into_iter().map(|fact| fact.stream).collect()
    }
}

#[test]
fn two_hours_after_it_turned_red_it_goes_to_the_director_and_only_once() {
    let mut told = Told::new();
    let warning = told.overspend();
    assert_eq!(told.watch.next_escalation(), "2024-03-05T11:00:00Z".parse().ok());
    assert_eq!(told.escalate("2024-03-05T10:59:59Z"), []);
    assert!(told.escalate("2024-03-05T11:00:00Z").contains(&warning));
    assert!(!told.escalate("2024-03-06T11:00:00Z").contains(&warning));
}

#[test]
fn what_somebody_acknowledged_in_time_is_not_passed_on() {
    let mut told = Told::new();
    let warning = told.overspend();
    told.take(
        &warning.to_string(),
        "warning_acknowledged",
        &json!({}),
        "2024-03-05T10:30:00Z",
    );
    assert!(!told.escalate("2024-03-05T12:00:00Z").contains(&warning));
}

#[test]
fn the_deadline_does_not_depend_on_when_the_watch_was_resumed() {
    let mut told = Told::new();
    told.overspend();
    let day: NaiveDate = "2024-03-05".parse().unwrap();
    let resumed = Watch::resumed(
        told.watch.portfolio().clone(),
        told.watch.warnings().clone(),
        RuleSet::default(),
        day,
    );
    assert_eq!(resumed.next_escalation(), told.watch.next_escalation());
}

#[test]
fn the_end_of_a_silence_is_announced_after_its_last_day_unless_a_person_ended_it() {
    let mut told = Told::new();
    let silence = json!({"rule": "report_missing", "until_on": "2024-03-06", "cause": "field work"});
    told.take("calendar", "warnings_silenced", &silence, "2024-03-05T09:00:00Z");
    told.take("calendar", "warnings_silenced", &silence, "2024-03-05T09:00:00Z");
    let second = Uuid::from_u128(told.position.into());
    told.take(
        "calendar",
        "silence_ended",
        &json!({"silence": second, "cause": "over"}),
        "2024-03-06T09:00:00Z",
    );
    let announced = |told: &mut Told, day: &str| {
        let day: NaiveDate = day.parse().unwrap();
        let facts = told.watch.end_day(day, day.and_time(NaiveTime::MIN).and_utc());
        let ended = facts
            .iter()
            .filter(|fact| matches!(fact.event, Event::SilenceEnded(_)));
        ended.count()
    };
    assert_eq!(announced(&mut told, "2024-03-05"), 0);
    assert_eq!(announced(&mut told, "2024-03-06"), 1);
    assert_eq!(announced(&mut told, "2024-03-07"), 0);
}
