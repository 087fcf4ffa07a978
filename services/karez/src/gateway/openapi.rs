//! The document of this interface, made from the code, and a page that shows it without any other server.

mod refusals;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, RefOr, Required};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi, ToSchema};

use super::submit::Pending;
use super::{Gateway, auth};
use crate::authorization::{Action, Role, reach_in_words};
use crate::receipt::Receipt;

/// The two clocks.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Clocks {
    /// 截至: the business date; today where absent.
    as_of: Option<chrono::NaiveDate>,
    /// 按当时已知: an instant, or a day for its end; now where absent.
    known_at: Option<String>,
}

/// Which page.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Page {
    /// The `next_cursor` of the page before, with everything else unchanged.
    cursor: Option<String>,
    /// Rows of the page, 100 where absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// How far into the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Skip {
    /// Rows left out after the place of the cursor, or from the beginning, where a reader jumps.
    skip: Option<usize>,
}

/// Which words.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Text {
    /// Only rows in whose number, title or name this text stands.
    q: Option<String>,
}

/// How many rows.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Rows {
    /// The most rows, 100 where absent.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

/// What was known when.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct KnownAt {
    /// 按当时已知: an instant, or a day for its end; now where absent.
    known_at: Option<String>,
}

/// Which warnings, and in which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Warned {
    /// Only in this state, or `all`; the open ones where absent.
    state: Option<String>,
    /// Only of this colour.
    level: Option<String>,
    /// Only by this rule, by name or code.
    rule: Option<String>,
    /// Only about this project.
    project: Option<String>,
    /// Only about this unit and its projects.
    unit: Option<String>,
    /// Only about this fund and its projects.
    fund: Option<String>,
    /// A field of the rows, with `-` in front for falling order.
    sort: Option<String>,
}

/// In which order.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Order {
    /// A field of the rows, with `-` in front for falling order.
    sort: Option<String>,
    /// Only rows in whose number, title or name this text stands.
    q: Option<String>,
}

/// Which projects.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Projects {
    /// Only projects of this fund.
    fund: Option<String>,
    /// Only projects of this unit.
    unit: Option<String>,
    /// Only projects in this state.
    state: Option<String>,
    /// Only projects of this programme.
    programme: Option<String>,
}

/// From where in the log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct After {
    /// Only what follows this position.
    #[param(format = "uint64")]
    after: Option<u64>,
}

/// Since which checkpoint.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Since {
    /// The size of an earlier checkpoint, from which this one is shown to go on.
    #[param(format = "uint64")]
    since: Option<u64>,
}

/// What evidence is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Evidence {
    /// Only this fund, with its projects, their units and warnings.
    fund: Option<String>,
    /// Only this project, with its unit and warnings.
    project: Option<String>,
}

/// How a batch is taken.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Switches {
    /// Record all rows or none.
    atomic: Option<bool>,
    /// Only say what would be done.
    dry_run: Option<bool>,
}

/// Which events are streamed.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Streamed {
    /// Only about this project and its warnings.
    project: Option<String>,
    /// Only about this unit, its projects and their warnings.
    unit: Option<String>,
    /// Only these types, separated by commas.
    r#type: Option<String>,
    /// Begin after this position; `Last-Event-ID` goes before it.
    #[param(format = "uint64")]
    after: Option<u64>,
}

/// Why something is not done (RFC 9457). Further members depend on `code`.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct ProblemBody {
    /// `urn:karez:problem:` and the code.
    r#type: String,
    /// The kind of trouble, in the language that was asked for.
    title: String,
    /// The status of the answer.
    status: u16,
    /// A stable code.
    code: String,
    /// What is wrong and what to do, in the language that was asked for.
    detail: String,
    /// Where in the body, as a JSON pointer.
    pointer: Option<String>,
    /// The address that was asked.
    instance: String,
}

/// What a posted fact is answered with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(crate) enum Posted {
    /// Recorded; Location is its receipt.
    #[response(status = 201)]
    Recorded(#[to_schema] Receipt),
    /// It had been recorded before: the first receipt, with Idempotency-Replayed: true.
    #[response(status = 200)]
    Replayed(#[to_schema] Receipt),
    /// Not decided yet, and the sender did not want to wait for longer; Location is where its receipt will be.
    #[response(status = 202)]
    Pending(#[to_schema] Pending),
    /// The key was used for another fact.
    #[response(status = 409, content_type = "application/problem+json")]
    KeyConflict(#[to_schema] ProblemBody),
    /// It cannot be a fact.
    #[response(status = 422, content_type = "application/problem+json")]
    Refused(#[to_schema] ProblemBody),
}

/// The document without its addresses.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "karez",
        description = "Supervision of public project funds. Amounts are strings, exact. Every read takes two dates: `as_of` is the business date, `known_at` what had been recorded by then. Facts are sent under a key of the sender's own and land once.\n\n项目资金监管接口：金额均为字符串；`as_of` 为业务日，`known_at` 为当时已知；提交凭自有编号，重发只入账一次。"
    ),
    components(schemas(ProblemBody)),
    modifiers(&Facts, &Keys)
)]
pub(crate) struct Skeleton;

/// The payload of every type of event.
struct Facts;

impl Modify for Facts {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        components.schemas.extend(karez_events::event::payload_schemas());
    }
}

/// How callers say who they are, where they are asked.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(auth::COOKIE)));
        components
            .security_schemes
            .insert("key".to_owned(), RefOr::T(key));
        components
            .security_schemes
            .insert("session".to_owned(), RefOr::T(cookie));
    }
}

/// The document as it is sent, and the addresses in it.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) json: Bytes,
    pub(crate) addresses: Vec<String>,
}

impl Described {
    pub(crate) fn try_new(document: Document) -> serde_json::Result<Self> {
        let document = complete(document);
        Ok(Self {
            json: serde_json::to_vec(&document)?.into(),
            addresses: document.paths.paths.into_keys().collect(),
        })
    }
}

/// What every operation has in common: the caller's language, and what it answers when it cannot do what was asked.
fn complete(mut document: Document) -> Document {
    refusals::describe(document.components.get_or_insert_default());
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(operation_id(method, path));
            let language = ParameterBuilder::new()
                .name("Accept-Language")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some("zh or en: the language of problems; zh where absent."))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .build();
            operation
                .parameters
                .get_or_insert_default()
                .push(RefOr::T(language));
            refusals::complete(method, path, operation);
        }
    }
    document
}

/// The methods that there are.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let found = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("delete", &mut item.delete),
    ]
    .into_iter();
    found.filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// A name for generated clients: the method and the words of the address.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty() && *word != "v1").collect();
    format!("{method}_{}", words.join("_"))
}

/// The key of a fact, as a parameter.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only described")]
pub(crate) struct Key {
    /// The sender's own key, such as a voucher number: sent again under it, the fact lands once. Needed where the body has
    /// neither `event_id` nor `metadata.idempotency_key`.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 200)]
    key: Option<String>,
    /// `wait=SECONDS`: wait so long at most for the decision. `respond-async`: do not wait, where the fact is kept safe without it.
    #[param(rename = "Prefer")]
    prefer: Option<String>,
}

/// The document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", responses((status = 200, description = "This document.", body = Object)))]
pub(crate) async fn document(State(gateway): State<Gateway>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (headers, gateway.0.described.json.clone()).into_response()
}

/// The document as a page.
#[utoipa::path(get, path = "/docs", tag = "operations", responses((status = 200, description = "A page that shows this document.", body = String, content_type = "text/html")))]
pub(crate) async fn page() -> Response {
    let only_ours =
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'";
    let headers = [(header::CONTENT_SECURITY_POLICY, only_ours)];
    let page = include_str!("docs.html").replace("<!-- roles -->", &roles());
    (headers, Html(page)).into_response()
}

/// Who may do what, as rows of a table.
fn roles() -> String {
    let mut rows = String::from("<tr><th>action");
    for role in Role::ALL {
        rows.push_str("<th>");
        rows.push_str(role.as_str());
    }
    rows.push_str("<th>addresses");
    for action in Action::ALL {
        rows.push_str("\n<tr><td><code>");
        rows.push_str(action.as_str());
        rows.push_str("</code>");
        for role in Role::ALL {
            rows.push_str("<td>");
            rows.push_str(reach_in_words(role, action));
        }
        let addresses = action
            .addresses()
            .map(|(method, path)| format!("<code>{method} {path}</code>"));
        rows.push_str("<td>");
        rows.push_str(&addresses.collect::<Vec<_>>().join("<br>"));
    }
    rows
}
