//! `POST /v1/events/{event_id}/unmask`: shows a payee to whoever may see persons. Answers have them sealed everywhere
//! else; each look is an event of its own, recorded with its reason before anything is shown (domain.md §4.5.9).

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use karez_events::event::system::PersonDisclosed;
use karez_events::event::{Payee, Personal};
use karez_events::{Actor, Event, Metadata, StreamId, Submission};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Gateway;
use super::administration::read;
use super::answer::broken;
use super::envelope::{actor, place_in_flat_body};
use super::openapi;
use super::problem::Problem;
use super::question::Asked;
use crate::bus::Origin;
use crate::receipt::{Outcome, Receipt};
use crate::store::Sealer;

/// A payee with open fields, and the record of its being shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unmasked {
    /// The fact whose payee it is.
    event_id: Uuid,
    /// The payee.
    payee: Payee,
    /// Where it is recorded that the payee was shown.
    disclosure: Receipt,
}

/// Why a payee is looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cause {
    /// What it is needed for; kept for ever.
    #[schema(min_length = 1)]
    cause: String,
}

/// Shows the payee of an expenditure or a commitment, `{cause}`: each look is recorded first, with its reason.
#[utoipa::path(
    post,
    path = "/v1/events/{event_id}/unmask",
    tag = "history",
    params(("event_id" = String, Path, description = "The expenditure or commitment.")),
    request_body = Cause,
    responses(
        (status = 200, description = "The payee.", body = Unmasked),
        (status = 410, description = "The person has been erased.", body = openapi::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn unmask(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Unmasked>, Problem> {
    let caller = asked.caller(&gateway)?;
    let unknown = || Problem::not_found("入账记录", "recorded event", &id);
    let event_id: Uuid = id.parse().map_err(|_| unknown())?;
    let log = &gateway.parts().log;
    let recorded = log.event(event_id).await?.ok_or_else(unknown)?;
    gateway
        .show_to(&caller, &recorded.stream)
        .map_err(|_| unknown())?;
    let Cause { cause } = read(&headers, &body)?;
    let Some(actor) = actor(&caller) else {
        return Err(nobody());
    };
    let mut event = recorded.decode().map_err(|error| broken(error.into()))?.event;
    Sealer::try_new(log).await?.open(&mut event).await?;
    let (StreamId::Project(project), Some(payee)) = (recorded.stream, event.payee_mut()) else {
        return Err(names_nobody());
    };
    if is_sealed(payee) {
        return Err(erased());
    }
    let disclosed = PersonDisclosed {
        event: event_id,
        project,
        cause,
    };
    Ok(Json(Unmasked {
        event_id,
        payee: std::mem::take(payee),
        disclosure: gateway.record_look(disclosed, actor).await?,
    }))
}

impl Gateway {
    /// Nobody is shown before it is recorded who looked.
    async fn record_look(&self, disclosed: PersonDisclosed, actor: Actor) -> Result<Receipt, Problem> {
        let submission = Submission {
            event_id: self.parts().clock.fresh_id(),
            stream: StreamId::Calendar,
            occurred_on: self.today(),
            event: Event::PersonDisclosed(disclosed),
            metadata: Metadata {
                actor: Some(actor),
                ..Metadata::default()
            },
        };
        let intake = &self.parts().intake;
        match intake.submit_from(submission, Origin::of("http")).await? {
            Outcome::Recorded(receipt) => Ok(receipt),
            Outcome::Refused(refusal) => Err(Problem::refused(refusal, place_in_flat_body)),
        }
    }
}

/// A field is still sealed after opening where its key is gone.
fn is_sealed(payee: &Payee) -> bool {
    let fields = [&payee.name, &payee.account, &payee.id_number];
    fields
        .into_iter()
        .any(|field| matches!(field, Some(Personal::Sealed { .. })))
}

fn nobody() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "name_needed",
        "查阅个人信息须留名：请登录，或使用程序密钥".to_owned(),
        "whoever sees a person is recorded by name: sign in, or use a program's key".to_owned(),
    )
}

fn names_nobody() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "names_nobody",
        "这条记录没有收款人".to_owned(),
        "this fact names no payee".to_owned(),
    )
}

fn erased() -> Problem {
    Problem::new(
        StatusCode::GONE,
        "person_erased",
        "此人的信息已依法删除，任何人都无法再查阅；金额和校验值不变".to_owned(),
        "this person has been erased and can be shown to nobody; amounts and hashes stay as they were"
            .to_owned(),
    )
}
