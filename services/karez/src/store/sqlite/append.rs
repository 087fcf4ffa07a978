//! The writer's seat on `SQLite`: a locked file, and the one connection that writes.

use std::fs::File;
use std::sync::{Arc, LazyLock};

use futures::future::join;
use karez_events::{RawEvent, StreamId};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqlitePool};
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use uuid::Uuid;

use super::{FIND_INDEXED, ids, json};
use crate::store::heads::Head;
use crate::store::lease::{Fence, MOST_A_STATEMENT, Writing};
use crate::store::person_key::insert_person_key;
use crate::store::rejection::insert_rejection;
use crate::store::rows::column;
use crate::store::tail::{Entry, NOT_INDEXED, NotIndexed, PARTS, Slice};
use crate::store::{PersonKey, Rejection, StoreError};

/// Rows go in by statements of these sizes, the largest first: each is a way to the thread of `SQLite` and back, and all of
/// their texts stay prepared. 1,024 rows of 11 columns are far below the 32,766 values that one statement may have.
const ROWS_A_STATEMENT: [usize; 11] = [MOST_A_STATEMENT, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1];

/// Not `OR IGNORE`, which would pass over a row that breaks any other constraint as well.
const IF_MISSING: &str = "ON CONFLICT DO NOTHING";

static STREAMS: LazyLock<Inserts> =
    LazyLock::new(|| Inserts::new("INSERT INTO stream (stream_no, kind, id)", 3, ""));
static EVENTS: LazyLock<Inserts> = LazyLock::new(|| {
    let into = "INSERT INTO event_log (position, stream_no, version, event_id, type_id, schema, occurred_on, recorded_at, \
                payload, metadata, hash)";
    Inserts::new(into, 11, "")
});
static IDS: LazyLock<Inserts> = LazyLock::new(|| {
    Inserts::new(
        "INSERT INTO event_place (part, event_id, position)",
        3,
        IF_MISSING,
    )
});
static VERSIONS: LazyLock<Inserts> = LazyLock::new(|| {
    let into = "INSERT INTO stream_place (part, stream_no, version, position)";
    Inserts::new(into, 4, IF_MISSING)
});

/// The statements that insert into one table, with the rows that each takes. Each is a text of thousands of characters, made once.
struct Inserts([(usize, Arc<str>); ROWS_A_STATEMENT.len()]);

type Insert = Query<'static, Sqlite, SqliteArguments>;

/// The lock and the connection of the recorder.
#[derive(Debug)]
pub(in crate::store) struct SqliteSeat {
    writing: SqlitePool,
    /// Held, never read: the lock ends when it is closed.
    _lock: File,
}

impl SqliteSeat {
    pub(super) fn new(writing: SqlitePool, lock: File) -> Self {
        Self { writing, _lock: lock }
    }

    /// Opens a new epoch; returns its number and the last position.
    pub(in crate::store) async fn open_epoch(&mut self, holder: &str) -> Result<(i64, i64), StoreError> {
        let sql = "UPDATE recorder SET epoch = epoch + 1, holder = $1 WHERE log = 'main' RETURNING epoch, last_position";
        // Committed apart: where the disk is full, an UPDATE hands out its row before it fails.
        let mut transaction = self.writing.begin_with("BEGIN IMMEDIATE").await?;
        let opened = sqlx::query_as(sql)
            .bind(holder)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(opened)
    }

    pub(in crate::store) async fn indexed_heads(
        &mut self,
        streams: &[StreamId],
        parts: &[i64],
    ) -> Result<Vec<(StreamId, Head)>, StoreError> {
        super::indexed_heads(&self.writing, streams, parts).await
    }

    /// The parts of the index, in order.
    pub(in crate::store) async fn parts(&mut self) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(PARTS).fetch_all(&self.writing).await?)
    }

    /// How many ids are in a part of the index, and all of them one behind the other.
    pub(in crate::store) async fn ids_of_part(&mut self, part: i64) -> Result<(i64, Vec<u8>), StoreError> {
        let sql = "SELECT count(*), CAST(COALESCE(group_concat(event_id, ''), '') AS BLOB) \
                   FROM event_place WHERE part = $1";
        Ok(sqlx::query_as(sql).bind(part).fetch_one(&self.writing).await?)
    }

    /// The events that are not in the index.
    pub(in crate::store) async fn not_indexed(&mut self) -> Result<Vec<Entry>, StoreError> {
        let rows: Vec<NotIndexed> = sqlx::query_as(NOT_INDEXED).fetch_all(&self.writing).await?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// Those of the given ids that are in the index, with their positions.
    pub(in crate::store) async fn find_indexed(
        &mut self,
        event_ids: &[Uuid],
        parts: &[i64],
    ) -> Result<Vec<(Uuid, i64)>, StoreError> {
        // Ids fall all over a part. The writer has its pages in memory; a reader's are gone with each commit.
        Ok(sqlx::query_as(FIND_INDEXED)
            .bind(ids(event_ids)?)
            .bind(json(parts)?)
            .fetch_all(&self.writing)
            .await?)
    }

    pub(in crate::store) async fn append(&mut self, writing: &Writing<'_>) -> Result<(), StoreError> {
        let Writing {
            fence,
            batch,
            numbers,
            begun,
            doubtful,
            parts,
            slice,
        } = writing;
        let mut transaction = self.writing.begin_with("BEGIN IMMEDIATE").await?;
        move_fence(&mut transaction, fence).await?;
        refuse_taken(&mut transaction, doubtful, parts).await?;
        insert_streams(&mut transaction, begun).await?;
        insert_events(&mut transaction, numbers, batch.events).await?;
        enter(&mut transaction, slice).await?;
        insert_rejections(&mut transaction, batch.rejections).await?;
        insert_keys(&mut transaction, batch.person_keys).await?;
        Ok(transaction.commit().await?)
    }
}

async fn move_fence(transaction: &mut Transaction<'_, Sqlite>, fence: &Fence) -> Result<(), StoreError> {
    let sql = "UPDATE recorder SET last_position = $3, last_hash = COALESCE($4, last_hash), \
                                   last_intake_seq = COALESCE($5, last_intake_seq), \
                                   indexed_position = COALESCE($6, indexed_position) \
               WHERE log = 'main' AND epoch = $1 AND last_position = $2";
    let moved = sqlx::query(sql)
        .bind(fence.epoch)
        .bind(fence.expected)
        .bind(fence.position)
        .bind(fence.hash.as_deref())
        .bind(fence.intake_seq)
        .bind(fence.indexed)
        .execute(&mut **transaction)
        .await?;
    if moved.rows_affected() == 0 {
        Err(StoreError::LostLease)
    } else {
        Ok(())
    }
}

impl Inserts {
    /// `into` names the table and its columns, `otherwise` says what becomes of a row that is there.
    fn new(into: &str, columns: usize, otherwise: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(","));
        let text = |rows| format!("{into} VALUES {} {otherwise}", vec![row.as_str(); rows].join(","));
        Self(ROWS_A_STATEMENT.map(|rows| (rows, text(rows).into())))
    }

    /// Inserts all rows; `bind` binds the values of one.
    async fn insert<T>(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        rows: &[T],
        bind: impl Fn(Insert, &T) -> Insert,
    ) -> Result<(), StoreError> {
        let mut inserts = self.divide(rows).map(|(text, chunk)| {
            let insert = sqlx::query(AssertSqlSafe(Arc::clone(text)));
            chunk.iter().fold(insert, &bind)
        });
        let mut next = inserts.next();
        while let Some(insert) = next {
            let inserting = insert.execute(&mut **transaction);
            // While these are inserted, on the thread of `SQLite`, those that follow are bound.
            let (inserted, following) = join(inserting, async { inserts.next() }).await;
            inserted?;
            next = following;
        }
        Ok(())
    }

    /// Divides rows among statements.
    fn divide<'a, T>(&'a self, mut rows: &'a [T]) -> impl Iterator<Item = (&'a Arc<str>, &'a [T])> {
        std::iter::from_fn(move || {
            let (size, text) = self.0.iter().find(|(size, _)| *size <= rows.len())?;
            let (chunk, rest) = rows.split_at_checked(*size)?;
            rows = rest;
            Some((text, chunk))
        })
    }
}

async fn insert_streams(
    transaction: &mut Transaction<'_, Sqlite>,
    begun: &[(i64, &StreamId)],
) -> Result<(), StoreError> {
    let bind = |insert: Insert, (number, stream): &(i64, &StreamId)| {
        insert
            .bind(*number)
            .bind(stream.kind().as_str())
            .bind(stream.id().to_owned())
    };
    STREAMS.insert(transaction, begun, bind).await
}

async fn insert_events(
    transaction: &mut Transaction<'_, Sqlite>,
    numbers: &[i64],
    events: &[RawEvent],
) -> Result<(), StoreError> {
    let rows: Vec<(&RawEvent, i64)> = events.iter().zip(numbers.iter().copied()).collect();
    let bind = |insert: Insert, (event, stream_no): &(&RawEvent, i64)| {
        insert
            .bind(column(event.position))
            .bind(*stream_no)
            .bind(i64::from(event.version))
            .bind(event.event_id)
            .bind(event.event_type.number())
            .bind(event.schema)
            .bind(event.occurred_on)
            .bind(event.recorded_at.timestamp_micros())
            .bind(event.payload.clone())
            .bind(event.metadata.clone())
            .bind(event.hash.0.to_vec())
    };
    EVENTS.insert(transaction, &rows, bind).await
}

/// Ids that may be in the index are looked up behind the fence, where nobody else writes.
async fn refuse_taken(
    transaction: &mut Transaction<'_, Sqlite>,
    doubtful: &[Uuid],
    parts: &[i64],
) -> Result<(), StoreError> {
    if doubtful.is_empty() {
        return Ok(());
    }
    let taken: Option<(Uuid, i64)> = sqlx::query_as(FIND_INDEXED)
        .bind(ids(doubtful)?)
        .bind(json(parts)?)
        .fetch_optional(&mut **transaction)
        .await?;
    taken.map_or(Ok(()), |(event_id, _)| {
        Err(StoreError::DuplicateEvent { event_id })
    })
}

/// What was entered before a crash, and not marked as such, is there already.
async fn enter(transaction: &mut Transaction<'_, Sqlite>, slice: &Slice<'_>) -> Result<(), StoreError> {
    let id = |insert: Insert, entry: &Entry| {
        insert
            .bind(entry.part())
            .bind(entry.event_id)
            .bind(entry.position)
    };
    IDS.insert(transaction, slice.by_id, id).await?;
    let version = |insert: Insert, entry: &Entry| {
        insert
            .bind(entry.part())
            .bind(entry.stream_no)
            .bind(entry.version)
            .bind(entry.position)
    };
    VERSIONS.insert(transaction, slice.by_stream, version).await
}

async fn insert_rejections(
    transaction: &mut Transaction<'_, Sqlite>,
    kept: &[Rejection],
) -> Result<(), StoreError> {
    for one in kept {
        insert_rejection!(one, &mut **transaction)?;
    }
    Ok(())
}

async fn insert_keys(
    transaction: &mut Transaction<'_, Sqlite>,
    keys: &[PersonKey],
) -> Result<(), StoreError> {
    for key in keys {
        let inserted = insert_person_key!(key, &mut **transaction)?;
        if inserted.rows_affected() == 0 {
            return Err(StoreError::PersonKeyTaken);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_is_lost_between_statements() {
        for count in [0, 1, 15, 16, 17, 255, 256, 300, 1_000, 1_024, 5_000] {
            let rows: Vec<usize> = (0..count).collect();
            let divided = STREAMS.divide(&rows).flat_map(|(_, chunk)| chunk);
            assert_eq!(divided.copied().collect::<Vec<_>>(), rows);
        }
    }
}
