//! Warnings as they stood on a day.

use karez_events::event::supervision::Level;
use karez_projections::Warning;
use serde_json::{Value, json};

use crate::given::{Fact, Given, about, day, given};

fn step(on: &str, kind: &str, data: Value) -> Fact {
    about("warning/W1", on, kind, data)
}

fn raised_yellow_then_red_then_orange() -> Given {
    let evidence = |formula: &str| json!({"formula": formula, "threshold": "t", "basis": "b"});
    let changed = |from: &str, to: &str, on: &str| {
        let said = format!("{to} on {on}");
        json!({"from": from, "to": to, "as_of": on, "sentence_zh": said, "sentence_en": said, "evidence": evidence(on)})
    };
    given([
        step(
            "2024-03-01",
            "warning_raised",
            json!({
                "rule": "idle_funds", "rule_version": 1, "level": "yellow", "project": "P1", "episode": 1,
                "thresholds_hash": "h", "as_of": "2024-03-01", "known_at_position": 7, "sentence_zh": "first",
                "sentence_en": "first", "evidence": evidence("2024-03-01"),
            }),
        ),
        step(
            "2024-05-02",
            "warning_level_changed",
            changed("yellow", "red", "2024-05-01"),
        ),
        step(
            "2024-06-02",
            "warning_level_changed",
            changed("red", "orange", "2024-06-01"),
        ),
    ])
}

fn said(warning: &Warning, on: &str) -> (String, String, u64) {
    let reading = warning.reading_on(day(on));
    let formula = reading.evidence.as_ref().map(|evidence| evidence.formula.clone());
    (
        reading.sentence_en.clone(),
        formula.unwrap(),
        reading.known_at_position,
    )
}

#[test]
fn a_past_day_has_the_sentence_and_the_evidence_of_that_day() {
    let known = raised_yellow_then_red_then_orange();
    let warning = known.0.warning(&"W1".parse().unwrap()).unwrap();
    let of = |sentence: &str, formula: &str, position| (sentence.to_owned(), formula.to_owned(), position);
    assert_eq!(said(warning, "2024-04-30"), of("first", "2024-03-01", 7));
    assert_eq!(
        said(warning, "2024-05-01"),
        of("red on 2024-05-01", "2024-05-01", 2)
    );
    assert_eq!(
        said(warning, "2024-12-31"),
        of("orange on 2024-06-01", "2024-06-01", 3)
    );
    // Whoever asks for a day before it was raised hears what it was raised with.
    assert_eq!(said(warning, "2024-01-01"), of("first", "2024-03-01", 7));
}

#[test]
fn a_past_day_knows_no_later_colour() {
    let known = raised_yellow_then_red_then_orange();
    let warning = known.0.warning(&"W1".parse().unwrap()).unwrap();
    let levels = |on: &str| {
        warning
            .levels_by(day(on))
            .map(|(_, level)| level)
            .collect::<Vec<_>>()
    };
    assert_eq!(levels("2024-04-30"), [Level::Yellow]);
    assert_eq!(levels("2024-05-31"), [Level::Yellow, Level::Red]);
    assert_eq!(warning.highest_level_by(day("2024-04-30")), Level::Yellow);
    assert_eq!(warning.highest_level(), Level::Red);
    assert_eq!(warning.level_on(day("2024-12-31")), Some(Level::Orange));
}
