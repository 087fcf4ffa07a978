//! Receipts: where a fact is in the log, for whoever sent it.

use karez_events::RawEvent;
use serde::Serialize;

use super::Stand;
use super::events::EventView;

/// The receipt of one fact, with the fact.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReceiptView {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The fact with its position and hash.
    pub receipt: EventView,
}

/// The receipt of a recorded event.
///
/// # Errors
/// The stored bytes are not JSON.
pub fn receipt(stand: Stand, event: &RawEvent) -> Result<ReceiptView, serde_json::Error> {
    Ok(ReceiptView {
        stand,
        receipt: EventView::of(event)?,
    })
}
