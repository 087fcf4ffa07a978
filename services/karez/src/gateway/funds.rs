//! GET /v1/funds and /v1/funds/{id}.

use axum::extract::{Path, State};
use axum::response::Response;
use karez_events::FundId;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use crate::views::funds;

/// Every fund.
#[utoipa::path(
    get,
    path = "/v1/funds",
    tag = "figures",
    params(openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::funds::FundList))
)]
pub(crate) async fn list(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    gateway.answer(&question, funds::list).await
}

/// One fund with its parts.
#[utoipa::path(
    get,
    path = "/v1/funds/{id}",
    tag = "figures",
    params(("id" = String, Path, description = "The fund."), openapi::Clocks),
    responses((status = 200, description = "The answer.", body = crate::views::funds::FundDetail))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let unknown = || Problem::not_found("专项资金", "fund", &id);
    let fund = FundId::try_new(&id).map_err(|_| unknown())?;
    let answer = move |portfolio: &_, moment| funds::show(portfolio, &fund, moment);
    gateway
        .answer_if_known(&question, answer)
        .await?
        .ok_or_else(unknown)
}
