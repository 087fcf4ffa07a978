//! Submissions that were recorded before: the same content gets the first receipt, other content is a conflict.

use std::collections::{HashMap, VecDeque};

use karez_events::event::{Payee, Personal};
use karez_events::{Position, RawEvent, Submission};
use uuid::Uuid;

use crate::bus::intake::Delivery;
use crate::recorder::desk::Undecided;
use crate::store::sealing::{SealError, Sealer};
use crate::store::{EventLog, StoreError, WriterLease};

/// Recorded events that lie so close are read at once.
const RUN_POSITIONS: u64 = 1_000;

/// A fact that was recorded under an id that is sent again.
pub(super) struct Original {
    pub(super) raw: RawEvent,
    /// What it says, with its personal fields open as far as their keys exist.
    pub(super) said: Submission,
}

/// The facts that are recorded under ids that wait, as the writer knows them.
pub(super) async fn originals(
    lease: &mut WriterLease,
    log: &EventLog,
    sealer: &Sealer,
    waiting: &VecDeque<Delivery>,
    most: usize,
) -> Result<HashMap<Uuid, Original>, Undecided> {
    let ids: Vec<Uuid> = waiting.iter().take(most).filter_map(Delivery::event_id).collect();
    let positions = lease.find(&ids).await?;
    Ok(read_originals(log, sealer, positions.into_values()).await?)
}

/// The facts that are recorded at positions, by their ids.
pub(super) async fn read_originals(
    log: &EventLog,
    sealer: &Sealer,
    positions: impl IntoIterator<Item = Position>,
) -> Result<HashMap<Uuid, Original>, SealError> {
    let mut positions: Vec<Position> = positions.into_iter().collect();
    positions.sort_unstable();
    let mut originals = Vec::with_capacity(positions.len());
    for run in runs(&positions) {
        let read = log.read(run.after, run.count).await?;
        for raw in read
            .into_iter()
            .filter(|raw| positions.binary_search(&raw.position).is_ok())
        {
            originals.push(original(raw)?);
        }
    }
    sealer
        .open_all(originals.iter_mut().map(|original| &mut original.said.event))
        .await?;
    Ok(originals
        .into_iter()
        .map(|original| (original.raw.event_id, original))
        .collect())
}

fn original(raw: RawEvent) -> Result<Original, StoreError> {
    let recorded = raw.decode().map_err(|error| StoreError::Unreadable {
        position: raw.position,
        what: error.to_string(),
    })?;
    let said = Submission {
        event_id: recorded.event_id,
        stream: recorded.stream,
        occurred_on: recorded.occurred_on,
        event: recorded.event,
        metadata: recorded.metadata,
    };
    Ok(Original { raw, said })
}

/// Whether both say the same. The pseudonym is ours, and a person who was erased cannot be compared.
pub(super) fn same_fact(sent: &Submission, said: &Submission) -> bool {
    if sent.says_the_same_as(said) {
        return true;
    }
    let (mut sent, mut said) = (sent.clone(), said.clone());
    let (Some(sent_payee), Some(said_payee)) = (sent.event.payee_mut(), said.event.payee_mut()) else {
        return false;
    };
    said_payee.person.clone_from(&sent_payee.person);
    if is_erased(said_payee) {
        said_payee.clone_from(sent_payee);
    }
    sent.says_the_same_as(&said)
}

fn is_erased(payee: &Payee) -> bool {
    [&payee.name, &payee.account, &payee.id_number]
        .into_iter()
        .flatten()
        .any(|field| match field {
            Personal::Sealed { .. } => true,
            Personal::Open(_) => false,
        })
}

/// Positions that are read at once.
struct Run {
    after: Position,
    count: usize,
}

fn runs(positions: &[Position]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for position in positions {
        let near = runs
            .last_mut()
            .filter(|run| position.saturating_sub(run.after) <= RUN_POSITIONS);
        match near {
            Some(run) => run.count = usize::try_from(position.saturating_sub(run.after)).unwrap_or(run.count),
            None => runs.push(Run {
                after: position.saturating_sub(1),
                count: 1,
            }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_events_that_lie_together_are_read_together() {
        let runs: Vec<_> = runs(&[5, 6, 9, 4_000])
            .into_iter()
            .map(|run| (run.after, run.count))
            .collect();
        assert_eq!(runs, [(4, 5), (3_999, 1)]);
    }

    fn paid(payee: &str) -> Submission {
        let text = format!(
            r#"{{"event_id":"018f0000-0000-7000-8000-000000000001","stream":"project/P1","type":"expenditure_recorded",
                "occurred_on":"2024-03-01","data":{{"amount":"300.00","payee":{payee}}}}}"#
        );
        Submission::from_json(text.as_bytes()).unwrap()
    }

    #[test]
    fn our_pseudonym_is_no_difference_but_another_payee_is_one() {
        let sent = paid(r#"{"name":"张三"}"#);
        assert!(same_fact(&sent, &paid(r#"{"person":"a1","name":"张三"}"#)));
        assert!(!same_fact(&sent, &paid(r#"{"person":"a1","name":"李四"}"#)));
    }

    #[test]
    fn an_erased_payee_is_not_compared() {
        assert!(same_fact(
            &paid(r#"{"name":"张三"}"#),
            &paid(r#"{"person":"a1","name":{"sealed":"AAAA"}}"#)
        ));
    }
}
