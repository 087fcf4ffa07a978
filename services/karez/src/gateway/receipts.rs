//! GET `/v1/receipts/{event_id}`: where a fact is in the log.

use axum::Json;
use axum::extract::{Path, State};
use uuid::Uuid;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use crate::authorization::Caller;
use crate::views::Stand;
use crate::views::receipts::{self, ReceiptView};

/// The receipt of a fact, by its id.
#[utoipa::path(
    get,
    path = "/v1/receipts/{event_id}",
    tag = "history",
    params(("event_id" = String, Path, description = "The id of a fact."), openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::receipts::ReceiptView))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    caller: Caller,
    asked: Asked,
) -> Result<Json<ReceiptView>, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let unknown = || Problem::not_found("回执", "receipt", &id);
    let event_id: Uuid = id.parse().map_err(|_| unknown())?;
    let event = gateway.parts().log.event(event_id).await?.ok_or_else(unknown)?;
    if !caller.sees(&gateway.parts().follower.read(), &event.stream) {
        return Err(unknown());
    }
    let moment = gateway.moment(&question);
    // A receipt may be ahead of what this node has folded: the log is what counts.
    let newest = gateway.parts().follower.position().max(event.position);
    let position = gateway.pinned(&question).await?.unwrap_or(newest);
    if event.position > position {
        return Err(unknown());
    }
    let stand = Stand {
        position,
        as_of: moment.as_of,
        known_at: moment.known_at,
        data_as_at: Some(event.recorded_at),
    };
    Ok(Json(receipts::receipt(stand, &event)?))
}
