//! GET /v1/warnings and /v1/warnings/{id}, and what people do about one: POST to acknowledge, assign, answer, order a
//! rectification and report on it, lift, dismiss. Each step is a fact like any other, with its Idempotency-Key.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use karez_events::{EventType, StreamId, WarningId};

use super::Gateway;
use super::envelope::{Envelope, place_in_flat_body};
use super::problem::Problem;
use super::question::{Asked, CLOCKS};
use super::submit::Sent;
use super::{bodies, openapi};
use crate::authorization::Caller;
use crate::views::warnings;

/// What the list of warnings can be asked.
const LIST: [&str; 11] = [
    "as_of", "known_at", "state", "level", "rule", "project", "unit", "fund", "sort", "cursor", "limit",
];

/// A page of warnings, the open ones where no state is asked for, the highest colours first.
#[utoipa::path(
    get,
    path = "/v1/warnings",
    tag = "warnings",
    params(openapi::Clocks, openapi::Warned, openapi::Page),
    responses((status = 200, description = "The answer.", body = warnings::WarningList))
)]
pub(crate) async fn list(State(gateway): State<Gateway>, asked: Asked) -> Result<Response, Problem> {
    let question = asked.read(&LIST, &gateway)?;
    let filter = warnings::Filter {
        state: question.filter.state.clone(),
        level: question.level.clone(),
        rule: question.rule.clone(),
        project: question.project.clone(),
        unit: question.filter.unit.clone(),
        fund: question.filter.fund.clone(),
    };
    gateway
        .answer_page(&question, move |portfolio, moment, paging| {
            warnings::list(portfolio, moment, &filter, paging)
        })
        .await
}

/// One warning in full.
#[utoipa::path(
    get,
    path = "/v1/warnings/{id}",
    tag = "warnings",
    params(("id" = String, Path, description = "预警编号."), openapi::Clocks),
    responses((status = 200, description = "The answer.", body = warnings::WarningDetail))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    let question = asked.read(&CLOCKS, &gateway)?;
    let warning = read(&id)?;
    gateway.show_to(&caller, &StreamId::Warning(warning.clone()))?;
    let answer = move |portfolio: &_, moment| warnings::show(portfolio, &warning, moment);
    let answered = gateway.answer_if_known(&question, answer).await?;
    answered.ok_or_else(|| unknown(&id))
}

macro_rules! steps {
    ($($(#[$doc:meta])+ $name:ident: $event:ident, $path:literal, $body:ty;)+) => {$(
        $(#[$doc])+
        #[utoipa::path(
            post,
            path = $path,
            tag = "warnings",
            params(("id" = String, Path, description = "预警编号."), openapi::Key),
            request_body = $body,
            responses(openapi::Posted)
        )]
        pub(crate) async fn $name(
            State(gateway): State<Gateway>,
            Path(id): Path<String>,
            asked: Asked,
            headers: HeaderMap,
            body: Bytes,
        ) -> Result<Response, Problem> {
            let caller = asked.caller(&gateway)?;
            let warning = gateway.open_to(&caller, &id)?;
            let sent = Sent::read(caller, StreamId::Warning(warning), &headers, &body)?;
            gateway.step(EventType::$event, &sent).await
        }
    )+};
}

steps! {
    /// 签收: `{text?}`.
    acknowledge: WarningAcknowledged, "/v1/warnings/{id}/acknowledge", Option<bodies::NoteBody>;
    /// 转派: `{assignee, due_on?}`.
    assign: WarningAssigned, "/v1/warnings/{id}/assign", bodies::AssignmentBody;
    /// 核查意见: `{text}`.
    answer: WarningAnswered, "/v1/warnings/{id}/answer", bodies::NoteBody;
    /// 整改通知: `{items, due_on}`.
    order: RectificationOrdered, "/v1/warnings/{id}/rectification", bodies::OrderBody;
    /// 整改反馈: `{text}`.
    report: RectificationReported, "/v1/warnings/{id}/rectification/report", bodies::NoteBody;
    /// 销号: `{text?}`.
    accept: RectificationAccepted, "/v1/warnings/{id}/rectification/acceptance", Option<bodies::NoteBody>;
    /// 解除: `{cause}`.
    lift: WarningLifted, "/v1/warnings/{id}/lift", bodies::EndingBody;
    /// 误报: `{cause}`.
    dismiss: WarningDismissed, "/v1/warnings/{id}/dismiss", bodies::EndingBody;
}

fn read(id: &str) -> Result<WarningId, Problem> {
    WarningId::try_new(id).map_err(|_| unknown(id))
}

fn unknown(id: &str) -> Problem {
    Problem::not_found("预警", "warning", id)
}

impl Gateway {
    /// The warning of an address, where this caller may know of it.
    fn open_to(&self, caller: &Caller, id: &str) -> Result<WarningId, Problem> {
        let warning = read(id)?;
        if self.parts().follower.read().warning(&warning).is_none() {
            return Err(unknown(id));
        }
        self.show_to(caller, &StreamId::Warning(warning.clone()))?;
        Ok(warning)
    }

    async fn step(&self, event_type: EventType, sent: &Sent<'_>) -> Result<Response, Problem> {
        let today = self.today();
        let envelope = Envelope::of_step(sent.stream().clone(), event_type, sent.body(), today);
        self.submit(envelope, sent, place_in_flat_body).await
    }
}
