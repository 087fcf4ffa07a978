//! Laws of the watch, over random histories of three projects.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use karez_alert_rules::evaluate::Ask;
use karez_alert_rules::reconcile::{Run, reconcile};
use karez_alert_rules::{RuleSet, Watch};
use karez_events::{Event, EventType, Hash, Metadata, RecordedEvent};
use karez_projections::Warning;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

/// A fact before it has a place in the log.
#[derive(Debug, Clone)]
struct Fact {
    stream: String,
    on: NaiveDate,
    known_on: NaiveDate,
    kind: &'static str,
    data: Value,
    id: Uuid,
}

fn start() -> NaiveDate {
    "2024-01-02".parse().unwrap()
}

fn after(days: u64) -> NaiveDate {
    start().checked_add_days(Days::new(days)).unwrap()
}

fn recorded(fact: &Fact, position: u64) -> RecordedEvent {
    let kind: EventType = fact.kind.parse().unwrap();
    RecordedEvent {
        position,
        stream: fact.stream.parse().unwrap(),
        version: 1,
        event_id: fact.id,
        occurred_on: fact.on,
        recorded_at: fact.known_on.and_time(NaiveTime::MIN).and_utc(),
        event: Event::decode(kind, kind.schema(), fact.data.to_string().as_bytes()).unwrap(),
        metadata: Metadata::default(),
        hash: Hash::default(),
    }
}

/// Three projects of two units and one fund, approved, under contract, started, with a budget.
fn beginnings() -> Vec<Fact> {
    let mut facts = vec![fact(
        "fund/F1",
        0,
        0,
        "fund_established",
        json!({"name": "Science"}),
    )];
    facts.push(fact(
        "fund/F1",
        0,
        0,
        "appropriation_approved",
        json!({"fiscal_year": 2024, "amount": "1000000"}),
    ));
    for (project, unit) in [("P1", "U1"), ("P2", "U1"), ("P3", "U2")] {
        let stream = format!("project/{project}");
        let approval = json!({"title": project, "unit": unit, "fund": "F1"});
        facts.push(fact(&stream, 0, 0, "project_approved", approval));
        let contract =
            json!({"start_on": "2024-01-10", "end_on": "2024-12-20", "planned_self_raised": "50000"});
        facts.push(fact(&stream, 0, 0, "contract_signed", contract));
        let lines =
            json!([{"category": "设备费", "amount": "60000"}, {"category": "业务费", "amount": "140000"}]);
        facts.push(fact(
            &stream,
            0,
            0,
            "budget_approved",
            json!({"fiscal_year": 2024, "lines": lines}),
        ));
    }
    facts
}

fn fact(stream: &str, on: u64, known_on: u64, kind: &'static str, data: Value) -> Fact {
    let id = format!("{stream}/{on}/{known_on}/{kind}/{data}");
    Fact {
        stream: stream.to_owned(),
        on: after(on),
        known_on: after(known_on),
        kind,
        data,
        id: Uuid::new_v5(&Uuid::NAMESPACE_OID, id.as_bytes()),
    }
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let amount = (1_u64..200).prop_map(|thousands| format!("{}", thousands * 1_000));
    (0_usize..3, 0_u64..300, 0_u64..60, 0_usize..17, amount, 0_usize..4).prop_map(
        |(project, on, late, kind, amount, choice)| {
            let stream = format!("project/P{}", project + 1);
            let category = if choice % 2 == 0 { "设备费" } else { "业务费" };
            let source = if choice < 2 {
                "fiscal_current"
            } else {
                "self_raised"
            };
            let invoice = format!("INV{choice}");
            let (kind, data) = match kind {
                0 | 1 => ("funds_arrived", json!({"amount": amount})),
                2 => ("funds_disbursed", json!({"amount": amount})),
                3 => ("project_started", json!({})),
                4 => ("project_suspended", json!({})),
                5 => ("project_resumed", json!({})),
                6 => (
                    "matching_funds_arrived",
                    json!({"amount": amount, "source": "self_raised"}),
                ),
                7 => ("budget_adjusted", json!({"amount": amount, "fiscal_year": 2024})),
                8 => ("funds_returned", json!({"amount": amount})),
                9 => ("expenditure_refunded", json!({"amount": amount})),
                10 => (
                    "expenditure_recorded",
                    json!({"amount": amount, "source": source, "category": category, "invoice_no": invoice}),
                ),
                11 => (
                    "expenditure_recorded",
                    json!({"amount": "3000", "source": source, "purpose": "专家咨询费", "person_days": "1",
                           "payee": {"name": format!("P{choice}")}, "voucher_no": format!("{on}")}),
                ),
                12 => (
                    "expenditure_recorded",
                    json!({"amount": "90000", "source": source, "purpose": "工资", "tags": ["罚款"],
                           "payee": {"name": format!("P{}", choice % 2)}}),
                ),
                13 => (
                    "expenditure_recorded",
                    json!({"amount": amount, "source": source, "category": "间接费用"}),
                ),
                _ => (
                    "expenditure_recorded",
                    json!({"amount": amount, "source": source, "category": category}),
                ),
            };
            fact(&stream, on, on + late, kind, data)
        },
    )
}

fn history() -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec(any_fact(), 1..40).prop_map(|facts| {
        let mut history = beginnings();
        history.extend(facts);
        history.sort_by_key(|fact| fact.known_on);
        history
    })
}

fn end_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1)
}

/// Tells a history day by day, every tenth day and every day with facts, and looks on after each fact.
fn told(facts: &[Fact], mut look: impl FnMut(&Watch, NaiveDate)) -> Watch {
    let mut watch = Watch::under(RuleSet::default());
    let mut facts = (1_u64..).zip(facts).peekable();
    for day in start().iter_days().take(370) {
        let mut has_facts = false;
        if facts.peek().is_some_and(|(_, fact)| fact.known_on <= day) {
            // What the passing of time changes is said before the day's facts come.
            watch.end_day(day, end_of(day));
        }
        while let Some((position, fact)) = facts.next_if(|(_, fact)| fact.known_on <= day) {
            watch.take(&recorded(fact, position), day);
            look(&watch, day);
            has_facts = true;
        }
        if has_facts || (day - start()).num_days() % 10 == 0 {
            watch.end_day(day, end_of(day));
        }
    }
    watch
}

type OpenWarning = (String, String, Option<String>, String);

fn open(watch: &Watch) -> BTreeSet<OpenWarning> {
    let open = watch.warnings().iter().filter(|warning| warning.is_open());
    open.map(|warning| {
        let target = format!("{:?}", warning.target());
        (
            warning.raised.rule.clone(),
            target,
            warning.raised.subject.clone(),
            format!("{:?}", warning.level),
        )
    })
    .collect()
}

/// What reconciling everything again would bring.
fn left_to_say(watch: &Watch, day: NaiveDate) -> Vec<String> {
    let run = Run {
        as_of: day,
        known_at_position: 0,
        thresholds_hash: "",
        is_end_of_day: false,
        causation: None,
    };
    let answers = watch.stand(day).each(Ask::Event, |answers| answers).concat();
    let facts = answers.iter().flat_map(|answer| {
        let known: Vec<&Warning> = watch.warnings().about(&answer.target).collect();
        reconcile(answer, &known, &run, |_, _| false)
    });
    facts.map(|fact| format!("{:?}", fact.event)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_an_event_cannot_change_need_not_be_asked_again(facts in history()) {
        told(&facts, |watch, day| {
            let left = left_to_say(watch, day);
            assert!(left.is_empty(), "on {day}: {left:?}");
        });
    }

    #[test]
    fn the_order_in_which_a_day_s_facts_arrive_changes_no_warning_of_its_end(facts in history(), seed in any::<u64>()) {
        // What begins a project is known before anything else about it, or it would not have been admitted.
        let count = beginnings().len();
        let (first, rest) = facts.split_at(count);
        let mut rest = rest.to_vec();
        rest.sort_by_key(|fact| (fact.known_on, mixed(fact.id, seed)));
        let shuffled = [first, rest.as_slice()].concat();
        prop_assert_eq!(open(&told(&facts, |_, _| ())), open(&told(&shuffled, |_, _| ())));
    }

    #[test]
    fn the_same_history_gives_the_same_warnings(facts in history()) {
        let (once, again) = (told(&facts, |_, _| ()), told(&facts, |_, _| ()));
        prop_assert_eq!(once.warnings(), again.warnings());
    }
}

fn mixed(id: Uuid, seed: u64) -> u128 {
    (id.as_u128() ^ u128::from(seed)).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
}
