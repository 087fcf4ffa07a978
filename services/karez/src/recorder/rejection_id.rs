//! Under which id something is kept that was refused. The same again, by the same way and for the same reason, has the same id:
//! it is kept once however often it is sent, and a sweep over the intake finds it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::bus::intake::{Content, Origin};
use crate::store::REJECTION_NAMESPACE;
use crate::store::sealing::{SealError, Sealer};

/// The id of what came by a way and is refused with a code at a place in it.
///
/// # Errors
/// [`SealError::Cipher`]: a fault of the program.
pub(crate) fn rejection_id(
    sealer: &Sealer,
    content: &Content,
    origin: &Origin,
    code: &str,
    pointer: &str,
) -> Result<Uuid, SealError> {
    let way = origin.source.as_str();
    match content {
        // It has an id of its own, and its row moves when a file is mended and sent again.
        Content::Readable(submission) => {
            let sent =
                serde_json::to_vec(submission).map_err(|error| SealError::Cipher(error.to_string()))?;
            sealer.rejection_id(&[way, code, pointer], &sent)
        }
        Content::Refused {
            rejection_id: Some(id),
            ..
        } => Ok(*id),
        Content::Refused { bytes, .. } => {
            let row = origin.row.as_deref().unwrap_or_default();
            sealer.rejection_id(&[way, code, pointer, row], bytes)
        }
    }
}

/// The id under which earlier versions kept a message of the intake, by its place in the stream.
pub(crate) fn earlier_rejection_id(seq: u64, taken_at: DateTime<Utc>) -> Uuid {
    let taken_at = taken_at.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
    Uuid::new_v5(&REJECTION_NAMESPACE, format!("{seq}@{taken_at}").as_bytes())
}
