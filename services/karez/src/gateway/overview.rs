//! GET /v1/overview, /v1/overview/months and /v1/overview/flows: the whole at a glance.

use axum::extract::State;
use axum::response::Response;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use crate::authorization::Caller;
use crate::views::{flows, months, overview};

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

/// The year of the business date, month by month; a unit's own part of it for a unit.
#[utoipa::path(
    get,
    path = "/v1/overview/months",
    tag = "figures",
    params(openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::months::YearView))
)]
pub(crate) async fn months(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let only = caller.only_unit().cloned();
    let answer = move |portfolio: &_, moment| months::of_portfolio(portfolio, only.as_ref(), moment);
    gateway.answer(&question, answer).await
}

/// Fiscal money from funds through units to its uses; a unit's own for a unit.
#[utoipa::path(
    get,
    path = "/v1/overview/flows",
    tag = "figures",
    params(openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::flows::FlowsView))
)]
pub(crate) async fn flows(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let only = caller.only_unit().cloned();
    let answer = move |portfolio: &_, moment| flows::show(portfolio, only.as_ref(), moment);
    gateway.answer(&question, answer).await
}
