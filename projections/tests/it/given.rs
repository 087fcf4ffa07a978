//! `given([facts]).at(day)` and `given([facts]).when(fact)`: what the tests say their facts in.

use chrono::{DateTime, NaiveDate};
use karez_events::Hash;
use karez_events::{Actor, Currency, Event, EventType, Metadata, RecordedEvent, StreamId, Submission};
use karez_projections::measures::{Measures, measures};
use karez_projections::{Portfolio, Project, Refusal, admit};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

/// A fact not yet recorded.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    stream: String,
    on: NaiveDate,
    event: Event,
    name: Option<String>,
    metadata: Metadata,
}

/// A fact about project P1.
pub(crate) fn fact(on: &str, kind: &str, data: Value) -> Fact {
    about("project/P1", on, kind, data)
}

/// A fact of any stream.
#[expect(clippy::needless_pass_by_value, reason = "callers write the data in place")]
pub(crate) fn about(stream: &str, on: &str, kind: &str, data: Value) -> Fact {
    let kind: EventType = kind.parse().unwrap();
    let payload = serde_json::to_vec(&data).unwrap();
    let event = Event::decode(kind, kind.schema(), &payload).unwrap_or_else(|why| panic!("{why}: {data}"));
    Fact {
        stream: stream.to_owned(),
        on: day(on),
        event,
        name: None,
        metadata: Metadata::default(),
    }
}

impl Fact {
    /// Gives the fact the id [`id_of`] its name, so that later facts can correct it.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Published by others and imported.
    pub(crate) fn imported(mut self) -> Self {
        self.metadata.source_system = Some("import:iati".to_owned());
        self
    }

    /// The publisher gave no date.
    pub(crate) fn undated(mut self) -> Self {
        self.metadata.undated = true;
        self
    }

    /// Effective on another day than its own.
    pub(crate) fn effective(mut self, on: &str) -> Self {
        self.metadata.effective_on = Some(day(on));
        self
    }

    /// Sent by a unit.
    pub(crate) fn by_unit(mut self, unit: &str) -> Self {
        let (org, role) = (Some(unit.to_owned()), Some("unit".to_owned()));
        self.metadata.actor = Some(Actor {
            user: None,
            org,
            role,
        });
        self
    }

    /// The same of another project.
    pub(crate) fn of_project(mut self, id: &str) -> Self {
        if self.stream.starts_with("project/") {
            self.stream = format!("project/{id}");
        }
        self
    }

    pub(crate) fn on(&self) -> NaiveDate {
        self.on
    }

    pub(crate) fn submission(&self) -> Submission {
        Submission {
            event_id: self.name.as_deref().map_or_else(|| id_of("submitted"), id_of),
            stream: self.stream.parse().unwrap(),
            occurred_on: self.on,
            event: self.event.clone(),
            metadata: self.metadata.clone(),
        }
    }

    pub(crate) fn recorded(&self, position: u64) -> RecordedEvent {
        RecordedEvent {
            position,
            stream: self.stream.parse::<StreamId>().unwrap(),
            version: u32::try_from(position).unwrap(),
            event_id: self
                .name
                .as_deref()
                .map_or_else(|| Uuid::from_u128(position.into()), id_of),
            occurred_on: self.on,
            recorded_at: DateTime::from_timestamp(1_700_000_000 + i64::try_from(position).unwrap(), 0)
                .unwrap(),
            event: self.event.clone(),
            metadata: self.metadata.clone(),
            hash: Hash::default(),
        }
    }
}

/// What is known.
pub(crate) struct Given(pub(crate) Portfolio);

/// A portfolio in which these facts were recorded, in this order.
pub(crate) fn given(facts: impl IntoIterator<Item = Fact>) -> Given {
    let mut portfolio = Portfolio::default();
    for (position, fact) in (1..).zip(facts) {
        portfolio.apply(&fact.recorded(position));
    }
    Given(portfolio)
}

impl Given {
    pub(crate) fn project(&self) -> &Project {
        self.0.project(&"P1".parse().unwrap()).unwrap()
    }

    /// The figures of project P1 in yuan.
    pub(crate) fn at(&self, as_of: &str) -> Measures {
        measures(self.project(), Currency::CNY, day(as_of))
    }

    /// What admission says to one more fact.
    pub(crate) fn when(&self, fact: &Fact) -> Result<(), Refusal> {
        admit(&self.0, &fact.submission())
    }
}

pub(crate) fn id_of(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn yuan(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

/// A rate's percentage as printed, or "—".
pub(crate) fn printed(measures: &Measures, figure: &str) -> String {
    let rate = measures.rate(figure).unwrap_or_else(|| panic!("no {figure}"));
    rate.percent()
        .map_or_else(|| "—".to_owned(), |percent| percent.to_string())
}

pub(crate) fn approved(on: &str) -> Fact {
    fact(
        on,
        "project_approved",
        json!({"title": "Grapes that need less water", "unit": "U1"}),
    )
}

/// A budget of a year, one fiscal line.
pub(crate) fn budget(on: &str, fiscal_year: i32, amount: &str) -> Fact {
    fact(
        on,
        "budget_approved",
        json!({"fiscal_year": fiscal_year, "lines": [{"amount": amount}]}),
    )
}

pub(crate) fn spent(on: &str, amount: &str) -> Fact {
    fact(on, "expenditure_recorded", json!({"amount": amount}))
}

pub(crate) fn arrived(on: &str, amount: &str) -> Fact {
    fact(on, "funds_arrived", json!({"amount": amount}))
}
