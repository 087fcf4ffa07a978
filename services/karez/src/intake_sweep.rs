//! `karez audit intake`: compares what NATS took in with what the log and the rejections know. Whatever was
//! sent is in one of them, or it is named here.

use futures::StreamExt;
use uuid::Uuid;

use crate::bus::BusError;
use crate::bus::jetstream::JetStreamBus;
use crate::bus::jetstream::sweep::IntakeMessage;
use crate::recorder::rejection_id;
use crate::store::{EventLog, StoreError};

/// Messages that are looked up at once.
const LOOK_UP: usize = 1_000;

/// What the sweep found.
#[derive(Debug, Clone, Default)]
pub struct IntakeReport {
    /// Messages that NATS still keeps and the recorder has been through.
    pub messages: u64,
    /// Of these, facts in the log.
    pub recorded: u64,
    /// Of these, kept rejections.
    pub refused: u64,
    /// In neither: lost between NATS and the log.
    pub missing: Vec<IntakeMessage>,
}

/// Why the sweep could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// NATS.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sweeps the intake stream as far as the log says it has been dealt with.
///
/// # Errors
/// [`SweepError`]; the sweep changes nothing and can be begun again.
pub async fn sweep_intake(bus: &JetStreamBus, log: &EventLog) -> Result<IntakeReport, SweepError> {
    let dealt_with = log.head().await?.intake_seq;
    let mut messages = bus.sweep(dealt_with).await?.ready_chunks(LOOK_UP);
    let mut report = IntakeReport::default();
    while let Some(chunk) = messages.next().await {
        let chunk = chunk.into_iter().collect::<Result<Vec<_>, _>>()?;
        compare(log, chunk, &mut report).await?;
    }
    Ok(report)
}

async fn compare(
    log: &EventLog,
    messages: Vec<IntakeMessage>,
    report: &mut IntakeReport,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = messages.iter().filter_map(|message| message.event_id).collect();
    let recorded = log.find(&ids).await?;
    let unrecorded = |message: &IntakeMessage| message.event_id.is_none_or(|id| !recorded.contains_key(&id));
    let asked: Vec<Uuid> = messages
        .iter()
        .filter(|message| unrecorded(message))
        .map(refused_as)
        .collect();
    let refused = log.kept_rejections(&asked).await?;
    for message in messages {
        report.messages += 1;
        if !unrecorded(&message) {
            report.recorded += 1;
        } else if refused.contains(&refused_as(&message)) {
            report.refused += 1;
        } else {
            report.missing.push(message);
        }
    }
    Ok(())
}

/// What its rejection is known by, if it was refused.
fn refused_as(message: &IntakeMessage) -> Uuid {
    let known = message.event_id.or(message.rejection_id);
    known.unwrap_or_else(|| rejection_id(message.seq, message.taken_at))
}
