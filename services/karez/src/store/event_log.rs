//! The log as everybody uses it, over the closed set of two databases.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use karez_events::{EventType, Hash, HashAlgorithm, Position, RawEvent, StreamId};
use uuid::Uuid;

use super::lease::{Seat, WriterLease};
use super::rows::{column, position};
use super::tail::PART_POSITIONS;
use super::{Head, LogSettings, PostgresLog, SqliteLog, StoreError, StoreLocation, StreamName};
use crate::clock::Stopwatch;

/// A server notices within so long that a session has ended.
const LEASE_PATIENCE: Duration = Duration::from_secs(2);
const LEASE_RETRY: Duration = Duration::from_millis(250);

/// The event log of one karez. Cloning is cheap and shares the connections.
#[derive(Debug, Clone)]
pub enum EventLog {
    /// On `PostgreSQL`.
    Postgres(PostgresLog),
    /// On `SQLite`.
    Sqlite(SqliteLog),
}

type RecorderRow = (i64, Vec<u8>, i64, String);

impl EventLog {
    /// Opens the store at `location`; makes it where there is none and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::NewerStore`] and [`StoreError::OtherHash`] when the store is not one for this program or these
    /// settings; otherwise what the database or the file system says.
    pub async fn create_or_open(location: &StoreLocation, settings: LogSettings) -> Result<Self, StoreError> {
        let log = match location {
            StoreLocation::Sqlite(folder) => Self::Sqlite(SqliteLog::create_or_open(folder).await?),
            StoreLocation::Postgres(url) => Self::Postgres(PostgresLog::create_or_open(url).await?),
        };
        log.make_recorder_row(settings).await?;
        log.fill_event_types().await?;
        Ok(log)
    }

    /// Opens the store at `location`, which must exist.
    ///
    /// # Errors
    /// [`StoreError::NoStore`] where there is none; [`StoreError::NewerStore`] or [`StoreError::OlderStore`] where it
    /// belongs to another version; otherwise what the database says.
    pub async fn open(location: &StoreLocation) -> Result<Self, StoreError> {
        Ok(match location {
            StoreLocation::Sqlite(folder) => Self::Sqlite(SqliteLog::open(folder).await?),
            StoreLocation::Postgres(url) => Self::Postgres(PostgresLog::open(url).await?),
        })
    }

    /// Ends the connections of every copy; on `SQLite` the database is one file afterwards, without the journal beside it.
    pub async fn close(self) {
        match self {
            Self::Postgres(log) => log.pool().close().await,
            Self::Sqlite(log) => {
                log.reading().close().await;
                log.writing().close().await;
            }
        }
    }

    /// The place in words, without any password.
    #[must_use]
    pub fn place(&self) -> &str {
        match self {
            Self::Postgres(log) => log.place(),
            Self::Sqlite(log) => log.place(),
        }
    }

    async fn make_recorder_row(&self, settings: LogSettings) -> Result<(), StoreError> {
        let asked = settings.hash.unwrap_or_default().as_str();
        let sql = "INSERT INTO recorder (log, hash_algorithm) SELECT 'main', $1 \
                   WHERE NOT EXISTS (SELECT 1 FROM recorder) ON CONFLICT DO NOTHING";
        on_either!(self, writing pool => sqlx::query(sql).bind(asked).execute(pool).await.map(|_| ()))?;
        let stored = self.head().await?.algorithm;
        match settings.hash {
            Some(asked) if asked != stored => Err(StoreError::OtherHash {
                place: self.place().to_owned(),
                asked,
                stored,
            }),
            Some(_) | None => Ok(()),
        }
    }

    async fn fill_event_types(&self) -> Result<(), StoreError> {
        on_either!(self, writing pool => {
            let known: Vec<i16> = sqlx::query_scalar("SELECT type_id FROM event_type").fetch_all(pool).await?;
            for event_type in EventType::ALL.iter().filter(|event_type| !known.contains(&event_type.number())) {
                sqlx::query("INSERT INTO event_type (type_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                    .bind(event_type.number())
                    .bind(event_type.as_str())
                    .execute(pool)
                    .await?;
            }
            Ok(())
        })
    }

    /// The names of event types as the store has them, by number.
    ///
    /// # Errors
    /// What the database says.
    pub async fn event_types(&self) -> Result<Vec<(i16, String)>, StoreError> {
        let sql = "SELECT type_id, name FROM event_type ORDER BY type_id";
        Ok(on_either!(self, reading pool => sqlx::query_as(sql).fetch_all(pool).await)?)
    }

    /// Takes the writer's lease and opens a new epoch; `None` while another recorder holds it.
    ///
    /// # Errors
    /// What the database or the lock file says.
    pub async fn try_lease(&self, holder: &str) -> Result<Option<WriterLease>, StoreError> {
        let seat = match self {
            Self::Postgres(log) => log.try_seat(holder).await?.map(Seat::Postgres),
            Self::Sqlite(log) => log.try_seat()?.map(Seat::Sqlite),
        };
        match seat {
            Some(seat) => Ok(Some(WriterLease::begin(seat, holder, self.place()).await?)),
            None => Ok(None),
        }
    }

    /// [`EventLog::try_lease`] with some patience: whoever ended a moment ago holds it on `PostgreSQL` until the server notices.
    ///
    /// # Errors
    /// As [`EventLog::try_lease`].
    pub async fn lease_soon(&self, holder: &str) -> Result<Option<WriterLease>, StoreError> {
        let trying = Stopwatch::start();
        loop {
            let taken = self.try_lease(holder).await?;
            // The file's lock is free at once.
            let may_pass = matches!(self, Self::Postgres(_)) && trying.elapsed() < LEASE_PATIENCE;
            if taken.is_some() || !may_pass {
                return Ok(taken);
            }
            tokio::time::sleep(LEASE_RETRY).await;
        }
    }

    /// How many bytes the database takes.
    ///
    /// # Errors
    /// What the database says.
    pub async fn size_bytes(&self) -> Result<u64, StoreError> {
        let sql = match self {
            Self::Postgres(_) => "SELECT pg_database_size(current_database())",
            Self::Sqlite(_) => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        };
        let size: i64 = on_either!(self, reading pool => sqlx::query_scalar(sql).fetch_one(pool).await)?;
        Ok(u64::try_from(size).unwrap_or(0))
    }

    /// Where the log ends.
    ///
    /// # Errors
    /// What the database says.
    pub async fn head(&self) -> Result<Head, StoreError> {
        let sql = "SELECT last_position, last_hash, last_intake_seq, hash_algorithm FROM recorder WHERE log = 'main'";
        let (last, hash, intake_seq, algorithm): RecorderRow =
            on_either!(self, reading pool => sqlx::query_as(sql).fetch_one(pool).await)?;
        let last = position(last)?;
        Ok(Head {
            position: last,
            hash: Hash::try_from(hash.as_slice()).map_err(|error| StoreError::unreadable(last, &error))?,
            intake_seq: position(intake_seq)?,
            algorithm: algorithm
                .parse::<HashAlgorithm>()
                .map_err(|error| StoreError::unreadable(last, &error))?,
        })
    }

    /// The events after a position, in order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] names a row that is no event; otherwise what the database says.
    pub async fn read(&self, after: Position, limit: usize) -> Result<Vec<RawEvent>, StoreError> {
        let upto = after.saturating_add(u64::try_from(limit).unwrap_or(u64::MAX));
        match self {
            Self::Postgres(log) => log.read(column(after), column(upto)).await,
            Self::Sqlite(log) => log.read(column(after), column(upto)).await,
        }
    }

    /// The chain's hashes at the positions after `after` up to `upto`, in order.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] names a position that is missing or whose hash is none; otherwise what the database says.
    pub async fn hashes(&self, after: Position, upto: Position) -> Result<Vec<Hash>, StoreError> {
        let sql =
            "SELECT position, hash FROM event_log WHERE position > $1 AND position <= $2 ORDER BY position";
        let rows: Vec<(i64, Vec<u8>)> = on_either!(self, reading pool => {
            sqlx::query_as(sql).bind(column(after)).bind(column(upto)).fetch_all(pool).await
        })?;
        let mut hashes = Vec::with_capacity(rows.len());
        let expected = after.saturating_add(1)..=upto;
        for (expected, found) in expected.zip(rows.into_iter().map(Some).chain(std::iter::repeat(None))) {
            let hash = found
                .filter(|(at, _)| *at == column(expected))
                .and_then(|(_, hash)| Hash::try_from(hash.as_slice()).ok());
            hashes.push(hash.ok_or_else(|| StoreError::unreadable(expected, &"there is no hash"))?);
        }
        Ok(hashes)
    }

    /// The events of one stream after a version, in order, at most `limit`.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    pub async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u32,
        limit: usize,
    ) -> Result<Vec<RawEvent>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        match self {
            Self::Postgres(log) => log.read_stream(stream, i64::from(after_version), limit).await,
            Self::Sqlite(log) => log.read_stream(stream, i64::from(after_version), limit).await,
        }
    }

    /// The positions of those of the given events that are recorded; the first, where a log that somebody changed has an id
    /// twice.
    ///
    /// # Errors
    /// What the database says.
    pub async fn find(&self, event_ids: &[Uuid]) -> Result<HashMap<Uuid, Position>, StoreError> {
        if event_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found = match self {
            Self::Postgres(log) => log.find(event_ids).await?,
            Self::Sqlite(log) => log.find(event_ids).await?,
        };
        let mut first = HashMap::with_capacity(found.len());
        for (id, column) in found {
            let position = position(column)?;
            first
                .entry(id)
                .and_modify(|known: &mut Position| *known = position.min(*known))
                .or_insert(position);
        }
        Ok(first)
    }

    /// One event by its id.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    pub async fn event(&self, event_id: Uuid) -> Result<Option<RawEvent>, StoreError> {
        match self.find(&[event_id]).await?.get(&event_id) {
            Some(position) => Ok(self.read(position.saturating_sub(1), 1).await?.pop()),
            None => Ok(None),
        }
    }

    /// The last position that was recorded at or before an instant; 0 when nothing was.
    ///
    /// # Errors
    /// What the database says.
    pub async fn position_at(&self, known_at: DateTime<Utc>) -> Result<Position, StoreError> {
        // Positions are in order of recording, so a bisection needs no index on the time, which every append would pay for.
        let mut known: Position = 0;
        let mut unknown = self.head().await?.position.saturating_add(1);
        while unknown.saturating_sub(known) > 1 {
            let middle = known.midpoint(unknown);
            match self.recorded_at(middle).await? {
                Some(recorded_at) if recorded_at <= known_at => known = middle,
                Some(_) | None => unknown = middle,
            }
        }
        Ok(known)
    }

    async fn recorded_at(&self, position: Position) -> Result<Option<DateTime<Utc>>, StoreError> {
        match self {
            Self::Postgres(log) => log.recorded_at(column(position)).await,
            Self::Sqlite(log) => log.recorded_at(column(position)).await,
        }
    }

    /// How far the feed has been published.
    ///
    /// # Errors
    /// What the database says.
    pub async fn published(&self) -> Result<Position, StoreError> {
        let sql = "SELECT published_position FROM recorder WHERE log = 'main'";
        let published: i64 = on_either!(self, reading pool => sqlx::query_scalar(sql).fetch_one(pool).await)?;
        position(published)
    }

    /// Moves the mark of the feed forward, on behalf of the recorder of an epoch; it never moves back.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when another recorder has taken over; otherwise what the database says.
    pub async fn set_published(&self, epoch: u64, position: Position) -> Result<(), StoreError> {
        let sql = "UPDATE recorder SET published_position = \
                   CASE WHEN published_position < $1 THEN $1 ELSE published_position END \
                   WHERE log = 'main' AND epoch = $2";
        let (position, epoch) = (column(position), column(epoch));
        let changed = on_either!(self, writing pool => {
            sqlx::query(sql).bind(position).bind(epoch).execute(pool).await.map(|done| done.rows_affected())
        })?;
        if changed == 0 {
            Err(StoreError::LostLease)
        } else {
            Ok(())
        }
    }

    /// The streams that begin after a position, in the order in which they begin, at most `limit`; for whoever checks
    /// the log.
    ///
    /// # Errors
    /// What the database says.
    pub async fn streams_after(&self, number: Position, limit: usize) -> Result<Vec<StreamName>, StoreError> {
        let (number, limit) = (column(number), i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = "SELECT stream_no, kind, id FROM stream WHERE stream_no > $1 ORDER BY stream_no LIMIT $2";
        let found: Vec<(i64, String, String)> = on_either!(self, reading pool => sqlx::query_as(sql).bind(number).bind(limit).fetch_all(pool).await)?;
        let name = |(number, kind, id): (i64, String, String)| {
            Ok(StreamName {
                number: position(number)?,
                stream: super::rows::stream(&kind, &id),
            })
        };
        found.into_iter().map(name).collect()
    }

    /// Up to which position everything is in the index; what came after is found in the log itself.
    ///
    /// # Errors
    /// What the database says.
    pub async fn indexed_position(&self) -> Result<Position, StoreError> {
        position(match self {
            Self::Postgres(log) => log.indexed_position().await?,
            Self::Sqlite(log) => log.indexed_position().await?,
        })
    }

    /// The first position after `after` up to `upto` that the index does not have under its stream and version, where it goes
    /// so far.
    ///
    /// # Errors
    /// What the database says.
    pub async fn first_without_version(
        &self,
        after: Position,
        upto: Position,
    ) -> Result<Option<Position>, StoreError> {
        self.first_without(
            "SELECT min(position) FROM event_log AS log WHERE position > $1 AND position <= $2 AND NOT EXISTS \
             (SELECT 1 FROM stream_place AS entry WHERE entry.part = log.position / $3 \
             AND entry.stream_no = log.stream_no AND entry.version = log.version AND entry.position = log.position)",
            after,
            upto,
        )
        .await
    }

    /// The first position after `after` up to `upto` that the index does not have under its id, where it goes so far.
    ///
    /// # Errors
    /// What the database says.
    pub async fn first_without_id(
        &self,
        after: Position,
        upto: Position,
    ) -> Result<Option<Position>, StoreError> {
        self.first_without(
            "SELECT min(position) FROM event_log AS log WHERE position > $1 AND position <= $2 AND NOT EXISTS \
             (SELECT 1 FROM event_place AS entry WHERE entry.part = log.position / $3 \
             AND entry.event_id = log.event_id AND entry.position = log.position)",
            after,
            upto,
        )
        .await
    }

    async fn first_without(
        &self,
        sql: &'static str,
        after: Position,
        upto: Position,
    ) -> Result<Option<Position>, StoreError> {
        let (after, upto) = (column(after), column(upto));
        let first: Option<i64> = on_either!(self, reading pool => {
            sqlx::query_scalar(sql).bind(after).bind(upto).bind(PART_POSITIONS).fetch_one(pool).await
        })?;
        first.map(position).transpose()
    }

    /// The first position beyond `indexed` under which either table of the index has an entry that is of no event of the log.
    ///
    /// # Errors
    /// What the database says.
    pub async fn first_stray_entry(&self, indexed: Position) -> Result<Option<Position>, StoreError> {
        let sql = "SELECT min(position) FROM (\
                   SELECT position FROM event_place AS entry WHERE position > $1 AND NOT EXISTS \
                   (SELECT 1 FROM event_log AS log WHERE log.position = entry.position AND log.event_id = entry.event_id) \
                   UNION ALL SELECT position FROM stream_place AS entry WHERE position > $1 AND NOT EXISTS \
                   (SELECT 1 FROM event_log AS log WHERE log.position = entry.position \
                   AND log.stream_no = entry.stream_no AND log.version = entry.version)) AS stray";
        let first: Option<i64> = on_either!(self, reading pool => {
            sqlx::query_scalar(sql).bind(column(indexed)).fetch_one(pool).await
        })?;
        first.map(position).transpose()
    }

    /// How many ids and how many versions of streams are in the index up to a position; in a sound log both are that position,
    /// if the index goes so far.
    ///
    /// # Errors
    /// What the database says.
    pub async fn entries(&self, upto: Position) -> Result<(u64, u64), StoreError> {
        let sql = "SELECT (SELECT count(*) FROM event_place WHERE position <= $1), \
                          (SELECT count(*) FROM stream_place WHERE position <= $1)";
        let upto = column(upto);
        let (ids, versions): (i64, i64) =
            on_either!(self, reading pool => sqlx::query_as(sql).bind(upto).fetch_one(pool).await)?;
        Ok((position(ids)?, position(versions)?))
    }
}
