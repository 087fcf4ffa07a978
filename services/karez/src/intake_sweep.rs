//! `karez audit intake`: compares what NATS took in with what the log and the rejections know. Whatever was
//! sent is in one of them, or it is named here.

use futures::StreamExt;
use uuid::Uuid;

use crate::bus::BusError;
use crate::bus::intake::Content;
use crate::bus::jetstream::JetStreamBus;
use crate::bus::jetstream::sweep::IntakeMessage;
use crate::receipt::Reason;
use crate::recorder::rejection_id::{earlier_rejection_id, rejection_id};
use crate::store::sealing::{SealError, Sealer};
use crate::store::{EventLog, StoreError};

/// Messages that are looked up at once.
const LOOK_UP: usize = 1_000;

/// What the sweep found.
#[derive(Debug, Default)]
pub struct IntakeReport {
    /// Messages that NATS still keeps and the recorder has been through.
    pub messages: u64,
    /// Of these, facts in the log.
    pub recorded: u64,
    /// Of these, kept as refused.
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
    /// The ids of rejections cannot be made.
    #[error(transparent)]
    Sealing(#[from] SealError),
}

/// Sweeps the intake stream as far as the log says it has been dealt with.
///
/// # Errors
/// [`SweepError`]; the sweep changes neither intake nor log and can be begun again.
pub async fn sweep_intake(bus: &JetStreamBus, log: &EventLog) -> Result<IntakeReport, SweepError> {
    let dealt_with = log.head().await?.intake_seq;
    let sealer = Sealer::try_new(log).await?;
    let mut messages = bus.sweep(dealt_with).await?.ready_chunks(LOOK_UP);
    let mut report = IntakeReport::default();
    while let Some(chunk) = messages.next().await {
        let chunk = chunk.into_iter().collect::<Result<Vec<_>, _>>()?;
        compare(log, &sealer, chunk, &mut report).await?;
    }
    Ok(report)
}

async fn compare(
    log: &EventLog,
    sealer: &Sealer,
    messages: Vec<IntakeMessage>,
    report: &mut IntakeReport,
) -> Result<(), SweepError> {
    let ids: Vec<Uuid> = messages
        .iter()
        .filter_map(|message| message.content.event_id())
        .collect();
    let recorded = log.find(&ids).await?;
    for message in messages {
        report.messages += 1;
        let event_id = message.content.event_id();
        if event_id.is_some_and(|id| recorded.contains_key(&id)) {
            report.recorded += 1;
        } else if is_refused(log, sealer, &message).await? {
            report.refused += 1;
        } else {
            report.missing.push(message);
        }
    }
    Ok(())
}

/// Whether a message is kept as refused: one by one, since rejections are few.
async fn is_refused(log: &EventLog, sealer: &Sealer, message: &IntakeMessage) -> Result<bool, SweepError> {
    let earlier = earlier_rejection_id(message.seq, message.taken_at);
    let kept_as =
        |code: &str, pointer: &str| rejection_id(sealer, &message.content, &message.origin, code, pointer);
    // Why it was refused is in what is kept of it, or it cannot be read, or the log took it in no other way.
    let condemned = Reason::unrecordable("");
    let reasons = match &message.content {
        Content::Refused { reason, .. } => vec![
            (reason.code.clone(), reason.pointer.clone()),
            (condemned.code, condemned.pointer),
        ],
        Content::Readable(submission) => log.refused_for(submission.event_id).await?,
    };
    let ids = reasons.iter().map(|(code, pointer)| kept_as(code, pointer));
    let ids = ids.chain([Ok(earlier)]).collect::<Result<Vec<_>, _>>()?;
    Ok(log.has_rejection(&ids).await?)
}
