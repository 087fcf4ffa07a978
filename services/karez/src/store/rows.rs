//! How events become rows and rows become events, on both backends.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::{EventType, Hash, Position, RawEvent, StreamId, StreamKind};
use uuid::Uuid;

use super::StoreError;

/// A position as a column. Positions grow one by one and never come near the limit of the column.
pub(super) fn column(position: Position) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// A column as a position.
pub(super) fn position(column: i64) -> Result<Position, StoreError> {
    Position::try_from(column)
        .map_err(|_| StoreError::unreadable(0, &format!("the position {column} is negative")))
}

/// All of what may fail, in room that is made once: collecting does not know that most does not fail, and moves what it has
/// to larger room again and again.
pub(super) fn gathered<T, E>(each: impl ExactSizeIterator<Item = Result<T, E>>) -> Result<Vec<T>, E> {
    let mut all = Vec::with_capacity(each.len());
    for one in each {
        all.push(one?);
    }
    Ok(all)
}

/// Selects the columns of [`EventRow`], in its order.
macro_rules! select_events {
    ($which:literal) => {
        concat!(
            "SELECT position, stream_no, version, event_id, type_id, schema, occurred_on, recorded_at, payload, ",
            "metadata, hash FROM event_log ",
            $which
        )
    };
}
pub(super) use select_events;

/// A row of `event_log` as its columns.
pub(super) struct EventRow {
    pub(super) position: Position,
    pub(super) stream_no: i64,
    pub(super) version: i32,
    pub(super) event_id: Uuid,
    pub(super) type_id: i16,
    pub(super) schema: i16,
    pub(super) occurred_on: NaiveDate,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) payload: Vec<u8>,
    pub(super) metadata: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl EventRow {
    fn into_event(self, stream: StreamId) -> Result<RawEvent, StoreError> {
        let unreadable = |what: String| StoreError::unreadable(self.position, &what);
        let event_type = EventType::from_number(self.type_id).ok_or_else(|| {
            unreadable(karez_events::DecodeError::UnknownTypeNumber(self.type_id).to_string())
        })?;
        let hash = Hash::try_from(self.hash.as_slice())
            .map_err(|_| unreadable("its hash has not 32 bytes".to_owned()))?;
        let version = u32::try_from(self.version)
            .map_err(|_| unreadable(format!("its version {} is negative", self.version)))?;
        Ok(RawEvent {
            position: self.position,
            stream,
            version,
            event_id: self.event_id,
            event_type,
            schema: self.schema,
            occurred_on: self.occurred_on,
            recorded_at: self.recorded_at,
            payload: self.payload,
            metadata: self.metadata,
            hash,
        })
    }
}

/// Stream numbers and the streams they stand for. The pair never changes, so it is read once and then kept:
/// a join would cost as much as reading the events.
#[derive(Debug, Default)]
pub(super) struct StreamNames {
    by_number: RwLock<HashMap<i64, StreamId>>,
}

impl StreamNames {
    /// The numbers among `rows` that are not known yet.
    pub(super) fn missing(&self, rows: &[EventRow]) -> Vec<i64> {
        let known = self.by_number.read().unwrap_or_else(PoisonError::into_inner);
        let mut missing: Vec<i64> = rows
            .iter()
            .map(|row| row.stream_no)
            .filter(|number| !known.contains_key(number))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Keeps what the table of streams says.
    pub(super) fn learn(&self, found: Vec<(i64, String, String)>) {
        let mut known = self.by_number.write().unwrap_or_else(PoisonError::into_inner);
        for (number, kind, id) in found {
            if let Some(stream) = stream(&kind, &id) {
                known.insert(number, stream);
            }
        }
    }

    /// Turns rows into events; every number is known by now, or it stands for nothing.
    pub(super) fn events(&self, rows: Vec<EventRow>) -> Result<Vec<RawEvent>, StoreError> {
        let known = self.by_number.read().unwrap_or_else(PoisonError::into_inner);
        gathered(rows.into_iter().map(|row| match known.get(&row.stream_no) {
            Some(stream) => row.into_event(stream.clone()),
            None => Err(StoreError::unreadable(
                row.position,
                &format!("its stream number {} is unknown", row.stream_no),
            )),
        }))
    }
}

/// A stream from its two columns, if they are one.
pub(super) fn stream(kind: &str, id: &str) -> Option<StreamId> {
    let kind = StreamKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    StreamId::from_parts(kind, id).ok()
}
