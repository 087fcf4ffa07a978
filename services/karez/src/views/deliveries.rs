//! The delivery log: which message went to whom, and what became of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{instant, optional_instant};
use crate::store::DeliveryRow;

/// One message to one receiver, with its latest try.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryView {
    /// The message.
    pub message_id: Uuid,
    /// The receiver's name in the configuration.
    pub receiver: String,
    /// `warning`, `ended`, `group`, `digest` or `silence_ended`.
    pub kind: String,
    /// What it is about, as the receiver reads it.
    pub subject: String,
    /// The warnings it tells of.
    pub warnings: Vec<String>,
    /// When it was queued.
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    /// `waiting`, `delivered`, `not_needed` or `given_up`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried last.
    #[serde(serialize_with = "optional_instant")]
    pub tried_at: Option<DateTime<Utc>>,
    /// What the last try brought.
    pub detail: Option<String>,
}

/// The newest messages first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryList {
    /// The messages.
    pub items: Vec<DeliveryView>,
}

/// What is shown of a queued message.
#[derive(Debug, Default, Deserialize)]
struct Queued {
    kind: String,
    subject: String,
    warnings: Vec<About>,
}

#[derive(Debug, Deserialize)]
struct About {
    id: String,
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        let queued: Queued = serde_json::from_str(&row.message).unwrap_or_default();
        Self {
            message_id: row.message_id,
            receiver: row.receiver,
            kind: queued.kind,
            subject: queued.subject,
            warnings: queued.warnings.into_iter().map(|about| about.id).collect(),
            created_at: row.created_at,
            state: row.state,
            attempts: row.attempts,
            tried_at: row.tried_at,
            detail: row.detail,
        }
    }
}
