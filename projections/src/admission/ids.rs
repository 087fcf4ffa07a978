//! Identifiers under which nothing could ever be looked up.

use karez_events::{Event, Submission, UnitId};

use super::{Refusal, RefusalCode};

/// Whatever reads an address drops these two from it, so that the record could be written and never be found.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "other events name no unit that was not known before"
)]
pub(super) fn check_ids(submission: &Submission) -> Result<(), Refusal> {
    let unit = match &submission.event {
        Event::ProjectApplied(data) => Some(&data.unit),
        Event::ProjectApproved(data) => Some(&data.unit),
        _ => None,
    };
    let of_unit = ("/data/unit", unit.map_or("", UnitId::as_str));
    for (pointer, id) in [("/stream", submission.stream.id()), of_unit] {
        if matches!(id, "." | "..") {
            return Err(Refusal::new(
                RefusalCode::UnusableId,
                pointer,
                format!("编号不能是 {id:?}：网址会略去它，以后无法查到；请使用批复或登记的编号"),
                format!(
                    "{id:?} cannot be an identifier, since addresses drop it and nobody could look it up: use the registered number"
                ),
            ));
        }
    }
    Ok(())
}
