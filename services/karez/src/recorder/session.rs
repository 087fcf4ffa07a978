//! One lease of the recorder, from the reading of the log to the last commit.

use std::time::Duration;

use karez_events::Position;
use tokio_util::sync::CancellationToken;

use crate::bus::intake::{Deliveries, IntakeError};
use crate::bus::jetstream::publish::Publisher;
use crate::clock::Stopwatch;
use crate::recorder::desk::{Desk, Limits, Undecided};
use crate::recorder::draft::Draft;
use crate::recorder::{Carry, Recorder};
use crate::replay::{ReplayError, SNAPSHOT_FORMAT, refresh_snapshot, save_snapshot};
use crate::seal::{Newest, seal};
use crate::store::{Head, SEGMENT_EVENTS, StoreError, WriterLease};
use crate::tasks::{Child, spawn_child};
use crate::telemetry::BatchTime;

/// How long the last events may take to reach NATS when the recorder stops.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The log grows by at least this part between two snapshots. Each folds what came after the one before and writes everything
/// down: more of them would cost the recording more than a start gains.
const SNAPSHOT_SHARE: u64 = 2;

/// Nothing is recorded for so long before what is behind in the index is entered apart from any batch.
const BEFORE_INDEXING: Duration = Duration::from_secs(1);
const AFTER_A_FAILURE: Duration = Duration::from_secs(10);
const INDEX_IS_BEHIND: &str = "the newest events are not in the index, readers look through them";
/// How long a stop may take to enter what is behind in the index.
const INDEXING_AT_STOP: Duration = Duration::from_secs(5);

const NO_SNAPSHOT: &str = "no snapshot was taken, the next start folds more of the log";
/// How long a stop may take to write the portfolio down.
const SNAPSHOT_AT_STOP: Duration = Duration::from_secs(10);

/// Events of the longest log of which a stop takes a snapshot.
const WRITTEN_DOWN_AT_STOP: u64 = 1_000_000;

/// How a lease ended.
pub(super) enum End {
    /// As told, with everything recorded that was accepted.
    Stopped,
    /// By a fault that may pass; the lease is taken again.
    Interrupted(String),
}

/// What to do after a batch that failed.
enum Setback {
    /// Read the log again and decide again.
    Redo,
    /// Give the lease back.
    End(String),
}

/// One lease.
pub(super) struct Session<'a> {
    recorder: &'a Recorder,
    lease: WriterLease,
    desk: Desk,
    deliveries: Deliveries,
    publisher: Option<Child>,
    stop_publisher: CancellationToken,
    newest: Newest,
    sealed_at: Position,
    /// The log has a gap, of which has been told.
    has_gap: CancellationToken,
    snapshot_at: Position,
    snapshotter: Option<Child>,
}

impl<'a> Session<'a> {
    pub(super) async fn begin(
        recorder: &'a Recorder,
        lease: WriterLease,
        stop: &CancellationToken,
    ) -> Result<Self, ReplayError> {
        let reading = Stopwatch::start();
        let desk = Desk::load(&recorder.log, &recorder.clock).await?;
        tracing::info!(
            position = desk.position(),
            seconds = reading.elapsed().as_secs_f32(),
            "the log has been read"
        );
        // It goes on after the recorder was told to stop, until the last batch is published.
        let stop_publisher = CancellationToken::new();
        let publisher = recorder.bus.publishes().map(|bus| {
            let publisher = Publisher::new(
                recorder.log.clone(),
                bus.clone(),
                lease.epoch(),
                stop_publisher.clone(),
            );
            spawn_child("feed publisher", publisher.run())
        });
        let deliveries = recorder
            .bus
            .deliveries(desk.head().intake_seq, lease.epoch())
            .await;
        recorder.metrics.log_position(desk.position());
        tracing::debug!(stopping = stop.is_cancelled(), "the intake is open");
        let sealed_at = recorder.log.sealed_up_to().await?;
        let snapshot = recorder
            .log
            .newest_snapshot_position(Some(SNAPSHOT_FORMAT))
            .await?;
        let snapshot_at = snapshot.unwrap_or(0).min(desk.position());
        Ok(Self {
            recorder,
            lease,
            desk,
            deliveries,
            publisher,
            stop_publisher,
            newest: Newest::default(),
            sealed_at,
            has_gap: CancellationToken::new(),
            snapshot_at,
            snapshotter: None,
        })
    }

    pub(super) fn head(&self) -> Head {
        self.desk.head()
    }

    pub(super) async fn run(
        mut self,
        carry: &mut Carry,
        stop: &CancellationToken,
    ) -> Result<End, ReplayError> {
        let (mut closed, mut rest) = (false, BEFORE_INDEXING);
        loop {
            if stop.is_cancelled() && !closed {
                self.deliveries.close();
                closed = true;
            }
            if carry.waiting.is_empty() {
                let more = tokio::select! {
                    biased;
                    () = stop.cancelled(), if !closed => continue,
                    taken = self.deliveries.take(&mut carry.waiting, carry.limit) => taken > 0,
                    () = end_of(self.snapshotter.as_mut()) => {
                        self.snapshotter = None;
                        self.write_down();
                        continue;
                    }
                    () = tokio::time::sleep(rest), if !self.lease.is_indexed() => {
                        rest = match self.lease.index_some().await {
                            Ok(()) => Duration::ZERO,
                            Err(error) if self.lease.is_lost() => return Ok(End::Interrupted(error.to_string())),
                            Err(error) => {
                                tracing::warn!("{INDEX_IS_BEHIND}: {error}");
                                AFTER_A_FAILURE
                            }
                        };
                        continue;
                    }
                };
                if !more && closed {
                    return Ok(self.finish().await);
                }
                if !more {
                    return Ok(End::Interrupted("the intake ended".to_owned()));
                }
            }
            rest = BEFORE_INDEXING;
            self.deliveries.top_up(&mut carry.waiting, carry.limit);
            self.recorder
                .metrics
                .queue_depth(self.deliveries.waiting() + carry.waiting.len());
            match self.record(carry).await {
                Ok(()) => self.write_down(),
                Err(Setback::Redo) => {
                    self.desk = Desk::load(&self.recorder.log, &self.recorder.clock).await?;
                }
                Err(Setback::End(why)) => return Ok(End::Interrupted(why)),
            }
        }
    }

    /// Decides one batch, appends it, and answers.
    async fn record(&mut self, carry: &mut Carry) -> Result<(), Setback> {
        let limits = Limits {
            submissions: carry.limit,
            bytes: self.recorder.settings.batch_bytes,
        };
        let mut draft = Draft::default();
        let decide = Stopwatch::start();
        let decided = self
            .desk
            .decide(&mut self.lease, &mut carry.waiting, limits, &mut draft);
        match decided.await {
            Ok(()) => {}
            Err(Undecided::Store(error)) => {
                draft.back_into(&mut carry.waiting);
                return Err(Setback::End(error.to_string()));
            }
            Err(Undecided::Sealing(error)) => {
                draft.back_into(&mut carry.waiting);
                return Err(Setback::End(error.to_string()));
            }
            Err(Undecided::Poison(mut delivery)) => {
                tracing::error!(event_id = ?delivery.event_id(), "a submission makes the fold panic: it is kept as a rejection");
                delivery.condemned = Some("it breaks the fold of the log".to_owned());
                carry.waiting.push_front(*delivery);
                draft.back_into(&mut carry.waiting);
                return Err(Setback::Redo);
            }
        }
        #[cfg(feature = "answers-before-commit")]
        draft.answer_callers();
        let (deciding, commit) = (decide.elapsed(), Stopwatch::start());
        if !draft.is_empty()
            && let Err(error) = self.lease.append(&draft.batch()).await
        {
            return Err(set_back(&error, draft, carry));
        }
        carry.limit = carry
            .limit
            .saturating_mul(2)
            .min(self.recorder.settings.batch_events);
        let took = BatchTime {
            deciding,
            committing: commit.elapsed(),
        };
        self.recorder
            .metrics
            .committed(draft.raw.len(), took, self.desk.position());
        if let Some(committed) = draft.answer(&self.recorder.bus, &self.recorder.metrics) {
            self.newest.push(&committed);
        }
        Ok(())
    }

    /// Seals what is closed and writes the portfolio down from time to time, beside the recording.
    fn write_down(&mut self) {
        let (at, every) = (self.desk.position(), self.recorder.settings.snapshot_every_events);
        let closed = at - at % SEGMENT_EVENTS;
        let seals = closed > self.sealed_at && !self.has_gap.is_cancelled();
        // Each writes everything down: one by one as the log grows, they would cost more than the recording.
        let grown = every.max(self.snapshot_at / SNAPSHOT_SHARE).max(1);
        let snapshots = at.saturating_sub(self.snapshot_at) >= grown;
        let busy = self.snapshotter.as_ref().is_some_and(|child| !child.has_ended());
        if busy || !(seals || snapshots) {
            return;
        }
        self.sealed_at = closed;
        if snapshots {
            self.snapshot_at = at;
        }
        let (log, newest, has_gap) = (
            self.recorder.log.clone(),
            self.newest.clone(),
            self.has_gap.clone(),
        );
        self.newest.forget(closed);
        self.snapshotter = Some(spawn_child("snapshot", async move {
            if seals {
                match seal(&log, at, &newest).await {
                    Ok(true) => {}
                    Ok(false) => has_gap.cancel(),
                    Err(error) => {
                        tracing::warn!(
                            "the log is not sealed up to {at}, its rows are read instead: {error}"
                        );
                    }
                }
            }
            drop(newest);
            if snapshots && let Err(error) = refresh_snapshot(&log, at).await {
                tracing::warn!("{NO_SNAPSHOT}: {error}");
            }
        }));
    }

    async fn finish(mut self) -> End {
        self.stop_publisher.cancel();
        if let Some(mut publisher) = self.publisher.take()
            && tokio::time::timeout(LAST_WORDS, publisher.ended()).await.is_err()
        {
            tracing::warn!(
                "NATS does not take the last events of the feed: they are published at the next start"
            );
        }
        // An unchanged log needs no new snapshot, and a long one takes longer than a stop may: it has those that were taken
        // as it grew. Two that write the same position down would be in each other's way, and there would be none of it.
        let (position, snapshotter) = (self.desk.position(), self.snapshotter.take());
        let is_written = position == self.snapshot_at;
        let (log, portfolio) = (&self.recorder.log, self.desk.into_portfolio());
        let written_down = async {
            match snapshotter {
                Some(mut snapshotter) if is_written => snapshotter.ended().await,
                _ if is_written || position > WRITTEN_DOWN_AT_STOP => {}
                unfinished => {
                    drop(unfinished);
                    save_snapshot(log, portfolio).await?;
                }
            }
            Ok::<(), ReplayError>(())
        };
        match tokio::time::timeout(SNAPSHOT_AT_STOP, written_down).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("{NO_SNAPSHOT}: {error}"),
            Err(_) => tracing::warn!("{NO_SNAPSHOT}: it took longer than {SNAPSHOT_AT_STOP:?}"),
        }
        // The next one goes on from wherever this ends.
        match tokio::time::timeout(INDEXING_AT_STOP, self.lease.index_all()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("{INDEX_IS_BEHIND}: {error}"),
            Err(_) => tracing::warn!("{INDEX_IS_BEHIND}: it took longer than {INDEXING_AT_STOP:?}"),
        }
        tracing::info!("the recorder has recorded what it accepted, and ends");
        End::Stopped
    }
}

/// Ends with a task; never without one.
async fn end_of(child: Option<&mut Child>) {
    match child {
        Some(child) => child.ended().await,
        None => std::future::pending().await,
    }
}

/// What to do about an append that failed, and what to tell whom.
fn set_back(error: &StoreError, draft: Draft, carry: &mut Carry) -> Setback {
    match error {
        // It may have been committed: the log is asked before anything is decided again.
        StoreError::Unavailable { .. } => {
            carry.doubt = Some(draft);
            Setback::End(error.to_string())
        }
        StoreError::DiskFull { .. } => {
            tracing::error!("{error}");
            draft.give_up(IntakeError::Unavailable);
            Setback::End(error.to_string())
        }
        StoreError::PersonKeyTaken => {
            draft.back_into(&mut carry.waiting);
            Setback::Redo
        }
        StoreError::LostLease
        | StoreError::DuplicateEvent { .. }
        | StoreError::OutOfOrder { .. }
        | StoreError::NoStore { .. }
        | StoreError::NewerStore { .. }
        | StoreError::OlderStore { .. }
        | StoreError::OtherHash { .. }
        | StoreError::File { .. }
        | StoreError::Migration { .. } => {
            draft.back_into(&mut carry.waiting);
            Setback::End(error.to_string())
        }
        // The database refuses something in this batch.
        StoreError::Database { .. } | StoreError::Unreadable { .. } => halve(error, draft, carry),
    }
}

/// Halves a batch that the log refuses, until the one that it refuses is alone; that one is condemned.
fn halve(error: &StoreError, mut draft: Draft, carry: &mut Carry) -> Setback {
    let size = draft.deliveries.len();
    let Some(alone) = draft.deliveries.first_mut().filter(|_| size == 1) else {
        tracing::warn!("a batch of {size} is refused, its halves are tried: {error}");
        carry.limit = (size / 2).max(1);
        draft.back_into(&mut carry.waiting);
        return Setback::Redo;
    };
    if alone.condemned.is_some() {
        tracing::error!("the log takes not even a rejection: {error}");
        draft.give_up(IntakeError::Unavailable);
        return Setback::End(error.to_string());
    }
    tracing::error!(event_id = ?alone.event_id(), "a submission is refused by the log and kept as a rejection: {error}");
    alone.condemned = Some(error.to_string());
    draft.back_into(&mut carry.waiting);
    Setback::Redo
}
