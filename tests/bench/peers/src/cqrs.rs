//! cqrs-es with postgres-es: the repository that its framework appends by, without loading the aggregate first.

use anyhow::{Context, Result};
use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{PersistedEventRepository, SerializedEvent};
use cqrs_es::{Aggregate, DomainEvent};
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::measure::{Ends, Store};
use crate::rows::{Row, Totals};

/// The table that its documentation gives.
const TABLE: &str = "CREATE TABLE events (aggregate_type text NOT NULL, aggregate_id text NOT NULL, \
    sequence bigint CHECK (sequence >= 0) NOT NULL, event_type text NOT NULL, event_version text NOT NULL, \
    payload json NOT NULL, metadata json NOT NULL, PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

/// A project, of which nothing but its events is of interest here.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Project;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Payload {
    occurred_on: String,
    data: Value,
}

impl DomainEvent for Payload {
    fn event_type(&self) -> String {
        "expenditure_recorded".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Project {
    const TYPE: &'static str = "project";
    type Command = ();
    type Event = Payload;
    type Error = std::convert::Infallible;
    type Services = ();

    async fn handle(&mut self, (): (), (): &(), _sink: &EventSink<Self>) -> Result<(), Self::Error> {
        Ok(())
    }

    fn apply(&mut self, _event: Payload) {}
}

pub struct Cqrs {
    repository: PostgresEventRepository,
}

impl Cqrs {
    pub async fn open(pool: PgPool) -> Result<Self> {
        sqlx::query(TABLE).execute(&pool).await?;
        Ok(Self {
            repository: PostgresEventRepository::new(pool),
        })
    }
}

fn serialized(row: &Row, sequence: i64) -> Result<SerializedEvent> {
    let fact = &row.fact;
    Ok(SerializedEvent::new(
        row.project().to_owned(),
        usize::try_from(sequence)?,
        Project::TYPE.to_owned(),
        fact.r#type.clone(),
        "1".to_owned(),
        json!({"occurred_on": fact.occurred_on, "data": fact.data}),
        json!(fact.metadata),
    ))
}

impl Store for Cqrs {
    async fn append(&self, row: &Row, end: Option<i64>) -> Result<i64> {
        let sequence = end.unwrap_or(0) + 1;
        self.repository
            .persist::<Project>(&[serialized(row, sequence)?], None)
            .await?;
        Ok(sequence)
    }

    async fn append_batch(&self, rows: &[Row], ends: &mut Ends) -> Result<()> {
        let mut events = Vec::with_capacity(rows.len());
        for row in rows {
            let end = ends.entry(row.project().to_owned()).or_insert(0);
            *end += 1;
            events.push(serialized(row, *end)?);
        }
        Ok(self.repository.persist::<Project>(&events, None).await?)
    }

    async fn totals(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        let mut events = self.repository.stream_all_events::<Project>().await?;
        while let Some(event) = events.next::<Project>(&[]).await {
            let event = event.context("reading the events")?;
            totals.add(&event.aggregate_id, &event.payload.data)?;
        }
        Ok(totals)
    }
}
