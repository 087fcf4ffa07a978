//! The recorder: the one writer of the log.
//!
//! It holds the lease (or waits for it as a hot standby), takes whatever is queued when the last commit
//! returned, decides with [`karez_projections::admission`], appends in one transaction, and only then answers.
//! No timer gathers a batch: one caller waits for one fsync, and 256 callers share one.
//!
//! What it promises:
//! - an answer is never given before the commit. When a commit's fate is unknown (the connection broke), the
//!   log is asked before anything is decided again;
//! - what it decides from is what is committed, and the batch in its hands: a batch that fails is forgotten,
//!   and the portfolio is read from the log again;
//! - a submission that the log refuses, whatever is tried, is found by halving the batch and kept as a
//!   rejection; it cannot stop the others.

mod desk;
mod draft;
mod personal;
pub(crate) mod rehearsal;
pub(crate) mod rejection_id;
mod repeated;
mod session;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::bus::Bus;
use crate::bus::intake::{Delivery, IntakeError, Seat};
use crate::clock::{Clock, Stopwatch};
use crate::recorder::draft::Draft;
use crate::recorder::session::{End, Session};
use crate::replay::ReplayError;
use crate::store::{EventLog, Head, StoreError, WriterLease};
use crate::telemetry::Metrics;

/// Between two tries to take the lease, and after a fault of the store.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// How long callers wait for a store that is away before they are told.
const PATIENCE: Duration = Duration::from_secs(3);

/// How the recorder works.
#[derive(Debug, Clone)]
pub struct RecorderSettings {
    /// Name of this process in the lease: host and process number.
    pub holder: String,
    /// Most events in one transaction.
    pub batch_events: usize,
    /// Most bytes of data and metadata in one transaction; one event more may go over it.
    pub batch_bytes: usize,
    /// Events after which the portfolio is written down, so that a start need not fold the whole log; in a long log half
    /// of it.
    pub snapshot_every_events: u64,
}

impl Default for RecorderSettings {
    fn default() -> Self {
        Self {
            holder: format!("process {}", std::process::id()),
            batch_events: 5_000,
            batch_bytes: 4 * 1024 * 1024,
            snapshot_every_events: 100_000,
        }
    }
}

/// The one writer of the log.
#[derive(Debug)]
pub struct Recorder {
    log: EventLog,
    bus: Bus,
    clock: Clock,
    metrics: Arc<Metrics>,
    settings: RecorderSettings,
    /// The lease to begin with.
    lease: Option<WriterLease>,
}

/// What outlives a lease: submissions that were taken and not answered.
#[derive(Debug)]
struct Carry {
    waiting: VecDeque<Delivery>,
    /// A batch whose commit may or may not have happened.
    doubt: Option<Draft>,
    /// Most submissions in the next batch: halved while a batch fails, doubled when one is through.
    limit: usize,
}

impl Carry {
    fn give_up(&mut self, why: IntakeError) {
        let doubtful = self
            .doubt
            .take()
            .map(|draft| draft.deliveries)
            .unwrap_or_default();
        for delivery in doubtful.into_iter().chain(self.waiting.drain(..)) {
            delivery.give_up(why);
        }
    }
}

impl Recorder {
    /// A recorder for a log and a bus; it does nothing until [`Recorder::run`].
    #[must_use]
    pub fn new(log: EventLog, bus: Bus, clock: Clock, metrics: Arc<Metrics>) -> Self {
        Self {
            log,
            bus,
            clock,
            metrics,
            settings: RecorderSettings::default(),
            lease: None,
        }
    }

    /// The same with other settings.
    #[must_use]
    pub fn with_settings(self, settings: RecorderSettings) -> Self {
        Self { settings, ..self }
    }

    /// The same with a lease that has been taken already.
    #[must_use]
    pub fn with_lease(self, lease: WriterLease) -> Self {
        Self {
            lease: Some(lease),
            ..self
        }
    }

    /// Records until it is told to stop, and then what it has accepted.
    ///
    /// # Errors
    /// The log cannot be read by this version, or refuses for good.
    pub async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut carry = Carry {
            waiting: VecDeque::new(),
            doubt: None,
            limit: self.settings.batch_events,
        };
        let lease = self.lease.take();
        let ended = self.work(lease, &mut carry, &stop).await;
        carry.give_up(IntakeError::Stopping);
        self.bus.seat(Seat::Stopped);
        self.metrics.lease_held(false);
        ended
    }

    async fn work(
        &self,
        mut lease: Option<WriterLease>,
        carry: &mut Carry,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        loop {
            let lease = match lease.take() {
                Some(taken) => taken,
                None => match self.take_seat(carry, stop).await? {
                    Some(taken) => taken,
                    None => return Ok(()),
                },
            };
            self.metrics.lease_held(true);
            let ended = self.hold(lease, carry, stop).await;
            self.metrics.lease_held(false);
            match ended {
                Ok(End::Stopped) => return Ok(()),
                Ok(End::Interrupted(why)) => tracing::warn!("recording is interrupted: {why}"),
                Err(error) if may_pass(&error) => tracing::warn!("recording is interrupted: {error}"),
                Err(error) => return Err(error.into()),
            }
            pause(stop).await;
        }
    }

    /// Waits for the lease; `None` when told to stop.
    async fn take_seat(
        &self,
        carry: &mut Carry,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<WriterLease>> {
        let trying = Stopwatch::start();
        let mut said = false;
        while !stop.is_cancelled() {
            // On a long log it takes some time, and has to be begun again by whoever comes next.
            let tried = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(None),
                tried = self.log.try_lease(&self.settings.holder) => tried,
            };
            match tried {
                Ok(Some(lease)) => {
                    tracing::info!(epoch = lease.epoch(), "this process records");
                    return Ok(Some(lease));
                }
                Ok(None) => {
                    carry.give_up(IntakeError::NoRecorder);
                    self.bus.seat(Seat::Standby);
                    if !said {
                        tracing::info!("another recorder holds the lease: this one stands by");
                    }
                }
                Err(error) if error.is_retryable() => {
                    if trying.elapsed() > PATIENCE {
                        carry.give_up(IntakeError::Unavailable);
                        self.bus.turn_away(IntakeError::Unavailable);
                    }
                    if !said {
                        tracing::warn!("the lease cannot be taken, it is tried again: {error}");
                    }
                }
                Err(error) => return Err(error.into()),
            }
            said = true;
            pause(stop).await;
        }
        Ok(None)
    }

    async fn hold(
        &self,
        lease: WriterLease,
        carry: &mut Carry,
        stop: &CancellationToken,
    ) -> Result<End, ReplayError> {
        self.bus.seat(Seat::Preparing);
        let session = Session::begin(self, lease, stop).await?;
        self.settle_doubt(carry, session.head()).await?;
        // Messages of the bus that were not committed are fetched again from the log's mark.
        carry.waiting.retain(|delivery| delivery.mark.is_none());
        self.bus.seat(Seat::Recording);
        session.run(carry, stop).await
    }

    /// Finds out whether the batch in doubt was committed after all: then it is answered, otherwise it is
    /// decided again.
    async fn settle_doubt(&self, carry: &mut Carry, head: Head) -> Result<(), StoreError> {
        let Some(draft) = carry.doubt.take() else {
            return Ok(());
        };
        if self.was_committed(&draft, head).await? {
            tracing::info!("the batch whose commit was in doubt is in the log");
            drop(draft.answer(&self.bus, &self.metrics));
        } else {
            draft.back_into(&mut carry.waiting);
        }
        Ok(())
    }

    async fn was_committed(&self, draft: &Draft, head: Head) -> Result<bool, StoreError> {
        match draft.raw.last() {
            Some(last) => {
                let found = self.log.event(last.event_id).await?;
                Ok(found.is_some_and(|found| found.hash == last.hash))
            }
            // Without events only the mark of the intake tells; rejections kept twice under one id are kept once.
            None => Ok(draft.intake_seq.is_some_and(|seq| head.intake_seq >= seq)),
        }
    }
}

fn may_pass(error: &ReplayError) -> bool {
    match error {
        ReplayError::Store(error) => error.is_retryable() || matches!(error, StoreError::LostLease),
        ReplayError::Sealing(_)
        | ReplayError::Undecodable(_)
        | ReplayError::Panicked(_)
        | ReplayError::Gap { .. }
        | ReplayError::Snapshot(_)
        | ReplayError::Segment(_) => false,
    }
}

async fn pause(stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(RETRY_AFTER) => {}
        () = stop.cancelled() => {}
    }
}
