//! GET and POST /v1/silences, and POST /v1/silences/{id}/end.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use karez_events::{EventType, StreamId};
use uuid::Uuid;

use super::Gateway;
use super::envelope::{Envelope, place_in_flat_body};
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use super::submit::Sent;
use super::{bodies, openapi};
use crate::views::silences;

/// Every silence, the newest first.
#[utoipa::path(
    get,
    path = "/v1/silences",
    tag = "warnings",
    params(openapi::Clocks),
    responses((status = 200, description = "The answer.", body = silences::SilenceList))
)]
pub(crate) async fn list(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    gateway.answer(&question, silences::list).await
}

/// A silence: `{rule?, project?, unit?, until_on, cause}`.
#[utoipa::path(
    post,
    path = "/v1/silences",
    tag = "warnings",
    params(openapi::Key),
    request_body = bodies::SilenceBody,
    responses(openapi::Posted)
)]
pub(crate) async fn begin(
    State(gateway): State<Gateway>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let sent = Sent::read(caller, StreamId::Calendar, &headers, &body)?;
    let today = gateway.today();
    let envelope = Envelope::of_step(StreamId::Calendar, EventType::WarningsSilenced, &body, today);
    gateway.submit(envelope, &sent, place_in_flat_body).await
}

/// Ends a silence before its time: `{cause}`.
#[utoipa::path(
    post,
    path = "/v1/silences/{id}/end",
    tag = "warnings",
    params(("id" = String, Path, description = "静默编号."), openapi::Key),
    request_body = bodies::SilenceEndBody,
    responses(openapi::Posted)
)]
pub(crate) async fn end(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let unknown = || Problem::not_found("静默", "silence", &id);
    let silence: Uuid = id.parse().map_err(|_| unknown())?;
    let is_known = gateway
        .parts()
        .follower
        .read()
        .silences()
        .iter()
        .any(|known| known.event_id == silence);
    if !is_known {
        return Err(unknown());
    }
    let sent = Sent::read(caller, StreamId::Calendar, &headers, &body)?;
    let known = [("silence", serde_json::json!(silence))];
    let envelope = Envelope::of_known(EventType::SilenceEnded, &known, &body, gateway.today());
    gateway.submit(envelope, &sent, place_in_flat_body).await
}
