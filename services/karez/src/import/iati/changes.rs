//! What a file changes: the facts an activity states now against those its stream holds.
//!
//! Exact repeats inside one file are separate facts, so both sides are counted. The n-th fact of one content ever
//! recorded for a project has an id made from that content and n: importing a file again records nothing, and so
//! does going on after a crash in the middle.

use std::collections::{HashMap, HashSet};

use karez_events::event::money_flow::{ExpenditureReversed, FactWithdrawn};
use karez_events::{Event, Metadata, ProjectId, RecordedEvent, StreamId, Submission};
use uuid::Uuid;

use super::facts::{StatedActivity, StatedFact};

/// The source that imported facts carry.
pub const SOURCE: &str = "import:iati";

/// What has to be recorded so that the log says what the file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Facts that are new, and withdrawals of facts that the file no longer states; in the order to record.
    pub submissions: Vec<Submission>,
    /// Facts of the file that were known.
    pub already_known: u64,
    /// How many of the submissions withdraw or reverse an earlier fact.
    pub withdrawn: u64,
}

/// Compares what an activity states with what the project's stream holds.
///
/// # Errors
/// Only if an event cannot be written as JSON, which none of the vocabulary does.
pub fn changes(
    stated: &StatedActivity,
    recorded: &[RecordedEvent],
    correlation: Uuid,
) -> Result<Changes, serde_json::Error> {
    let held = Held::of(recorded)?;
    let mut changes = Changes::default();
    if held.approval.as_ref() == Some(&stated.approval.event) {
        changes.already_known += 1;
    } else {
        let content = content(&stated.approval)?;
        let number = held.ever.get(&content).copied().unwrap_or(0) + 1;
        changes.submissions.push(submission(
            &stated.project,
            &stated.approval,
            &content,
            number,
            correlation,
        ));
    }
    let mut standing = held.standing;
    let mut numbers = held.ever;
    let mut added = Vec::new();
    for fact in &stated.facts {
        let content = content(fact)?;
        if standing.get_mut(&content).is_some_and(|ids| {
            !ids.is_empty() && {
                ids.remove(0);
                true
            }
        }) {
            changes.already_known += 1;
            continue;
        }
        let number = numbers.entry(content.clone()).or_insert(0);
        *number += 1;
        added.push(submission(&stated.project, fact, &content, *number, correlation));
    }
    let left: HashSet<Uuid> = standing.into_values().flatten().collect();
    for event in recorded.iter().filter(|event| left.contains(&event.event_id)) {
        changes.withdrawn += 1;
        changes.submissions.push(withdrawal(event, correlation));
    }
    changes.submissions.extend(added);
    Ok(changes)
}

/// What a stream holds of earlier imports.
struct Held {
    /// The latest particulars.
    approval: Option<Event>,
    /// Facts that still stand, by content, in the order of recording.
    standing: HashMap<Vec<u8>, Vec<Uuid>>,
    /// How many facts of a content have ever been recorded.
    ever: HashMap<Vec<u8>, u32>,
}

impl Held {
    fn of(recorded: &[RecordedEvent]) -> Result<Self, serde_json::Error> {
        let mut held = Self {
            approval: None,
            standing: HashMap::new(),
            ever: HashMap::new(),
        };
        let withdrawn: HashSet<Uuid> = recorded
            .iter()
            .filter_map(|event| withdrawn_by(&event.event))
            .collect();
        for event in recorded {
            let is_imported = event.metadata.source_system.as_deref() == Some(SOURCE);
            if !is_imported || withdrawn_by(&event.event).is_some() {
                continue;
            }
            let undated = event.metadata.undated;
            let fact = StatedFact {
                occurred_on: event.occurred_on,
                undated,
                event: event.event.clone(),
            };
            let content = content(&fact)?;
            *held.ever.entry(content.clone()).or_insert(0) += 1;
            if matches!(event.event, Event::ProjectApproved(_)) {
                held.approval = Some(fact.event);
            } else if !withdrawn.contains(&event.event_id) {
                held.standing.entry(content).or_default().push(event.event_id);
            }
        }
        Ok(held)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "two events take back another one")]
pub(in crate::import) fn withdrawn_by(event: &Event) -> Option<Uuid> {
    match event {
        Event::FactWithdrawn(data) => Some(data.withdraws),
        Event::ExpenditureReversed(data) => Some(data.reverses),
        _ => None,
    }
}

fn withdrawal(event: &RecordedEvent, correlation: Uuid) -> Submission {
    let is_expenditure = matches!(event.event, Event::ExpenditureRecorded(_));
    Submission {
        event_id: withdrawal_id(event.event_id),
        stream: event.stream.clone(),
        // On the day of what it takes back, so that no day's figures keep it.
        occurred_on: event.occurred_on,
        event: taking_back(event.event_id, is_expenditure),
        metadata: metadata(event.metadata.undated, correlation),
    }
}

/// The id under which an import withdraws a fact.
pub(in crate::import) fn withdrawal_id(withdrawn: Uuid) -> Uuid {
    Uuid::new_v5(&withdrawn, b"withdrawn")
}

/// What takes back a fact.
pub(in crate::import) fn taking_back(withdrawn: Uuid, is_expenditure: bool) -> Event {
    if is_expenditure {
        Event::ExpenditureReversed(ExpenditureReversed { reverses: withdrawn })
    } else {
        Event::FactWithdrawn(FactWithdrawn { withdraws: withdrawn })
    }
}

fn submission(
    project: &ProjectId,
    fact: &StatedFact,
    content: &[u8],
    number: u32,
    correlation: Uuid,
) -> Submission {
    let stream = StreamId::Project(project.clone());
    let of_project = Submission::id_of_key(SOURCE, &stream.to_string());
    let mut name = content.to_vec();
    name.extend_from_slice(format!("#{number}").as_bytes());
    Submission {
        event_id: Uuid::new_v5(&of_project, &name),
        stream,
        occurred_on: fact.occurred_on,
        event: fact.event.clone(),
        metadata: metadata(fact.undated, correlation),
    }
}

fn metadata(undated: bool, correlation: Uuid) -> Metadata {
    Metadata {
        source_system: Some(SOURCE.to_owned()),
        correlation: Some(correlation),
        undated,
        ..Metadata::default()
    }
}

/// The content by which facts are told apart: type, date where there is one, and data; amounts that differ only in
/// trailing zeros are the same.
fn content(fact: &StatedFact) -> Result<Vec<u8>, serde_json::Error> {
    let date = if fact.undated {
        String::new()
    } else {
        fact.occurred_on.to_string()
    };
    let mut content = format!("{}|{date}|", fact.event.event_type()).into_bytes();
    content.extend(normalised(&fact.event).payload()?);
    Ok(content)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other imported events have no amount"
)]
pub(in crate::import) fn normalised(event: &Event) -> Event {
    let mut event = event.clone();
    match &mut event {
        Event::FundsArrived(data) => data.amount = data.amount.normalize(),
        Event::CommitmentSigned(data) => data.amount = data.amount.normalize(),
        Event::FundsDisbursed(data) => data.amount = data.amount.normalize(),
        Event::ExpenditureRecorded(data) => data.amount = data.amount.normalize(),
        Event::OtherFlowRecorded(data) => data.amount = data.amount.normalize(),
        Event::BudgetApproved(data) => data
            .lines
            .iter_mut()
            .for_each(|line| line.amount = line.amount.normalize()),
        Event::CashPlanApproved(data) => {
            data.payments
                .iter_mut()
                .for_each(|payment| payment.amount = payment.amount.normalize());
        }
        _ => {}
    }
    event
}
