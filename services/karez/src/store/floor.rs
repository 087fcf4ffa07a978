//! The floors that benches compare with: the same rows, inserted without fence, chain or decision, and with as many indexes
//! as they ask for.

use std::time::Duration;

use karez_events::RawEvent;
use sqlx::QueryBuilder;

use super::{EventLog, StoreError};
use crate::clock::Stopwatch;

/// Rows in one statement of `SQLite`: nine binds each, under its limit of 32,766.
const ROWS_A_STATEMENT: usize = 500;

macro_rules! create_table {
    ($bytes:literal) => {
        concat!(
            "CREATE TABLE bench_floor (position BIGINT, stream TEXT, version INTEGER, type_id INTEGER, ",
            "recorded_at BIGINT, event_id ",
            $bytes,
            ", payload ",
            $bytes,
            ", metadata ",
            $bytes,
            ", hash ",
            $bytes,
            ")"
        )
    };
}

const DROP_TABLE: &str = "DROP TABLE IF EXISTS bench_floor";

/// What a log cannot do without: an event id occurs once, and so does a version of a stream. Both fall all over their index,
/// where each row is entered with its own batch.
const CREATE_INDEXES: [&str; 2] = [
    "CREATE UNIQUE INDEX bench_floor_event_id ON bench_floor (event_id)",
    "CREATE UNIQUE INDEX bench_floor_stream_version ON bench_floor (stream, version)",
];

/// What the floor's table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// No index: what the disk can do.
    Bare,
    /// The two unique indexes of a log, entered with each batch.
    Indexed,
}

impl EventLog {
    /// The database this log lies on: `sqlite` or `postgres`.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Sqlite(_) => "sqlite",
        }
    }

    /// Inserts rows into a table of their own, `batch` of them a transaction, and says how long that took. The
    /// table is gone afterwards.
    ///
    /// # Errors
    /// What the database says.
    pub async fn insert_bare(
        &self,
        floor: Floor,
        rows: &[RawEvent],
        batch: usize,
    ) -> Result<Duration, StoreError> {
        let create_table = match self {
            Self::Postgres(_) => create_table!("BYTEA"),
            Self::Sqlite(_) => create_table!("BLOB"),
        };
        on_either!(self, writing pool => {
            sqlx::query(DROP_TABLE).execute(pool).await?;
            sqlx::query(create_table).execute(pool).await?;
            for create_index in CREATE_INDEXES.into_iter().filter(|_| floor == Floor::Indexed) {
                sqlx::query(create_index).execute(pool).await?;
            }
        });
        let took = match self {
            Self::Postgres(log) => insert_into_postgres(log.pool(), rows, batch).await?,
            Self::Sqlite(log) => insert_into_sqlite(log.writing(), rows, batch).await?,
        };
        on_either!(self, writing pool => { sqlx::query(DROP_TABLE).execute(pool).await?; });
        Ok(took)
    }
}

async fn insert_into_sqlite(
    pool: &sqlx::SqlitePool,
    rows: &[RawEvent],
    batch: usize,
) -> Result<Duration, StoreError> {
    let started = Stopwatch::start();
    for batch in rows.chunks(batch.max(1)) {
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        for chunk in batch.chunks(ROWS_A_STATEMENT) {
            let mut insert = QueryBuilder::new("INSERT INTO bench_floor ");
            insert.push_values(chunk, |mut row, event| {
                row.push_bind(i64::try_from(event.position).unwrap_or(i64::MAX))
                    .push_bind(event.stream.to_string())
                    .push_bind(i64::from(event.version))
                    .push_bind(event.event_type.number())
                    .push_bind(event.recorded_at.timestamp_micros())
                    .push_bind(event.event_id)
                    .push_bind(event.payload.as_slice())
                    .push_bind(event.metadata.as_slice())
                    .push_bind(event.hash.0.as_slice());
            });
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
    }
    Ok(started.elapsed())
}

async fn insert_into_postgres(
    pool: &sqlx::PgPool,
    rows: &[RawEvent],
    batch: usize,
) -> Result<Duration, StoreError> {
    let sql = "INSERT INTO bench_floor (position, stream, version, type_id, recorded_at, event_id, payload, metadata, \
               hash) SELECT * FROM UNNEST($1::bigint[], $2::text[], $3::int[], $4::int[], $5::bigint[], $6::bytea[], \
               $7::bytea[], $8::bytea[], $9::bytea[])";
    let started = Stopwatch::start();
    for batch in rows.chunks(batch.max(1)) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let positions: Vec<i64> = batch.iter().map(|event| number(event.position)).collect();
        let streams: Vec<String> = batch.iter().map(|event| event.stream.to_string()).collect();
        let versions: Vec<i32> = batch.iter().map(|event| event.version.cast_signed()).collect();
        let types: Vec<i32> = batch
            .iter()
            .map(|event| i32::from(event.event_type.number()))
            .collect();
        let times: Vec<i64> = batch
            .iter()
            .map(|event| event.recorded_at.timestamp_micros())
            .collect();
        let ids: Vec<Vec<u8>> = batch
            .iter()
            .map(|event| event.event_id.as_bytes().to_vec())
            .collect();
        let payloads: Vec<&[u8]> = batch.iter().map(|event| event.payload.as_slice()).collect();
        let metadata: Vec<&[u8]> = batch.iter().map(|event| event.metadata.as_slice()).collect();
        let hashes: Vec<&[u8]> = batch.iter().map(|event| event.hash.0.as_slice()).collect();
        sqlx::query(sql)
            .bind(positions)
            .bind(streams)
            .bind(versions)
            .bind(types)
            .bind(times)
            .bind(ids)
            .bind(payloads)
            .bind(metadata)
            .bind(hashes)
            .execute(pool)
            .await?;
    }
    Ok(started.elapsed())
}
