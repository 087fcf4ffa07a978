//! GET and POST /v1/audit/checkpoint, GET /v1/audit/proof, export and reads: evidence that checks without this service,
//! and who looked at what.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use karez_events::{FundId, Position, ProjectId};
use uuid::Uuid;

use super::Gateway;
use super::openapi;
use super::problem::Problem;
use super::question::Asked;
use crate::audit::{Pack, Scope};
use crate::authorization::Caller;
use crate::store::KeptCheckpoint;
use crate::views::audit::{CheckpointView, ProofView, ReadList, ReadView, in_hexadecimal};

/// The newest checkpoint; the first is made where there is none. With `since` it is shown to go on from an earlier one.
#[utoipa::path(
    get,
    path = "/v1/audit/checkpoint",
    tag = "audit",
    params(openapi::Since),
    responses((status = 200, description = "The answer.", body = CheckpointView))
)]
pub(crate) async fn checkpoint(
    State(gateway): State<Gateway>,
    asked: Asked,
) -> Result<Json<CheckpointView>, Problem> {
    let since = asked.read(&["since"], &gateway)?.since;
    let parts = gateway.parts();
    let kept = parts
        .notary
        .covering(since.unwrap_or(0), parts.clock.now())
        .await?;
    let size = kept.size;
    let mut view = gateway.checkpoint_view(kept)?;
    if let Some(since) = since {
        if since > size {
            return Err(beyond(since, size));
        }
        let proof = parts.notary.consistency(since, size).await?;
        view.consistency = Some(in_hexadecimal(&proof));
    }
    Ok(Json(view))
}

/// Makes a checkpoint of the whole log as it is now, and keeps it.
#[utoipa::path(
    post,
    path = "/v1/audit/checkpoint",
    tag = "audit",
    responses((status = 201, description = "The checkpoint.", body = CheckpointView))
)]
pub(crate) async fn take(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    asked.none(&gateway)?;
    let parts = gateway.parts();
    let kept = parts.notary.take(parts.clock.now()).await?;
    let view = gateway.checkpoint_view(kept)?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// What shows that an event is in the log: its exact bytes, the hash before it, and the way up to a signed root.
#[utoipa::path(
    get,
    path = "/v1/audit/proof/{event_id}",
    tag = "audit",
    params(("event_id" = String, Path, description = "The event.")),
    responses((status = 200, description = "The answer.", body = ProofView))
)]
pub(crate) async fn proof(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    caller: Caller,
    asked: Asked,
) -> Result<Json<ProofView>, Problem> {
    asked.none(&gateway)?;
    let unknown = || Problem::not_found("入账记录", "recorded event", &id);
    let event_id: Uuid = id.parse().map_err(|_| unknown())?;
    let parts = gateway.parts();
    let event = parts.log.event(event_id).await?.ok_or_else(unknown)?;
    if !caller.sees(&parts.follower.read(), &event.stream) {
        return Err(unknown());
    }
    let notary = &parts.notary;
    let kept = notary.covering(event.position, parts.clock.now()).await?;
    let proof = notary.inclusion(event.position, kept.size).await?;
    let previous = notary.hash_before(event.position).await?;
    let checkpoint = gateway.checkpoint_view(kept)?;
    Ok(Json(ProofView::of(&event, &previous, &proof, checkpoint)))
}

/// The evidence pack as a zip file: events, checkpoint, proofs, rule sets, and the program that checks them. Of one fund,
/// one project, or the whole log.
#[utoipa::path(
    get,
    path = "/v1/audit/export",
    tag = "audit",
    params(openapi::Evidence),
    responses(
        (status = 200, description = "The pack.", body = String, content_type = "application/zip"),
        (status = 404, description = "Nothing is known of it.", body = openapi::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn export(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    let question = asked.read(&["fund", "project"], &gateway)?;
    let (scope, name) = scope(question.filter.fund.as_deref(), question.project.as_deref())?;
    let parts = gateway.parts();
    let position = parts.follower.position();
    let kept = parts.notary.covering(position, parts.clock.now()).await?;
    let size = kept.size;
    let sources = (parts.log.clone(), parts.notary.clone());
    let pack = Pack::new(sources, kept, scope, &parts.follower.read());
    let pack = pack.ok_or_else(|| match (&question.filter.fund, &question.project) {
        (Some(fund), _) => Problem::not_found("专项资金", "fund", fund),
        (None, project) => Problem::not_found("项目", "project", project.as_deref().unwrap_or_default()),
    })?;
    let pieces = stream::try_unfold(pack, async |mut pack| {
        let piece = pack.next().await.inspect_err(|error| {
            tracing::error!("an evidence pack could not be finished: {error:#}");
        })?;
        Ok::<_, anyhow::Error>(piece.map(|piece| (piece, pack)))
    });
    let attachment = format!("attachment; filename=\"karez-evidence-{name}-{size}.zip\"");
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, attachment),
        // It is packed already.
        (header::CONTENT_ENCODING, "identity".to_owned()),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// What auditors looked at, the newest first.
#[utoipa::path(
    get,
    path = "/v1/audit/reads",
    tag = "audit",
    params(openapi::Rows),
    responses((status = 200, description = "The answer.", body = ReadList))
)]
pub(crate) async fn reads(State(gateway): State<Gateway>, asked: Asked) -> Result<Json<ReadList>, Problem> {
    let question = asked.read(&["limit"], &gateway)?;
    let limit = u32::try_from(question.rows()).unwrap_or(u32::MAX);
    let items = gateway.parts().log.audited_reads(limit).await?;
    let items = items.into_iter().map(ReadView::from).collect();
    Ok(Json(ReadList { items }))
}

impl Gateway {
    fn checkpoint_view(&self, kept: KeptCheckpoint) -> Result<CheckpointView, Problem> {
        let notary = &self.parts().notary;
        let opened = notary.verifier().open(&kept.note).map_err(|error| {
            tracing::error!("the checkpoint of {} events cannot be shown: {error}", kept.size);
            Problem::internal()
        })?;
        Ok(CheckpointView::of(kept, &opened, notary.verifier().to_text()))
    }
}

/// What is asked for, and a word for it in the name of a file.
fn scope(fund: Option<&str>, project: Option<&str>) -> Result<(Scope, &'static str), Problem> {
    match (fund, project) {
        (Some(_), Some(_)) => Err(Problem::bad_query(
            "fund",
            "fund 与 project 只给一个".to_owned(),
            "give fund or project, not both".to_owned(),
        )),
        (Some(id), None) => FundId::try_new(id)
            .map(|id| (Scope::Fund(id), "fund"))
            .map_err(|_| Problem::not_found("专项资金", "fund", id)),
        (None, Some(id)) => ProjectId::try_new(id)
            .map(|id| (Scope::Project(id), "project"))
            .map_err(|_| Problem::not_found("项目", "project", id)),
        (None, None) => Ok((Scope::Whole, "log")),
    }
}

fn beyond(since: Position, size: Position) -> Problem {
    Problem::bad_query(
        "since",
        format!("账本只有 {size} 条，没有第 {since} 条的检查点：若您存有这样的检查点，账本已被截断"),
        format!(
            "the log has {size} events: there is no checkpoint of {since}; if you hold one, the log was cut off"
        ),
    )
}
