//! The sentinel: watches the log, asks the rules, and submits the events of warnings by the front door.
//!
//! What it decides is [`karez_alert_rules::Watch`]'s; here are only the clock and the log. It follows the log from the last
//! day whose run is recorded, so a crash, a second sentinel and a replay give the same warnings, once: their ids say so.
//! After a week away it catches up day by day, in order, each day by what was known then.

mod daily;
mod timeline;

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use karez_alert_rules::reconcile::clock_read;
use karez_events::{Event, Position, RawEvent, RecordedEvent, Submission};
use tokio_util::sync::CancellationToken;

pub use daily::{Daily, DailyError};
pub use timeline::Timeline;

use crate::bus::Intake;
use crate::clock::Clock;
use crate::follower::Follower;
use crate::receipt::Outcome;
use crate::replay::ReplayError;
use crate::store::EventLog;

/// Events read from the log at once.
const READ_EVENTS: usize = 5_000;
/// The clock is looked at so often while nothing happens.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Between two tries to submit while nobody records.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// Clocks that differ are read so often.
const READ_EVERY: TimeDelta = TimeDelta::minutes(1);
/// Days of catching up that are worth telling.
const TOLD_FROM_DAYS: usize = 2;

/// The role.
#[derive(Debug)]
pub struct Sentinel {
    log: EventLog,
    intake: Intake,
    clock: Clock,
    timeline: Timeline,
    read_up_to: Position,
}

impl Sentinel {
    /// A sentinel at the last day whose run is in the log.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn load(
        log: EventLog,
        intake: Intake,
        clock: Clock,
        daily: Daily,
    ) -> Result<Self, ReplayError> {
        let mut events = Vec::new();
        let mut read_up_to = 0;
        loop {
            let page = read(&log, read_up_to).await?;
            let Some(last) = page.last() else { break };
            read_up_to = last.position;
            events.extend(page);
        }
        Ok(Self {
            log,
            intake,
            clock,
            timeline: Timeline::resume(daily, events),
            read_up_to,
        })
    }

    /// Watches until told to stop.
    ///
    /// # Errors
    /// An event that cannot be read: without it nothing after it is true.
    pub async fn watch(mut self, follower: Follower, stop: CancellationToken) -> anyhow::Result<()> {
        let mut position = follower.moves();
        loop {
            let is_current = match self.catch_up(&stop).await {
                Ok(is_current) => is_current,
                Err(ReplayError::Store(error)) if error.is_retryable() => {
                    tracing::warn!("the sentinel cannot read the log, it tries again: {error}");
                    true
                }
                Err(error) => return Err(error.into()),
            };
            if stop.is_cancelled() {
                return Ok(());
            }
            if is_current {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    moved = position.changed() => moved?,
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
        }
    }

    /// Takes all that is new up to now, where the caller has a clock of its own.
    ///
    /// # Errors
    /// As [`Sentinel::load`].
    pub async fn catch_up_now(&mut self) -> Result<(), ReplayError> {
        let never = CancellationToken::new();
        while !self.catch_up(&never).await? {}
        Ok(())
    }

    /// When the next day's run is due.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        self.timeline.next_due()
    }

    /// Takes what is new, and the days that have ended. `false` when there may be more at once.
    async fn catch_up(&mut self, stop: &CancellationToken) -> Result<bool, ReplayError> {
        let now = self.clock.now();
        let page = read(&self.log, self.read_up_to).await?;
        let read_before = self.read_up_to;
        if let Some(last) = page.last() {
            self.read_up_to = last.position;
        }
        self.timeline.extend(page);
        self.submit_all(stop).await;
        if self.read_up_to > read_before {
            return Ok(false);
        }
        let Some(due) = self.timeline.due_by(now) else {
            return Ok(true);
        };
        let missed = self.timeline.days_due(now);
        if missed >= TOLD_FROM_DAYS {
            tracing::info!("the sentinel catches up {missed} days, one by one");
        }
        // Facts that were known in time may still be on their way into the log. Nothing that is recorded after this one was.
        let read_at = due.max(now.duration_trunc(READ_EVERY).unwrap_or(due));
        let day = self.timeline.day_of(read_at);
        self.submit(vec![clock_read(read_at, day)], stop).await;
        // The recorder's clock may be behind: then that is not recorded as due, and is said again after a while.
        Ok(self.log.head().await?.position == self.read_up_to)
    }

    /// Submits what the timeline says, step by step, up to the last fact.
    async fn submit_all(&mut self, stop: &CancellationToken) {
        while let Some(mut facts) = self.timeline.next_step(None) {
            // Whoever starts again takes a day for complete that is said to be: what it brought is recorded before.
            let end_of_day = facts.pop_if(|fact| matches!(fact.event, Event::DayEvaluated(_)));
            self.submit(facts, stop).await;
            if stop.is_cancelled() {
                return;
            }
            self.submit(end_of_day.into_iter().collect(), stop).await;
            if stop.is_cancelled() {
                return;
            }
        }
    }

    /// Submits until the log has everything: the same ids again are the same events.
    async fn submit(&self, mut facts: Vec<Submission>, stop: &CancellationToken) {
        while !facts.is_empty() {
            // What is not answered yet is submitted again at the next start.
            let outcomes = tokio::select! {
                () = stop.cancelled() => return,
                outcomes = self.intake.submit_all(facts.clone()) => outcomes,
            };
            let mut left = Vec::new();
            for (fact, outcome) in facts.into_iter().zip(outcomes) {
                match outcome {
                    Ok(Outcome::Recorded(_)) => {}
                    Ok(Outcome::Refused(refusal)) => {
                        tracing::error!(
                            "a warning's event was refused: {} ({})",
                            refusal.message_en,
                            fact.stream
                        );
                    }
                    Err(_) => left.push(fact),
                }
            }
            facts = left;
            if !facts.is_empty() {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(RETRY_AFTER) => {}
                }
            }
        }
    }
}

async fn read(log: &EventLog, after: Position) -> Result<Vec<RecordedEvent>, ReplayError> {
    let page = log.read(after, READ_EVENTS).await?;
    let decoded = page.iter().map(RawEvent::decode).collect::<Result<Vec<_>, _>>()?;
    Ok(decoded)
}
