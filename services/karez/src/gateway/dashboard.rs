//! The dashboard: the files that `npm run build` made in services/dashboard, carried in the binary. Whatever is no
//! file is the page itself for whoever wants HTML, for its addresses are made in the browser; programs are told that
//! there is no such address.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use include_dir::{Dir, File, include_dir};
use sha2::{Digest, Sha256};

use super::{Gateway, no_such_address};

/// What the build script found; nothing where the dashboard was not built before karez was.
static SITE: Dir<'static> = include_dir!("$OUT_DIR/dashboard");
/// The page that starts the dashboard.
const INDEX: &str = "index.html";
/// Files whose names change with their contents.
const NAMED_BY_CONTENT: &str = "assets/";
/// Everything from here, nothing inline: neither Vue nor Element Plus needs more, as styles are set by script one property
/// at a time. Only the drawings within Element Plus's style sheet are `data:` images.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
const NOT_BUILT: &str = "\
本程序未包含看板：请安装 Node.js 20.19 以上版本，运行 scripts/setup dashboard，再重新编译 karez（make run 会一并完成）。API 在 /v1/overview 等地址照常可用。

This binary has no dashboard: install Node.js 20.19 or later, run scripts/setup dashboard and build karez again (make run does
both). The API answers all the same, at /v1/overview and others.
";

/// The file's version, by path. Weak, because what travels may be compressed.
static VERSIONS: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
    let mut versions = BTreeMap::new();
    add_versions(&SITE, &mut versions);
    versions
});

fn add_versions(folder: &'static Dir<'static>, versions: &mut BTreeMap<&'static str, String>) {
    for file in folder.files() {
        let hash = Sha256::digest(file.contents());
        let version = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(hash));
        versions.insert(file.path().to_str().unwrap_or_default(), version);
    }
    for inner in folder.dirs() {
        add_versions(inner, versions);
    }
}

/// A file of the dashboard, its page, or the news that there is no such address.
pub(crate) async fn show(State(gateway): State<Gateway>, request: Request) -> Response {
    file(&request).unwrap_or_else(|| no_such_address(&gateway).into_response())
}

fn file(request: &Request) -> Option<Response> {
    let path = request.uri().path().trim_start_matches('/');
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || path.starts_with("v1/") {
        return None;
    }
    if let Some(file) = SITE.get_file(path) {
        return Some(answer(file, request.headers()));
    }
    if !path.is_empty() && !wants_page(request.headers()) {
        return None;
    }
    Some(match SITE.get_file(INDEX) {
        Some(page) => answer(page, request.headers()),
        None => NOT_BUILT.into_response(),
    })
}

/// Whether somebody goes there with a browser, and not a program or a part of a page.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

fn answer(file: &'static File<'static>, headers: &HeaderMap) -> Response {
    let path = file.path().to_str().unwrap_or_default();
    let version = VERSIONS.get(path).map_or("", String::as_str);
    let kept_for = if path.starts_with(NAMED_BY_CONTENT) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let is_held = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|held| held.to_str().is_ok_and(|held| held.contains(version)));
    let (status, body) = if is_held && !version.is_empty() {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(file.contents()))
    };
    let mut response = (status, body).into_response();
    let told: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, media_type(path)),
        (header::CACHE_CONTROL, kept_for),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in told {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    if let Ok(version) = HeaderValue::from_str(version) {
        response.headers_mut().insert(header::ETAG, version);
    }
    response
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, path: &str, accept: &str) -> Request {
        let built = Request::builder().method(method).uri(path);
        built.header(header::ACCEPT, accept).body(Body::empty()).unwrap()
    }

    #[test]
    fn a_browser_gets_the_page_or_how_to_build_it() {
        for path in ["/", "/projects/P1", "/warnings?level=red"] {
            let answered = file(&request(Method::GET, path, "text/html,*/*"));
            assert_eq!(answered.unwrap().status(), StatusCode::OK, "{path}");
        }
    }

    #[test]
    fn a_program_is_told_that_there_is_no_such_address() {
        for (method, path, accept) in [
            (Method::GET, "/nothing", "*/*"),
            (Method::GET, "/v1/nothing", "text/html"),
            (Method::GET, "/assets/gone.js", "*/*"),
            (Method::POST, "/", "text/html"),
        ] {
            assert!(file(&request(method, path, accept)).is_none(), "{path}");
        }
    }

    #[test]
    fn what_a_browser_holds_is_not_sent_again() {
        let Some(page) = SITE.get_file(INDEX) else { return };
        let first = answer(page, &HeaderMap::new());
        let version = first.headers()[header::ETAG].clone();
        let again = answer(page, &HeaderMap::from_iter([(header::IF_NONE_MATCH, version)]));
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(first.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    }
}
