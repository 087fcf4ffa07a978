//! The wire contract: the bytes of every event type, as they are stored, hashed and sent.
//!
//! A line of `wire/today.ndjson` never changes. A new shape of an event is a new schema number: its line here is
//! replaced, and the old bytes move to `wire/old.ndjson` with what they mean today.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;

use karez_events::{Event, EventType};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Line<'a> {
    r#type: EventType,
    schema: i16,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow)]
    today: Option<&'a RawValue>,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn rewritten(line: &Line<'_>) -> String {
    let event = Event::decode(line.r#type, line.schema, line.data.get().as_bytes()).unwrap();
    String::from_utf8(event.payload().unwrap()).unwrap()
}

#[test]
fn every_event_is_written_byte_for_byte_as_it_always_was() {
    for line in lines(include_str!("wire/today.ndjson")) {
        assert_eq!(line.schema, line.r#type.schema(), "{}", line.r#type);
        assert_eq!(rewritten(&line), line.data.get(), "{}", line.r#type);
    }
}

#[test]
fn every_type_of_the_vocabulary_has_its_line() {
    let written: BTreeSet<EventType> = lines(include_str!("wire/today.ndjson"))
        .iter()
        .map(|line| line.r#type)
        .collect();
    let vocabulary: BTreeSet<EventType> = EventType::ALL.iter().copied().collect();
    assert_eq!(written, vocabulary);
}

#[test]
fn bytes_recorded_under_an_older_schema_read_as_today() {
    for line in lines(include_str!("wire/old.ndjson")) {
        assert!(line.schema < line.r#type.schema());
        assert_eq!(Some(rewritten(&line).as_str()), line.today.map(RawValue::get));
    }
}

#[test]
fn an_unknown_field_is_refused_in_every_type() {
    for line in lines(include_str!("wire/today.ndjson")) {
        let extended = line
            .data
            .get()
            .replacen('{', "{\"surprise\":1,", 1)
            .replace(",}", "}");
        let read = Event::decode(line.r#type, line.schema, extended.as_bytes());
        assert!(read.is_err(), "{} took an unknown field", line.r#type);
    }
}
