//! What became of many facts that were sent at once, row by row.

use karez_events::Position;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::receipt::{Outcome, Reason, Receipt, Refusal};

/// What became of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowStatus {
    /// It is in the log.
    Recorded,
    /// It had been recorded before, with the same content: the first receipt holds.
    Duplicate,
    /// It cannot be a fact; `code`, `pointer` and the messages say why.
    Rejected,
    /// It could be recorded, and was not: a dry run, or another row of an atomic batch was rejected.
    Accepted,
    /// Nobody could decide now. Send it again under the same key.
    Unavailable,
}

/// One row's end.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowView {
    /// Its place in what was sent, from 0; empty lines do not count.
    pub index: usize,
    /// What became of it.
    pub status: RowStatus,
    /// Its event id, where it could be read. Its receipt is at `/v1/receipts/{event_id}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Uuid>,
    /// Its place in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Why it was rejected, as a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where in the row, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// What was wrong and what to do, Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_zh: Option<String>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_en: Option<String>,
    /// Under which the rejected row is kept, see `/v1/rejections`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejection_id: Option<Uuid>,
    /// Where the fact is that was recorded first under the row's key, with other content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_position: Option<Position>,
}

/// How many rows ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowCounts {
    /// In the log now.
    pub recorded: usize,
    /// In the log before.
    pub duplicate: usize,
    /// Not facts.
    pub rejected: usize,
    /// Could be recorded, were not.
    pub accepted: usize,
    /// To be sent again.
    pub unavailable: usize,
}

/// What became of all rows.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchView {
    /// Whether all rows or none were to be recorded.
    pub atomic: bool,
    /// Whether it was only asked what would be done.
    pub dry_run: bool,
    /// How many ended how.
    pub counts: RowCounts,
    /// Every row, in the order in which they were sent.
    pub results: Vec<RowView>,
}

impl RowCounts {
    /// Counts rows.
    #[must_use]
    pub fn of(rows: &[RowView]) -> Self {
        let mut counts = Self::default();
        for row in rows {
            *match row.status {
                RowStatus::Recorded => &mut counts.recorded,
                RowStatus::Duplicate => &mut counts.duplicate,
                RowStatus::Rejected => &mut counts.rejected,
                RowStatus::Accepted => &mut counts.accepted,
                RowStatus::Unavailable => &mut counts.unavailable,
            } += 1;
        }
        counts
    }
}

impl RowView {
    fn new(index: usize, status: RowStatus, event_id: Option<Uuid>) -> Self {
        Self {
            index,
            status,
            event_id,
            position: None,
            code: None,
            pointer: None,
            message_zh: None,
            message_en: None,
            rejection_id: None,
            original_position: None,
        }
    }

    /// A row that could be recorded.
    pub(crate) fn accepted(index: usize, event_id: Uuid) -> Self {
        Self::new(index, RowStatus::Accepted, Some(event_id))
    }

    /// A row that says again what another says; with the receipt where that is in the log.
    pub(crate) fn duplicate(index: usize, event_id: Uuid, receipt: Option<&Receipt>) -> Self {
        Self {
            position: receipt.map(|receipt| receipt.position),
            ..Self::new(index, RowStatus::Duplicate, Some(event_id))
        }
    }

    /// A row that nobody could decide about.
    pub(crate) fn unavailable(index: usize, event_id: Uuid, reason: Reason) -> Self {
        let row = Self::new(index, RowStatus::Unavailable, Some(event_id));
        row.because(reason, |_| None)
    }

    /// A row that cannot be a fact.
    pub(crate) fn rejected(
        index: usize,
        event_id: Option<Uuid>,
        reason: Reason,
        place: impl Fn(&str) -> Option<String>,
    ) -> Self {
        Self::new(index, RowStatus::Rejected, event_id).because(reason, place)
    }

    /// What the recorder said to a row.
    pub(crate) fn decided(index: usize, outcome: Outcome, place: impl Fn(&str) -> Option<String>) -> Self {
        match outcome {
            Outcome::Recorded(receipt) if receipt.replayed => {
                Self::duplicate(index, receipt.event_id, Some(&receipt))
            }
            Outcome::Recorded(receipt) => Self {
                position: Some(receipt.position),
                ..Self::new(index, RowStatus::Recorded, Some(receipt.event_id))
            },
            Outcome::Refused(refusal) => {
                let (rejection_id, event_id) = (refusal.rejection_id, refusal.event_id);
                Self::rejected(index, event_id, reason_of(refusal), place).kept_as(rejection_id)
            }
        }
    }

    /// The same row, which is kept under an id.
    pub(crate) fn kept_as(self, rejection_id: Uuid) -> Self {
        Self {
            rejection_id: Some(rejection_id),
            ..self
        }
    }

    fn because(self, reason: Reason, place: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            pointer: place(&reason.pointer),
            code: Some(reason.code),
            message_zh: Some(reason.message_zh),
            message_en: Some(reason.message_en),
            original_position: reason.original,
            ..self
        }
    }
}

fn reason_of(refusal: Refusal) -> Reason {
    Reason {
        code: refusal.code,
        pointer: refusal.pointer,
        message_zh: refusal.message_zh,
        message_en: refusal.message_en,
        original: refusal.original,
    }
}
