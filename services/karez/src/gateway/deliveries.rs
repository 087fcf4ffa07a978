//! GET /v1/deliveries: which notices went to whom, the newest first.

use axum::Json;
use axum::extract::State;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::Asked;
use crate::views::deliveries::{DeliveryList, DeliveryView};

/// The newest notices, each with its latest try.
#[utoipa::path(
    get,
    path = "/v1/deliveries",
    tag = "warnings",
    params(openapi::Rows),
    responses((status = 200, description = "The answer.", body = DeliveryList))
)]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    asked: Asked,
) -> Result<Json<DeliveryList>, Problem> {
    let question = asked.read(&["limit"], &gateway)?;
    let rows = gateway.parts().log.deliveries(question.rows()).await?;
    let items = rows.into_iter().map(DeliveryView::from).collect();
    Ok(Json(DeliveryList { items }))
}
