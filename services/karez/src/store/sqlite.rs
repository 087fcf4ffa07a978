//! The log on `SQLite`: opening and reading. Writing is in [`append`].

mod append;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use karez_events::{RawEvent, StreamId};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Connection, Row};
use uuid::Uuid;

use super::heads::Head;
use super::rows::{EventRow, StreamNames, gathered, position, select_events, stream};
use super::tail::{INDEXED_POSITION, PARTS};
use super::{StoreError, migrations};

pub(super) use append::SqliteSeat;

/// The database in the store's folder.
const DATABASE_FILE: &str = "karez.db";
/// Locked by the recorder for as long as it runs.
const RECORDER_LOCK_FILE: &str = "recorder.lock";
/// Locked while tables are made: `SQLite` has no lock of its own for that.
const MIGRATION_LOCK_FILE: &str = "migration.lock";

/// How long a writer waits for another process that writes.
const LONGEST_WAIT_FOR_A_WRITER: Duration = Duration::from_secs(30);
const WAIT_FOR_A_MIGRATION: Duration = Duration::from_millis(50);
/// The writer's pages in memory, in KiB: ids fall all over a part of the index, and 2 MiB of `SQLite`'s own do
/// not hold it.
const WRITER_CACHE_KIB: u32 = 64 * 1024;
/// The journal is copied into the database every so many pages of 4 KiB: what many commits change is then copied once.
const PAGES_A_CHECKPOINT: u32 = 8 * 1024;
/// `SQLite` reads from memory most of the time; more readers than cores gain nothing.
const READERS: u32 = 4;

macro_rules! find_indexed {
    () => {
        "SELECT event_id, position FROM event_place WHERE part IN (SELECT value FROM json_each($2)) \
         AND event_id IN (SELECT unhex(value) FROM json_each($1))"
    };
}

/// Those of some ids that are in the index, with their positions.
const FIND_INDEXED: &str = find_indexed!();

/// The event log on `SQLite`.
#[derive(Debug, Clone)]
pub struct SqliteLog {
    /// One connection: `SQLite` has one writer at a time, and waiting for it here is fair.
    writing: SqlitePool,
    reading: SqlitePool,
    names: Arc<StreamNames>,
    folder: PathBuf,
    place: Arc<str>,
}

impl SqliteLog {
    pub(super) async fn create_or_open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder).map_err(|source| file_error(folder, source))?;
        let _locked = lock_migrations(folder).await?;
        let log = Self::connect(folder, true).await?;
        match log.schema().await? {
            Some(found) if found > migrations::newest() => Err(log.newer(found)),
            Some(found) if found == migrations::newest() => Ok(log),
            Some(_) | None => {
                let outcome = migrations::for_sqlite().run(&log.writing).await;
                outcome.map_err(|source| StoreError::Migration {
                    place: log.place.to_string(),
                    source: Box::new(source),
                })?;
                Ok(log)
            }
        }
    }

    pub(super) async fn open(folder: &Path) -> Result<Self, StoreError> {
        let no_store = |hint: &str| StoreError::NoStore {
            place: folder.display().to_string(),
            hint: hint.to_owned(),
        };
        if !folder.join(DATABASE_FILE).is_file() {
            return Err(no_store(
                "the folder holds no karez.db; `karez serve --data DIR` makes one",
            ));
        }
        let log = Self::connect(folder, false).await?;
        let known = migrations::newest();
        match log.schema().await? {
            None => Err(no_store(
                "karez.db has no tables of karez; `karez serve --data DIR` makes them",
            )),
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

    async fn connect(folder: &Path, create: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join(DATABASE_FILE))
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged event survives a power cut: the log is synced at every commit, not only at checkpoints.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(LONGEST_WAIT_FOR_A_WRITER)
            // Destroyed keys of persons are overwritten, not just unlinked.
            .pragma("secure_delete", "ON");
        let writing = SqlitePoolOptions::new()
            .max_connections(1)
            .after_release(|connection, _| Box::pin(is_outside_transactions(connection)))
            .connect_with(
                options
                    .clone()
                    .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
                    .pragma("wal_autocheckpoint", PAGES_A_CHECKPOINT.to_string()),
            )
            .await?;
        let reading = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.create_if_missing(false).read_only(true))
            .await?;
        let place = folder.display().to_string().into();
        Ok(Self {
            writing,
            reading,
            names: Arc::default(),
            folder: folder.to_owned(),
            place,
        })
    }

    /// The newest migration that has run; `None` where none has.
    async fn schema(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
        let there: i64 = sqlx::query_scalar(sql).fetch_one(&self.writing).await?;
        if there == 0 {
            return Ok(None);
        }
        let sql = "SELECT max(version) FROM _sqlx_migrations WHERE success";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.writing).await?)
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn reading(&self) -> &SqlitePool {
        &self.reading
    }

    pub(super) fn writing(&self) -> &SqlitePool {
        &self.writing
    }

    /// Takes the recorder's file lock.
    pub(super) fn try_seat(&self) -> Result<Option<SqliteSeat>, StoreError> {
        let lock = try_lock(&self.folder.join(RECORDER_LOCK_FILE))?;
        Ok(lock.map(|lock| SqliteSeat::new(self.writing.clone(), lock)))
    }

    pub(super) async fn read(&self, after: i64, upto: i64) -> Result<Vec<RawEvent>, StoreError> {
        let sql = select_events!("WHERE position > $1 AND position <= $2 ORDER BY position");
        let rows = sqlx::query(sql)
            .bind(after)
            .bind(upto)
            .fetch_all(&self.reading)
            .await?;
        self.events(rows).await
    }

    pub(super) async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: i64,
        limit: i64,
    ) -> Result<Vec<RawEvent>, StoreError> {
        let sql = "SELECT stream_no FROM stream WHERE kind = $1 AND id = $2";
        let number: Option<i64> = sqlx::query_scalar(sql)
            .bind(stream.kind().as_str())
            .bind(stream.id())
            .fetch_optional(&self.reading)
            .await?;
        let Some(number) = number else {
            return Ok(Vec::new());
        };
        let sql = select_events!(
            "WHERE position IN (SELECT position FROM (SELECT position FROM stream_place \
                                WHERE part IN (SELECT value FROM json_each($4)) AND stream_no = $1 AND version > $2 \
                                ORDER BY part, version LIMIT $3) \
                                UNION SELECT position FROM event_log \
                                WHERE position > $5 AND stream_no = $1 AND version > $2) \
             ORDER BY version LIMIT $3"
        );
        let indexed = self.indexed_position().await?;
        let rows = sqlx::query(sql)
            .bind(number)
            .bind(after_version)
            .bind(limit)
            .bind(json(&self.parts().await?)?)
            .bind(indexed)
            .fetch_all(&self.reading)
            .await?;
        self.events(rows).await
    }

    async fn events(&self, rows: Vec<SqliteRow>) -> Result<Vec<RawEvent>, StoreError> {
        let rows = gathered(rows.iter().map(event_row))?;
        let missing = self.names.missing(&rows);
        if !missing.is_empty() {
            let sql =
                "SELECT stream_no, kind, id FROM stream WHERE stream_no IN (SELECT value FROM json_each($1))";
            let found = sqlx::query_as(sql)
                .bind(json(&missing)?)
                .fetch_all(&self.reading)
                .await?;
            self.names.learn(found);
        }
        self.names.events(rows)
    }

    pub(super) async fn find(&self, event_ids: &[Uuid]) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let sql = concat!(
            find_indexed!(),
            " UNION SELECT event_id, position FROM event_log \
             WHERE position > $3 AND event_id IN (SELECT unhex(value) FROM json_each($1))"
        );
        let indexed = self.indexed_position().await?;
        Ok(sqlx::query_as(sql)
            .bind(ids(event_ids)?)
            .bind(json(&self.parts().await?)?)
            .bind(indexed)
            .fetch_all(&self.reading)
            .await?)
    }

    /// Asked apart: the mark only grows, so what it says is still right when it is used.
    pub(super) async fn indexed_position(&self) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar(INDEXED_POSITION)
            .fetch_one(&self.reading)
            .await
    }

    /// Asked after the mark: what is entered before it lies in these.
    async fn parts(&self) -> Result<Vec<i64>, sqlx::Error> {
        sqlx::query_scalar(PARTS).fetch_all(&self.reading).await
    }

    pub(super) async fn recorded_at(&self, position: i64) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT recorded_at FROM event_log WHERE position = $1";
        let micros: Option<i64> = sqlx::query_scalar(sql)
            .bind(position)
            .fetch_optional(&self.reading)
            .await?;
        Ok(micros.and_then(DateTime::from_timestamp_micros))
    }
}

/// Whether a connection can begin a transaction; the pool closes one that cannot.
///
/// `SQLite` ends a transaction by itself when the disk is full. The driver then counts it for ever, and begins no
/// other on that connection.
async fn is_outside_transactions(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Behind a rollback that is still on its way.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// `SQLite` has no arrays: lists go in as one JSON text, so that the statement stays the same for any length.
pub(super) fn json<T: serde::Serialize>(list: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|error| sqlx::Error::Encode(Box::new(error)).into())
}

/// Ids as one text that `unhex` reads.
fn ids(event_ids: &[Uuid]) -> Result<String, StoreError> {
    let simple: Vec<String> = event_ids.iter().map(|id| id.simple().to_string()).collect();
    json(&simple)
}

/// The streams that there are, with their versions as far as these are in the index.
async fn indexed_heads(
    pool: &SqlitePool,
    streams: &[StreamId],
    parts: &[i64],
) -> Result<Vec<(StreamId, Head)>, StoreError> {
    let asked: Vec<(&str, &str)> = streams
        .iter()
        .map(|stream| (stream.kind().as_str(), stream.id()))
        .collect();
    let sql = "SELECT stream.kind, stream.id, stream_no, \
               COALESCE((SELECT max((SELECT max(version) FROM stream_place AS entry \
                                     WHERE entry.part = part.value AND entry.stream_no = stream.stream_no)) \
                         FROM json_each($2) AS part), 0) \
               FROM json_each($1) AS asked \
               JOIN stream ON stream.kind = asked.value ->> 0 AND stream.id = asked.value ->> 1";
    let found: Vec<(String, String, i64, i64)> = sqlx::query_as(sql)
        .bind(json(&asked)?)
        .bind(json(parts)?)
        .fetch_all(pool)
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

fn event_row(row: &SqliteRow) -> Result<EventRow, StoreError> {
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
            recorded_at: DateTime::from_timestamp_micros(row.try_get(7)?)
                .ok_or_else(|| sqlx::Error::Decode("recorded_at is out of range".into()))?,
            payload: row.try_get(8)?,
            metadata: row.try_get(9)?,
            hash: row.try_get(10)?,
        })
    };
    read().map_err(|error| StoreError::unreadable(position, &error))
}

/// Locks a file of the store's folder; `None` while another process holds it. Dropping the file frees it.
fn try_lock(path: &Path) -> Result<Option<File>, StoreError> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| file_error(path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(file_error(path, source)),
    }
}

async fn lock_migrations(folder: &Path) -> Result<File, StoreError> {
    loop {
        if let Some(locked) = try_lock(&folder.join(MIGRATION_LOCK_FILE))? {
            return Ok(locked);
        }
        tokio::time::sleep(WAIT_FOR_A_MIGRATION).await;
    }
}

fn file_error(path: &Path, source: std::io::Error) -> StoreError {
    if source.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::DiskFull {
            place: path.display().to_string(),
        };
    }
    StoreError::File {
        path: path.to_owned(),
        source,
    }
}
