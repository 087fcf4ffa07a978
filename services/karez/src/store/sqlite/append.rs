//! The writer's seat on `SQLite`: a locked file, and the one connection that writes.

use std::fs::File;

use karez_events::{RawEvent, StreamId};
use sqlx::sqlite::SqlitePool;
use sqlx::{QueryBuilder, Sqlite, Transaction};
use uuid::Uuid;

use super::{FIND_INDEXED, ids};
use crate::store::heads::Head;
use crate::store::lease::{Fence, Writing};
use crate::store::person_key::insert_person_key;
use crate::store::rejection::insert_rejection;
use crate::store::rows::column;
use crate::store::tail::{Entry, NOT_INDEXED, NotIndexed, Slice};
use crate::store::{PersonKey, Rejection, StoreError};

/// Rows go in by statements of these sizes, the largest first: few enough texts that all stay prepared, and
/// 256 rows of 11 columns are far below the 32,766 values that `SQLite` allows in one statement.
const ROWS_A_STATEMENT: [usize; 3] = [256, 16, 1];

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
    ) -> Result<Vec<(StreamId, Head)>, StoreError> {
        super::indexed_heads(&self.writing, streams).await
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
    ) -> Result<Vec<(Uuid, i64)>, StoreError> {
        // Ids fall all over the index. The writer has its pages in memory; a reader's are gone with each commit.
        Ok(sqlx::query_as(FIND_INDEXED)
            .bind(ids(event_ids)?)
            .fetch_all(&self.writing)
            .await?)
    }

    pub(in crate::store) async fn append(&mut self, writing: &Writing<'_>) -> Result<(), StoreError> {
        let Writing {
            fence,
            batch,
            numbers,
            begun,
            unknown,
            slice,
        } = writing;
        let mut transaction = self.writing.begin_with("BEGIN IMMEDIATE").await?;
        move_fence(&mut transaction, fence).await?;
        refuse_taken(&mut transaction, unknown).await?;
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

/// Divides rows into the sizes of [`ROWS_A_STATEMENT`].
fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = ROWS_A_STATEMENT.into_iter().find(|size| *size <= rows.len())?;
        let (chunk, rest) = rows.split_at_checked(size)?;
        rows = rest;
        Some(chunk)
    })
}

async fn insert_streams(
    transaction: &mut Transaction<'_, Sqlite>,
    begun: &[(i64, &StreamId)],
) -> Result<(), StoreError> {
    for chunk in chunks(begun) {
        let mut insert = QueryBuilder::new("INSERT INTO stream (stream_no, kind, id) ");
        insert.push_values(chunk, |mut row, (number, stream)| {
            row.push_bind(*number)
                .push_bind(stream.kind().as_str())
                .push_bind(stream.id());
        });
        insert.build().execute(&mut **transaction).await?;
    }
    Ok(())
}

async fn insert_events(
    transaction: &mut Transaction<'_, Sqlite>,
    numbers: &[i64],
    events: &[RawEvent],
) -> Result<(), StoreError> {
    let rows: Vec<(&RawEvent, i64)> = events.iter().zip(numbers.iter().copied()).collect();
    for chunk in chunks(&rows) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO event_log (position, stream_no, version, event_id, type_id, schema, occurred_on, recorded_at, \
             payload, metadata, hash) ",
        );
        insert.push_values(chunk, |mut row, (event, stream_no)| {
            row.push_bind(column(event.position))
                .push_bind(*stream_no)
                .push_bind(i64::from(event.version))
                .push_bind(event.event_id)
                .push_bind(event.event_type.number())
                .push_bind(event.schema)
                .push_bind(event.occurred_on)
                .push_bind(event.recorded_at.timestamp_micros())
                .push_bind(event.payload.as_slice())
                .push_bind(event.metadata.as_slice())
                .push_bind(event.hash.0.as_slice());
        });
        insert.build().execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Ids that nobody has looked up since the last batch are looked up behind the fence, where nobody else writes.
async fn refuse_taken(transaction: &mut Transaction<'_, Sqlite>, unknown: &[Uuid]) -> Result<(), StoreError> {
    if unknown.is_empty() {
        return Ok(());
    }
    let taken: Option<(Uuid, i64)> = sqlx::query_as(FIND_INDEXED)
        .bind(ids(unknown)?)
        .fetch_optional(&mut **transaction)
        .await?;
    taken.map_or(Ok(()), |(event_id, _)| {
        Err(StoreError::DuplicateEvent { event_id })
    })
}

/// What was entered before a crash, and not marked as such, is there already.
async fn enter(transaction: &mut Transaction<'_, Sqlite>, slice: &Slice<'_>) -> Result<(), StoreError> {
    for chunk in chunks(slice.by_id) {
        let mut insert = QueryBuilder::new("INSERT OR IGNORE INTO event_index (event_id, position) ");
        insert.push_values(chunk, |mut row, entry| {
            row.push_bind(entry.event_id).push_bind(entry.position);
        });
        insert.build().execute(&mut **transaction).await?;
    }
    for chunk in chunks(slice.by_stream) {
        let mut insert =
            QueryBuilder::new("INSERT OR IGNORE INTO stream_index (stream_no, version, position) ");
        insert.push_values(chunk, |mut row, entry| {
            row.push_bind(entry.stream_no)
                .push_bind(entry.version)
                .push_bind(entry.position);
        });
        insert.build().execute(&mut **transaction).await?;
    }
    Ok(())
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
    fn chunks_lose_no_row() {
        for count in [0, 1, 15, 16, 17, 255, 256, 300, 1_000] {
            let rows: Vec<usize> = (0..count).collect();
            assert_eq!(chunks(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        }
    }
}
