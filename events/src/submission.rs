//! A fact on its way in: what project units, importers and other programs send to the intake.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::event::{Event, EventType};
use crate::ids::StreamId;
use crate::json::from_json;
use crate::recorded::Metadata;

/// The namespace of event ids that are made from idempotency keys (UUID version 5).
pub const KEY_NAMESPACE: Uuid = Uuid::from_u128(0x6b61_7265_7a2d_4b65_795f_6e61_6d65_7370);

/// A submitted fact. On the wire:
/// `{"event_id", "stream": "project/P1", "type", "schema", "occurred_on", "data": {…}, "metadata": {…}}`;
/// `schema` and `metadata` may be left out, and `event_id` where `metadata.idempotency_key` is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Its id: sent twice, it is recorded once.
    pub event_id: Uuid,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// 业务发生日.
    pub occurred_on: NaiveDate,
    /// The fact.
    pub event: Event,
    /// What surrounds it.
    pub metadata: Metadata,
}

/// Why a text is not a submission: a stable code, where (a JSON pointer), and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct Malformed {
    /// JSON pointer to the field; empty for the whole.
    pub pointer: String,
    /// What is wrong and what was expected.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    #[serde(default)]
    event_id: Option<Uuid>,
    stream: StreamId,
    r#type: EventType,
    #[serde(default)]
    schema: Option<i16>,
    occurred_on: NaiveDate,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(default)]
    metadata: Metadata,
}

impl Submission {
    /// Whether its id is one that nobody else comes upon: random (UUID version 4 or 7), or made from its sender's own key
    /// on its own stream. Any other could be the id of another sender's fact, or of a warning to come.
    #[must_use]
    pub fn has_id_of_its_own(&self) -> bool {
        let of_key = |key: &String| Self::id_of_key(&self.stream.to_string(), key) == self.event_id;
        matches!(self.event_id.get_version_num(), 4 | 7)
            || self.metadata.idempotency_key.as_ref().is_some_and(of_key)
    }

    /// The event id for a sender's own key: the same key of the same sender is always the same id.
    #[must_use]
    pub fn id_of_key(sender: &str, key: &str) -> Uuid {
        // The length in front keeps ("a", "b/c") and ("a/b", "c") apart.
        Uuid::new_v5(
            &KEY_NAMESPACE,
            format!("{}:{sender}/{key}", sender.len()).as_bytes(),
        )
    }

    /// Reads a submission from JSON.
    ///
    /// # Errors
    /// [`Malformed`] with the place and what was expected.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Malformed> {
        let wire: Wire<'_> = from_json(bytes).map_err(|error| Malformed {
            pointer: String::new(),
            message: error.to_string(),
        })?;
        let schema = wire.schema.unwrap_or_else(|| wire.r#type.schema());
        let event =
            Event::decode(wire.r#type, schema, wire.data.get().as_bytes()).map_err(|error| Malformed {
                pointer: "/data".to_owned(),
                message: error.to_string(),
            })?;
        let event_id = match (wire.event_id, &wire.metadata.idempotency_key) {
            (Some(id), _) => id,
            (None, Some(key)) => Self::id_of_key(&wire.stream.to_string(), key),
            (None, None) => {
                return Err(Malformed {
                    pointer: "/event_id".to_owned(),
                    message: "give an event_id (a UUID) or a metadata.idempotency_key".to_owned(),
                });
            }
        };
        Ok(Self {
            event_id,
            stream: wire.stream,
            occurred_on: wire.occurred_on,
            event,
            metadata: wire.metadata,
        })
    }

    /// Whether both say the same fact; ids and time of sending aside.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.stream == other.stream && self.occurred_on == other.occurred_on && self.event == other.event
    }
}

impl Serialize for Submission {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error, SerializeStruct};
        let payload = self.event.payload().map_err(S::Error::custom)?;
        let data: &RawValue = serde_json::from_slice(&payload).map_err(S::Error::custom)?;
        let mut fields = output.serialize_struct("Submission", 7)?;
        fields.serialize_field("event_id", &self.event_id)?;
        fields.serialize_field("stream", &self.stream)?;
        fields.serialize_field("type", &self.event.event_type())?;
        fields.serialize_field("schema", &self.event.event_type().schema())?;
        fields.serialize_field("occurred_on", &self.occurred_on)?;
        fields.serialize_field("data", data)?;
        fields.serialize_field("metadata", &self.metadata)?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POSTED: &str = r#"{"stream":"project/P1","type":"expenditure_recorded","occurred_on":"2024-03-01",
        "data":{"amount":"300.00","voucher_no":"0001"},"metadata":{"idempotency_key":"erp/0001/1"}}"#;

    #[test]
    fn a_submission_reads_back_as_written() {
        let read = Submission::from_json(POSTED.as_bytes()).unwrap();
        let again = Submission::from_json(&serde_json::to_vec(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn a_submission_without_id_and_key_is_refused() {
        let refused =
            Submission::from_json(POSTED.replace("idempotency_key", "reason").as_bytes()).unwrap_err();
        assert_eq!(refused.pointer, "/event_id");
    }

    #[test]
    fn an_unknown_field_is_named() {
        let refused = Submission::from_json(POSTED.replace("voucher_no", "vouchr").as_bytes()).unwrap_err();
        assert_eq!(refused.pointer, "/data");
        assert!(refused.message.contains("vouchr"));
    }

    #[test]
    fn keys_of_two_senders_never_meet() {
        assert_ne!(
            Submission::id_of_key("a", "b/c"),
            Submission::id_of_key("a/b", "c")
        );
    }
}
