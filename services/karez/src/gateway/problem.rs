//! What the API answers when it cannot do what was asked: `application/problem+json` (RFC 9457) with a stable
//! `code`, the place in the request as a JSON pointer, and a sentence in the language that the caller reads.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::InvalidHeaderValue;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use karez_events::submission::KEY_NAMESPACE;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::Gateway;
use crate::authorization::Caller;
use crate::bus::IntakeError;
use crate::bus::intake::RefusedContent;
use crate::language::Language;
use crate::receipt::{self, Reason, Refusal};
use crate::store::StoreError;
use crate::store::sealing::SealError;

/// The media type of every answer that is a problem.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
/// The most letters of a sentence, and of a place: what was sent may name itself at any length.
const LONGEST_DETAIL: usize = 8_000;
const LONGEST_POINTER: usize = 200;
/// Seconds after which a caller may try again when the service is busy or its log is away.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Why the API does not do what was asked.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Wrong>);

#[derive(Debug, Clone)]
struct Wrong {
    status: StatusCode,
    code: String,
    detail_zh: String,
    detail_en: String,
    pointer: Option<String>,
    more: Map<String, Value>,
    retry_after_seconds: Option<u64>,
}

#[derive(Serialize)]
struct Body9457<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    instance: &'a str,
    #[serde(flatten)]
    more: &'a Map<String, Value>,
}

impl Problem {
    /// A problem with a status, a stable code, and what is wrong and what to do in both languages.
    pub(crate) fn new(status: StatusCode, code: &str, detail_zh: String, detail_en: String) -> Self {
        Self(Box::new(Wrong {
            status,
            code: code.to_owned(),
            detail_zh: shortened(detail_zh, LONGEST_DETAIL),
            detail_en: shortened(detail_en, LONGEST_DETAIL),
            pointer: None,
            more: Map::new(),
            retry_after_seconds: None,
        }))
    }

    /// What was sent, to be kept with this problem as the reason. The same body at the same place is kept once.
    pub(crate) fn kept(&self, caller: &Caller, sent: &Bytes, place: &str) -> RefusedContent {
        let wrong = &self.0;
        RefusedContent {
            rejection_id: Uuid::new_v5(
                &KEY_NAMESPACE,
                &[place.as_bytes(), b"\n", wrong.code.as_bytes(), b"\n", sent].concat(),
            ),
            source: "http".to_owned(),
            actor: caller.known().map(|(name, _, _)| name.to_owned()),
            row: place.to_owned(),
            code: wrong.code.clone(),
            pointer: wrong.pointer.clone().unwrap_or_default(),
            message_zh: wrong.detail_zh.clone(),
            message_en: wrong.detail_en.clone(),
            content: sent.clone(),
        }
    }

    /// The same as a reason, for a row of many.
    pub(crate) fn reason(&self) -> Reason {
        let wrong = &self.0;
        Reason {
            code: wrong.code.clone(),
            pointer: wrong.pointer.clone().unwrap_or_default(),
            message_zh: wrong.detail_zh.clone(),
            message_en: wrong.detail_en.clone(),
            original: None,
        }
    }

    /// Where in the body the trouble is.
    pub(crate) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.0.pointer = Some(shortened(pointer.into(), LONGEST_POINTER));
        self
    }

    /// A further member of the body.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    /// It may succeed a little later.
    pub(crate) fn retry(self) -> Self {
        self.retry_after(RETRY_AFTER_SECONDS)
    }

    /// It may succeed after so many seconds.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    /// Nothing is known under this identifier.
    pub(crate) fn not_found(kind_zh: &str, kind_en: &str, id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("没有编号为 {id} 的{kind_zh}：请核对编号"),
            format!("there is no {kind_en} {id}: check the identifier"),
        )
    }

    /// A parameter of the query that cannot be used.
    pub(crate) fn bad_query(parameter: &str, detail_zh: String, detail_en: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_query", detail_zh, detail_en).with("parameter", parameter)
    }

    /// A fault of ours; the log has the chain of causes, once.
    pub(crate) fn internal() -> Self {
        Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// A refusal of the recorder. `place` says where its pointer is in what was sent: nowhere where it is in the
    /// address or the headers.
    pub(crate) fn refused(refusal: Refusal, place: impl Fn(&str) -> Option<String>) -> Self {
        let is_conflict = refusal.code == receipt::KEY_CONFLICT;
        let status = if is_conflict {
            StatusCode::CONFLICT
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        let mut problem = Self::new(status, &refusal.code, refusal.message_zh, refusal.message_en)
            .with("rejection_id", refusal.rejection_id.to_string());
        if let Some(event_id) = refusal.event_id {
            problem = problem.with("event_id", event_id.to_string());
            if is_conflict {
                problem = problem.with("original", format!("/v1/receipts/{event_id}"));
            }
        }
        if let Some(position) = refusal.original {
            problem = problem.with("original_position", position);
        }
        match place(&refusal.pointer) {
            Some(pointer) => problem.at(pointer),
            None => problem,
        }
    }

    /// Nothing answers at an address; those that exist are named.
    pub(crate) fn no_such_address<'a>(addresses: impl Iterator<Item = &'a String>) -> Self {
        let addresses: Vec<&str> = addresses.map(String::as_str).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            "no_such_resource",
            format!("没有这个地址：现有地址为 {}", addresses.join("、")),
            format!(
                "there is no such address: the addresses are {}",
                addresses.join(", ")
            ),
        )
        .with("addresses", addresses)
    }

    /// What axum and its layers answer by themselves, by status.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, zh, en) = match status.as_u16() {
            400 => (
                "bad_request",
                "请求无法读取：请检查地址与参数",
                "the request cannot be read: check its address and parameters",
            ),
            405 => (
                "method_not_allowed",
                "该地址不支持此方法：见 Allow 响应头",
                "this address does not take that method: see the Allow header",
            ),
            408 | 504 => (
                "timed_out",
                "未能及时办完；若为提交，请以同一编号重发，只会入账一次",
                "it was not done in time; if it was a submission, send it again under the same key, it lands once",
            ),
            413 => (
                "body_too_large",
                "请求体过大：单笔提交不超过 1 MiB",
                "the body is too large: one fact has at most 1 MiB",
            ),
            415 => (
                "unsupported_media_type",
                "请以 application/json 提交",
                "send application/json",
            ),
            429 | 503 => (
                "busy",
                "系统繁忙：请稍后重试",
                "the service is busy: try again a little later",
            ),
            status if status < 500 => ("bad_request", "请求不可接受", "the request is not acceptable"),
            _ => (
                "internal",
                "系统内部故障：请重试；如仍失败，请将编号告知运维",
                "a fault of ours: try again, and if it stays tell the operators this id",
            ),
        };
        let problem = Self::new(status, code, zh.to_owned(), en.to_owned());
        if matches!(status.as_u16(), 429 | 503 | 504) {
            problem.retry()
        } else {
            problem
        }
    }

    fn title(&self, language: Language) -> &'static str {
        let (zh, en) = match self.0.status.as_u16() {
            400 => ("请求有误", "Bad request"),
            401 => ("未登录", "Not signed in"),
            403 => ("无权限", "Not permitted"),
            404 => ("未找到", "Not found"),
            405 => ("方法不支持", "Method not allowed"),
            408 | 504 => ("超时", "Timed out"),
            502 => ("外部服务无应答", "Bad gateway"),
            409 => ("与现状不符", "Conflict"),
            413 => ("请求体过大", "Body too large"),
            415 => ("格式不支持", "Unsupported media type"),
            421 => ("主机名不符", "Wrong host"),
            422 => ("未予入账", "Refused"),
            429 | 503 => ("暂时不可用", "Unavailable for now"),
            status if status < 500 => ("请求有误", "Bad request"),
            _ => ("内部故障", "Internal fault"),
        };
        language.pick(zh, en)
    }

    fn body(&self, language: Language, instance: &str) -> Vec<u8> {
        let wrong = &self.0;
        let body = Body9457 {
            r#type: format!("urn:karez:problem:{}", wrong.code),
            title: self.title(language),
            status: wrong.status.as_u16(),
            code: &wrong.code,
            detail: language.pick(&wrong.detail_zh, &wrong.detail_en),
            pointer: wrong.pointer.as_deref(),
            instance,
            more: &wrong.more,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

fn shortened(text: String, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

impl IntoResponse for Problem {
    /// The body is written by [`render`], which knows the caller's language.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        let (code, zh) = match error {
            IntakeError::Busy => ("busy", "待处理的提交过多：请稍后以同一编号重发"),
            IntakeError::NoRecorder => (
                "no_recorder",
                "记账进程暂无应答：请以同一编号重发，已入账的会得到原回执",
            ),
            IntakeError::Unavailable => (
                "log_unavailable",
                "账本暂时无法写入：请以同一编号重发，已入账的会得到原回执",
            ),
            IntakeError::Stopping => ("stopping", "本节点正在停止：请改用其他节点或稍后重发"),
        };
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            code,
            zh.to_owned(),
            error.to_string(),
        )
        .retry()
    }
}

impl From<InvalidHeaderValue> for Problem {
    fn from(error: InvalidHeaderValue) -> Self {
        tracing::error!("an answer cannot be written into a header: {error}");
        Self::internal()
    }
}

impl From<SealError> for Problem {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Store(error) => error.into(),
            error @ (SealError::AlreadySealed { .. } | SealError::Cipher(_)) => {
                tracing::error!("personal fields cannot be sealed: {error}");
                Self::internal()
            }
        }
    }
}

impl From<Reason> for Problem {
    fn from(reason: Reason) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            &reason.code,
            reason.message_zh,
            reason.message_en,
        )
        .at(reason.pointer)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!("the log cannot be read: {error}");
        if error.is_retryable() {
            let (zh, en) = (
                "账本暂时无法读取：请稍后重试",
                "the log cannot be read now: try again a little later",
            );
            return Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "log_unavailable",
                zh.to_owned(),
                en.to_owned(),
            )
            .retry();
        }
        Self::internal()
    }
}

/// What the caller reads.
pub(super) fn language_of(headers: &HeaderMap) -> Language {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    accepted.map_or(Language::Zh, Language::accepted)
}

/// Whom a refusal would be for.
pub(super) struct Addressee {
    language: Language,
    instance: Uri,
    is_head: bool,
}

impl Addressee {
    pub(super) fn of(request: &Request) -> Self {
        Self {
            language: language_of(request.headers()),
            instance: request.uri().clone(),
            is_head: request.method() == Method::HEAD,
        }
    }
}

/// Gives every refusal its body in the caller's language, whoever refused.
///
/// A fault of ours carries an id, under which the service's own messages tell the rest.
pub(super) fn render(gateway: &Gateway, addressee: &Addressee, mut response: Response) -> Response {
    if response.status().as_u16() < 400 {
        return response;
    }
    let instance = addressee.instance.path();
    let written = response.extensions_mut().remove::<Problem>();
    let mut problem = written.unwrap_or_else(|| Problem::of_status(response.status()));
    if problem.0.status.is_server_error() {
        let request_id = gateway.parts().clock.fresh_id().to_string();
        tracing::error!(
            request_id,
            code = problem.0.code,
            path = instance,
            "a request could not be answered"
        );
        problem = problem.with("request_id", request_id);
    }
    let body = problem.body(addressee.language, instance);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
    headers.insert(
        header::CONTENT_LANGUAGE,
        HeaderValue::from_static(addressee.language.as_str()),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.remove(header::CONTENT_ENCODING);
    if let Some(seconds) = problem.0.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    *response.body_mut() = if addressee.is_head {
        Body::empty()
    } else {
        Body::from(body)
    };
    response
}
