//! What an auditor takes away: checkpoints, proofs, the result of a check, and who read what.

use chrono::{DateTime, Utc};
use karez_events::{Checkpoint, Hash, Position, RawEvent, chain};
use serde::Serialize;
use uuid::Uuid;

use super::{instant, optional_instant};
use crate::store::{AuditedRead, KeptCheckpoint};

/// A signed checkpoint of the log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CheckpointView {
    /// How many events it stands for, which is their last position.
    pub size: Position,
    /// The root of the Merkle tree over them, in hexadecimal.
    pub root: String,
    /// The signed text: keep it where the log's keeper cannot change it.
    pub note: String,
    /// The public key that signs it, `origin+id+key` as signed notes have it.
    pub public_key: String,
    /// When it was made.
    #[serde(serialize_with = "instant")]
    pub made_at: DateTime<Utc>,
    /// Where `since` was asked for: the hashes that show that the tree of that size is its beginning (RFC 6962, 2.1.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Vec<String>>,
}

impl CheckpointView {
    /// A checkpoint as it is shown.
    #[must_use]
    pub fn of(kept: KeptCheckpoint, opened: &Checkpoint, public_key: String) -> Self {
        Self {
            size: kept.size,
            root: opened.root.to_string(),
            note: kept.note,
            public_key,
            made_at: kept.made_at,
            consistency: None,
        }
    }
}

/// One event, and what shows that it is in the log that was signed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProofView {
    /// Its id.
    pub event_id: Uuid,
    /// Its place in the log; the leaf's index is one less.
    pub position: Position,
    /// The line of JSON that is hashed before the payload.
    pub header: String,
    /// The data, as the exact text that is hashed; personal fields stay sealed.
    pub payload: String,
    /// What surrounds them, as the exact text that is hashed.
    pub metadata: String,
    /// The chain's hash before it, in hexadecimal.
    pub previous_hash: String,
    /// The chain's hash at it: of the hash before, header, LF, payload, LF, metadata.
    pub hash: String,
    /// The hashes beside the way from the leaf up to the root (RFC 6962, 2.1.1), in hexadecimal.
    pub proof: Vec<String>,
    /// The checkpoint with that root.
    pub checkpoint: CheckpointView,
}

impl ProofView {
    /// The proof of an event.
    #[must_use]
    pub fn of(event: &RawEvent, previous: &Hash, proof: &[Hash], checkpoint: CheckpointView) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            event_id: event.event_id,
            position: event.position,
            header: chain::header(event),
            payload: text(&event.payload),
            metadata: text(&event.metadata),
            previous_hash: previous.to_string(),
            hash: event.hash.to_string(),
            proof: in_hexadecimal(proof),
            checkpoint,
        }
    }
}

/// Hashes as they are shown.
#[must_use]
pub fn in_hexadecimal(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}

/// How far a check of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerificationState {
    /// None since this node was started.
    None,
    /// It reads the log.
    Running,
    /// It has read the log up to where it ended when the check began.
    Done,
    /// It could not be finished.
    Failed,
}

/// A check of the whole log: every hash, every table beside it, every checkpoint.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct VerificationView {
    /// How far it is.
    pub state: VerificationState,
    /// The last position that was found sound.
    pub position: Position,
    /// Up to where it goes.
    pub of: Position,
    /// What it found: whether everything is as it was recorded.
    pub is_sound: Option<bool>,
    /// The first place that is not, and why; or why the check could not be finished.
    pub fault: Option<String>,
    /// The chain's hash at `position`, as recomputed.
    pub hash: Option<String>,
    /// How many streams there are.
    pub streams: Option<usize>,
    /// When it began.
    #[serde(serialize_with = "optional_instant")]
    pub began_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(serialize_with = "optional_instant")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// One read of an auditor.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReadView {
    /// When.
    #[serde(serialize_with = "instant")]
    pub read_at: DateTime<Utc>,
    /// The account, or `key:` and the label of a program.
    pub reader: String,
    /// The address with its query.
    pub address: String,
    /// The status of the answer.
    pub status: u16,
}

/// What auditors looked at.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReadList {
    /// The newest first.
    pub items: Vec<ReadView>,
}

impl From<AuditedRead> for ReadView {
    fn from(read: AuditedRead) -> Self {
        Self {
            read_at: read.read_at,
            reader: read.reader,
            address: read.address,
            status: read.status,
        }
    }
}
