//! Who is asking. Every listed address is answered to those whom [`crate::authorization`] lists, and to nobody else.
//!
//! Programs send `Authorization: Bearer KEY`, people the cookie that signing in gave them. A page of another site can
//! make a browser send the cookie but not the headers that a change needs, so it changes nothing here.

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use karez_events::{ProjectId, StreamId, UnitId};

use super::Gateway;
use super::problem::Problem;
use crate::accounts::{fingerprint, key_parts};
use crate::authorization::{Access, Action, Caller, Role, access, methods, reach};
use crate::store::AuditedRead;

/// The cookie of somebody who is signed in.
pub(crate) const COOKIE: &str = "karez_session";
/// What browsers say about where a request comes from.
const FETCH_SITE: &str = "sec-fetch-site";
/// What a page of our own sends where the browser does not say it; no page of another site can.
const OWN_REQUEST: &str = "x-karez-request";

/// Whether callers must say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Nobody is asked: only this machine can reach the service.
    None,
    /// Everybody is asked.
    Required,
}

impl Authentication {
    /// The word for it on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Required => "required",
        }
    }
}

/// Who somebody is, before it is asked what they may do.
struct Identity {
    name: String,
    role: Role,
    unit: Option<UnitId>,
    must_change_password: bool,
    /// By a cookie, which browsers send by themselves.
    by_cookie: bool,
}

/// What an auditor asks to see.
pub(super) struct AuditorsLook {
    reader: String,
    address: String,
}

/// The request with its [`Caller`], or a refusal.
pub(super) async fn let_in(
    gateway: &Gateway,
    request: Request,
) -> Result<(Request, Option<AuditorsLook>), Response> {
    let (mut parts, body) = request.into_parts();
    let caller = gateway.admit(&parts).await.map_err(refused)?;
    let known = caller.as_ref().and_then(Caller::known);
    let look = known
        .filter(|(_, role, _)| *role == Role::Auditor)
        .map(|(name, ..)| AuditorsLook {
            reader: name.to_owned(),
            address: parts.uri.to_string(),
        });
    if let Some(caller) = caller {
        parts.extensions.insert(caller);
    }
    Ok((Request::from_parts(parts, body), look))
}

fn refused(problem: Problem) -> Response {
    let mut response = problem.into_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        let bearer = HeaderValue::from_static("Bearer");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
    }
    response
}

impl Gateway {
    /// Who may be let through; nobody in particular at an address that answers anyone.
    async fn admit(&self, request: &Parts) -> Result<Option<Caller>, Problem> {
        let matched = request.extensions.get::<MatchedPath>();
        let path = matched.map_or("", MatchedPath::as_str);
        if self.0.settings.authentication == Authentication::None {
            return Ok(Some(Caller::Anybody));
        }
        let access = listed(&request.method, path)?;
        if access == Access::Anyone {
            return Ok(None);
        }
        let identity = self.identify(&request.headers).await?;
        if identity.by_cookie && !request.method.is_safe() && !is_own(&request.headers, false) {
            return Err(foreign_page());
        }
        if identity.must_change_password && access != Access::SignedIn {
            return Err(first_password());
        }
        let role = identity.role;
        let caller = Caller::try_known(identity.name, role, identity.unit, access);
        caller.map(Some).ok_or_else(|| not_permitted(role))
    }

    /// Whether whoever asked for the live stream might ask for it now.
    pub(super) async fn still_lets_in(&self, headers: &HeaderMap) -> bool {
        if self.0.settings.authentication == Authentication::None {
            return true;
        }
        match self.identify(headers).await {
            Ok(identity) => {
                reach(identity.role, Action::ReadHistory).is_some() && !identity.must_change_password
            }
            Err(_) => false,
        }
    }

    async fn identify(&self, headers: &HeaderMap) -> Result<Identity, Problem> {
        if let Some(sent) = headers.get(header::AUTHORIZATION) {
            return self.holder_of_key(sent).await;
        }
        let Some(id) = cookie(headers) else {
            return Err(who_are_you());
        };
        let now = self.parts().clock.now();
        let session = self.parts().log.session(&fingerprint(id), now).await?;
        let session = session.ok_or_else(session_ended)?;
        Ok(Identity {
            name: session.name,
            role: session.role,
            unit: session.unit,
            must_change_password: session.must_change_password,
            by_cookie: true,
        })
    }

    async fn holder_of_key(&self, sent: &HeaderValue) -> Result<Identity, Problem> {
        let text = sent.to_str().unwrap_or_default();
        let shown = text
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some(shown) = shown.and_then(|(_, shown)| key_parts(shown.trim())) else {
            return Err(wrong_key());
        };
        let (log, now) = (&self.parts().log, self.parts().clock.now());
        let key = self.0.key_looks.shown(log, shown, now).await?;
        let key = key.ok_or_else(wrong_key)?;
        Ok(Identity {
            name: format!("key:{}", key.label),
            role: key.role,
            unit: key.unit,
            must_change_password: false,
            by_cookie: false,
        })
    }

    /// Keeps what an auditor looked at. What cannot be kept is not shown.
    pub(super) async fn kept(&self, look: AuditorsLook, response: Response) -> Response {
        let read = AuditedRead {
            read_at: self.parts().clock.now(),
            reader: look.reader,
            address: look.address,
            status: response.status().as_u16(),
        };
        match self.parts().log.keep_read(&read).await {
            Ok(()) => response,
            Err(error) => Problem::from(error).into_response(),
        }
    }

    /// Answers 404 for a project that is another unit's, as for one that does not exist.
    pub(crate) fn show_project_to(&self, caller: &Caller, project: &ProjectId) -> Result<(), Problem> {
        self.show_to(caller, &StreamId::Project(project.clone()))
    }

    /// Answers 404 for what is another unit's, as for what does not exist.
    pub(crate) fn show_to(&self, caller: &Caller, stream: &StreamId) -> Result<(), Problem> {
        if caller.sees(&self.parts().follower.read(), stream) {
            return Ok(());
        }
        let (kind_zh, kind_en) = match stream {
            StreamId::Project(_) => ("项目", "project"),
            StreamId::Unit(_) => ("单位", "unit"),
            StreamId::Warning(_) => ("预警", "warning"),
            StreamId::Fund(_) => ("专项资金", "fund"),
            StreamId::Calendar => ("日历", "calendar"),
        };
        Err(Problem::not_found(kind_zh, kind_en, stream.id()))
    }
}

impl FromRequestParts<Gateway> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &Gateway) -> Result<Self, Response> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!(
                path = parts.uri.path(),
                "an address that answers anyone asks who is calling"
            );
            Problem::internal().into_response()
        })
    }
}

fn listed(method: &Method, path: &str) -> Result<Access, Problem> {
    if let Some(access) = access(method.as_str(), path) {
        return Ok(access);
    }
    let taken: Vec<&str> = methods(path).collect();
    if taken.is_empty() {
        tracing::error!(path, "no line of authorization::ENDPOINTS names this address");
    }
    Err(Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).with("methods", taken))
}

/// The session id that a request carries.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_named(headers, COOKIE)
}

pub(crate) fn cookie_named<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| value)
}

/// Whether a request comes from a page of our own, as far as headers tell; `otherwise` where they say nothing.
pub(crate) fn is_own(headers: &HeaderMap, otherwise: bool) -> bool {
    match headers.get(FETCH_SITE) {
        Some(site) => site.as_bytes() == b"same-origin",
        None => otherwise || headers.contains_key(OWN_REQUEST),
    }
}

fn unauthorized(code: &str, zh: &str, en: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, zh.to_owned(), en.to_owned())
}

fn who_are_you() -> Problem {
    unauthorized(
        "not_signed_in",
        "请先登录（POST /v1/session），程序请在 Authorization: Bearer 中给出密钥",
        "sign in first (POST /v1/session), or give a program's key in Authorization: Bearer",
    )
}

fn session_ended() -> Problem {
    unauthorized(
        "session_ended",
        "登录已失效：请重新登录",
        "the session has ended: sign in again",
    )
}

fn wrong_key() -> Problem {
    unauthorized(
        "wrong_key",
        "密钥无效、已过期或已撤销：请向管理员索取新密钥",
        "the key is unknown, expired or revoked: ask the administrator for a new one",
    )
}

fn forbidden(code: &str, zh: String, en: String) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, zh, en)
}

/// A change that a page of another site may have asked for.
pub(crate) fn foreign_page() -> Problem {
    forbidden(
        "foreign_page",
        "以 Cookie 登录时，修改须来自本站页面：请带 Sec-Fetch-Site: same-origin 或 X-Karez-Request 请求头".to_owned(),
        "with a cookie, changes must come from a page of this site: send Sec-Fetch-Site: same-origin or an X-Karez-Request header"
            .to_owned(),
    )
}

fn first_password() -> Problem {
    forbidden(
        "password_change_required",
        "首次登录须先修改密码：POST /v1/session/password".to_owned(),
        "the first password must be changed before anything else: POST /v1/session/password".to_owned(),
    )
}

fn not_permitted(role: Role) -> Problem {
    forbidden(
        "not_permitted",
        format!("角色 {role} 无权进行此操作：如确需办理，请联系管理员"),
        format!("the role {role} may not do this: ask the administrator if it is your work"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (name.parse().unwrap(), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn the_session_is_found_among_other_cookies() {
        let sent = headers(&[("cookie", "a=1; karez_session=abc ;b=2")]);
        assert_eq!(cookie(&sent), Some("abc"));
        assert_eq!(
            cookie(&headers(&[("cookie", "xkarez_session=abc; karez_session=")])),
            None
        );
    }

    #[test]
    fn what_the_browser_says_goes_before_the_fallback() {
        assert!(is_own(&headers(&[("sec-fetch-site", "same-origin")]), false));
        assert!(is_own(&headers(&[("x-karez-request", "1")]), false));
        assert!(!is_own(&headers(&[]), false));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!is_own(
                &headers(&[("sec-fetch-site", site), ("x-karez-request", "1")]),
                true
            ));
        }
    }
}
