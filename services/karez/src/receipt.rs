//! What a sender is told: a [`Receipt`] once the fact is on disk in the log, or a [`Refusal`] with its reason.

use chrono::{DateTime, Utc};
use karez_events::submission::Malformed;
use karez_events::{Hash, Metadata, Position, RawEvent, StreamId, Submission};
use karez_projections::admission;
use karez_projections::warnings::SENTINEL;
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// The bytes are not a submission.
pub const MALFORMED: &str = "malformed";
/// The id was used before for another fact.
pub const KEY_CONFLICT: &str = "key_conflict";
/// The submission came in by the door of another sender or for another stream.
pub const WRONG_SENDER: &str = "wrong_sender";
/// The source belongs to the office's own imports.
pub const RESERVED_SOURCE: &str = "reserved_source";
/// The id may be that of another sender's fact, or of one of karez' own.
pub const RESERVED_ID: &str = "reserved_id";
/// How the source system of facts begins that others published. Such facts keep the precision and the dates they
/// were published with, so nobody but an import may claim it.
const IMPORTED: &str = "import:";
/// The log cannot take it, whatever is tried.
pub const UNRECORDABLE: &str = "unrecordable";

/// The end of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is in the log.
    Recorded(Receipt),
    /// It cannot be a fact; it was kept with the reason.
    Refused(Refusal),
}

/// Where a fact is in the log. It is given only after the commit, so it holds for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Receipt {
    /// The fact's id.
    pub event_id: Uuid,
    /// Its place in the log.
    pub position: Position,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: u32,
    /// When it became known.
    pub recorded_at: DateTime<Utc>,
    /// The chain's hash at this event, in hexadecimal.
    #[serde(serialize_with = "hash_as_text", deserialize_with = "hash_from_text")]
    #[schema(value_type = String)]
    pub hash: Hash,
    /// It had been recorded before, under the same id and with the same content; nothing new was written.
    pub replayed: bool,
}

/// Why a submission cannot be a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Under which it was kept.
    pub rejection_id: Uuid,
    /// The submission's id, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<Uuid>,
    /// The stable code.
    pub code: String,
    /// JSON pointer to the field.
    pub pointer: String,
    /// What was wrong and what to do, in Chinese.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
    /// For [`KEY_CONFLICT`]: where the fact is that was recorded first under this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Position>,
}

/// A reason without the submission it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: String,
    pub(crate) pointer: String,
    pub(crate) message_zh: String,
    pub(crate) message_en: String,
    pub(crate) original: Option<Position>,
}

impl Receipt {
    pub(crate) fn of(event: &RawEvent, replayed: bool) -> Self {
        Self {
            event_id: event.event_id,
            position: event.position,
            stream: event.stream.clone(),
            version: event.version,
            recorded_at: event.recorded_at,
            hash: event.hash,
            replayed,
        }
    }
}

impl Reason {
    fn new(code: &str, pointer: &str, message_zh: String, message_en: String) -> Self {
        Self {
            code: code.to_owned(),
            pointer: pointer.to_owned(),
            message_zh,
            message_en,
            original: None,
        }
    }

    pub(crate) fn key_conflict(original: Position) -> Self {
        let reason = Self::new(
            KEY_CONFLICT,
            "/event_id",
            format!("该编号已用于第 {original} 号事实，内容不同；请换用新的编号，或按原内容重发"),
            format!(
                "this id was used for another fact, at position {original}: use a new id, or send the first content again"
            ),
        );
        Self {
            original: Some(original),
            ..reason
        }
    }

    /// Two different facts under one id, neither of which is recorded yet.
    pub(crate) fn key_used_twice() -> Self {
        Self::new(
            KEY_CONFLICT,
            "/event_id",
            "同一编号在本次提交中用于两笔不同的事实：请各用各的编号".to_owned(),
            "this id stands for two different facts in what was sent: give each its own".to_owned(),
        )
    }

    pub(crate) fn wrong_sender(pointer: &str, door: &str, found: &str) -> Self {
        Self::new(
            WRONG_SENDER,
            pointer,
            format!("主题 {door} 只接受与其一致的提交，收到的是 {found:?}；请改用本单位、本项目的主题"),
            format!(
                "the subject {door} takes only what agrees with it, found {found:?}: use the subject of the unit and the stream"
            ),
        )
    }

    /// The reason for which an outsider's fact is refused whose id may be that of somebody else's.
    pub(crate) fn reserved_id(submission: &Submission) -> Option<Self> {
        (!submission.has_id_of_its_own()).then(|| {
            Self::new(
                RESERVED_ID,
                "/event_id",
                "event_id 须为随机的 UUID（第 4 或第 7 版）；或不给 event_id，只给 Idempotency-Key"
                    .to_owned(),
                "an event_id is a random UUID (version 4 or 7); or leave it out and give an Idempotency-Key"
                    .to_owned(),
            )
        })
    }

    /// The reason for which an outsider's fact is refused that claims to come from an import.
    pub(crate) fn reserved_source(metadata: &Metadata, pointer: &str) -> Option<Self> {
        let source = metadata.source_system.as_deref()?;
        let is_reserved = source.starts_with(IMPORTED) || source == SENTINEL;
        is_reserved.then(|| {
            Self::new(
                RESERVED_SOURCE,
                pointer,
                format!("source_system 不能是 {SENTINEL}，也不能以 {IMPORTED} 开头：此类事实只由本系统产生；请写贵方系统的名称"),
                format!(
                    "a source_system may not be {SENTINEL} or begin with {IMPORTED} since karez itself makes such facts: give the name of your own system"
                ),
            )
        })
    }

    pub(crate) fn sealed_already(why: &str) -> Self {
        Self::new(
            MALFORMED,
            "/data/payee",
            "收款人信息须以明文提交，由本系统加密；请勿提交密文或化名".to_owned(),
            format!("personal fields are sealed here only: {why}"),
        )
    }

    pub(crate) fn unrecordable(why: &str) -> Self {
        Self::new(
            UNRECORDABLE,
            "",
            format!("账本无法写入这一条：{why}；原文已保留，请联系运维"),
            format!("the log cannot take this one: {why}; it was kept as sent, tell the operators"),
        )
    }
}

impl From<Malformed> for Reason {
    fn from(malformed: Malformed) -> Self {
        let message = malformed.message;
        Self::new(
            MALFORMED,
            &malformed.pointer,
            format!("提交内容无法读取：{message}"),
            format!("the submission cannot be read: {message}"),
        )
    }
}

impl From<admission::Refusal> for Reason {
    fn from(refusal: admission::Refusal) -> Self {
        Self::new(
            refusal.code.as_str(),
            &refusal.pointer,
            refusal.message_zh,
            refusal.message_en,
        )
    }
}

fn hash_as_text<S: Serializer>(hash: &Hash, output: S) -> Result<S::Ok, S::Error> {
    output.collect_str(hash)
}

fn hash_from_text<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Hash, D::Error> {
    let text = String::deserialize(input)?;
    hash_of_hex(&text).ok_or_else(|| serde::de::Error::custom("a hash is 64 hexadecimal digits"))
}

/// Reads the 64 hexadecimal digits of a hash.
pub(crate) fn hash_of_hex(text: &str) -> Option<Hash> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some((high << 4) | low),
            _ => None,
        })
        .collect::<Option<_>>()?;
    Hash::try_from(bytes.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_reads_back_as_written() {
        let outcome = Outcome::Recorded(Receipt {
            event_id: Uuid::max(),
            position: 7,
            stream: "project/P1".parse().unwrap(),
            version: 2,
            recorded_at: "2024-03-02T01:02:03.000004Z".parse().unwrap(),
            hash: Hash([0xa5; 32]),
            replayed: false,
        });
        let text = serde_json::to_string(&outcome).unwrap();
        assert!(
            text.starts_with(r#"{"outcome":"recorded","event_id":"ffffffff-"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Outcome>(&text).unwrap(), outcome);
    }

    #[test]
    fn a_conflict_names_the_first_fact() {
        let reason = Reason::key_conflict(41);
        assert_eq!(reason.original, Some(41));
        assert!(reason.message_en.contains("position 41"));
    }
}
