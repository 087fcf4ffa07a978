//! `/v1/keys`: the keys of programs, for those who run the service. A key is in the answer that makes it and nowhere
//! else.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use karez_events::UnitId;
use serde::{Deserialize, Serialize};

use super::Gateway;
use super::administration::{read, unfit};
use super::openapi;
use super::problem::Problem;
use super::question::Asked;
use super::session::never_stored;
use crate::accounts::{OVERLAP_HOURS, check_name, check_unit, end_of_day, fresh_key, successor_of};
use crate::authorization::Role;
use crate::store::ApiKey;
use crate::views::accounts::KeyView;

/// A key that is to be made.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// The program's name; what it records has the actor `key:LABEL`.
    label: String,
    /// What the program may do.
    role: Role,
    /// The unit's number, for the role unit.
    unit: Option<UnitId>,
    /// The last day on which it opens anything; without it, until it is revoked.
    expires_on: Option<NaiveDate>,
}

/// How a key is rotated.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long the key before goes on; 24 where absent, and 0 ends it now.
    overlap_hours: Option<u32>,
    /// The last day of the new one; without it, that of the one before.
    expires_on: Option<NaiveDate>,
}

/// Every key.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct KeyList {
    /// The keys, the newest first.
    items: Vec<KeyView>,
}

/// A key that is handed over.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct HandedOverKey {
    /// What is known about it.
    #[serde(flatten)]
    about: KeyView,
    /// Shown this once: the program sends it as `Authorization: Bearer`.
    key: String,
    /// What to check: no record names its unit yet. Absent where nothing is.
    notice: Option<String>,
}

/// Every key, without its secret.
#[utoipa::path(get, path = "/v1/keys", tag = "administration", responses((status = 200, description = "The answer.", body = KeyList)))]
pub(crate) async fn list(State(gateway): State<Gateway>, asked: Asked) -> Result<Json<KeyList>, Problem> {
    asked.none(&gateway)?;
    let now = gateway.parts().clock.now();
    let keys = gateway.parts().log.keys().await?;
    let items = keys.into_iter().map(|key| KeyView::of(key, now)).collect();
    Ok(Json(KeyList { items }))
}

/// Makes a key.
#[utoipa::path(
    post,
    path = "/v1/keys",
    tag = "administration",
    request_body = NewKey,
    responses((status = 201, description = "The key.", body = HandedOverKey), (status = 409, description = "A key in force has the label, or the key has ended.", body = openapi::ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let new: NewKey = read(&headers, &body)?;
    check_name(&new.label).map_err(|error| unfit(error).at("/label"))?;
    check_unit(new.role, new.unit.as_ref()).map_err(unfit)?;
    let by = gateway.by(&caller);
    let expires_at = gateway.end_of(new.expires_on, by.at)?;
    let (shown, kept) = fresh_key(&new.label, new.role, new.unit, by.at, expires_at).map_err(unfit)?;
    if !gateway.parts().log.create_key(&kept, by).await? {
        return Err(label_taken(&new.label));
    }
    Ok(gateway.handed_over_key(kept, shown, &headers))
}

/// Makes a key's successor with the same rights. The key itself goes on for a while, so that its program is never shut out.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/rotate",
    tag = "administration",
    params(("id" = String, Path, description = "The public part of the key.")),
    request_body(content = Option<Rotation>),
    responses((status = 201, description = "The successor.", body = HandedOverKey), (status = 409, description = "A key in force has the label, or the key has ended.", body = openapi::ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn rotate(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let caller = asked.caller(&gateway)?;
    let rotation = if body.is_empty() {
        Rotation::default()
    } else {
        read(&headers, &body)?
    };
    let (log, by) = (&gateway.parts().log, gateway.by(&caller));
    let before = log.key(&id).await?.ok_or_else(|| unknown(&id))?;
    let expires_at = gateway.end_of(rotation.expires_on, by.at)?;
    let (shown, kept) = successor_of(&before, expires_at, by.at).map_err(unfit)?;
    let overlap = rotation.overlap_hours.unwrap_or(OVERLAP_HOURS);
    let until = by.at + TimeDelta::hours(overlap.into());
    if !log.replace_key(&id, until, &kept, by).await? {
        return Err(ended(&id));
    }
    Ok(gateway.handed_over_key(kept, shown, &headers))
}

/// Lets a key open nothing more, from now on.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/revoke",
    tag = "administration",
    params(("id" = String, Path, description = "The public part of the key.")),
    responses((status = 200, description = "The key.", body = KeyView), (status = 409, description = "The key has ended.", body = openapi::ProblemBody, content_type = "application/problem+json"))
)]
pub(crate) async fn revoke(
    State(gateway): State<Gateway>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Json<KeyView>, Problem> {
    let caller = asked.caller(&gateway)?;
    let (log, by) = (&gateway.parts().log, gateway.by(&caller));
    let key = log.key(&id).await?.ok_or_else(|| unknown(&id))?;
    if !log.revoke_key(&key, by).await? {
        return Err(ended(&id));
    }
    let revoked_at = Some(by.at);
    Ok(Json(KeyView::of(ApiKey { revoked_at, ..key }, by.at)))
}

impl Gateway {
    fn end_of(&self, on: Option<NaiveDate>, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Problem> {
        let zone = self.0.settings.time_zone;
        on.map(|on| end_of_day(on, zone, now).map_err(unfit)).transpose()
    }

    fn handed_over_key(&self, kept: ApiKey, key: String, headers: &HeaderMap) -> Response {
        let notice = self.notice(kept.unit.as_ref(), headers);
        let about = KeyView::of(kept, self.parts().clock.now());
        let handed_over = HandedOverKey { about, key, notice };
        never_stored((StatusCode::CREATED, Json(handed_over)).into_response())
    }
}

fn unknown(id: &str) -> Problem {
    Problem::not_found("密钥", "key", id)
}

fn label_taken(label: &str) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "name_taken",
        format!("名为 {label} 的密钥仍有效：另取名称，或轮换、撤销它"),
        format!("a key with the label {label} is in force already: take another label, or rotate or revoke that one"),
    )
    .at("/label")
}

fn ended(id: &str) -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "key_ended",
        format!("密钥 {id} 已撤销或已轮换：见 GET /v1/keys"),
        format!("the key {id} has been revoked or rotated: see GET /v1/keys"),
    )
}
