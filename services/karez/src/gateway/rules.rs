//! GET /v1/rules and /v1/rules/{id}: the rules in force, each with its manual and thresholds.

use axum::extract::{Path, State};
use axum::response::Response;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use crate::views::rules;

/// Every rule of the set in force; with `known_at`, of the one in force then. Open warnings are counted at the business date.
#[utoipa::path(
    get,
    path = "/v1/rules",
    tag = "rules",
    params(openapi::Clocks),
    responses((status = 200, description = "The answer.", body = rules::RuleList))
)]
pub(crate) async fn list(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    gateway
        .answer(&question, |portfolio, moment| {
            rules::list(portfolio, moment.as_of)
        })
        .await
}

/// One rule by its name or code.
#[utoipa::path(
    get,
    path = "/v1/rules/{id}",
    tag = "rules",
    params(("id" = String, Path, description = "规则名或编号."), openapi::Clocks),
    responses((status = 200, description = "The answer.", body = rules::RuleDetail))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let name = id.clone();
    let answered = gateway
        .answer_if_known(&question, move |portfolio, moment| {
            rules::show(portfolio, &name, moment.as_of)
        })
        .await?;
    answered.ok_or_else(|| Problem::not_found("规则", "rule", &id))
}
