//! Many facts in one body: a JSON array, or one JSON object a line (NDJSON). A row that cannot be read is no fault of
//! the others.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use karez_events::{Submission, from_json};
use serde_json::value::RawValue;

use super::Gateway;
use super::envelope::{Envelope, unreadable};
use super::problem::Problem;
use super::submit::{IDEMPOTENCY_KEY, is_json};
use crate::authorization::Caller;

/// The most rows of one body.
pub(crate) const MOST_ROWS: usize = 1_000;
/// The largest body of many rows, in bytes; each row is no larger than the body of one fact.
pub(crate) const BODY_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// One row as it was sent.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) bytes: Bytes,
    pub(crate) read: Result<Submission, Problem>,
}

impl Gateway {
    /// Takes a body apart. What a caller may not say is a fault of the row.
    pub(crate) fn rows(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Vec<Row>, Problem> {
        let row = |bytes: Bytes| Row {
            read: self.read_row(caller, &bytes),
            bytes,
        };
        Ok(pieces(headers, body)?.into_iter().map(row).collect())
    }

    fn read_row(&self, caller: &Caller, row: &[u8]) -> Result<Submission, Problem> {
        if row.len() > self.0.settings.body_limit_bytes {
            return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        let (envelope, key) = Envelope::of_row(row)?;
        self.take_from(caller, &envelope)
            .map_err(|problem| problem.at("/project"))?;
        let event = envelope.event()?;
        if key.is_none() && !envelope.has_key() {
            return Err(no_key_in_row());
        }
        envelope.submission(caller, event, key.as_deref())
    }
}

fn pieces(headers: &HeaderMap, body: &Bytes) -> Result<Vec<Bytes>, Problem> {
    if headers.contains_key(IDEMPOTENCY_KEY) {
        return Err(key_of_all());
    }
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let pieces = match media_type.unwrap_or_default() {
        lines if is_lines(lines) => lines_of(body),
        json if is_json(json) => elements_of(body)?,
        _ => return Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
    };
    match pieces.len() {
        0 => Err(no_rows()),
        1..=MOST_ROWS => Ok(pieces),
        found => Err(too_many_rows(found)),
    }
}

fn is_lines(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let names = ["application/x-ndjson", "application/ndjson", "application/jsonl"];
    names.iter().any(|name| essence.eq_ignore_ascii_case(name))
}

fn lines_of(body: &Bytes) -> Vec<Bytes> {
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let rows = lines.filter(|line| !line.is_empty());
    rows.map(|line| body.slice_ref(line)).collect()
}

/// The elements of an array; an object alone is a list of one.
fn elements_of(body: &Bytes) -> Result<Vec<Bytes>, Problem> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        return Ok(vec![body.clone()]);
    }
    let elements: Vec<&RawValue> = from_json(body).map_err(|error| unreadable(body, &error))?;
    let bytes = elements.into_iter().map(|element| element.get().as_bytes());
    Ok(bytes.map(|element| body.slice_ref(element)).collect())
}

fn key_of_all() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "key_per_row",
        "此处每行各有编号：请在每行的 idempotency_key 中给出，不要用请求头".to_owned(),
        "each row has a key of its own here: give it as the row's idempotency_key, not as a header"
            .to_owned(),
    )
}

fn no_key_in_row() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "missing_idempotency_key",
        "请在该行的 idempotency_key 中给出贵方的凭证编号：同一编号重发只入账一次".to_owned(),
        "give your own voucher number as the row's idempotency_key: sent again under it, the fact lands once"
            .to_owned(),
    )
    .at("/idempotency_key")
}

fn no_rows() -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "no_rows",
        "没有任何行：请至少提交一行".to_owned(),
        "there are no rows: send at least one".to_owned(),
    )
}

fn too_many_rows(found: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_many_rows",
        format!("共 {found} 行，一次最多 {MOST_ROWS} 行：请分批提交"),
        format!("there are {found} rows, at most {MOST_ROWS} are taken at once: send them in parts"),
    )
}
