//! Answers that a caller has already: a tag on each read, and 304 without computing anything while it holds.
//!
//! A read follows from its address, the position of the portfolio and today's date, so these make the tag. It is weak:
//! two answers under one tag say the same of the funds and differ in the instant at which they were given.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::Gateway;
use crate::authorization::Caller;

/// What no position tells: streams, and what is kept beside the log.
const WITHOUT: [&str; 8] = [
    "/v1/live",
    "/v1/rejections",
    "/v1/deliveries",
    "/v1/session",
    "/v1/users",
    "/v1/keys",
    "/v1/administration",
    "/v1/system",
];
/// Checkpoints, checks and reads are beside the log as well.
const AUDIT: &str = "/v1/audit/";
/// Whether a deadline has passed changes by the minute.
const BY_THE_MINUTE: &str = "/v1/warnings";

/// Tags reads, and says so where the caller's answer still holds.
pub(super) async fn tag(gateway: &Gateway, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || !path.starts_with("/v1/") || WITHOUT.contains(&path) || path.starts_with(AUDIT) {
        return next.run(request).await;
    }
    // Taken before the answer: one that is newer than its tag is only asked for once more.
    let Some(tag) = gateway.tag_of(&request) else {
        return next.run(request).await;
    };
    if holds(request.headers(), &tag) {
        return tagged(StatusCode::NOT_MODIFIED.into_response(), tag);
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::OK {
        tagged(response, tag)
    } else {
        response
    }
}

impl Gateway {
    fn tag_of(&self, request: &Request) -> Option<HeaderValue> {
        let (uri, parts) = (request.uri(), self.parts());
        let mut content = Sha256::new();
        content.update(self.0.started_as);
        content.update(uri.path_and_query()?.as_str());
        content.update(parts.clock.today(self.0.settings.time_zone).to_string());
        if uri.path().starts_with(BY_THE_MINUTE) {
            content.update(parts.clock.now().format("%H:%M").to_string());
        }
        // An answer may depend on whom it is for.
        content.update(format!("{:?}", request.extensions().get::<Caller>()));
        let digest = URL_SAFE_NO_PAD.encode(content.finalize());
        HeaderValue::try_from(format!("W/\"{}-{digest}\"", parts.follower.position())).ok()
    }
}

/// Whether one of the tags that the caller has is this one.
fn holds(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(tag) = tag.to_str().map(opaque) else {
        return false;
    };
    let given = headers.get_all(header::IF_NONE_MATCH).iter();
    given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| opaque(known) == tag)
}

fn tagged(mut response: Response, tag: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    response
}
