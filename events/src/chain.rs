//! The hash chain: `hash = H(previous hash ‖ header ‖ LF ‖ payload ‖ LF ‖ metadata)`.
//!
//! The header is one line of JSON with `position, stream, version, event_id, type, schema, occurred_on,
//! recorded_at` in this order and without white space; `recorded_at` is RFC 3339 in UTC with six
//! decimals. Payload and metadata are the stored bytes. The hash before the first event is 32 zero bytes.
//! Anyone can recompute the chain with any SHA-256 or SM3 program.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sm3::Sm3;

use crate::recorded::RawEvent;

/// The chain's hash at one event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hash(pub [u8; 32]);

/// Which hash function the chain of a store uses; fixed when the store is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashAlgorithm {
    /// SHA-256 (FIPS 180-4).
    #[default]
    Sha256,
    /// SM3 (GB/T 32905).
    Sm3,
}

impl HashAlgorithm {
    /// The name used in settings and in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sm3 => "sm3",
        }
    }
}

impl FromStr for HashAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sm3" => Ok(Self::Sm3),
            other => Err(format!("{other:?} is not a hash algorithm: use sha256 or sm3")),
        }
    }
}

impl Hash {
    /// The hash before the first event.
    pub const START: Self = Self([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

/// The header line of an event, as it is hashed.
#[must_use]
pub fn header(event: &RawEvent) -> String {
    // Ids hold no control characters; a quote or backslash in one is escaped by the JSON writer.
    let stream = serde_json::Value::String(event.stream.to_string());
    format!(
        "{{\"position\":{},\"stream\":{stream},\"version\":{},\"event_id\":\"{}\",\"type\":\"{}\",\"schema\":{},\
         \"occurred_on\":\"{}\",\"recorded_at\":\"{}\"}}",
        event.position,
        event.version,
        event.event_id,
        event.event_type,
        event.schema,
        event.occurred_on,
        event
            .recorded_at
            .to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
    )
}

/// The hash of `event` after `previous`. The event's own `hash` field is not looked at.
#[must_use]
pub fn link(algorithm: HashAlgorithm, previous: &Hash, event: &RawEvent) -> Hash {
    let header = header(event);
    hash_of(
        algorithm,
        &[
            &previous.0,
            header.as_bytes(),
            b"\n",
            &event.payload,
            b"\n",
            &event.metadata,
        ],
    )
}

/// The hash of these bytes, one after the other.
#[must_use]
pub fn hash_of(algorithm: HashAlgorithm, parts: &[&[u8]]) -> Hash {
    match algorithm {
        HashAlgorithm::Sha256 => digest::<Sha256>(parts),
        HashAlgorithm::Sm3 => digest::<Sm3>(parts),
    }
}

fn digest<D: Digest>(parts: &[&[u8]]) -> Hash {
    let mut digest = D::new();
    for part in parts {
        digest.update(part);
    }
    let mut hash = Hash::START;
    for (to, from) in hash.0.iter_mut().zip(digest.finalize().iter()) {
        *to = *from;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventType;
    use chrono::{TimeZone, Utc};

    fn event() -> RawEvent {
        RawEvent {
            position: 1,
            stream: "project/P\"1".parse().unwrap(),
            version: 1,
            event_id: uuid::Uuid::nil(),
            event_type: EventType::ProjectStarted,
            schema: 1,
            occurred_on: "2024-03-01".parse().unwrap(),
            recorded_at: Utc.with_ymd_and_hms(2024, 3, 2, 1, 2, 3).unwrap(),
            payload: b"{}".to_vec(),
            metadata: b"{}".to_vec(),
            hash: Hash::START,
        }
    }

    #[test]
    fn the_header_is_one_line_of_valid_json() {
        let header = header(&event());
        let read: serde_json::Value = serde_json::from_str(&header).unwrap();
        assert_eq!(read["stream"], "project/P\"1");
        assert_eq!(read["recorded_at"], "2024-03-02T01:02:03.000000Z");
        assert!(!header.contains('\n'));
    }

    #[test]
    fn every_field_is_under_the_hash() {
        for algorithm in [HashAlgorithm::Sha256, HashAlgorithm::Sm3] {
            let hash = |event: &RawEvent| link(algorithm, &Hash::START, event);
            let before = hash(&event());
            let changes: [fn(&mut RawEvent); 8] = [
                |event| event.position = 2,
                |event| event.stream = "project/P2".parse().unwrap(),
                |event| event.version = 2,
                |event| event.event_id = uuid::Uuid::max(),
                |event| event.event_type = EventType::ProjectClosed,
                |event| event.occurred_on = "2024-03-02".parse().unwrap(),
                |event| event.payload = b"{ }".to_vec(),
                |event| event.metadata = b"{ }".to_vec(),
            ];
            for change in changes {
                let mut altered = event();
                change(&mut altered);
                assert_ne!(hash(&altered), before);
            }
            assert_ne!(link(algorithm, &Hash([1; 32]), &event()), before);
        }
    }
}
