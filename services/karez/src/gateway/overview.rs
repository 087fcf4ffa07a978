//! GET /v1/overview: the whole at a glance.

use axum::extract::State;
use axum::response::Response;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use crate::authorization::Caller;
use crate::views::overview;

/// The whole portfolio; a unit's own part of it for a unit.
#[utoipa::path(
    get,
    path = "/v1/overview",
    tag = "figures",
    params(openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::overview::OverviewView))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let only = caller.only_unit().cloned();
    let answer = move |portfolio: &_, moment| match &only {
        Some(unit) => overview::show_unit(portfolio, unit, moment),
        None => overview::show(portfolio, moment),
    };
    gateway.answer(&question, answer).await
}
