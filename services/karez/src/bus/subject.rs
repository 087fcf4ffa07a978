//! Subjects of the bus, and what a subject says about who sent something.
//!
//! Intake: `karez.intake.{sender}.{stream}`. The sender is a project unit's id, or `_` for the trusted door of the
//! office's own programs (gateway, treasury, importers, sentinel). The second token is the id of the project, fund,
//! unit or warning whose stream is meant, and `_` for the calendar. Feed: `karez.feed.{kind}.{id}`, and
//! `karez.feed.calendar._`. Ids are percent-encoded, so that a dot, a wildcard, a blank or a Chinese character in
//! one stays inside its token.
//!
//! Replies: `karez.reply.{sender}.…`, where a sender who is not of the office's own account hears its outcomes.
//!
//! NATS accounts (`deploy/nats/`) confine a unit to `karez.intake.{its id}.>` and `karez.reply.{its id}.>`; the
//! recorder holds the content, and where it answers, to the subject.

use std::fmt::Write as _;

use karez_events::{StreamId, Submission};

use crate::receipt::Reason;

/// Everything that is submitted.
pub const INTAKE: &str = "karez.intake.>";
/// Everything that was recorded.
pub const FEED: &str = "karez.feed.>";
/// The token that stands for "nobody in particular".
const NONE: &str = "_";
/// The role of a project unit, as accounts and keys name it.
const UNIT_ROLE: &str = "unit";

/// An id as one token of a subject.
#[must_use]
pub fn token(id: &str) -> String {
    if id.is_empty() {
        return NONE.to_owned();
    }
    let mut token = String::with_capacity(id.len());
    for byte in id.bytes() {
        // A lone underscore means nobody, so an id never holds one as it is.
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            token.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            write!(token, "%{byte:02X}").unwrap_or_default();
        }
    }
    token
}

/// Where a submission is published.
#[must_use]
pub fn of_submission(submission: &Submission) -> String {
    format!(
        "karez.intake.{}.{}",
        token(sender(submission)),
        token(submission.stream.id())
    )
}

/// Where bytes are published that are no submission, so that the recorder keeps them as a rejection.
#[must_use]
pub fn of_unreadable() -> String {
    format!("karez.intake.{NONE}.{NONE}")
}

/// Where a recorded event is published.
#[must_use]
pub fn of_recorded(stream: &StreamId) -> String {
    format!("karez.feed.{}.{}", stream.kind().as_str(), token(stream.id()))
}

/// The unit that speaks. What karez itself read from a unit's workbook has ids that units may not give: it goes by the
/// trusted door.
fn sender(submission: &Submission) -> &str {
    let actor = submission.metadata.actor.as_ref();
    actor
        .filter(|_| submission.has_id_of_its_own())
        .filter(|actor| actor.role.as_deref() == Some(UNIT_ROLE))
        .and_then(|actor| actor.org.as_deref())
        .unwrap_or_default()
}

/// Whether a subject is the trusted door, whose headers say where a submission came from.
#[must_use]
pub fn is_trusted(subject: &str) -> bool {
    subject.split('.').nth(2) == Some(NONE)
}

/// Holds a submission to the subject it came by. By a unit's door it is that unit who speaks, whatever the
/// content claims: a missing actor is filled in, another one is refused, and so is a source that only imports have.
///
/// # Errors
/// The reason for which it is refused.
pub(crate) fn admit(subject: &str, submission: &mut Submission) -> Result<(), Reason> {
    let tokens: Vec<&str> = subject.split('.').collect();
    let [_, _, sender, stream] = tokens.as_slice() else {
        return Err(Reason::wrong_sender("", subject, "a subject of another shape"));
    };
    if token(submission.stream.id()) != *stream {
        return Err(Reason::wrong_sender(
            "/stream",
            subject,
            &submission.stream.to_string(),
        ));
    }
    if *sender == NONE {
        return Ok(());
    }
    if let Some(reason) = Reason::reserved_source(&submission.metadata, "/metadata/source_system") {
        return Err(reason);
    }
    if let Some(reason) = Reason::reserved_id(submission) {
        return Err(reason);
    }
    let actor = submission.metadata.actor.get_or_insert_default();
    let org = actor.org.get_or_insert_with(|| decoded(sender));
    if token(org) != *sender {
        return Err(Reason::wrong_sender("/metadata/actor/org", subject, org));
    }
    let role = actor.role.get_or_insert_with(|| UNIT_ROLE.to_owned());
    if role != UNIT_ROLE {
        return Err(Reason::wrong_sender("/metadata/actor/role", subject, role));
    }
    Ok(())
}

fn decoded(token: &str) -> String {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(byte) = byte else {
            rest = after;
            continue;
        };
        bytes.push(byte);
        rest = after.get(2..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether answers to what came by `door` may be sent to a subject: only below `_INBOX.` and `karez.reply.{sender}.`,
/// without wildcards. The recorder may publish where a sender may not, and must not be talked into doing it for them.
#[must_use]
pub fn may_answer(door: &str, subject: &str) -> bool {
    let sender = door.split('.').nth(2).unwrap_or(NONE);
    let tail = subject.strip_prefix("_INBOX.").or_else(|| {
        subject
            .strip_prefix("karez.reply.")?
            .strip_prefix(sender)?
            .strip_prefix('.')
    });
    tail.is_some_and(|tail| {
        tail.split('.')
            .all(|token| !token.is_empty() && token != "*" && token != ">")
            && tail.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(stream: &str, actor: &str) -> Submission {
        let text = format!(
            r#"{{"event_id":"018f0000-0000-7000-8000-000000000001","stream":"{stream}","type":"project_started",
                "occurred_on":"2024-03-01","data":{{}},"metadata":{{{actor}}}}}"#
        );
        Submission::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn an_id_is_one_token_and_reads_back() {
        for id in ["XM-DAC-7.1", "a b", "科学院*>", "_", "100%", "91650400"] {
            let token = token(id);
            assert!(
                token
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-%".contains(&byte)),
                "{token}"
            );
            assert_eq!(decoded(&token), id);
        }
        assert_eq!(token(""), "_");
    }

    #[test]
    fn a_unit_speaks_by_its_own_door() {
        let posted = started("project/P.1", r#""actor":{"org":"U1","role":"unit"}"#);
        assert_eq!(of_submission(&posted), "karez.intake.U1.P%2E1");
        let treasury = started("project/P1", r#""actor":{"org":"CZ","role":"finance"}"#);
        assert_eq!(of_submission(&treasury), "karez.intake._.P1");
        assert_eq!(of_recorded(&posted.stream), "karez.feed.project.P%2E1");
        assert_eq!(of_recorded(&StreamId::Calendar), "karez.feed.calendar._");
    }

    #[test]
    fn who_sends_by_a_units_door_is_that_unit() {
        let mut silent = started("project/P1", "");
        admit("karez.intake.U1.P1", &mut silent).unwrap();
        let actor = silent.metadata.actor.unwrap();
        assert_eq!(
            (actor.org.as_deref(), actor.role.as_deref()),
            (Some("U1"), Some("unit"))
        );

        let mut other = started("project/P1", r#""actor":{"org":"U2","role":"unit"}"#);
        assert_eq!(
            admit("karez.intake.U1.P1", &mut other).unwrap_err().pointer,
            "/metadata/actor/org"
        );
        let mut finance = started("project/P1", r#""actor":{"org":"U1","role":"finance"}"#);
        assert_eq!(
            admit("karez.intake.U1.P1", &mut finance).unwrap_err().pointer,
            "/metadata/actor/role"
        );
        let mut elsewhere = started("project/P2", "");
        assert_eq!(
            admit("karez.intake.U1.P1", &mut elsewhere).unwrap_err().pointer,
            "/stream"
        );
    }

    #[test]
    fn a_unit_cannot_pass_its_facts_off_as_imported() {
        let claiming = || started("project/P1", r#""source_system":"import:iati""#);
        let refused = admit("karez.intake.U1.P1", &mut claiming()).unwrap_err();
        assert_eq!(
            (refused.code.as_str(), refused.pointer.as_str()),
            ("reserved_source", "/metadata/source_system")
        );
        admit("karez.intake._.P1", &mut claiming()).unwrap();
        let mut own = started("project/P1", r#""source_system":"erp""#);
        admit("karez.intake.U1.P1", &mut own).unwrap();
    }

    #[test]
    fn answers_go_to_inboxes_only_and_to_nobody_elses() {
        assert!(may_answer("karez.intake.U1.P1", "_INBOX.abc.1"));
        assert!(may_answer("karez.intake.U1.P1", "karez.reply.U1.7"));
        assert!(may_answer("karez.intake._.P1", "karez.reply._.7"));
        for subject in [
            "karez.reply.U2.7",
            "karez.reply.U11.7",
            "karez.reply.U1",
            "karez.reply._.7",
            "karez.intake._.P1",
            "$JS.API.STREAM.DELETE.KAREZ_FEED",
            "_INBOX.>",
            "_INBOX.",
            "_INBOX.a b",
        ] {
            assert!(!may_answer("karez.intake.U1.P1", subject), "{subject}");
        }
    }
}
