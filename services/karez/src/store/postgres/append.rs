//! The writer's seat on `PostgreSQL`: a session that holds the advisory lock and appends.

use sqlx::postgres::PgConnection;
use sqlx::{Acquire, AssertSqlSafe, Postgres, Transaction};

use karez_events::{RawEvent, StreamId};
use uuid::Uuid;

use super::{FIND_INDEXED, answered, copy_rows};
use crate::store::heads::Head;
use crate::store::lease::{Fence, Writing};
use crate::store::person_key::insert_person_key;
use crate::store::rejection::insert_rejection;
use crate::store::rows::column;
use crate::store::tail::{Entry, NOT_INDEXED, NotIndexed, PARTS, Slice};
use crate::store::{PersonKey, Rejection, StoreError};

/// As the migration divides the log.
const PARTITION_POSITIONS: i64 = 1_000_000;
/// A partition is made when fewer free positions than this are left, which is many batches ahead.
const POSITIONS_AHEAD: i64 = 200_000;

/// Half of the advisory lock's key; the other half is the table, so that two stores in one database have two locks.
const LOCK: i32 = 0x6b61_7265;

/// From this many events on, COPY writes them faster than arrays do.
const COPIED_FROM_EVENTS: usize = 64;

const INSERT: &str = "\
    INSERT INTO event_log (event_id, position, stream_no, version, type_id, schema, occurred_on, recorded_at, payload, \
                           metadata, hash) \
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::int[], $5::smallint[], $6::smallint[], \
                         $7::date[], $8::timestamptz[], $9::bytea[], $10::bytea[], $11::bytea[])";

/// The session of the recorder.
#[derive(Debug)]
pub(in crate::store) struct PostgresSeat {
    connection: PgConnection,
    /// Over TCP the driver leaves Nagle's algorithm on, which holds a COPY up by 40 ms; a Unix socket has none.
    may_copy: bool,
    /// Partitions exist for positions below this.
    partitioned_to: i64,
}

impl PostgresSeat {
    pub(super) async fn try_take(connection: &mut PgConnection) -> Result<bool, StoreError> {
        // A recorder's machine that vanishes from the network must not keep the lease for hours.
        for keepalive in [
            "SET tcp_keepalives_idle = 10",
            "SET tcp_keepalives_interval = 5",
            "SET tcp_keepalives_count = 3",
        ] {
            sqlx::query(keepalive).execute(&mut *connection).await?;
        }
        let sql = "SELECT pg_try_advisory_lock($1, 'recorder'::regclass::oid::int)";
        Ok(sqlx::query_scalar(sql).bind(LOCK).fetch_one(connection).await?)
    }

    pub(super) fn new(connection: PgConnection, may_copy: bool) -> Self {
        Self {
            connection,
            may_copy,
            partitioned_to: 0,
        }
    }

    /// Opens a new epoch; returns its number and the last position.
    pub(in crate::store) async fn open_epoch(&mut self, holder: &str) -> Result<(i64, i64), StoreError> {
        let sql = "UPDATE recorder SET epoch = epoch + 1, holder = $1 WHERE log = 'main' RETURNING epoch, last_position";
        let (epoch, last): (i64, i64) = sqlx::query_as(sql)
            .bind(holder)
            .fetch_one(&mut self.connection)
            .await?;
        self.partitioned_to = last
            .saturating_add(1)
            .div_euclid(PARTITION_POSITIONS)
            .saturating_mul(PARTITION_POSITIONS);
        self.make_room_for(last).await?;
        Ok((epoch, last))
    }

    /// Makes partitions ahead of the last position of a batch.
    async fn make_room_for(&mut self, last: i64) -> Result<(), StoreError> {
        while self.partitioned_to <= last.saturating_add(POSITIONS_AHEAD) {
            sqlx::query("SELECT make_event_log_partition($1)")
                .bind(self.partitioned_to.div_euclid(PARTITION_POSITIONS))
                .execute(&mut self.connection)
                .await?;
            self.partitioned_to = self.partitioned_to.saturating_add(PARTITION_POSITIONS);
        }
        Ok(())
    }

    pub(in crate::store) async fn indexed_heads(
        &mut self,
        streams: &[StreamId],
        parts: &[i64],
    ) -> Result<Vec<(StreamId, Head)>, StoreError> {
        answered(super::indexed_heads(&mut self.connection, streams, parts)).await
    }

    /// The parts of the index, in order.
    pub(in crate::store) async fn parts(&mut self) -> Result<Vec<i64>, StoreError> {
        let parts = sqlx::query_scalar(PARTS).fetch_all(&mut self.connection);
        answered(async { Ok(parts.await?) }).await
    }

    /// How many ids are in a part of the index, and all of them one behind the other.
    pub(in crate::store) async fn ids_of_part(&mut self, part: i64) -> Result<(i64, Vec<u8>), StoreError> {
        let sql = "SELECT count(*), COALESCE(string_agg(uuid_send(event_id), ''), '') FROM event_place WHERE part = $1";
        let ids = sqlx::query_as(sql).bind(part).fetch_one(&mut self.connection);
        answered(async { Ok(ids.await?) }).await
    }

    /// The events that are not in the index.
    pub(in crate::store) async fn not_indexed(&mut self) -> Result<Vec<Entry>, StoreError> {
        let rows = sqlx::query_as(NOT_INDEXED).fetch_all(&mut self.connection);
        let rows: Vec<NotIndexed> = answered(async { Ok(rows.await?) }).await?;
        Ok(rows.into_iter().map(Entry::from).collect())
    }

    /// Those of the given ids that are in the index, with their positions.
    pub(in crate::store) async fn find_indexed(
        &mut self,
        event_ids: &[Uuid],
        parts: &[i64],
    ) -> Result<Vec<(Uuid, i64)>, StoreError> {
        let found = sqlx::query_as(FIND_INDEXED)
            .bind(event_ids)
            .bind(parts)
            .fetch_all(&mut self.connection);
        answered(async { Ok(found.await?) }).await
    }

    pub(in crate::store) async fn append(&mut self, writing: &Writing<'_>) -> Result<(), StoreError> {
        answered(self.append_in_time(writing)).await
    }

    async fn append_in_time(&mut self, writing: &Writing<'_>) -> Result<(), StoreError> {
        let Writing {
            fence,
            batch,
            numbers,
            begun,
            doubtful,
            parts,
            slice,
        } = writing;
        self.make_room_for(fence.position).await?;
        let mut transaction = self.connection.begin().await?;
        move_fence(&mut transaction, fence).await?;
        refuse_taken(&mut transaction, doubtful, parts).await?;
        if !begun.is_empty() {
            insert_streams(&mut transaction, begun).await?;
        }
        if self.may_copy && batch.events.len() >= COPIED_FROM_EVENTS {
            copy_rows::copy(&mut transaction, numbers, batch.events).await?;
        } else if !batch.events.is_empty() {
            insert_events(&mut transaction, numbers, batch.events).await?;
        }
        enter(&mut transaction, slice).await?;
        insert_rejections(&mut transaction, batch.rejections).await?;
        insert_keys(&mut transaction, batch.person_keys).await?;
        Ok(transaction.commit().await?)
    }
}

/// Moves the fence, and says so to whoever listens: the notice goes out with the commit, one a batch, because
/// every notice takes a lock of the whole server.
async fn move_fence(transaction: &mut Transaction<'_, Postgres>, fence: &Fence) -> Result<(), StoreError> {
    let sql = "UPDATE recorder SET last_position = $3, last_hash = COALESCE($4, last_hash), \
                                   last_intake_seq = COALESCE($5, last_intake_seq), \
                                   indexed_position = COALESCE($6, indexed_position) \
               WHERE log = 'main' AND epoch = $1 AND last_position = $2 \
               RETURNING CASE WHEN $2 < $3 THEN pg_notify('karez_log', last_position::text) IS NULL ELSE false END";
    let moved: Option<bool> = sqlx::query_scalar(sql)
        .bind(fence.epoch)
        .bind(fence.expected)
        .bind(fence.position)
        .bind(fence.hash.as_deref())
        .bind(fence.intake_seq)
        .bind(fence.indexed)
        .fetch_optional(&mut **transaction)
        .await?;
    moved.map(|_| ()).ok_or(StoreError::LostLease)
}

async fn insert_streams(
    transaction: &mut Transaction<'_, Postgres>,
    begun: &[(i64, &StreamId)],
) -> Result<(), StoreError> {
    let (mut numbers, mut kinds, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for (number, stream) in begun {
        numbers.push(*number);
        kinds.push(stream.kind().as_str());
        ids.push(stream.id());
    }
    let sql =
        "INSERT INTO stream (stream_no, kind, id) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])";
    sqlx::query(sql)
        .bind(numbers)
        .bind(kinds)
        .bind(ids)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Ids that may be in the index are looked up behind the fence, where nobody else writes.
async fn refuse_taken(
    transaction: &mut Transaction<'_, Postgres>,
    doubtful: &[Uuid],
    parts: &[i64],
) -> Result<(), StoreError> {
    if doubtful.is_empty() {
        return Ok(());
    }
    let taken: Option<(Uuid, i64)> = sqlx::query_as(FIND_INDEXED)
        .bind(doubtful)
        .bind(parts)
        .fetch_optional(&mut **transaction)
        .await?;
    taken.map_or(Ok(()), |(event_id, _)| {
        Err(StoreError::DuplicateEvent { event_id })
    })
}

/// What was entered before a crash, and not marked as such, is there already. To look for each of the others would take as long
/// as to enter it.
async fn enter(transaction: &mut Transaction<'_, Postgres>, slice: &Slice<'_>) -> Result<(), StoreError> {
    if slice.by_id.is_empty() {
        return Ok(());
    }
    let unless_there = if slice.may_be_there {
        "ON CONFLICT DO NOTHING"
    } else {
        ""
    };
    let sql = format!(
        "INSERT INTO event_place (part, event_id, position) \
         SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[]) {unless_there}"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(all(slice.by_id, Entry::part))
        .bind(all(slice.by_id, |entry| entry.event_id))
        .bind(all(slice.by_id, |entry| entry.position))
        .execute(&mut **transaction)
        .await?;
    let sql = format!(
        "INSERT INTO stream_place (part, stream_no, version, position) \
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) {unless_there}"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(all(slice.by_stream, Entry::part))
        .bind(all(slice.by_stream, |entry| entry.stream_no))
        .bind(all(slice.by_stream, |entry| entry.version))
        .bind(all(slice.by_stream, |entry| entry.position))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn insert_events(
    transaction: &mut Transaction<'_, Postgres>,
    numbers: &[i64],
    events: &[RawEvent],
) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(all(events, |event| event.event_id))
        .bind(all(events, |event| column(event.position)))
        .bind(numbers)
        .bind(all(events, |event| {
            i32::try_from(event.version).unwrap_or(i32::MAX)
        }))
        .bind(all(events, |event| event.event_type.number()))
        .bind(all(events, |event| event.schema))
        .bind(all(events, |event| event.occurred_on))
        .bind(all(events, |event| event.recorded_at))
        .bind(all(events, |event| event.payload.as_slice()))
        .bind(all(events, |event| event.metadata.as_slice()))
        .bind(all(events, |event| event.hash.0.as_slice()))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

fn all<'a, R, T>(rows: &'a [R], column: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(column).collect()
}

async fn insert_rejections(
    transaction: &mut Transaction<'_, Postgres>,
    kept: &[Rejection],
) -> Result<(), StoreError> {
    for one in kept {
        insert_rejection!(one, &mut **transaction)?;
    }
    Ok(())
}

async fn insert_keys(
    transaction: &mut Transaction<'_, Postgres>,
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
