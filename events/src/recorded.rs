//! A fact with its place in the log: as stored ([`RawEvent`]) and as read ([`RecordedEvent`]).

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chain::Hash;
use crate::event::{DecodeError, Event, EventType};
use crate::ids::{Position, StreamId};
use crate::json::from_json;

/// Who says so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Account or key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// Role in which they acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// 文号: the document a fact rests on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// 文号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Its date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated_on: Option<NaiveDate>,
    /// SHA-256 of its file, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What surrounds a fact. Every field is optional; absent fields are not stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// Who said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// The system it came from: an ERP's name, `import:iati`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_system: Option<String>,
    /// The sender's own key: unit + source system + voucher + line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The document it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
    /// 生效日, where it is not the business date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<NaiveDate>,
    /// 入账日, where it is not the business date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posted_on: Option<NaiveDate>,
    /// Why, where a reason is asked for (late posting, reversal).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The event that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<Uuid>,
    /// What belongs together: a batch, an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Uuid>,
    /// The source gave no date; `occurred_on` is then the day of publication and counts in no first or last date.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undated: bool,
}

/// A fact in the log, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedEvent {
    /// Its place in the log.
    pub position: Position,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream, from 1.
    pub version: u32,
    /// Its id, unique for ever.
    pub event_id: Uuid,
    /// 业务发生日.
    pub occurred_on: NaiveDate,
    /// When it became known, to the microsecond.
    pub recorded_at: DateTime<Utc>,
    /// The fact.
    pub event: Event,
    /// What surrounds it.
    pub metadata: Metadata,
    /// The chain's hash at this event.
    pub hash: Hash,
}

/// A fact in the log, as the bytes that are stored and hashed; they may lie elsewhere, as in `RawEvent<&[u8]>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent<Bytes = Vec<u8>> {
    /// Its place in the log.
    pub position: Position,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream, from 1.
    pub version: u32,
    /// Its id, unique for ever.
    pub event_id: Uuid,
    /// Its type.
    pub event_type: EventType,
    /// The schema number of its payload.
    pub schema: i16,
    /// 业务发生日.
    pub occurred_on: NaiveDate,
    /// When it became known, to the microsecond.
    pub recorded_at: DateTime<Utc>,
    /// The data, as written.
    pub payload: Bytes,
    /// The metadata, as written.
    pub metadata: Bytes,
    /// The chain's hash at this event.
    pub hash: Hash,
}

impl<Bytes: AsRef<[u8]>> RawEvent<Bytes> {
    /// Reads the stored bytes with today's vocabulary.
    ///
    /// # Errors
    /// [`DecodeError`] when payload or metadata cannot be read.
    pub fn decode(&self) -> Result<RecordedEvent, DecodeError> {
        let event = Event::decode(self.event_type, self.schema, self.payload.as_ref())?;
        let metadata = from_json(self.metadata.as_ref()).map_err(|source| {
            DecodeError::Record(format!("metadata at position {}: {source}", self.position))
        })?;
        Ok(RecordedEvent {
            position: self.position,
            stream: self.stream.clone(),
            version: self.version,
            event_id: self.event_id,
            occurred_on: self.occurred_on,
            recorded_at: self.recorded_at,
            event,
            metadata,
            hash: self.hash,
        })
    }
}

impl RawEvent<&[u8]> {
    /// With bytes of its own.
    #[must_use]
    pub fn into_owned(self) -> RawEvent {
        RawEvent {
            position: self.position,
            stream: self.stream,
            version: self.version,
            event_id: self.event_id,
            event_type: self.event_type,
            schema: self.schema,
            occurred_on: self.occurred_on,
            recorded_at: self.recorded_at,
            payload: self.payload.to_vec(),
            metadata: self.metadata.to_vec(),
            hash: self.hash,
        }
    }
}
