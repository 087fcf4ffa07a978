//! A store for one test, and facts to put into it.

use std::collections::HashMap;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use karez::store::{Batch, EventLog, LogSettings, StoreLocation, WriterLease};
use karez_events::{Event, EventType, Hash, HashAlgorithm, Metadata, Position, RawEvent, StreamId, chain};
use karez_tests::postgres::Postgres;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;
use uuid::Uuid;

/// The two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// An empty place for a store.
pub struct Place {
    pub backend: Backend,
    pub location: StoreLocation,
    _folder: Option<TempDir>,
}

impl Place {
    pub async fn new(backend: Backend) -> Result<Self> {
        let (location, folder) = match backend {
            Backend::Sqlite => {
                let folder = TempDir::new()?;
                (StoreLocation::Sqlite(folder.path().join("data")), Some(folder))
            }
            Backend::Postgres => (
                StoreLocation::Postgres(Postgres::shared().await?.database().await?),
                None,
            ),
        };
        Ok(Self {
            backend,
            location,
            _folder: folder,
        })
    }

    /// The same `PostgreSQL` store for another role.
    pub fn location_as(&self, role: &str) -> StoreLocation {
        match &self.location {
            StoreLocation::Postgres(url) => {
                StoreLocation::Postgres(url.replace("user=postgres", &format!("user={role}")))
            }
            StoreLocation::Sqlite(folder) => StoreLocation::Sqlite(folder.clone()),
        }
    }

    pub async fn log(&self) -> Result<EventLog> {
        Ok(EventLog::create_or_open(&self.location, LogSettings::default()).await?)
    }

    /// Runs SQL past karez, as somebody with the database's password would.
    pub async fn sql(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.location {
            StoreLocation::Sqlite(folder) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("karez.db"));
                let mut connection = options.connect().await?;
                sqlx::raw_sql(sql).execute(&mut connection).await?;
                connection.close().await
            }
            StoreLocation::Postgres(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await?;
                sqlx::raw_sql(sql).execute(&mut connection).await?;
                connection.close().await
            }
        }
    }

    /// Asks for a number past karez.
    pub async fn count(&self, sql: &'static str) -> Result<i64, sqlx::Error> {
        match &self.location {
            StoreLocation::Sqlite(folder) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("karez.db"));
                sqlx::query_scalar(sql)
                    .fetch_one(&mut options.connect().await?)
                    .await
            }
            StoreLocation::Postgres(url) => {
                sqlx::query_scalar(sql)
                    .fetch_one(&mut sqlx::PgConnection::connect(url).await?)
                    .await
            }
        }
    }

    /// Runs SQL with the triggers out of the way, as an administrator could.
    pub async fn tamper(&self, sql: &str) -> Result<(), sqlx::Error> {
        let disarm = match self.backend {
            Backend::Sqlite => {
                "DROP TRIGGER event_log_refuse_update; DROP TRIGGER event_log_refuse_delete; \
                 DROP TRIGGER event_place_refuse_update; DROP TRIGGER event_place_refuse_delete; \
                 DROP TRIGGER stream_place_refuse_update; DROP TRIGGER stream_place_refuse_delete; \
                 DROP TRIGGER stream_refuse_update; DROP TRIGGER stream_refuse_delete;"
            }
            Backend::Postgres => "SET session_replication_role = replica;",
        };
        self.sql(&format!("{disarm} {sql}")).await
    }

    /// SQL that replaces text inside a column of bytes.
    pub fn replaced(&self, column: &str, from: &str, to: &str) -> String {
        match self.backend {
            Backend::Sqlite => {
                format!("{column} = CAST(replace(CAST({column} AS TEXT), '{from}', '{to}') AS BLOB)")
            }
            Backend::Postgres => {
                format!(
                    "{column} = convert_to(replace(convert_from({column}, 'UTF8'), '{from}', '{to}'), 'UTF8')"
                )
            }
        }
    }

    /// 32 bytes in SQL.
    pub fn bytes(&self, byte: u8) -> String {
        let hex = format!("{byte:02x}").repeat(32);
        match self.backend {
            Backend::Sqlite => format!("X'{hex}'"),
            Backend::Postgres => format!("'\\x{hex}'::bytea"),
        }
    }
}

pub fn expenditure(voucher: &str) -> Event {
    let data = format!(r#"{{"amount":"300.00","voucher_no":"{voucher}"}}"#);
    Event::decode(EventType::ExpenditureRecorded, 2, data.as_bytes()).unwrap()
}

pub fn project(name: &str) -> StreamId {
    format!("project/{name}").parse().unwrap()
}

/// One second for every position, so that a position can be asked for by its time.
pub fn time_of(position: Position) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2024-06-01T00:00:00.123456Z".parse().unwrap();
    start + TimeDelta::seconds(i64::try_from(position).unwrap())
}

/// Gives events their places in the log, as the recorder does.
#[derive(Debug, Clone, Default)]
pub struct Scribe {
    pub algorithm: HashAlgorithm,
    pub position: Position,
    pub hash: Hash,
    pub versions: HashMap<StreamId, u32>,
}

impl Scribe {
    pub fn write(&mut self, stream: &StreamId, event: &Event) -> RawEvent {
        self.position += 1;
        let version = self.versions.entry(stream.clone()).or_default();
        *version += 1;
        let metadata = Metadata {
            source_system: Some("test".to_owned()),
            ..Metadata::default()
        };
        let mut raw = RawEvent {
            position: self.position,
            stream: stream.clone(),
            version: *version,
            event_id: Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0000 + u128::from(self.position)),
            event_type: event.event_type(),
            schema: event.event_type().schema(),
            occurred_on: "2024-03-01".parse().unwrap(),
            recorded_at: time_of(self.position),
            payload: event.payload().unwrap(),
            metadata: serde_json::to_vec(&metadata).unwrap(),
            hash: Hash::START,
        };
        raw.hash = chain::link(self.algorithm, &self.hash, &raw);
        self.hash = raw.hash;
        raw
    }

    /// Expenditures of three projects in turn.
    pub fn expenditures(&mut self, count: usize) -> Vec<RawEvent> {
        (0..count)
            .map(|number| {
                self.write(
                    &project(["A", "B", "C"][number % 3]),
                    &expenditure(&number.to_string()),
                )
            })
            .collect()
    }
}

pub fn events(events: &[RawEvent]) -> Batch<'_> {
    Batch {
        events,
        ..Batch::default()
    }
}

/// The lease, as soon as it is free.
pub async fn lease(log: &EventLog) -> Result<WriterLease> {
    for _ in 0..500 {
        match log.try_lease("test").await {
            Ok(Some(lease)) => return Ok(lease),
            Err(error) if !error.is_retryable() => return Err(error.into()),
            Ok(None) | Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
    anyhow::bail!("the lease stays taken")
}

/// A store with some events in it, all of them in the index.
pub async fn filled(backend: Backend, count: usize) -> Result<(Place, EventLog, Vec<RawEvent>)> {
    let place = Place::new(backend).await?;
    let log = place.log().await?;
    let recorded = Scribe::default().expenditures(count);
    let mut lease = log.try_lease("test").await?.expect("the lease is free");
    lease.append(&events(&recorded)).await?;
    lease.index_all().await?;
    Ok((place, log, recorded))
}
