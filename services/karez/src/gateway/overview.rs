//! GET /v1/overview: the whole at a glance.

use axum::extract::State;
use axum::response::Response;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use crate::views::overview;

/// The whole portfolio.
#[utoipa::path(
    get,
    path = "/v1/overview",
    tag = "figures",
    params(openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::overview::OverviewView))
)]
pub(crate) async fn show(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    gateway.answer(&question, overview::show).await
}
