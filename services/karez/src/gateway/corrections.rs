//! Corrections of an expenditure: `…/expenditures/{event_id}/reversal`, `/reclassification` and `/refund`. What was posted
//! is never changed, it is corrected by a further fact. The expenditure is in the address, the rest as for any posting.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use karez_events::EventType;
use uuid::Uuid;

use super::Gateway;
use super::problem::Problem;
use super::question::Asked;
use super::submit::{self, Sent};
use super::{bodies, openapi};

/// 冲销: undoes an expenditure in full, from `occurred_on`.
#[utoipa::path(
    post,
    path = "/v1/projects/{id}/expenditures/{event_id}/reversal",
    tag = "facts",
    params(("id" = String, Path, description = "项目编号."), ("event_id" = String, Path, description = "The expenditure."), openapi::Key),
    request_body = bodies::ReversalBody,
    responses(openapi::Posted)
)]
pub(crate) async fn reversal(
    State(gateway): State<Gateway>,
    Path(address): Path<(String, String)>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let kind = (EventType::ExpenditureReversed, "reverses");
    gateway.correct(kind, &address, asked, (&headers, &body)).await
}

/// 更正科目或资金来源: moves an expenditure, or part of it, to another category or source.
#[utoipa::path(
    post,
    path = "/v1/projects/{id}/expenditures/{event_id}/reclassification",
    tag = "facts",
    params(("id" = String, Path, description = "项目编号."), ("event_id" = String, Path, description = "The expenditure."), openapi::Key),
    request_body = bodies::ReclassificationBody,
    responses(openapi::Posted)
)]
pub(crate) async fn reclassification(
    State(gateway): State<Gateway>,
    Path(address): Path<(String, String)>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let kind = (EventType::ExpenditureReclassified, "reclassifies");
    gateway.correct(kind, &address, asked, (&headers, &body)).await
}

/// 退款: money of an expenditure comes back from the payee.
#[utoipa::path(
    post,
    path = "/v1/projects/{id}/expenditures/{event_id}/refund",
    tag = "facts",
    params(("id" = String, Path, description = "项目编号."), ("event_id" = String, Path, description = "The expenditure."), openapi::Key),
    request_body = bodies::RefundBody,
    responses(openapi::Posted)
)]
pub(crate) async fn refund(
    State(gateway): State<Gateway>,
    Path(address): Path<(String, String)>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let kind = (EventType::ExpenditureRefunded, "refunds");
    gateway.correct(kind, &address, asked, (&headers, &body)).await
}

impl Gateway {
    async fn correct(
        &self,
        (event_type, field): (EventType, &str),
        (project, posting): &(String, String),
        asked: Asked,
        (headers, body): (&HeaderMap, &Bytes),
    ) -> Result<Response, Problem> {
        let caller = asked.caller(self)?;
        let of_posting: Uuid = posting
            .parse()
            .map_err(|_| Problem::not_found("支出", "expenditure", posting))?;
        let sent = Sent::read(caller, submit::project(project)?, headers, body)?;
        self.post_fact(event_type, &sent, Some((field, of_posting))).await
    }
}
