//! `/v1/session/oidc`: signing in through the office's directory, and which ways of signing in there are.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Gateway;
use super::auth::cookie_named;
use super::connections::Peer;
use super::problem::Problem;
use super::question::Asked;
use super::session::{cookie_line, never_stored};
use crate::oidc::{Directory, OidcError};

/// What the browser keeps while it is at the directory.
const ATTEMPT: &str = "karez_oidc";
/// How long an attempt may take.
const ATTEMPT_SECONDS: i64 = 600;
const BEGIN: &str = "/v1/session/oidc";

/// The ways of signing in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ways {
    /// Whether anybody is asked at all.
    authentication: &'static str,
    /// Through the office's directory, where there is one.
    oidc: Option<Way>,
}

/// One way.
#[derive(Serialize, ToSchema)]
pub(crate) struct Way {
    /// What it is called.
    label: String,
    /// Where the browser goes.
    address: &'static str,
}

/// Which ways there are to sign in.
#[utoipa::path(
    get,
    path = "/v1/session/ways",
    tag = "session",
    responses((status = 200, description = "The answer.", body = Ways))
)]
pub(crate) async fn ways(State(gateway): State<Gateway>, asked: Asked) -> Result<Json<Ways>, Problem> {
    asked.none(&gateway)?;
    let way = |directory: &Directory| Way {
        label: directory.label().to_owned(),
        address: BEGIN,
    };
    Ok(Json(Ways {
        authentication: gateway.0.settings.authentication.as_str(),
        oidc: gateway.0.parts.directory.as_deref().map(way),
    }))
}

/// Sends a browser to the directory.
#[utoipa::path(
    get,
    path = "/v1/session/oidc",
    tag = "session",
    responses((status = 303, description = "The directory is at Location."))
)]
pub(crate) async fn begin(
    State(gateway): State<Gateway>,
    asked: Asked,
    axum::Extension(peer): axum::Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    asked.none(&gateway)?;
    gateway.slow_down(peer, &headers)?;
    let attempt = gateway.directory()?.begin().await?;
    let kept = cookie_line(
        (ATTEMPT, &attempt.kept),
        BEGIN,
        ATTEMPT_SECONDS,
        gateway.is_secure(&headers),
    )?;
    sent_to(&attempt.address, [kept])
}

/// What the directory adds to the address to which it sends the browser back; it may add more.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CameBack {
    /// For which the directory gives a token.
    code: Option<String>,
    /// Of the attempt.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Signs in whoever comes back from the directory.
#[utoipa::path(
    get,
    path = "/v1/session/oidc/callback",
    tag = "session",
    params(CameBack),
    responses((status = 303, description = "Signed in; the dashboard is at Location."))
)]
pub(crate) async fn come_back(
    State(gateway): State<Gateway>,
    Query(came): Query<CameBack>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let directory = gateway.directory()?;
    let (Some(kept), Some(state)) = (cookie_named(&headers, ATTEMPT), &came.state) else {
        return Err(OidcError::OtherAttempt.into());
    };
    let Some(code) = &came.code else {
        return Err(not_let_in(&came.error.unwrap_or_default()));
    };
    let name = directory.finish(kept, state, code).await?;
    if !gateway.parts().log.is_of_directory(&name).await? {
        return Err(no_account(&name));
    }
    gateway.leave_session(&headers).await?;
    let (signed_in, _) = gateway.open_session(&name, &headers).await?;
    let over = cookie_line((ATTEMPT, ""), BEGIN, 0, gateway.is_secure(&headers))?;
    sent_to("/", [signed_in, over])
}

impl Gateway {
    fn directory(&self) -> Result<&Directory, Problem> {
        self.0.parts.directory.as_deref().ok_or_else(|| {
            Problem::new(
                StatusCode::CONFLICT,
                "no_directory",
                "本服务未配置统一身份认证：请用名称和密码登录".to_owned(),
                "this service is connected to no directory: sign in with name and password".to_owned(),
            )
        })
    }
}

fn sent_to<const N: usize>(address: &str, cookies: [HeaderValue; N]) -> Result<Response, Problem> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::try_from(address)?);
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    Ok(never_stored(response))
}

fn not_let_in(why: &str) -> Problem {
    let why: String = why.chars().filter(char::is_ascii_graphic).take(100).collect();
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "directory_refused",
        format!("统一身份认证未予放行（{why}）：请重新登录，或联系其管理员"),
        format!("the directory did not let you in ({why}): sign in again, or ask its administrator"),
    )
}

fn no_account(name: &str) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "no_account",
        format!("统一身份认证认得您是 {name}，但本系统没有经此登录的同名账户，或已停用：请联系管理员开通"),
        format!(
            "the directory knows you as {name}, but no account of that name signs in through it here, or it is disabled: ask the administrator"
        ),
    )
}

impl From<OidcError> for Problem {
    fn from(error: OidcError) -> Self {
        tracing::warn!("nobody is signed in through the directory: {error}");
        match error {
            OidcError::OtherAttempt => Self::new(
                StatusCode::BAD_REQUEST,
                "other_attempt",
                "此次登录已失效或不是由本浏览器发起：请重新登录".to_owned(),
                "this attempt is over, or was begun by another browser: sign in again".to_owned(),
            ),
            OidcError::Token(_) | OidcError::OtherIssuer { .. } => Self::new(
                StatusCode::UNAUTHORIZED,
                "token_refused",
                "统一身份认证返回的令牌不可信：请重新登录，仍不行请联系管理员".to_owned(),
                "the directory's token is not to be believed: sign in again, and ask the administrator if it stays"
                    .to_owned(),
            ),
            OidcError::Directory(_) => Self::new(
                StatusCode::BAD_GATEWAY,
                "directory_unavailable",
                "统一身份认证暂无应答：请稍后再试".to_owned(),
                "the directory does not answer: try again a little later".to_owned(),
            ),
            OidcError::Setting { .. } | OidcError::System(_) => Self::internal(),
        }
    }
}
