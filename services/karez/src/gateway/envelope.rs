//! What a POST carries: one fact with what surrounds it, taken apart without losing a byte of its data.

use std::collections::BTreeMap;
use std::fmt;

use axum::http::StatusCode;
use chrono::NaiveDate;
use karez_events::{Actor, DecodeError, Event, EventType, Metadata, StreamId, Submission, from_json};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::place::pointer_of;
use super::problem::Problem;
use super::reader_words::{in_chinese, without_place};
use crate::authorization::Caller;
use crate::receipt::Reason;

/// Members of a body that surround the data and belong to the metadata.
const METADATA: [&str; 9] = [
    "actor",
    "source_system",
    "document",
    "effective_on",
    "posted_on",
    "reason",
    "causation",
    "correlation",
    "undated",
];

/// Members of the body of one event.
const EVENT: [&str; 6] = ["type", "occurred_on", "data", "metadata", "event_id", "schema"];
/// Members of a row of many.
const ROW: [&str; 8] = [
    "project",
    "idempotency_key",
    "type",
    "occurred_on",
    "data",
    "metadata",
    "event_id",
    "schema",
];

/// The members of a JSON object, each as its bytes.
#[derive(Debug)]
struct Members(BTreeMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a JSON object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut input: M) -> Result<Members, M::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = input.next_entry::<String, Box<RawValue>>()? {
                    if members.contains_key(&name) {
                        return Err(M::Error::custom(format!("duplicate field `{name}`")));
                    }
                    members.insert(name, value);
                }
                Ok(Members(members))
            }
        }

        input.deserialize_map(Object)
    }
}

/// A body taken apart, its data still as bytes.
#[derive(Debug)]
pub(crate) struct Envelope {
    stream: StreamId,
    event_id: Option<Uuid>,
    event_type: EventType,
    schema: Option<i16>,
    occurred_on: NaiveDate,
    metadata: Metadata,
    data: String,
    /// Where the data stand in the body: "" where they are the body.
    data_at: &'static str,
}

impl Envelope {
    /// Takes apart `{occurred_on, …fields of the data…, …fields of the metadata…}`, where the address says the type.
    /// A field of the data may be in the address, too.
    pub(crate) fn of_type(
        event_type: EventType,
        stream: StreamId,
        in_address: Option<(&str, Uuid)>,
        body: &[u8],
    ) -> Result<Self, Problem> {
        let Members(mut members) = object(body)?;
        let occurred_on = required(&mut members, "occurred_on")?;
        if let Some((name, id)) = in_address {
            put_known(&mut members, name, &id)?;
        }
        Self::of_flat(stream, event_type, occurred_on, members)
    }

    /// Takes apart a step of the calendar of which some fields are known from the address and the caller.
    pub(crate) fn of_known(
        event_type: EventType,
        known: &[(&str, serde_json::Value)],
        body: &[u8],
        today: NaiveDate,
    ) -> Result<Self, Problem> {
        let body = if body.is_empty() { b"{}" } else { body };
        let Members(mut members) = object(body)?;
        for (name, value) in known {
            put_known(&mut members, name, value)?;
        }
        let occurred_on = optional(&mut members, "occurred_on")?.unwrap_or(today);
        Self::of_flat(StreamId::Calendar, event_type, occurred_on, members)
    }

    /// Takes apart a person's step on a warning, `{…fields of the data…, …fields of the metadata…, occurred_on?}`: it is
    /// of today where it names no day, and nothing need be said where nothing is required.
    pub(crate) fn of_step(
        stream: StreamId,
        event_type: EventType,
        body: &[u8],
        today: NaiveDate,
    ) -> Result<Self, Problem> {
        let body = if body.is_empty() { b"{}" } else { body };
        let Members(mut members) = object(body)?;
        let occurred_on = optional(&mut members, "occurred_on")?.unwrap_or(today);
        let is_ending = matches!(event_type, EventType::WarningLifted | EventType::WarningDismissed);
        if is_ending && !members.contains_key("as_of") {
            members.insert("as_of".to_owned(), serde_json::value::to_raw_value(&occurred_on)?);
        }
        Self::of_flat(stream, event_type, occurred_on, members)
    }

    fn of_flat(
        stream: StreamId,
        event_type: EventType,
        occurred_on: NaiveDate,
        mut members: BTreeMap<String, Box<RawValue>>,
    ) -> Result<Self, Problem> {
        let event_id = optional(&mut members, "event_id")?;
        let metadata = metadata_of(&mut members)?;
        let fields: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("{}:{}", serde_json::Value::from(name.as_str()), value.get()))
            .collect();
        Ok(Self {
            stream,
            event_id,
            event_type,
            schema: None,
            occurred_on,
            metadata,
            data: format!("{{{}}}", fields.join(",")),
            data_at: "",
        })
    }

    /// Takes apart `{type, occurred_on, data, metadata?, event_id?, schema?}`.
    pub(crate) fn of_event(stream: StreamId, body: &[u8]) -> Result<Self, Problem> {
        let Members(members) = object(body)?;
        Self::of_members(stream, members, &EVENT)
    }

    /// Takes apart a row of many: the same with the `project`, and with the `idempotency_key` that has no header.
    pub(crate) fn of_row(row: &[u8]) -> Result<(Self, Option<String>), Problem> {
        let Members(mut members) = object(row)?;
        let project = StreamId::Project(required(&mut members, "project")?);
        let key: Option<String> = optional(&mut members, "idempotency_key")?;
        if let Some(key) = &key {
            super::submit::check_key(key).map_err(|problem| problem.at("/idempotency_key"))?;
        }
        Ok((Self::of_members(project, members, &ROW)?, key))
    }

    fn of_members(
        stream: StreamId,
        mut members: BTreeMap<String, Box<RawValue>>,
        known: &[&str],
    ) -> Result<Self, Problem> {
        let occurred_on = required(&mut members, "occurred_on")?;
        let event_id = optional(&mut members, "event_id")?;
        let event_type: EventType = required(&mut members, "type")?;
        let schema = optional(&mut members, "schema")?;
        let data: Box<RawValue> = required(&mut members, "data")?;
        let metadata = optional(&mut members, "metadata")?.unwrap_or_default();
        if let Some(name) = members.keys().next() {
            return Err(malformed(
                format!("/{name}"),
                &format!("unknown field `{name}`, expected one of {}", known.join(", ")),
            ));
        }
        let data = data.get().to_owned();
        Ok(Self {
            stream,
            event_id,
            event_type,
            schema,
            occurred_on,
            metadata,
            data,
            data_at: "/data",
        })
    }

    /// The submission of an event of this envelope, under the key that its sender gave it.
    pub(crate) fn submission(
        mut self,
        caller: &Caller,
        event: Event,
        key: Option<&str>,
    ) -> Result<Submission, Problem> {
        if !caller.may_record(self.event_type) {
            return Err(not_for_units(self.event_type));
        }
        // It is the caller who speaks, whatever the body claims.
        if let Some(actor) = actor(caller) {
            self.metadata.actor = Some(actor);
        }
        let source_at = match self.data_at {
            "" => "/source_system",
            _ => "/metadata/source_system",
        };
        if let Some(reason) = Reason::reserved_source(&self.metadata, source_at) {
            return Err(Problem::from(reason));
        }
        let in_body = self.metadata.idempotency_key.take();
        let key = match (key, in_body) {
            (Some(header), Some(body)) if header != body => return Err(two_keys()),
            (Some(key), _) => Some(key.to_owned()),
            (None, body) => body,
        };
        let of_key = key
            .as_deref()
            .map(|key| Submission::id_of_key(&self.stream.to_string(), key));
        let event_id = match (of_key, self.event_id) {
            (Some(of_key), Some(given)) if of_key != given => return Err(two_keys()),
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => return Err(no_key()),
        };
        self.metadata.idempotency_key = key;
        let submission = Submission {
            event_id,
            stream: self.stream,
            occurred_on: self.occurred_on,
            event,
            metadata: self.metadata,
        };
        match Reason::reserved_id(&submission) {
            Some(reason) => Err(Problem::from(reason)),
            None => Ok(submission),
        }
    }

    /// Whether it says itself under which key or id it is sent.
    pub(crate) fn has_key(&self) -> bool {
        self.event_id.is_some() || self.metadata.idempotency_key.is_some()
    }

    /// What it is about.
    pub(crate) fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// Its type.
    pub(crate) fn event_type(&self) -> EventType {
        self.event_type
    }

    /// The event that the data say.
    pub(crate) fn event(&self) -> Result<Event, Problem> {
        let schema = self.schema.unwrap_or_else(|| self.event_type.schema());
        Event::decode(self.event_type, schema, self.data.as_bytes()).map_err(|error| {
            let (pointer, said) = match &error {
                DecodeError::Payload { source, .. } => {
                    let pointer = pointer_of(self.data_at, self.data.as_bytes(), source);
                    (pointer, source.to_string())
                }
                DecodeError::NewerSchema { .. } => ("/schema".to_owned(), error.to_string()),
                DecodeError::UnknownTypeNumber(_) | DecodeError::UnknownType(_) | DecodeError::Record(_) => {
                    (self.data_at.to_owned(), error.to_string())
                }
            };
            malformed(pointer, &said)
        })
    }
}

/// A caller as the actor of what they record.
pub(super) fn actor(caller: &Caller) -> Option<Actor> {
    caller.known().map(|(name, role, unit)| Actor {
        user: Some(name.to_owned()),
        org: unit.map(ToString::to_string),
        role: Some(role.to_string()),
    })
}

/// A refusal points into the submission; its sender sees the place in the body that was sent. The stream is in the
/// address, the id in a header.
pub(crate) fn place_in_event(pointer: &str) -> Option<String> {
    let is_elsewhere = pointer.is_empty() || pointer == "/stream" || pointer == "/event_id";
    (!is_elsewhere).then(|| pointer.to_owned())
}

/// The same for a row of many, which names its project and its key itself.
pub(crate) fn place_in_row(pointer: &str) -> Option<String> {
    match pointer {
        "/stream" => Some("/project".to_owned()),
        "/event_id" | "" => None,
        within => Some(within.to_owned()),
    }
}

/// The same for a body in which the data and what surrounds them stand side by side.
pub(crate) fn place_in_flat_body(pointer: &str) -> Option<String> {
    let within = pointer
        .strip_prefix("/data")
        .or_else(|| pointer.strip_prefix("/metadata"));
    place_in_event(within.unwrap_or(pointer))
}

/// Adds a field of the data that is known from the address or the caller.
fn put_known(
    members: &mut BTreeMap<String, Box<RawValue>>,
    name: &str,
    value: &impl serde::Serialize,
) -> Result<(), Problem> {
    let value = serde_json::value::to_raw_value(value)?;
    if members.insert(name.to_owned(), value).is_none() {
        return Ok(());
    }
    Err(malformed(
        format!("/{name}"),
        &format!("{name} is known from the address or the caller: leave it out"),
    ))
}

fn object(body: &[u8]) -> Result<Members, Problem> {
    from_json(body).map_err(|error| unreadable(body, &error))
}

/// A body that is not JSON, or not of the shape that is taken here.
pub(crate) fn unreadable(body: &[u8], error: &serde_json::Error) -> Problem {
    let pointer = pointer_of("", body, error);
    if error.is_data() {
        return malformed(pointer, &error.to_string());
    }
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed_json",
        format!(
            "请求体不是合法的 JSON：{}（第 {} 行第 {} 列）",
            in_chinese(&error.to_string()),
            error.line(),
            error.column()
        ),
        format!("the body is not JSON: {error}"),
    )
    .at(pointer)
}

fn required<T: for<'de> Deserialize<'de>>(
    members: &mut BTreeMap<String, Box<RawValue>>,
    name: &str,
) -> Result<T, Problem> {
    match optional(members, name)? {
        Some(value) => Ok(value),
        None => Err(malformed(format!("/{name}"), &format!("missing field `{name}`"))),
    }
}

fn optional<T: for<'de> Deserialize<'de>>(
    members: &mut BTreeMap<String, Box<RawValue>>,
    name: &str,
) -> Result<Option<T>, Problem> {
    let Some(value) = members.remove(name) else {
        return Ok(None);
    };
    serde_json::from_str(value.get()).map_err(|error| {
        malformed(
            pointer_of(&format!("/{name}"), value.get().as_bytes(), &error),
            &error.to_string(),
        )
    })
}

/// The metadata of a flat body: its own member, and the fields that stand beside the data.
fn metadata_of(members: &mut BTreeMap<String, Box<RawValue>>) -> Result<Metadata, Problem> {
    let mut fields = match members.remove("metadata") {
        Some(own) => object(own.get().as_bytes())?.0,
        None => BTreeMap::new(),
    };
    for name in METADATA {
        if let Some(value) = members.remove(name)
            && fields.insert(name.to_owned(), value).is_some()
        {
            return Err(malformed(
                format!("/{name}"),
                &format!("{name} is given twice: here and in metadata"),
            ));
        }
    }
    let text: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}:{}", serde_json::Value::from(name.as_str()), value.get()))
        .collect();
    let text = format!("{{{}}}", text.join(","));
    serde_json::from_str(&text)
        .map_err(|error| malformed(pointer_of("", text.as_bytes(), &error), &error.to_string()))
}

fn malformed(pointer: String, message: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        crate::receipt::MALFORMED,
        format!("提交内容无法读取：{}", in_chinese(message)),
        format!("the submission cannot be read: {}", without_place(message)),
    )
    .at(pointer)
}

pub(super) fn not_for_units(event_type: EventType) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "not_for_units",
        format!("{event_type} 由主管部门登记，单位不能提交"),
        format!("{event_type} is the office's to record: a unit cannot"),
    )
    .at("/type")
}

fn no_key() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "missing_idempotency_key",
        "请在 Idempotency-Key 请求头中给出贵方的凭证编号：同一编号重发只入账一次".to_owned(),
        "give your own voucher number in the Idempotency-Key header: sent again under it, the fact lands once".to_owned(),
    )
}

fn two_keys() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "two_keys",
        "请求头 Idempotency-Key 与请求体中的编号不一致：只给一个".to_owned(),
        "the Idempotency-Key header and the key or event_id of the body differ: give one".to_owned(),
    )
}
