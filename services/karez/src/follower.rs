//! The follower: a portfolio kept current for those who read, beside the recorder or in another process.
//!
//! Events come from the feed where they join on, and from the log otherwise; the feed only makes it faster, so
//! a follower needs neither NATS nor the recorder.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use karez_events::{Position, RecordedEvent};
use karez_projections::Portfolio;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::bus::FeedReceiver;
use crate::bus::feed::Arrival;
use crate::replay::{ReplayError, load_portfolio};
use crate::store::EventLog;
use crate::telemetry::Metrics;

/// The log is asked so often for what the feed did not bring.
const POLL_EVERY: Duration = Duration::from_millis(200);
/// Events folded under one lock, so that no reader waits for long.
const FOLD_EVENTS: usize = 256;
/// Events read from the log at once.
const READ_EVENTS: usize = 5_000;

/// The portfolio as it is known here. Copies see the same one.
#[derive(Debug, Clone)]
pub struct Follower {
    portfolio: Arc<RwLock<Portfolio>>,
    position: Arc<watch::Sender<Position>>,
}

impl Follower {
    /// The portfolio as the log says it now. It stands still until [`Follower::follow`] is run as a task.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn load(log: &EventLog) -> Result<Self, ReplayError> {
        let portfolio = load_portfolio(log, None).await?;
        let position = watch::Sender::new(portfolio.position());
        Ok(Self {
            portfolio: Arc::new(RwLock::new(portfolio)),
            position: Arc::new(position),
        })
    }

    /// The portfolio, for the time of one computation; hold it across no `await`.
    pub fn read(&self) -> RwLockReadGuard<'_, Portfolio> {
        self.portfolio.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last position that can be read here.
    #[must_use]
    pub fn position(&self) -> Position {
        *self.position.borrow()
    }

    /// Waits until a position can be read here, so that whoever posted something sees it. `false` when the time
    /// was up before.
    pub async fn wait_for(&self, position: Position, within: Duration) -> bool {
        let mut known = self.position.subscribe();
        let reached = tokio::time::timeout(within, known.wait_for(|known| *known >= position)).await;
        reached.is_ok_and(|reached| reached.is_ok())
    }

    /// Tells about each move of the position.
    #[must_use]
    pub fn moves(&self) -> watch::Receiver<Position> {
        self.position.subscribe()
    }

    /// Follows until told to stop.
    ///
    /// # Errors
    /// An event that cannot be read: without it nothing after it is true.
    pub async fn follow(
        self,
        log: EventLog,
        mut feed: FeedReceiver,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
    ) -> anyhow::Result<()> {
        let mut poll = tokio::time::interval(POLL_EVERY);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut told = false;
        loop {
            let caught_up = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                arrival = feed.next(self.position()) => match arrival {
                    Arrival::Events(committed) if self.take(&committed.recorded) => Ok(()),
                    Arrival::Events(_) | Arrival::Missed => self.catch_up(&log, &metrics).await,
                },
                _ = poll.tick() => self.catch_up(&log, &metrics).await,
            };
            match caught_up {
                Ok(()) => told = false,
                Err(ReplayError::Store(error)) if error.is_retryable() => {
                    if !told {
                        tracing::warn!("the log cannot be followed, it is tried again: {error}");
                    }
                    told = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Folds events that join on; `false` when some are missing before them.
    fn take(&self, events: &[RecordedEvent]) -> bool {
        for events in events.chunks(FOLD_EVENTS) {
            let mut portfolio = self.portfolio.write().unwrap_or_else(PoisonError::into_inner);
            for event in events {
                let next = portfolio.position() + 1;
                if event.position > next {
                    return false;
                }
                if event.position == next {
                    portfolio.apply(event);
                }
            }
            let position = portfolio.position();
            drop(portfolio);
            self.position
                .send_if_modified(|known| std::mem::replace(known, position) != position);
        }
        true
    }

    async fn catch_up(&self, log: &EventLog, metrics: &Metrics) -> Result<(), ReplayError> {
        loop {
            let after = self.position();
            let events = log.read(after, READ_EVENTS).await?;
            let Some(last) = events.last() else {
                metrics.follower_lag(0);
                return Ok(());
            };
            metrics.follower_lag(last.position.saturating_sub(after));
            let recorded = events
                .iter()
                .map(karez_events::RawEvent::decode)
                .collect::<Result<Vec<_>, _>>()?;
            if !self.take(&recorded) {
                let found = recorded.first().map_or(0, |first| first.position);
                return Err(ReplayError::Gap {
                    expected: after + 1,
                    found,
                });
            }
        }
    }
}
