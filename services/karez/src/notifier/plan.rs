//! Who is told what: from the steps of warnings to messages. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use karez_events::event::supervision::Level;
use karez_events::{Event, RecordedEvent, StreamId, WarningId};
use karez_projections::{Portfolio, Target, Warning};

use super::Receiver;
use super::message::{Brief, Kind, Message};
use crate::language::Language;

/// A step that concerns receivers.
struct Step<'a> {
    warning: &'a Warning,
    event: &'a RecordedEvent,
    what: What,
}

enum What {
    Rose {
        to: Level,
        group: Option<String>,
        as_of: NaiveDate,
    },
    Ended,
}

/// The messages that a page of the log brings.
pub(super) fn messages(
    events: &[RecordedEvent],
    portfolio: &Portfolio,
    receivers: &[Receiver],
    today: NaiveDate,
) -> Vec<Message> {
    let steps: Vec<Step<'_>> = events.iter().filter_map(|event| step(event, portfolio)).collect();
    let mut messages = Vec::new();
    for receiver in receivers {
        let concerning = steps
            .iter()
            .filter(|step| is_concerned(receiver, step.warning, portfolio));
        messages.extend(for_receiver(concerning, portfolio, receiver, today));
        messages.extend(
            events
                .iter()
                .filter_map(|event| silence_ended(event, portfolio, receiver)),
        );
    }
    messages
}

/// The end of a silence, with what stands open in it, to those who would have heard of it.
fn silence_ended(event: &RecordedEvent, portfolio: &Portfolio, receiver: &Receiver) -> Option<Message> {
    let Event::SilenceEnded(data) = &event.event else {
        return None;
    };
    let mut silences = portfolio.silences().iter();
    let silence = silences.find(|silence| silence.event_id == data.silence)?;
    let language = receiver.speaks();
    let open = portfolio.warnings().iter().filter(|warning| warning.is_open());
    let briefs: Vec<Brief> = open
        .filter(|warning| silence.covers(warning, portfolio) && is_concerned(receiver, warning, portfolio))
        .map(|warning| Brief::of(warning, portfolio, language))
        .collect();
    let until_on = silence.silenced.until_on;
    let subject = match language {
        Language::Zh => format!("静默已结束（至{until_on}），仍有 {} 条预警", briefs.len()),
        Language::En => format!(
            "a silence (to {until_on}) is over, {} warnings stand",
            briefs.len()
        ),
    };
    let is_told = !briefs.is_empty();
    let about = format!("silence_ended/{}", silence.event_id);
    is_told.then(|| Message::new(&about, receiver, Kind::SilenceEnded, subject, briefs))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only steps that people are told of"
)]
fn step<'a>(event: &'a RecordedEvent, portfolio: &'a Portfolio) -> Option<Step<'a>> {
    let StreamId::Warning(id) = &event.stream else {
        return None;
    };
    let warning = portfolio.warning(id)?;
    let what = match &event.event {
        Event::WarningRaised(data) => What::Rose {
            to: data.level,
            group: data.group.clone(),
            as_of: data.as_of,
        },
        Event::WarningLevelChanged(data) if data.to > data.from => What::Rose {
            to: data.to,
            group: None,
            as_of: data.as_of,
        },
        Event::WarningEscalated(_) => What::Rose {
            to: Level::Red,
            group: None,
            as_of: event.occurred_on,
        },
        Event::WarningLifted(_) | Event::WarningDismissed(_) | Event::WarningRetracted(_) => What::Ended,
        _ => return None,
    };
    Some(Step { warning, event, what })
}

fn for_receiver<'a>(
    steps: impl Iterator<Item = &'a Step<'a>>,
    portfolio: &Portfolio,
    receiver: &Receiver,
    today: NaiveDate,
) -> Vec<Message> {
    let language = receiver.speaks();
    let mut single = Vec::new();
    let mut groups: BTreeMap<String, (u64, BTreeSet<&WarningId>)> = BTreeMap::new();
    let mut raised_here: BTreeSet<&WarningId> = BTreeSet::new();
    for step in steps {
        if matches!(step.event.event, Event::WarningRaised(_)) {
            raised_here.insert(&step.warning.id);
        }
        let about = step.event.event_id.to_string();
        let brief = || Brief::of(step.warning, portfolio, language);
        match &step.what {
            What::Rose { to, .. } if !receiver.at_once.contains(to) => {}
            What::Rose {
                group: Some(group), ..
            } => join(&mut groups, group.clone(), step),
            // Days that the sentinel caught up are told together: their deadlines have begun long ago.
            What::Rose { as_of, .. } if (today - *as_of).num_days() > 1 => {
                join(
                    &mut groups,
                    language.pick("补算的日期", "days caught up").to_owned(),
                    step,
                );
            }
            What::Rose { .. } => {
                let brief = brief();
                let subject = subject(&brief, language);
                single.push(Message::new(
                    &about,
                    receiver,
                    Kind::Warning,
                    subject,
                    vec![brief],
                ));
            }
            What::Ended => {
                // Whoever was never told of a warning need not hear of its end.
                let was_told = !raised_here.contains(&step.warning.id);
                if was_told && receiver.at_once.contains(&step.warning.highest_level()) {
                    let brief = brief();
                    let subject = match language {
                        Language::Zh => format!("已解除：{}", brief.id),
                        Language::En => format!("ended: {}", brief.id),
                    };
                    single.push(Message::new(&about, receiver, Kind::Ended, subject, vec![brief]));
                }
            }
        }
    }
    let grouped = groups.into_iter().filter_map(|(group, (position, ids))| {
        let open = ids
            .into_iter()
            .filter_map(|id| portfolio.warning(id))
            .filter(|warning| warning.is_open());
        let briefs: Vec<Brief> = open
            .map(|warning| Brief::of(warning, portfolio, language))
            .collect();
        let subject = match language {
            Language::Zh => format!("{} 条预警：{group}", briefs.len()),
            Language::En => format!("{} warnings: {group}", briefs.len()),
        };
        let message = Message::new(
            &format!("{group}/{position}"),
            receiver,
            Kind::Group,
            subject,
            briefs,
        );
        (!message.warnings.is_empty()).then_some(message)
    });
    single.extend(grouped);
    single
}

/// A group is named by its cause and by where it begins in the log.
fn join<'a>(groups: &mut BTreeMap<String, (u64, BTreeSet<&'a WarningId>)>, group: String, step: &Step<'a>) {
    let (_, ids) = groups
        .entry(group)
        .or_insert((step.event.position, BTreeSet::new()));
    ids.insert(&step.warning.id);
}

fn subject(brief: &Brief, language: Language) -> String {
    let about = brief
        .unit_name
        .clone()
        .or_else(|| brief.project.as_ref().map(ToString::to_string));
    match language {
        Language::Zh => {
            let level = karez_alert_rules::words::level_zh(brief.level);
            format!("【{level}】{} {}", about.unwrap_or_default(), brief.rule)
        }
        Language::En => {
            let level = karez_alert_rules::words::level_en(brief.level);
            format!("[{level}] {} {}", about.unwrap_or_default(), brief.rule)
        }
    }
}

/// Whether a warning lies within what a receiver asked for.
pub(super) fn is_concerned(receiver: &Receiver, warning: &Warning, portfolio: &Portfolio) -> bool {
    let (unit, fund) = match warning.target() {
        Target::Project(id) => {
            let project = portfolio.project(&id);
            let unit = project
                .and_then(|project| project.unit())
                .map(ToString::to_string);
            let fund = project
                .and_then(|project| project.fund())
                .map(ToString::to_string);
            (unit, fund)
        }
        Target::Unit(id) => (Some(id.to_string()), None),
        Target::Fund(id) => (None, Some(id.to_string())),
        Target::Office => (None, None),
    };
    let is_within = |wanted: &[String], found: &Option<String>| {
        wanted.is_empty() || found.as_ref().is_some_and(|found| wanted.contains(found))
    };
    is_within(&receiver.units, &unit) && is_within(&receiver.funds, &fund)
}
