//! GET /v1/units and /v1/units/{id}.

use axum::extract::{Path, State};
use axum::response::Response;
use karez_events::{StreamId, UnitId};

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use crate::authorization::Caller;
use crate::views::units;

/// What the list of units can be asked.
const LIST: [&str; 6] = ["as_of", "known_at", "q", "sort", "cursor", "limit"];

/// A page of units.
#[utoipa::path(
    get,
    path = "/v1/units",
    tag = "figures",
    params(openapi::Clocks, openapi::Order, openapi::Page),
    responses((status = 200, description = "The answer.", body = crate::views::units::UnitList))
)]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&LIST, &gateway)?;
    let text = question.filter.text.clone();
    gateway
        .answer_page(&question, move |portfolio, moment, paging| {
            let filter = units::Filter {
                text: text.as_deref(),
                only: caller.only_unit(),
            };
            units::list(portfolio, moment, filter, paging)
        })
        .await
}

/// One unit with the numbers of its projects.
#[utoipa::path(
    get,
    path = "/v1/units/{id}",
    tag = "figures",
    params(("id" = String, Path, description = "统一社会信用代码."), openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::units::UnitDetail))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let unknown = || Problem::not_found("单位", "unit", &id);
    let unit = UnitId::try_new(&id).map_err(|_| unknown())?;
    gateway.show_to(&caller, &StreamId::Unit(unit.clone()))?;
    let answer = move |portfolio: &_, moment| units::show(portfolio, &unit, moment);
    gateway
        .answer_if_known(&question, answer)
        .await?
        .ok_or_else(unknown)
}
