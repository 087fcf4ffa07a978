//! The sentinel over the demonstration's years: told day by day, at once from the log, and killed again and again, it
//! says the same, to the byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use karez::clock::BUSINESS_TIME_ZONE;
use karez::sentinel::{Daily, Timeline};
use karez::store::{EventLog, StoreLocation};
use karez_events::{Event, EventType, RawEvent, RecordedEvent, StreamId, Submission};
use karez_projections::warnings::is_by_sentinel;
use karez_tests::moments::Moments;
use karez_tests::program::run;
use karez_tests::server::Server;
use karez_tests::wait::eventually;
use serde_json::Value;
use uuid::Uuid;

const KILLS: u32 = 20;
/// Long enough for a busy machine; nothing waits for it to pass.
const WITHIN: Duration = Duration::from_mins(4);

/// One step of a warning, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    stream: String,
    event_id: Uuid,
    occurred_on: NaiveDate,
    event_type: &'static str,
    payload: String,
}

/// A store with the demonstration's facts in it, with or without what a sentinel said on the way.
fn demonstration(folder: &Path, is_watched: bool) -> EventLogAt {
    let data = folder.join(if is_watched { "watched" } else { "facts" });
    let settings = folder.join("alone.toml");
    std::fs::write(&settings, "[sentinel]\ndaily_at = \"\"\n").unwrap();
    let mut arguments = vec!["demo", "--data", data.to_str().unwrap()];
    if !is_watched {
        arguments.extend(["--config", settings.to_str().unwrap()]);
    }
    let told = run(&arguments, "").unwrap();
    assert_eq!(told.code, 0, "{told:?}");
    EventLogAt(data.to_str().unwrap().to_owned())
}

struct EventLogAt(String);

impl EventLogAt {
    async fn read(&self) -> Vec<RawEvent> {
        let log = EventLog::open(&StoreLocation::Sqlite(self.0.clone().into()))
            .await
            .unwrap();
        let mut events: Vec<RawEvent> = Vec::new();
        loop {
            let after = events.last().map_or(0, |last| last.position);
            let page = log.read(after, 10_000).await.unwrap();
            if page.is_empty() {
                return events;
            }
            events.extend(page);
        }
    }
}

/// The steps of warnings that a log holds up to a day, in an order of their own.
fn steps_of(events: &[RawEvent], until: NaiveDate) -> Vec<Step> {
    let of_warnings = events
        .iter()
        .filter(|event| matches!(event.stream, StreamId::Warning(_)) && event.occurred_on <= until);
    let mut steps: Vec<Step> = of_warnings
        .map(|event| Step {
            stream: event.stream.to_string(),
            event_id: event.event_id,
            occurred_on: event.occurred_on,
            event_type: event.event_type.as_str(),
            payload: String::from_utf8(event.payload.clone()).unwrap(),
        })
        .collect();
    steps.sort();
    steps
}

/// What a sentinel would say that is told the whole log at once.
fn at_once(events: &[RawEvent], until: NaiveDate) -> Vec<Step> {
    let facts: Vec<RecordedEvent> = events.iter().map(|event| event.decode().unwrap()).collect();
    let mut timeline = Timeline::resume(daily(), facts);
    let due: DateTime<Utc> = daily().due(until).unwrap();
    let mut steps = Vec::new();
    while let Some(said) = timeline.next_step(Some(due)) {
        steps.extend(
            said.iter()
                .filter_map(|fact| step(fact).filter(|step| step.occurred_on <= until)),
        );
    }
    steps.sort();
    steps
}

fn step(said: &Submission) -> Option<Step> {
    matches!(said.stream, StreamId::Warning(_)).then(|| Step {
        stream: said.stream.to_string(),
        event_id: said.event_id,
        occurred_on: said.occurred_on,
        event_type: said.event.event_type().as_str(),
        payload: String::from_utf8(said.event.payload().unwrap()).unwrap(),
    })
}

fn daily() -> Daily {
    Daily::try_new("sentinel.daily_at", "0 30 0 * * *", BUSINESS_TIME_ZONE).unwrap()
}

/// Positions and the pseudonyms of persons are of one log; by the events at the positions, and without the pseudonyms, what
/// two logs say can be compared.
fn by_event(steps: Vec<Step>, events: &[RawEvent]) -> Vec<Step> {
    let ids: BTreeMap<u64, String> = events
        .iter()
        .map(|event| (event.position, event.event_id.to_string()))
        .collect();
    let name = |value: &mut Value| *value = ids.get(&value.as_u64().unwrap()).cloned().into();
    let mut named: Vec<Step> = steps
        .into_iter()
        .map(|step| {
            let mut data: Value = serde_json::from_str(&step.payload).unwrap();
            if let Some(position) = data.get_mut("known_at_position") {
                name(position);
            }
            if let Some(positions) = data.pointer_mut("/evidence/fact_positions") {
                positions.as_array_mut().unwrap().iter_mut().for_each(name);
            }
            if let Some(payee) = data.pointer_mut("/evidence/figures/payee") {
                *payee = Value::Null;
            }
            Step {
                payload: data.to_string(),
                ..step
            }
        })
        .collect();
    named.sort();
    named
}

fn assert_same(found: &[Step], expected: &[Step]) {
    let unlike = found.iter().zip(expected).find(|(one, other)| one != other);
    assert_eq!(unlike, None);
    assert_eq!(found.len(), expected.len());
}

fn last_day(events: &[RawEvent]) -> Option<NaiveDate> {
    let mut runs = events
        .iter()
        .rev()
        .filter(|event| event.event_type == EventType::DayEvaluated);
    runs.next().map(|event| event.occurred_on)
}

#[tokio::test(flavor = "multi_thread")]
async fn years_told_day_by_day_at_once_and_under_kills_give_the_same_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let watched = demonstration(folder.path(), true).read().await;
    let until = last_day(&watched).unwrap();
    let alone = demonstration(folder.path(), false);
    let facts = alone.read().await;
    let expected = at_once(&facts, until);
    assert!(
        expected.len() > 100,
        "the years are not silent: {}",
        expected.len()
    );

    let day_by_day = steps_of(&watched, until);
    assert_same(
        &by_event(day_by_day, &watched),
        &by_event(expected.clone(), &facts),
    );

    let mut server = Server::start(["--data", &alone.0]).await.unwrap();
    let mut moments = Moments::draw();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_micros(moments.below(300_000))).await;
        server.kill().await.unwrap();
        server.restart().await.unwrap();
    }
    eventually("the sentinel has caught up", WITHIN, || async {
        let events = alone.read().await;
        last_day(&events).filter(|day| *day > until)
    })
    .await
    .unwrap();
    server.kill().await.unwrap();
    let after_kills = alone.read().await;
    assert_same(&steps_of(&after_kills, until), &expected);
    let decoded: Vec<RecordedEvent> = after_kills.iter().map(|event| event.decode().unwrap()).collect();
    let days = decoded
        .iter()
        .filter(|event| matches!(event.event, Event::DayEvaluated(_)));
    assert!(days.clone().all(is_by_sentinel));
    let days: Vec<NaiveDate> = days.map(|event| event.occurred_on).collect();
    assert!(
        days.is_sorted_by(|day, next| day.succ_opt() == Some(*next)),
        "every day once, in order"
    );
}
