//! Refused submissions with their reasons, as they were kept.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{Stand, instant};
use crate::store::Rejection;

/// Shown in place of a personal field.
const HIDDEN: &str = "***";
/// Words by which senders name somebody who is paid, and what is known of them.
const PAYEES: [&str; 8] = [
    "payee",
    "id_number",
    "account",
    "收款",
    "姓名",
    "身份证",
    "证件",
    "账号",
];

/// One refused submission.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RejectionView {
    /// Its id.
    pub rejection_id: Uuid,
    /// The id that the fact would have had.
    pub event_id: Option<Uuid>,
    /// The stream it was meant for.
    pub stream: Option<String>,
    /// When it was first refused.
    #[serde(serialize_with = "instant")]
    pub received_at: DateTime<Utc>,
    /// The way it came.
    pub source: String,
    /// The stable code of the reason.
    pub code: String,
    /// JSON pointer to the field at fault.
    pub pointer: String,
    /// The reason in Chinese.
    pub message_zh: String,
    /// The reason in English.
    pub message_en: String,
    /// What was sent; personal fields hidden. A text where it is not JSON.
    pub content: Value,
    /// Who sent it.
    pub actor: Option<String>,
    /// `file:row`, for imports.
    pub row: Option<String>,
}

/// Some rejections, the newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RejectionList {
    /// Where the answer stands.
    #[serde(flatten)]
    pub stand: Stand,
    /// The rejections.
    pub items: Vec<RejectionView>,
    /// Where the next page begins; absent on the last.
    pub next_cursor: Option<String>,
}

/// Whether the persons in what was sent are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persons {
    /// To those whose work it is.
    Shown,
    /// To nobody else.
    Hidden,
}

impl Persons {
    /// Shown to whoever may see them.
    #[must_use]
    pub fn shown_to(may_see: bool) -> Self {
        if may_see { Self::Shown } else { Self::Hidden }
    }
}

impl RejectionView {
    /// A rejection as it is shown.
    #[must_use]
    pub fn of(kept: Rejection, persons: Persons) -> Self {
        let hides = persons == Persons::Hidden && mentions_payee(&kept.content);
        let said = |sentence: String| {
            if hides {
                without_quotes(&sentence)
            } else {
                sentence
            }
        };
        Self {
            rejection_id: kept.rejection_id,
            event_id: kept.event_id,
            stream: kept.stream,
            received_at: kept.received_at,
            source: kept.source,
            code: kept.code,
            pointer: kept.pointer,
            message_zh: said(kept.message_zh),
            message_en: said(kept.message_en),
            content: shown(&kept.content, persons),
            actor: kept.actor,
            row: kept.row,
        }
    }
}

fn shown(content: &[u8], persons: Persons) -> Value {
    match serde_json::from_slice::<Value>(content) {
        Ok(mut content) => {
            if persons == Persons::Hidden {
                // Which cell of a table's row names a person, the row does not say.
                let cells = content.as_array();
                if cells.is_some_and(|cells| cells.iter().all(Value::is_string)) {
                    return Value::String(HIDDEN.to_owned());
                }
                hide_personal(&mut content);
            }
            content
        }
        // What cannot be taken apart is hidden whole where it seems to name a payee.
        Err(_) if persons == Persons::Hidden && mentions_payee(content) => Value::String(HIDDEN.to_owned()),
        Err(_) => Value::String(String::from_utf8_lossy(content).into_owned()),
    }
}

fn mentions_payee(content: &[u8]) -> bool {
    names_payee(&String::from_utf8_lossy(content))
}

/// Hides whatever stands under the name of a payee: those who may read rejections need not know the persons.
fn hide_personal(content: &mut Value) {
    match content {
        Value::Object(members) => {
            for (name, member) in members {
                if names_payee(name) {
                    hide(member);
                } else {
                    hide_personal(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_personal),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Hides every value, and shows which fields there were.
fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(hide),
        Value::Null => {}
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            *value = Value::String(HIDDEN.to_owned());
        }
    }
}

fn names_payee(name: &str) -> bool {
    let name = name.to_lowercase();
    PAYEES.iter().any(|word| name.contains(word))
}

/// A sentence without the texts that it quotes from what was sent.
fn without_quotes(sentence: &str) -> String {
    let parts = sentence.split('"').enumerate();
    let parts = parts.map(|(index, part)| if index % 2 == 1 { HIDDEN } else { part });
    parts.collect::<Vec<_>>().join("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_are_not_shown() {
        let sent = br#"{"data":{"amount":"x","payee":{"name":"Aygul","account":"6222"}}}"#;
        assert_eq!(
            shown(sent, Persons::Hidden).to_string(),
            r#"{"data":{"amount":"x","payee":{"account":"***","name":"***"}}}"#
        );
    }

    #[test]
    fn a_payee_of_another_shape_or_name_is_not_shown_either_nor_quoted() {
        for sent in [
            r#"{"payee":"王五 6222"}"#,
            r#"{"payees":{"name":"王五"}}"#,
            r#"{"收款人":["王五"]}"#,
        ] {
            let shown = shown(sent.as_bytes(), Persons::Hidden).to_string();
            assert!(!shown.contains("王五"), "{shown}");
        }
        let said = r#"invalid type: string "王五 6222", expected struct Payee"#;
        assert_eq!(
            without_quotes(said),
            r#"invalid type: string "***", expected struct Payee"#
        );
    }

    #[test]
    fn the_row_of_a_table_is_hidden_whole() {
        let sent = r#"["P1","2024-05-06","x","阿依古丽"]"#.as_bytes();
        assert_eq!(shown(sent, Persons::Hidden), HIDDEN);
        assert_eq!(shown(sent, Persons::Shown)[3], "阿依古丽");
    }

    #[test]
    fn what_is_no_json_is_shown_as_text() {
        let text = |sent: &[u8], persons| shown(sent, persons).as_str().unwrap().to_owned();
        assert_eq!(text(b"{oops", Persons::Hidden), "{oops");
        let cut = br#"{"payee":{"name":"Aygul""#;
        assert_eq!(text(cut, Persons::Hidden), "***");
        assert_eq!(text(cut, Persons::Shown).as_bytes(), cut);
    }
}
