//! Whoever decides something says why: the words are kept with it for ever.

use karez_events::Event;

use super::{Refusal, RefusalCode};

/// Words that are there, and say something.
pub(super) fn needed(pointer: &str, words: &str) -> Result<(), Refusal> {
    if words.trim().is_empty() {
        return Err(missing(pointer));
    }
    Ok(())
}

/// What a person decides about a warning is explained.
#[expect(clippy::wildcard_enum_match_arm, reason = "only steps on warnings have words")]
pub(super) fn check(event: &Event) -> Result<(), Refusal> {
    match event {
        Event::WarningLifted(data) | Event::WarningDismissed(data) => needed("/data/cause", &data.cause),
        Event::WarningAnswered(data) | Event::RectificationReported(data) => {
            needed("/data/text", data.text.as_deref().unwrap_or_default())
        }
        Event::WarningAssigned(data) => needed("/data/assignee", &data.assignee),
        Event::RectificationOrdered(data) if data.items.is_empty() => Err(missing("/data/items")),
        Event::RectificationOrdered(data) => {
            data.items.iter().try_for_each(|item| needed("/data/items", item))
        }
        _ => Ok(()),
    }
}

fn missing(pointer: &str) -> Refusal {
    let name = pointer.rsplit('/').next().unwrap_or_default();
    Refusal::new(
        RefusalCode::WordsMissing,
        pointer,
        format!("请在 {name} 中写明理由或内容：将永久保存"),
        format!("say in {name} why, or what is meant: it is kept for ever"),
    )
}
