//! The log on `PostgreSQL`: connecting and reading. Writing is in [`append`].

mod append;
mod copy_rows;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use karez_events::{RawEvent, StreamId};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, Row};
use uuid::Uuid;

use super::heads::Head;
use super::rows::{EventRow, StreamNames, gathered, position, select_events, stream};
use super::tail::{INDEXED_POSITION, PARTS};
use super::{StoreError, migrations};

pub(super) use append::PostgresSeat;

/// Readers wait for a free connection at most this long; a server that is away is reported, not waited for.
const LONGEST_WAIT_FOR_A_CONNECTION: Duration = Duration::from_secs(10);
/// A server whose machine lost its power while it was asked never answers, and nothing tells the driver.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);
/// Enough for a gateway on a small machine; `PostgreSQL` allows 100 in all by default.
const MOST_CONNECTIONS: u32 = 8;

macro_rules! find_indexed {
    () => {
        "SELECT event_id, position FROM event_place WHERE part = ANY($2) AND event_id = ANY($1)"
    };
}

/// Those of some ids that are in the index, with their positions.
const FIND_INDEXED: &str = find_indexed!();

/// The event log on `PostgreSQL`.
#[derive(Debug, Clone)]
pub struct PostgresLog {
    pool: PgPool,
    options: Arc<PgConnectOptions>,
    names: Arc<StreamNames>,
    place: Arc<str>,
}

impl PostgresLog {
    pub(super) async fn create_or_open(url: &str) -> Result<Self, StoreError> {
        let log = Self::connect(url).await?;
        match log.schema().await? {
            Some(found) if found > migrations::newest() => Err(log.newer(found)),
            // Only then: running the steps needs rights that the service's role need not have afterwards.
            Some(found) if found == migrations::newest() => Ok(log),
            Some(_) | None => {
                let outcome = migrations::for_postgres().run(&log.pool).await;
                outcome.map_err(|source| StoreError::Migration {
                    place: log.place.to_string(),
                    source: Box::new(source),
                })?;
                Ok(log)
            }
        }
    }

    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let log = Self::connect(url).await?;
        let known = migrations::newest();
        match log.schema().await? {
            None => Err(StoreError::NoStore {
                place: log.place.to_string(),
                hint: "the database has no tables of karez; `karez serve --database URL` makes them"
                    .to_owned(),
            }),
            Some(found) if found > known => Err(log.newer(found)),
            Some(found) if found < known => Err(StoreError::OlderStore {
                place: log.place.to_string(),
                found,
                known,
            }),
            Some(_) => Ok(log),
        }
    }

    fn newer(&self, found: i64) -> StoreError {
        StoreError::NewerStore {
            place: self.place.to_string(),
            found,
            known: migrations::newest(),
        }
    }

    async fn connect(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)?.application_name("karez");
        let place: Arc<str> = place_of(&options).into();
        let pool = PgPoolOptions::new()
            .max_connections(MOST_CONNECTIONS)
            .acquire_timeout(LONGEST_WAIT_FOR_A_CONNECTION)
            .connect_with(options.clone())
            .await
            .map_err(|error| no_database(error, &place))?;
        Ok(Self {
            pool,
            options: Arc::new(options),
            names: Arc::default(),
            place,
        })
    }

    /// The newest migration that has run; `None` where none has.
    async fn schema(&self) -> Result<Option<i64>, StoreError> {
        let there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(&self.pool)
            .await?;
        if !there {
            return Ok(None);
        }
        Ok(
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
                .fetch_one(&self.pool)
                .await?,
        )
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Takes the recorder's advisory lock in a session of its own.
    pub(super) async fn try_seat(&self, holder: &str) -> Result<Option<PostgresSeat>, StoreError> {
        let mut connection = self
            .options
            .as_ref()
            .clone()
            .application_name(&format!("karez recorder {holder}"))
            .connect()
            .await?;
        let taken = PostgresSeat::try_take(&mut connection).await?;
        Ok(taken.then(|| PostgresSeat::new(connection, self.options.get_socket().is_some())))
    }

    pub(super) async fn read(&self, after: i64, upto: i64) -> Result<Vec<RawEvent>, StoreError> {
        // Both ends are given, so that only the partitions between them are opened.
        let sql = select_events!("WHERE position > $1 AND position <= $2 ORDER BY position");
        let rows = sqlx::query(sql).bind(after).bind(upto).fetch_all(&self.pool);
        let rows = answered(async { Ok(rows.await?) }).await?;
        self.events(rows).await
    }

    pub(super) async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: i64,
        limit: i64,
    ) -> Result<Vec<RawEvent>, StoreError> {
        let number: Option<i64> =
            sqlx::query_scalar("SELECT stream_no FROM stream WHERE kind = $1 AND id = $2")
                .bind(stream.kind().as_str())
                .bind(stream.id())
                .fetch_optional(&self.pool)
                .await?;
        let Some(number) = number else {
            return Ok(Vec::new());
        };
        let sql = "SELECT position FROM unnest($5::bigint[]) AS asked (part) CROSS JOIN LATERAL \
                   (SELECT position FROM stream_place WHERE stream_place.part = asked.part AND stream_no = $1 \
                    AND version > $2 ORDER BY version LIMIT $3) AS indexed \
                   UNION SELECT position FROM event_log \
                   WHERE position > $4 AND stream_no = $1 AND version > $2 ORDER BY position LIMIT $3";
        let indexed = self.indexed_position().await?;
        let positions: Vec<i64> = sqlx::query_scalar(sql)
            .bind(number)
            .bind(after_version)
            .bind(limit)
            .bind(indexed)
            .bind(self.parts().await?)
            .fetch_all(&self.pool)
            .await?;
        // Both ends are given, so that only the partitions between them are opened.
        let sql = select_events!(
            "WHERE position = ANY($1) AND position >= $2 AND position <= $3 ORDER BY position"
        );
        let rows = sqlx::query(sql)
            .bind(&positions)
            .bind(positions.first())
            .bind(positions.last())
            .fetch_all(&self.pool)
            .await?;
        self.events(rows).await
    }

    async fn events(&self, rows: Vec<PgRow>) -> Result<Vec<RawEvent>, StoreError> {
        let rows = gathered(rows.iter().map(event_row))?;
        let missing = self.names.missing(&rows);
        if !missing.is_empty() {
            let found = sqlx::query_as("SELECT stream_no, kind, id FROM stream WHERE stream_no = ANY($1)")
                .bind(missing)
                .fetch_all(&self.pool)
                .await?;
            self.names.learn(found);
        }
        self.names.events(rows)
    }

    /// Told to the server as a number: by a question within the question it could not know how little is behind it. The mark
    /// only grows, so what it says is still right when it is used.
    pub(super) async fn indexed_position(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(INDEXED_POSITION).fetch_one(&self.pool).await
    }

    /// Asked after the mark: what is entered before it lies in these.
    async fn parts(&self) -> Result<Vec<i64>, sqlx::Error> {
        sqlx::query_scalar(PARTS).fetch_all(&self.pool).await
    }

    pub(super) async fn find(&self, event_ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let sql = concat!(
            find_indexed!(),
            " UNION SELECT event_id, position FROM event_log WHERE position > $3 AND event_id = ANY($1)"
        );
        let found = async {
            let indexed = self.indexed_position().await?;
            let found = sqlx::query_as(sql)
                .bind(event_ids)
                .bind(self.parts().await?)
                .bind(indexed);
            Ok(found.fetch_all(&self.pool).await?)
        };
        answered(found).await
    }

    pub(super) async fn recorded_at(&self, position: i64) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT recorded_at FROM event_log WHERE position = $1";
        Ok(sqlx::query_scalar(sql)
            .bind(position)
            .fetch_optional(&self.pool)
            .await?)
    }
}

/// What a server says, or that it says nothing. What it was asked may have been done.
pub(super) async fn answered<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(LONGEST_ANSWER, asked).await;
    answer.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()))
}

/// The streams that there are, with their versions as far as these are in the index.
async fn indexed_heads(
    connection: &mut PgConnection,
    streams: &[StreamId],
    parts: &[i64],
) -> Result<Vec<(StreamId, Head)>, StoreError> {
    let kinds: Vec<&str> = streams.iter().map(|stream| stream.kind().as_str()).collect();
    let ids: Vec<&str> = streams.iter().map(StreamId::id).collect();
    let sql = "SELECT kind, id, stream_no, \
               COALESCE((SELECT max((SELECT max(version) FROM stream_place AS entry \
                                     WHERE entry.part = possible.part AND entry.stream_no = stream.stream_no)) \
                         FROM unnest($3::bigint[]) AS possible (part)), 0) \
               FROM unnest($1::text[], $2::text[]) AS asked (kind, id) JOIN stream USING (kind, id)";
    let found: Vec<(String, String, i64, i64)> = sqlx::query_as(sql)
        .bind(kinds)
        .bind(ids)
        .bind(parts)
        .fetch_all(connection)
        .await?;
    Ok(found
        .into_iter()
        .filter_map(|(kind, id, number, version)| {
            Some((
                stream(&kind, &id)?,
                Head {
                    number,
                    version: u32::try_from(version).ok()?,
                },
            ))
        })
        .collect())
}

fn event_row(row: &PgRow) -> Result<EventRow, StoreError> {
    let position = position(row.try_get(0)?)?;
    let read = || -> Result<EventRow, sqlx::Error> {
        Ok(EventRow {
            position,
            stream_no: row.try_get(1)?,
            version: row.try_get(2)?,
            event_id: row.try_get(3)?,
            type_id: row.try_get(4)?,
            schema: row.try_get(5)?,
            occurred_on: row.try_get(6)?,
            recorded_at: row.try_get(7)?,
            payload: row.try_get(8)?,
            metadata: row.try_get(9)?,
            hash: row.try_get(10)?,
        })
    };
    read().map_err(|error| StoreError::unreadable(position, &error))
}

/// The server and the database, without user and password.
fn place_of(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("PostgreSQL {}, database {database}", socket.display()),
        None => format!(
            "PostgreSQL {}:{}, database {database}",
            options.get_host(),
            options.get_port()
        ),
    }
}

/// 3D000: the database itself is missing.
fn no_database(error: sqlx::Error, place: &str) -> StoreError {
    match error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
    {
        Some(code) if code == "3D000" => StoreError::NoStore {
            place: place.to_owned(),
            hint: "the database does not exist; make it with `createdb`".to_owned(),
        },
        Some(_) | None => error.into(),
    }
}
