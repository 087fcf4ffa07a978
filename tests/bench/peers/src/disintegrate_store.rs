//! disintegrate: its store on `PostgreSQL`, one transaction that may be serialized an append.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use disintegrate::serde::json::Json;
use disintegrate::{Event, EventStore, StreamItem, query};
use disintegrate_postgres::{Error, PgEventId, PgEventStore};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;

use crate::measure::{Ends, Store};
use crate::rows::{Row, Totals};

/// What the database says of a transaction that cannot be put in an order with another.
const NOT_SERIALIZABLE: &str = "40001";

#[derive(Debug, Clone, PartialEq, Eq, Event, Serialize, Deserialize)]
enum Fact {
    ExpenditureRecorded {
        #[id]
        project: String,
        occurred_on: String,
        data: Value,
        metadata: HashMap<String, String>,
    },
}

impl Fact {
    fn of(row: &Row) -> Self {
        Self::ExpenditureRecorded {
            project: row.project().to_owned(),
            occurred_on: row.fact.occurred_on.clone(),
            data: row.fact.data.clone(),
            metadata: row.fact.metadata.clone(),
        }
    }
}

pub struct Disintegrate {
    store: PgEventStore<Fact, Json<Fact>>,
    tries_again: AtomicU64,
}

impl Disintegrate {
    /// One of its functions has a hexadecimal number, which `PostgreSQL` reads from 16 on: before that it is written in
    /// decimals.
    pub async fn open(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        let pool = crate::pool(options.options([("check_function_bodies", "off")])).await?;
        let store = PgEventStore::try_new(pool.clone(), Json::default()).await?;
        let function = "SELECT pg_get_functiondef('event_store_begin_epoch'::regproc)";
        let function: String = sqlx::query_scalar(function).fetch_one(&pool).await?;
        let readable = function.replace("0xFFFFFFFF", "4294967295");
        sqlx::query(&readable).execute(&pool).await?;
        Ok(Self {
            store,
            tries_again: AtomicU64::new(0),
        })
    }
}

fn is_passing(error: &Error) -> bool {
    match error {
        Error::Concurrency => true,
        Error::Database(sqlx::Error::Database(error)) => error.code().as_deref() == Some(NOT_SERIALIZABLE),
        _ => false,
    }
}

impl Store for Disintegrate {
    async fn append(&self, row: &Row, end: Option<i64>) -> Result<i64> {
        let project = row.project().to_owned();
        loop {
            let stream = query!(Fact; project == project);
            match self
                .store
                .append(vec![Fact::of(row)], stream, end.unwrap_or(0))
                .await
            {
                Ok(stored) => return Ok(stored.last().map_or(0, |event| event.id())),
                Err(error) if is_passing(&error) => drop(self.tries_again.fetch_add(1, Ordering::Relaxed)),
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn append_batch(&self, rows: &[Row], ends: &mut Ends) -> Result<()> {
        let facts = rows.iter().map(Fact::of).collect();
        let stored = self.store.append_without_validation(facts).await?;
        for (row, event) in rows.iter().zip(&stored) {
            ends.insert(row.project().to_owned(), event.id());
        }
        Ok(())
    }

    async fn totals(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        let everything = query::<PgEventId, Fact, Fact>(None);
        let mut events = self.store.stream(&everything);
        while let Some(item) = events.next().await {
            if let StreamItem::Event(event) = item? {
                let Fact::ExpenditureRecorded { project, data, .. } = &*event;
                totals.add(project, data)?;
            }
        }
        Ok(totals)
    }

    fn tries_again(&self) -> u64 {
        self.tries_again.load(Ordering::Relaxed)
    }
}
