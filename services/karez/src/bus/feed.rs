//! The feed: recorded events in the order of their positions, published after the commit.
//!
//! It is a shortcut, not a promise: whoever misses something (a gap in the positions) reads it from the log. On
//! NATS each event is one JSON object with `position, stream, version, event_id, type, schema, occurred_on,
//! recorded_at, data, metadata, hash`; data and metadata are the stored bytes, so the chain can be checked.

use std::sync::Arc;

use async_nats::{Client, Message, Subscriber};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use futures::StreamExt;
use futures::stream::ReadyChunks;
use karez_events::{DecodeError, EventType, Hash, Position, RawEvent, RecordedEvent, StreamId, from_json};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::bus::{JetStreamBus, subject};
use crate::receipt::hash_of_hex;

/// Batches that a slow reader may be behind before it must read the log.
const BATCHES: usize = 64;
/// Messages that are taken from NATS at once.
const MESSAGES: usize = 512;

/// What one transaction committed: the same events as they are stored and as they are read.
#[derive(Debug)]
pub struct Committed {
    /// As stored.
    pub raw: Arc<[RawEvent]>,
    /// As read.
    pub recorded: Vec<RecordedEvent>,
}

/// The feed within the process.
#[derive(Debug, Clone)]
pub struct Feed(broadcast::Sender<Arc<Committed>>);

impl Feed {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BATCHES))
    }

    pub(crate) fn publish(&self, committed: Arc<Committed>) {
        // Nobody listening is no fault: the log has it.
        drop(self.0.send(committed));
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<Committed>> {
        self.0.subscribe()
    }
}

/// What comes next on the feed.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// Events, in order.
    Events(Arc<Committed>),
    /// Something was missed or could not be read: read the log.
    Missed,
}

/// One reader's end of the feed.
#[derive(Debug)]
pub struct FeedReceiver {
    local: broadcast::Receiver<Arc<Committed>>,
    remote: Option<Remote>,
}

#[derive(Debug)]
struct Remote {
    client: Client,
    messages: Option<ReadyChunks<Subscriber>>,
}

impl FeedReceiver {
    pub(crate) fn in_process(feed: &Feed) -> Self {
        Self {
            local: feed.subscribe(),
            remote: None,
        }
    }

    pub(crate) fn jetstream(bus: &JetStreamBus) -> Self {
        let remote = Remote {
            client: bus.client().clone(),
            messages: None,
        };
        Self {
            local: bus.local_feed().subscribe(),
            remote: Some(remote),
        }
    }

    /// Waits for what comes next; events up to `known` may be left out. Nothing is lost when it is dropped
    /// while waiting.
    pub async fn next(&mut self, known: Position) -> Arrival {
        let Some(remote) = &mut self.remote else {
            return local(&mut self.local).await;
        };
        // The recorder of this process speaks first, so that its events need not be read back from NATS.
        tokio::select! {
            biased;
            arrival = local(&mut self.local) => arrival,
            arrival = remote.next(known) => arrival,
        }
    }
}

async fn local(receiver: &mut broadcast::Receiver<Arc<Committed>>) -> Arrival {
    match receiver.recv().await {
        Ok(committed) => Arrival::Events(committed),
        Err(broadcast::error::RecvError::Lagged(_)) => Arrival::Missed,
        Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
    }
}

impl Remote {
    async fn next(&mut self, known: Position) -> Arrival {
        loop {
            let Some(messages) = &mut self.messages else {
                // A plain subscription: the stream keeps the past, the log has it all.
                match self.client.subscribe(subject::FEED).await {
                    Ok(subscriber) => self.messages = Some(subscriber.ready_chunks(MESSAGES)),
                    Err(error) => {
                        tracing::warn!(
                            "the feed cannot be followed on NATS, the log is read instead: {error}"
                        );
                        return std::future::pending().await;
                    }
                }
                continue;
            };
            let Some(chunk) = messages.next().await else {
                self.messages = None;
                return Arrival::Missed;
            };
            match read_all(&chunk, known) {
                Ok(committed) if committed.raw.is_empty() => {}
                Ok(committed) => return Arrival::Events(Arc::new(committed)),
                Err(error) => {
                    tracing::warn!("a message of the feed cannot be read, the log is read instead: {error}");
                    return Arrival::Missed;
                }
            }
        }
    }
}

fn read_all(messages: &[Message], known: Position) -> Result<Committed, DecodeError> {
    let (mut stored, mut recorded) = (Vec::new(), Vec::new());
    for message in messages {
        if position_named(message).is_some_and(|position| position <= known) {
            continue;
        }
        let raw = from_wire(&message.payload)?;
        recorded.push(raw.decode()?);
        stored.push(raw);
    }
    Ok(Committed {
        raw: stored.into(),
        recorded,
    })
}

fn position_named(message: &Message) -> Option<Position> {
    let id = message
        .headers
        .as_ref()?
        .get(async_nats::header::NATS_MESSAGE_ID)?;
    id.as_str().strip_prefix("position-")?.parse().ok()
}

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    position: Position,
    stream: StreamId,
    version: u32,
    event_id: Uuid,
    r#type: EventType,
    schema: i16,
    occurred_on: NaiveDate,
    recorded_at: String,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow)]
    metadata: &'a RawValue,
    hash: String,
}

/// An event as the feed says it.
///
/// # Errors
/// The stored bytes are not JSON.
pub fn to_wire(event: &RawEvent) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Wire {
        position: event.position,
        stream: event.stream.clone(),
        version: event.version,
        event_id: event.event_id,
        r#type: event.event_type,
        schema: event.schema,
        occurred_on: event.occurred_on,
        recorded_at: event.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true),
        data: serde_json::from_slice(&event.payload)?,
        metadata: serde_json::from_slice(&event.metadata)?,
        hash: event.hash.to_string(),
    })
}

/// Reads an event as the feed says it.
///
/// # Errors
/// [`DecodeError::Record`] says what is not as it should be.
pub fn from_wire(bytes: &[u8]) -> Result<RawEvent, DecodeError> {
    let unreadable =
        |error: &dyn std::fmt::Display| DecodeError::Record(format!("message of the feed: {error}"));
    let wire: Wire<'_> = from_json(bytes).map_err(|error| unreadable(&error))?;
    let recorded_at: DateTime<Utc> = wire.recorded_at.parse().map_err(|error| unreadable(&error))?;
    let hash: Hash = hash_of_hex(&wire.hash).ok_or_else(|| unreadable(&"hash"))?;
    Ok(RawEvent {
        position: wire.position,
        stream: wire.stream,
        version: wire.version,
        event_id: wire.event_id,
        event_type: wire.r#type,
        schema: wire.schema,
        occurred_on: wire.occurred_on,
        recorded_at,
        payload: wire.data.get().as_bytes().to_vec(),
        metadata: wire.metadata.get().as_bytes().to_vec(),
        hash,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_through_the_feed_byte_for_byte() {
        let event = RawEvent {
            position: 9,
            stream: "project/P.1".parse().unwrap(),
            version: 3,
            event_id: Uuid::max(),
            event_type: EventType::ProjectStarted,
            schema: 1,
            occurred_on: "2024-03-01".parse().unwrap(),
            recorded_at: "2024-03-02T01:02:03.000100Z".parse().unwrap(),
            payload: r#"{"note":"开工"}"#.as_bytes().to_vec(),
            metadata: b"{}".to_vec(),
            hash: Hash([7; 32]),
        };
        assert_eq!(from_wire(&to_wire(&event).unwrap()).unwrap(), event);
    }
}
