//! Publishing the feed: what the log has committed goes to NATS in the order of positions.
//!
//! The log is the source: the publisher goes on from the log's `published` mark, so nothing is skipped after a
//! crash. The mark is moved after NATS has acknowledged, at most once a second, so a crash repeats some events
//! under the same `Nats-Msg-Id`; readers tell them by their positions.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use futures::future::try_join_all;
use karez_events::{Position, RawEvent};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::bus::feed::{Committed, to_wire};
use crate::bus::jetstream::together::Outgoing;
use crate::bus::jetstream::{JetStreamBus, RETRY_AFTER};
use crate::bus::{BusError, feed_message_id, subject};
use crate::clock::Stopwatch;
use crate::store::{EventLog, StoreError};

/// Events that are published before their acknowledgements are awaited.
const WINDOW: usize = 500;
/// Events that are read from the log at once.
const READ: usize = 2_000;
/// At most so often the log is told how far the feed is.
const MARK_EVERY: Duration = Duration::from_secs(1);

/// Publishes under one lease.
pub(crate) struct Publisher {
    log: EventLog,
    bus: JetStreamBus,
    epoch: u64,
    committed: broadcast::Receiver<Arc<Committed>>,
    stop: CancellationToken,
}

/// What holds the feed up.
#[derive(Debug, thiserror::Error)]
enum Held {
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Publisher {
    pub(crate) fn new(log: EventLog, bus: JetStreamBus, epoch: u64, stop: CancellationToken) -> Self {
        let committed = bus.local_feed().subscribe();
        Self {
            log,
            bus,
            epoch,
            committed,
            stop,
        }
    }

    /// Publishes until it is stopped, and then what is committed.
    pub(crate) async fn run(mut self) {
        let mut told = false;
        loop {
            match self.follow().await {
                // Under a lost lease the next recorder publishes.
                Ok(()) | Err(Held::Store(StoreError::LostLease)) => return,
                Err(held) => {
                    if !told {
                        tracing::warn!("the feed waits: {held}");
                        told = true;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(RETRY_AFTER) => {}
                // The rest is published under the next lease.
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn follow(&mut self) -> Result<(), Held> {
        self.bus.feed_stream().await?;
        let mut marked = self.log.published().await?;
        let mut published = self.catch_up(marked).await?;
        let mut since_mark = Stopwatch::start();
        loop {
            let stopping = self.stop.is_cancelled();
            if published > marked && (stopping || since_mark.elapsed() >= MARK_EVERY) {
                self.log.set_published(self.epoch, published).await?;
                marked = published;
                since_mark = Stopwatch::start();
            }
            if stopping {
                return Ok(());
            }
            let waits = published > marked;
            published = tokio::select! {
                committed = self.committed.recv() => match committed {
                    Ok(committed) if follows(&committed, published) => self.publish(&committed.raw, published).await?,
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => self.catch_up(published).await?,
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                },
                () = self.stop.cancelled() => self.catch_up(published).await?,
                () = tokio::time::sleep(MARK_EVERY), if waits => published,
            };
        }
    }

    /// Publishes what the log has after a position.
    async fn catch_up(&self, after: Position) -> Result<Position, Held> {
        let mut published = after;
        loop {
            let events = self.log.read(published, READ).await?;
            if events.is_empty() {
                return Ok(published);
            }
            published = self.publish(&events, published).await?;
        }
    }

    async fn publish(&self, events: &[RawEvent], known: Position) -> Result<Position, BusError> {
        let mut published = known;
        let fresh = events
            .iter()
            .skip_while(|event| event.position <= known)
            .collect::<Vec<_>>();
        for window in fresh.chunks(WINDOW) {
            self.publish_window(window).await?;
            published = window.last().map_or(published, |event| event.position);
        }
        Ok(published)
    }

    /// Publishes many together, else one after the other: those that the feed had before the last crash are there already.
    async fn publish_window(&self, window: &[&RawEvent]) -> Result<(), BusError> {
        let messages: Vec<Outgoing> = window
            .iter()
            .map(|event| message(event))
            .collect::<Result<_, _>>()?;
        if self.bus.took_together(messages.iter().cloned()).await {
            return Ok(());
        }
        let mut acknowledged = Vec::with_capacity(window.len());
        for message in messages {
            let sent = self.bus.publish_alone(message).await;
            acknowledged.push(sent.map_err(BusError::nats("publish an event"))?.into_future());
        }
        let acknowledged = try_join_all(acknowledged).await;
        acknowledged.map(drop).map_err(BusError::nats("publish an event"))
    }
}

/// An event on the feed.
fn message(event: &RawEvent) -> Result<Outgoing, BusError> {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, feed_message_id(event.position));
    Ok(Outgoing {
        subject: subject::of_recorded(&event.stream),
        headers,
        payload: to_wire(event).map_err(BusError::nats("write an event"))?.into(),
    })
}

/// Whether a batch joins on without a gap.
fn follows(committed: &Committed, published: Position) -> bool {
    committed
        .raw
        .first()
        .is_none_or(|first| first.position <= published + 1)
}
