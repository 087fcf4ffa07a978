//! The daily digest: how many warnings stand, what is new, what is late, for the colours that wait for it. Pure.

use chrono::NaiveDate;
use karez_alert_rules::words::{level_en, level_zh};
use karez_events::event::supervision::Level;
use karez_projections::{Portfolio, Warning};

use super::Receiver;
use super::message::{Brief, Kind, Message};
use super::plan::is_concerned;
use crate::language::Language;

/// The digest of a day for each receiver that wants one and has something in it.
pub(super) fn messages(portfolio: &Portfolio, receivers: &[Receiver], day: NaiveDate) -> Vec<Message> {
    receivers
        .iter()
        .filter_map(|receiver| digest(portfolio, receiver, day))
        .collect()
}

fn digest(portfolio: &Portfolio, receiver: &Receiver, day: NaiveDate) -> Option<Message> {
    let language = receiver.speaks();
    let open: Vec<&Warning> = portfolio
        .warnings()
        .iter()
        .filter(|warning| warning.is_open() && receiver.digest.contains(&warning.level))
        .filter(|warning| is_concerned(receiver, warning, portfolio))
        .collect();
    let is_new = |warning: &&&Warning| warning.levels.last().is_some_and(|(since, _)| *since >= day);
    let new: Vec<Brief> = open
        .iter()
        .filter(is_new)
        .map(|warning| Brief::of(warning, portfolio, language))
        .collect();
    if open.is_empty() {
        return None;
    }
    let count = |level: Level| open.iter().filter(|warning| warning.level == level).count();
    let counts = receiver.digest.iter().map(|level| match language {
        Language::Zh => format!("{} {}", level_zh(*level), count(*level)),
        Language::En => format!("{} {}", level_en(*level), count(*level)),
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    let subject = match language {
        Language::Zh => format!("{day} 预警日报：{counts}；新增或升级 {}", new.len()),
        Language::En => format!("warnings of {day}: {counts}; new or risen {}", new.len()),
    };
    Some(Message::new(
        &format!("digest/{day}"),
        receiver,
        Kind::Digest,
        subject,
        new,
    ))
}
