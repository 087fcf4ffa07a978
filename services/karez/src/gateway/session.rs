//! /v1/session: signing in and out, who is signed in, and the own password.
//!
//! A wrong password, an unknown name, a locked and a disabled account get one and the same answer, in the same time.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};

use super::Gateway;
use super::auth::{self, Authentication, COOKIE, cookie, is_own};
use super::connections::Peer;
use super::problem::Problem;
use super::question::Asked;
use super::submit::is_json;
use crate::accounts::{
    AccountError, SESSION_HOLDS, check_password, fingerprint, hash_password, is_password, locked_until,
    session_id,
};
use crate::authorization::{Action, Caller, Role};
use crate::store::{By, Change};
use crate::tasks::compute;

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    password: String,
    new_password: String,
}

/// Who is signed in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Session {
    /// none: nobody is asked who they are. required: everybody is.
    authentication: &'static str,
    name: Option<String>,
    role: Option<Role>,
    unit: Option<String>,
    must_change_password: bool,
    /// What this caller may do.
    may: Vec<Action>,
}

impl Session {
    fn of(caller: &Caller, must_change_password: bool) -> Self {
        let known = caller.known();
        let may = Action::ALL.into_iter().filter(|action| caller.may(*action));
        Self {
            authentication: known.map_or("none", |_| "required"),
            name: known.map(|(name, _, _)| name.to_owned()),
            role: known.map(|(_, role, _)| role),
            unit: known.and_then(|(_, _, unit)| unit.map(ToString::to_string)),
            must_change_password,
            may: if must_change_password {
                Vec::new()
            } else {
                may.collect()
            },
        }
    }
}

/// POST /v1/session: signs in with `{name, password}`.
#[utoipa::path(
    post,
    path = "/v1/session",
    tag = "session",
    request_body = Credentials,
    responses((status = 200, description = "The answer.", body = Session))
)]
pub(crate) async fn sign_in(
    State(gateway): State<Gateway>,
    asked: Asked,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    asked.none(&gateway)?;
    if gateway.0.settings.authentication == Authentication::None {
        return Err(no_accounts());
    }
    if !is_own(&headers, true) {
        return Err(auth::foreign_page());
    }
    gateway.slow_down(peer, &headers)?;
    let sent: Credentials = read(&headers, &body)?;
    gateway.prove(&sent.name, sent.password).await?;
    gateway.leave_session(&headers).await?;
    gateway.begin_session(&sent.name, &headers).await
}

/// GET /v1/session: who is signed in, and what they may do.
#[utoipa::path(
    get,
    path = "/v1/session",
    tag = "session",
    responses((status = 200, description = "The answer.", body = Session))
)]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    asked.none(&gateway)?;
    let now = gateway.parts().clock.now();
    let session = match cookie(&headers) {
        Some(id) if !headers.contains_key(header::AUTHORIZATION) => {
            gateway.parts().log.session(&fingerprint(id), now).await?
        }
        Some(_) | None => None,
    };
    let must_change = session.is_some_and(|session| session.must_change_password);
    Ok(never_stored(
        Json(Session::of(&caller, must_change)).into_response(),
    ))
}

/// DELETE /v1/session: signs out.
#[utoipa::path(
    delete,
    path = "/v1/session",
    tag = "session",
    responses((status = 204, description = "Signed out."))
)]
pub(crate) async fn sign_out(
    State(gateway): State<Gateway>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    asked.none(&gateway)?;
    if let Some(id) = cookie(&headers) {
        gateway.parts().log.end_session(&fingerprint(id)).await?;
    }
    let gone = gateway.set_cookie("", 0, &headers)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

/// POST /v1/session/password: another password, `{password, new_password}`. Every session of the account ends, and
/// this one goes on under a new id.
#[utoipa::path(
    post,
    path = "/v1/session/password",
    tag = "session",
    request_body = NewPassword,
    responses((status = 200, description = "The answer.", body = Session))
)]
pub(crate) async fn change_password(
    State(gateway): State<Gateway>,
    caller: Caller,
    asked: Asked,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    asked.none(&gateway)?;
    let is_person = cookie(&headers).is_some() && !headers.contains_key(header::AUTHORIZATION);
    let Some((name, _, _)) = caller.known().filter(|_| is_person) else {
        return Err(no_accounts());
    };
    let sent: NewPassword = read(&headers, &body)?;
    check_password(&sent.new_password).map_err(unfit)?;
    if sent.new_password == sent.password {
        return Err(same_password());
    }
    gateway.prove(name, sent.password).await?;
    let hash = gateway.hashed(sent.new_password).await?;
    let log = &gateway.parts().log;
    let by = By {
        actor: name,
        at: gateway.parts().clock.now(),
    };
    log.set_password(name, &hash, Change::PasswordChanged, by).await?;
    gateway.begin_session(name, &headers).await
}

impl Gateway {
    /// Hashing takes memory and time by intent: few at once, the others wait.
    async fn turn_to_hash(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Problem> {
        self.0
            .hashing
            .acquire()
            .await
            .map_err(|error| broken(error.into()))
    }

    /// The hash of a password.
    pub(super) async fn hashed(&self, password: String) -> Result<String, Problem> {
        let _turn = self.turn_to_hash().await?;
        let hash = compute(move || hash_password(&password)).await.map_err(broken)?;
        hash.map_err(|error| broken(error.into()))
    }

    /// Answers whoever does not know an account's password, always the same and after the same work.
    async fn prove(&self, name: &str, password: String) -> Result<(), Problem> {
        // One after the other for each account: right passwords that come together are no wrong ones in a row.
        let attempts = self.0.attempts.of(name);
        let _turn_of_account = attempts.lock().await;
        let (log, now) = (&self.parts().log, self.parts().clock.now());
        let attempt = log
            .begin_attempt(name, now, |failed| locked_until(failed, now))
            .await?;
        let locks = attempt
            .as_ref()
            .is_some_and(|attempt| attempt.locked_until.is_some());
        let hash = attempt.map(|attempt| attempt.password_hash);
        let turn = self.turn_to_hash().await?;
        let proved = compute(move || is_password(&password, hash.as_deref()))
            .await
            .map_err(broken)?;
        drop(turn);
        if proved {
            log.forget_attempts(name).await?;
            return Ok(());
        }
        if locks {
            tracing::warn!(account = name, "an account is locked after wrong passwords");
        }
        Err(wrong_name_or_password())
    }

    /// Whatever id a browser came with, by itself or put there by somebody, is worth nothing from here on.
    pub(super) async fn leave_session(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if let Some(before) = cookie(headers) {
            self.parts().log.end_session(&fingerprint(before)).await?;
        }
        Ok(())
    }

    async fn begin_session(&self, name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
        let (cookie, session) = self.open_session(name, headers).await?;
        Ok(never_stored(
            ([(header::SET_COOKIE, cookie)], Json(session)).into_response(),
        ))
    }

    /// A session of an account: its cookie, and who is signed in.
    pub(super) async fn open_session(
        &self,
        name: &str,
        headers: &HeaderMap,
    ) -> Result<(HeaderValue, Session), Problem> {
        let id = session_id().map_err(|error| broken(error.into()))?;
        let now = self.parts().clock.now();
        let log = &self.parts().log;
        log.create_session(&fingerprint(&id), name, now, now + SESSION_HOLDS)
            .await?;
        let session = log
            .session(&fingerprint(&id), now)
            .await?
            .ok_or_else(wrong_name_or_password)?;
        let must_change = session.must_change_password;
        let access = crate::authorization::Access::SignedIn;
        let caller = Caller::try_known(session.name, session.role, session.unit, access)
            .ok_or_else(wrong_name_or_password)?;
        let cookie = self.set_cookie(&id, SESSION_HOLDS.num_seconds(), headers)?;
        Ok((cookie, Session::of(&caller, must_change)))
    }

    fn set_cookie(&self, id: &str, seconds: i64, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
        cookie_line((COOKIE, id), "/", seconds, self.is_secure(headers))
    }

    /// Whether the caller's connection is encrypted all the way.
    pub(super) fn is_secure(&self, headers: &HeaderMap) -> bool {
        let door = self.0.settings.door;
        let forwarded = headers.get("x-forwarded-proto").map(HeaderValue::as_bytes);
        door.has_tls || (door.is_behind_proxy && forwarded == Some(b"https"))
    }
}

/// A cookie that scripts do not see and other sites' requests do not carry.
pub(super) fn cookie_line(
    (name, value): (&str, &str),
    path: &str,
    seconds: i64,
    is_secure: bool,
) -> Result<HeaderValue, Problem> {
    let secure = if is_secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    Ok(HeaderValue::try_from(text)?)
}

fn read<T: for<'de> Deserialize<'de>>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    // A form of another site's page cannot send this media type.
    if !media_type.is_some_and(is_json) {
        return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    // The reader's own sentence may quote what was sent.
    serde_json::from_slice(body).map_err(|_| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            crate::receipt::MALFORMED,
            "请求体无法读取：登录为 {\"name\", \"password\"}，修改密码为 {\"password\", \"new_password\"}".to_owned(),
            "the body cannot be read: {\"name\", \"password\"} to sign in, {\"password\", \"new_password\"} for another password"
                .to_owned(),
        )
    })
}

pub(super) fn never_stored(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}

fn wrong_name_or_password() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "wrong_name_or_password",
        "名称或密码不正确；连续输错后账户会暂时锁定，请稍候再试，或请管理员解锁".to_owned(),
        "name or password is wrong; after several wrong ones an account is locked for a while: wait, or ask the administrator to unlock it"
            .to_owned(),
    )
}

fn no_accounts() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "no_session",
        "本服务未启用登录，或请求由程序密钥发出，无密码可言".to_owned(),
        "this service asks nobody to sign in, or the caller is a program with a key: there is no password"
            .to_owned(),
    )
}

fn same_password() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "same_password",
        "新密码与原密码相同：请另选一个".to_owned(),
        "the new password is the old one: choose another".to_owned(),
    )
    .at("/new_password")
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn unfit(error: AccountError) -> Problem {
    let (zh, en) = (error.in_chinese(), error.to_string());
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unfit_password", zh, en).at("/new_password")
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn broken(error: anyhow::Error) -> Problem {
    tracing::error!("a session cannot be kept: {error:#}");
    Problem::internal()
}
