//! GET /v1/administration: who changed what about accounts, keys and persons, the newest first.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use karez_events::UnitId;
use serde::{Deserialize, Serialize};

use super::Gateway;
use super::envelope::unreadable;
use super::openapi;
use super::problem::{Problem, language_of};
use super::question::Asked;
use super::submit::is_json;
use crate::accounts::{AccountError, unknown_unit};
use crate::authorization::Caller;
use crate::store::By;
use crate::views::accounts::ChangeView;

/// What the list can be asked.
const LIST: [&str; 2] = ["cursor", "limit"];
/// Who changed something on a server that asks nobody who they are.
const ANYBODY: &str = "anybody";

/// Some changes, the newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ChangeList {
    /// The changes.
    items: Vec<ChangeView>,
    /// Where the next page begins; absent on the last.
    next_cursor: Option<String>,
}

/// Changes of accounts, keys and persons, the newest first.
#[utoipa::path(
    get,
    path = "/v1/administration",
    tag = "administration",
    params(openapi::Page),
    responses((status = 200, description = "The answer.", body = ChangeList))
)]
pub(crate) async fn list(State(gateway): State<Gateway>, asked: Asked) -> Result<Json<ChangeList>, Problem> {
    let question = asked.read(&LIST, &gateway)?;
    let rows = question.rows();
    let mut found = gateway
        .parts()
        .log
        .administration(question.mark()?, rows + 1)
        .await?;
    let more = found.len() > rows;
    found.truncate(rows);
    let last = found.last().filter(|_| more).map(|change| change.change_no);
    Ok(Json(ChangeList {
        items: found.into_iter().map(ChangeView::from).collect(),
        next_cursor: last.map(|place| question.cursor_at(place)),
    }))
}

impl Gateway {
    /// Who changes something now.
    pub(super) fn by<'a>(&self, caller: &'a Caller) -> By<'a> {
        By {
            actor: caller.known().map_or(ANYBODY, |(name, _, _)| name),
            at: self.parts().clock.now(),
        }
    }

    /// What the caller should know of the unit that an account or a key was given, in their language.
    pub(super) fn notice(&self, unit: Option<&UnitId>, headers: &HeaderMap) -> Option<String> {
        let unit = unit.filter(|unit| self.parts().follower.read().unit(unit).is_none())?;
        let (zh, en) = unknown_unit(unit);
        Some(language_of(headers).pick(&zh, &en).to_owned())
    }
}

/// A body that must be JSON: a form of another site's page cannot send that.
pub(super) fn read<T: for<'de> Deserialize<'de>>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if !media_type.is_some_and(is_json) {
        return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    serde_json::from_slice(body).map_err(|error| unreadable(body, &error))
}

/// What cannot be an account or a key; `pointer` says which field it is about.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
pub(super) fn unfit(error: AccountError) -> Problem {
    let pointer = match &error {
        AccountError::Name(_) => "/name",
        AccountError::Unit => "/unit",
        AccountError::Past(_) | AccountError::Expired => "/expires_on",
        AccountError::ShortPassword | AccountError::LongPassword => "/password",
        AccountError::System(what) => {
            tracing::error!("no secret can be made: {what}");
            return Problem::internal();
        }
    };
    let (zh, en) = (error.in_chinese(), error.to_string());
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unfit_account", zh, en).at(pointer)
}
