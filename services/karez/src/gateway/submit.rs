//! POST of facts. The answer comes after the log's commit: 201 with the receipt, 200 with the first receipt when the
//! same was sent before, 409 when the key was used for something else, 422 when it cannot be a fact.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use karez_events::{EventType, ProjectId, StreamId, Submission};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Gateway;
use super::envelope::{Envelope, place_in_event, place_in_flat_body};
use super::prefer::{PREFERENCE_APPLIED, Patience};
use super::problem::Problem;
use super::question::Asked;
use super::{bodies, openapi};
use crate::authorization::Caller;
use crate::bus::{IntakeError, Origin};
use crate::receipt::{Outcome, Receipt};

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY_BYTES: usize = 200;
/// How long a sender waits until this node shows what was recorded. The receipt holds without it.
pub(crate) const SEEN_WITHIN: Duration = Duration::from_secs(5);

/// POST /v1/projects/{id}/expenditures: the fields of an expenditure with `occurred_on`.
#[utoipa::path(
    post,
    path = "/v1/projects/{id}/expenditures",
    tag = "facts",
    params(("id" = String, Path, description = "项目编号."), openapi::Key),
    request_body = bodies::ExpenditureBody,
    responses(openapi::Posted)
)]
pub(crate) async fn expenditure(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let sent = Sent::read(caller, project(&id)?, &headers, &body)?;
    gateway
        .post_fact(EventType::ExpenditureRecorded, &sent, None)
        .await
}

/// POST /v1/projects/{id}/disbursements: the fields of a disbursement with `occurred_on`.
#[utoipa::path(
    post,
    path = "/v1/projects/{id}/disbursements",
    tag = "facts",
    params(("id" = String, Path, description = "项目编号."), openapi::Key),
    request_body = bodies::DisbursementBody,
    responses(openapi::Posted)
)]
pub(crate) async fn disbursement(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let sent = Sent::read(caller, project(&id)?, &headers, &body)?;
    gateway.post_fact(EventType::FundsDisbursed, &sent, None).await
}

/// POST /v1/projects/{id}/events: any fact about a project.
#[utoipa::path(
    post,
    path = "/v1/projects/{id}/events",
    tag = "facts",
    params(("id" = String, Path, description = "项目编号."), openapi::Key),
    request_body = bodies::FactBody,
    responses(openapi::Posted)
)]
pub(crate) async fn event(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let sent = Sent::read(caller, project(&id)?, &headers, &body)?;
    let envelope = Envelope::of_event(sent.stream.clone(), &body);
    gateway.submit(envelope, &sent, place_in_event).await
}

pub(crate) fn project(id: &str) -> Result<StreamId, Problem> {
    let id = ProjectId::try_new(id).map_err(|_| Problem::not_found("项目", "project", id))?;
    Ok(StreamId::Project(id))
}

/// A request before its body is understood.
pub(crate) struct Sent<'a> {
    caller: Caller,
    stream: StreamId,
    key: Option<&'a HeaderValue>,
    patience: Patience,
    body: &'a Bytes,
}

impl<'a> Sent<'a> {
    /// The request to a stream; its body is JSON, or empty.
    pub(crate) fn read(
        caller: Caller,
        stream: StreamId,
        headers: &'a HeaderMap,
        body: &'a Bytes,
    ) -> Result<Self, Problem> {
        let media_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if !body.is_empty() && !is_json(media_type) {
            return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        Ok(Self {
            caller,
            stream,
            key: headers.get(IDEMPOTENCY_KEY),
            patience: Patience::read(headers)?,
            body,
        })
    }

    pub(crate) fn stream(&self) -> &StreamId {
        &self.stream
    }

    pub(crate) fn body(&self) -> &Bytes {
        self.body
    }
}

/// A fact that is not decided yet.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pending {
    /// Its id.
    event_id: Uuid,
    /// Whether it is kept safe until it is decided. Where it is not, send it again under the same key if no receipt comes.
    is_kept: bool,
    /// Where its receipt will be.
    receipt: String,
}

fn pending(event_id: Uuid, patience: Patience) -> Result<Response, Problem> {
    let pending = Pending {
        event_id,
        is_kept: patience == Patience::None,
        receipt: receipt_of(event_id),
    };
    let location = HeaderValue::try_from(pending.receipt.as_str())?;
    let applied = match patience {
        Patience::AtMost(wait) => HeaderValue::try_from(format!("wait={}", wait.as_secs()))?,
        Patience::UntilDecided | Patience::None => HeaderValue::from_static("respond-async"),
    };
    let headers = [(header::LOCATION, location), (PREFERENCE_APPLIED, applied)];
    Ok((StatusCode::ACCEPTED, headers, Json(pending)).into_response())
}

fn receipt_of(event_id: Uuid) -> String {
    format!("/v1/receipts/{event_id}")
}

pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn read_key(value: &HeaderValue) -> Result<&str, Problem> {
    let key = value.to_str().unwrap_or_default().trim();
    check_key(key).map(|()| key)
}

/// A key as a header can carry it, so that it can be sent either way.
pub(crate) fn check_key(key: &str) -> Result<(), Problem> {
    let is_visible = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if is_visible && (1..=LONGEST_KEY_BYTES).contains(&key.len()) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::BAD_REQUEST,
        "bad_idempotency_key",
        format!("Idempotency-Key 应为 1 至 {LONGEST_KEY_BYTES} 个可见 ASCII 字符"),
        format!("an Idempotency-Key has 1 to {LONGEST_KEY_BYTES} visible ASCII characters"),
    ))
}

impl Gateway {
    /// Records a fact of one type, with a field of its data that is in the address.
    pub(crate) async fn post_fact(
        &self,
        event_type: EventType,
        sent: &Sent<'_>,
        in_address: Option<(&str, Uuid)>,
    ) -> Result<Response, Problem> {
        let envelope = Envelope::of_type(event_type, sent.stream.clone(), in_address, sent.body);
        let place = |pointer: &str| {
            let pointer = place_in_flat_body(pointer)?;
            let is_in_address = in_address.is_some_and(|(name, _)| pointer.strip_prefix('/') == Some(name));
            (!is_in_address).then_some(pointer)
        };
        self.submit(envelope, sent, place).await
    }

    /// Submits what an envelope holds; `place` says where a refusal points in the body.
    pub(crate) async fn submit(
        &self,
        envelope: Result<Envelope, Problem>,
        sent: &Sent<'_>,
        place: impl Fn(&str) -> Option<String>,
    ) -> Result<Response, Problem> {
        match &envelope {
            Ok(envelope) => self.take_from(&sent.caller, envelope)?,
            Err(_) => self.show_to(&sent.caller, &sent.stream)?,
        }
        let read = envelope.and_then(|envelope| {
            let event = envelope.event()?;
            envelope.submission(&sent.caller, event, sent.key.map(read_key).transpose()?)
        });
        let submission = match read {
            Ok(submission) => submission,
            Err(problem) => return Err(self.keep(problem, sent).await),
        };
        let event_id = submission.event_id;
        match self.decided(submission, sent.patience).await? {
            Some(Outcome::Recorded(receipt)) => self.recorded(receipt).await,
            Some(Outcome::Refused(refusal)) => Err(Problem::refused(refusal, place)),
            None => pending(event_id, sent.patience),
        }
    }

    /// What became of a fact; nothing where its sender waits no longer.
    async fn decided(
        &self,
        submission: Submission,
        patience: Patience,
    ) -> Result<Option<Outcome>, IntakeError> {
        let intake = &self.parts().intake;
        let origin = Origin::of("http");
        match patience {
            Patience::UntilDecided => intake.submit_from(submission, origin).await.map(Some),
            Patience::AtMost(wait) => {
                let decision = tokio::time::timeout(wait, intake.submit_from(submission, origin));
                decision.await.ok().transpose()
            }
            Patience::None => intake.hand_in(submission, origin).await,
        }
    }

    /// A unit speaks about what is its own, and applies for what nobody has yet.
    pub(crate) fn take_from(&self, caller: &Caller, envelope: &Envelope) -> Result<(), Problem> {
        let is_free = |project: &ProjectId| self.parts().follower.read().project(project).is_none();
        let is_application = envelope.event_type() == EventType::ProjectApplied;
        if is_application && matches!(envelope.stream(), StreamId::Project(project) if is_free(project)) {
            return Ok(());
        }
        self.show_to(caller, envelope.stream())
    }

    /// Nothing that was sent is lost: what cannot be taken is kept with the reason. It is not read a second time,
    /// so that what was answered as refused is never recorded.
    async fn keep(&self, problem: Problem, sent: &Sent<'_>) -> Problem {
        let kept = problem.kept(&sent.caller, sent.body, &format!("POST {}", sent.stream));
        match self.parts().intake.keep_refused(kept).await {
            Ok(Outcome::Refused(refusal)) => problem.with("rejection_id", refusal.rejection_id.to_string()),
            Ok(Outcome::Recorded(receipt)) => {
                tracing::error!(position = receipt.position, "what was refused has been recorded");
                Problem::internal()
            }
            Err(error) => {
                tracing::warn!("a refused submission could not be kept: {error}");
                problem
            }
        }
    }

    async fn recorded(&self, receipt: Receipt) -> Result<Response, Problem> {
        if !self
            .parts()
            .follower
            .wait_for(receipt.position, SEEN_WITHIN)
            .await
        {
            tracing::warn!(position = receipt.position, "recorded, but not shown here yet");
        }
        let location = HeaderValue::try_from(receipt_of(receipt.event_id))?;
        let (status, replayed) = if receipt.replayed {
            (StatusCode::OK, "true")
        } else {
            (StatusCode::CREATED, "false")
        };
        let headers = [
            (header::LOCATION, location),
            (IDEMPOTENCY_REPLAYED, HeaderValue::from_static(replayed)),
        ];
        Ok((status, headers, Json(receipt)).into_response())
    }
}
