//! History: recorded events as they are stored, with their hashes.

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::{EventType, Position, RawEvent, StreamId};
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Stand, instant};

/// One event, with the exact bytes that were stored and hashed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EventView {
    /// Its place in the log.
    pub position: Position,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: u32,
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    pub r#type: EventType,
    /// The schema number of its data.
    pub schema: i16,
    /// 业务发生日.
    pub occurred_on: NaiveDate,
    /// When it became known.
    #[serde(serialize_with = "instant")]
    pub recorded_at: DateTime<Utc>,
    /// The data as stored; personal fields stay sealed.
    #[schema(value_type = Object)]
    pub data: Box<RawValue>,
    /// What surrounds it, as stored.
    #[schema(value_type = Object)]
    pub metadata: Box<RawValue>,
    /// The chain's hash at this event, in hexadecimal.
    pub hash: String,
}

/// Some events.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EventList {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The events, in order.
    pub items: Vec<EventView>,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

impl EventView {
    /// An event as it is shown.
    ///
    /// # Errors
    /// The stored bytes are not JSON.
    pub fn of(event: &RawEvent) -> Result<Self, serde_json::Error> {
        Ok(Self {
            position: event.position,
            stream: event.stream.clone(),
            version: event.version,
            event_id: event.event_id,
            r#type: event.event_type,
            schema: event.schema,
            occurred_on: event.occurred_on,
            recorded_at: event.recorded_at,
            data: serde_json::from_slice(&event.payload)?,
            metadata: serde_json::from_slice(&event.metadata)?,
            hash: event.hash.to_string(),
        })
    }
}

/// Which events of a stream or of the whole log are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The last position that counts as known.
    pub known: Position,
    /// Only facts dated up to this day, where asked for.
    pub occurred_by: Option<NaiveDate>,
}

impl Span {
    /// Whether an event belongs to it.
    #[must_use]
    pub fn has(&self, event: &RawEvent) -> bool {
        event.position <= self.known && self.occurred_by.is_none_or(|day| event.occurred_on <= day)
    }
}
