//! GET /v1/projects, what its rows add up to, and /v1/projects/{id} with its year.

use axum::extract::{Path, State};
use axum::response::Response;
use karez_events::ProjectId;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use crate::authorization::Caller;
use crate::views::{months, project, projects, subtotals};

/// What the list of projects can be asked.
const LIST: [&str; 11] = [
    "as_of",
    "known_at",
    "fund",
    "unit",
    "state",
    "programme",
    "q",
    "sort",
    "cursor",
    "skip",
    "limit",
];

/// What the sums of that list can be asked.
const SUMS: [&str; 7] = ["as_of", "known_at", "fund", "unit", "state", "programme", "q"];

/// A page of projects: filtered by fund, unit, state, programme and text, in any order.
#[utoipa::path(
    get,
    path = "/v1/projects",
    tag = "figures",
    params(openapi::Clocks, openapi::Projects, openapi::Order, openapi::Page, openapi::Skip),
    responses((status = 200, description = "The answer.", body = crate::views::projects::ProjectList))
)]
pub(crate) async fn list(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    let question = asked.read(&LIST, &gateway)?;
    let filter = question.filter.clone();
    gateway
        .answer_page(&question, move |portfolio, moment, paging| {
            projects::list(portfolio, moment, &filter, paging)
        })
        .await
}

/// What the rows of the list add up to, unit by unit.
#[utoipa::path(
    get,
    path = "/v1/projects/subtotals",
    tag = "figures",
    params(openapi::Clocks, openapi::Projects, openapi::Text),
    responses((status = 200, description = "The answer.", body = crate::views::subtotals::SubtotalList))
)]
pub(crate) async fn subtotals(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    let question = asked.read(&SUMS, &gateway)?;
    let filter = question.filter.clone();
    gateway
        .answer_page(&question, move |portfolio, moment, _| {
            subtotals::show(portfolio, moment, &filter)
        })
        .await
}

/// One project.
#[utoipa::path(
    get,
    path = "/v1/projects/{id}",
    tag = "figures",
    params(("id" = String, Path, description = "项目编号."), openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::project::ProjectDetail))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let unknown = || Problem::not_found("项目", "project", &id);
    let project = ProjectId::try_new(&id).map_err(|_| unknown())?;
    gateway.show_project_to(&caller, &project)?;
    let answer = move |portfolio: &_, moment| project::show(portfolio, &project, moment);
    gateway
        .answer_if_known(&question, answer)
        .await?
        .ok_or_else(unknown)
}

/// The year of one project, month by month: what was executed, what was due, what the cash plan wanted.
#[utoipa::path(
    get,
    path = "/v1/projects/{id}/months",
    tag = "figures",
    params(("id" = String, Path, description = "项目编号."), openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::months::YearView))
)]
pub(crate) async fn months(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let unknown = || Problem::not_found("项目", "project", &id);
    let project = ProjectId::try_new(&id).map_err(|_| unknown())?;
    gateway.show_project_to(&caller, &project)?;
    let answer = move |portfolio: &_, moment| months::of_project(portfolio, &project, moment);
    gateway
        .answer_if_known(&question, answer)
        .await?
        .ok_or_else(unknown)
}
