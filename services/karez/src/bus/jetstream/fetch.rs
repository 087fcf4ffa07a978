//! The recorder's end of the intake on NATS: one durable pull consumer, in order and without gaps.
//!
//! The log's own mark (`last_intake_seq`, moved in the append's transaction) says where to go on; the consumer
//! is made anew from there under each lease, and again whenever the order is broken: a missing number in the
//! consumer's count means that messages were lost between NATS and here, and later ones must not overtake them
//! (an approval must come before the expenditure). Its acknowledgements, after the commit, only tell operators
//! how far the recorder is.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::pull::{Config, Stream as Messages};
use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy};
use async_nats::jetstream::context::ConsumerInfoErrorKind;
use async_nats::jetstream::stream::{ConsumerErrorKind, Stream};
use async_nats::jetstream::{ErrorCode, Message};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::bus::BusError;
use crate::bus::intake::{Asker, Content, Deliveries, Delivery, IntakeMark, Origin};
use crate::bus::jetstream::{
    INTAKE_CONSUMER, JetStreamBus, REPLY_HEADER, RETRY_AFTER, ROW_HEADER, SOURCE_HEADER, subject,
};
use crate::tasks::spawn_child;

/// Messages that wait decoded for the recorder: one full batch.
const QUEUE: usize = 5_000;
/// Messages asked for at once.
const FETCH: usize = 2_000;
/// Messages that may wait for the log's commit.
const MOST_UNACKNOWLEDGED: i64 = 50_000;
/// NATS says at least so often that it is alive; silence of twice that is a broken link.
const HEARTBEAT: Duration = Duration::from_secs(2);
const PULL_EXPIRES: Duration = Duration::from_secs(10);
/// The consumer's server answers within so long, or is taken to be away.
const CONSUMER_ANSWERS: Duration = Duration::from_secs(2);
/// Where the consumer says under which lease it was made.
const EPOCH: &str = "karez_epoch";

/// Begins to fetch after `after`, for the recorder whose lease has this epoch.
pub(crate) fn deliveries(bus: JetStreamBus, after: u64, epoch: u64) -> Deliveries {
    let (queue, deliveries) = mpsc::channel(QUEUE);
    let fetcher = Fetcher {
        bus,
        queue,
        taken: after,
        epoch,
    };
    Deliveries::jetstream(deliveries, spawn_child("intake fetcher", fetcher.run()))
}

struct Fetcher {
    bus: JetStreamBus,
    queue: mpsc::Sender<Delivery>,
    /// The last message given to the recorder.
    taken: u64,
    epoch: u64,
}

/// Why fetching was interrupted.
enum Interruption {
    /// The recorder wants no more.
    Closed,
    /// The order was broken or NATS went away.
    Broken(String),
}

impl Fetcher {
    async fn run(mut self) {
        while !self.queue.is_closed() {
            let interrupted = match self.consume().await {
                Ok(interrupted) => interrupted,
                Err(BusError::Superseded(epoch)) => {
                    tracing::warn!("a newer recorder (epoch {epoch}) has taken over the intake");
                    return;
                }
                Err(error @ (BusError::Nats { .. } | BusError::Setting { .. })) => {
                    Interruption::Broken(error.to_string())
                }
            };
            match interrupted {
                Interruption::Closed => return,
                Interruption::Broken(why) => {
                    tracing::warn!("the intake is opened again after message {}: {why}", self.taken);
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    async fn consume(&mut self) -> Result<Interruption, BusError> {
        let mut messages = self.open().await?;
        let mut counted = 0;
        while let Some(message) = messages.next().await {
            let message = match message {
                Ok(message) => message,
                Err(error) => return Ok(Interruption::Broken(error.to_string())),
            };
            let Some((mark, count)) = marked(&message) else {
                return Ok(Interruption::Broken(
                    "a message without its place in the stream".to_owned(),
                ));
            };
            if count != counted + 1 {
                return Ok(Interruption::Broken(format!(
                    "delivery {count} came after {counted}"
                )));
            }
            counted = count;
            // Delivered again because the log took long to commit; it is in the recorder's hands.
            if mark.seq <= self.taken {
                continue;
            }
            self.taken = mark.seq;
            if self.queue.send(delivery(message, mark)).await.is_err() {
                return Ok(Interruption::Closed);
            }
        }
        Ok(Interruption::Broken("the consumer ended".to_owned()))
    }

    async fn open(&mut self) -> Result<Messages, BusError> {
        let stream = self.bus.intake_stream(self.taken).await?;
        let last = stream.cached_info().state.last_sequence;
        if last < self.taken {
            // Restored from an older copy: its numbers begin anew. What it holds is decided again; what the log
            // has already is answered with the first receipt.
            tracing::warn!(
                "the intake stream ends at {last}, the log knows {}: it is read from its start",
                self.taken
            );
            self.taken = 0;
        }
        let consumer = self.consumer(&stream).await?;
        consumer
            .stream()
            .max_messages_per_batch(FETCH)
            .expires(PULL_EXPIRES)
            .heartbeat(HEARTBEAT)
            .messages()
            .await
            .map_err(BusError::nats("fetch submissions"))
    }

    async fn consumer(&self, stream: &Stream) -> Result<Consumer<Config>, BusError> {
        self.remove_old_consumer(stream).await?;
        let config = Config {
            durable_name: Some(INTAKE_CONSUMER.to_owned()),
            description: Some("the recorder of karez".to_owned()),
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.taken + 1,
            },
            ack_policy: AckPolicy::All,
            // One server holds it: where to go on is in the log, and three would first have to agree who leads.
            num_replicas: 1,
            max_ack_pending: MOST_UNACKNOWLEDGED,
            metadata: HashMap::from([(EPOCH.to_owned(), self.epoch.to_string())]),
            ..Config::default()
        };
        stream
            .create_consumer(config)
            .await
            .map_err(BusError::nats("make the consumer"))
    }

    /// Where its server is away nobody answers, whether it is removed or not: making the new one fails if it is not, and the next
    /// try looks again.
    async fn remove_old_consumer(&self, stream: &Stream) -> Result<(), BusError> {
        match timeout(CONSUMER_ANSWERS, stream.consumer_info(INTAKE_CONSUMER)).await {
            Ok(Ok(info)) => {
                let epoch = info.config.metadata.get(EPOCH);
                let epoch = epoch.and_then(|epoch| epoch.parse().ok()).unwrap_or(0);
                if epoch > self.epoch {
                    return Err(BusError::Superseded(epoch));
                }
            }
            Ok(Err(error)) if matches!(error.kind(), ConsumerInfoErrorKind::NotFound) => return Ok(()),
            Ok(Err(error)) if !matches!(error.kind(), ConsumerInfoErrorKind::Offline) => {
                return Err(BusError::nats("look for the consumer")(error));
            }
            // Should it be a newer recorder's, that one makes its own again, and this one finds it then.
            Ok(Err(_)) | Err(_) => {}
        }
        match timeout(CONSUMER_ANSWERS, stream.delete_consumer(INTAKE_CONSUMER)).await {
            Ok(Err(error)) if !is_gone(&error.kind()) => {
                Err(BusError::nats("remove the old consumer")(error))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Somebody else has removed it, or a removal that was not answered has been done.
fn is_gone(kind: &ConsumerErrorKind) -> bool {
    matches!(kind, ConsumerErrorKind::JetStream(refused) if refused.error_code() == ErrorCode::CONSUMER_NOT_FOUND)
}

/// The message's place in the intake stream, and its number among the consumer's deliveries.
pub(crate) fn marked(message: &Message) -> Option<(IntakeMark, u64)> {
    let info = message.info().ok()?;
    let mark = IntakeMark {
        seq: info.stream_sequence,
        taken_at: info.published,
        subject: message.subject.to_string(),
        ack: message.reply.as_ref()?.to_string(),
    };
    Some((mark, info.consumer_sequence))
}

fn delivery(message: Message, mark: IntakeMark) -> Delivery {
    let headers = message.headers.as_ref();
    let asker = match header(headers, REPLY_HEADER) {
        Some(subject) if subject::may_answer(&mark.subject, &subject) => Asker::Subject(subject),
        Some(subject) => {
            tracing::warn!(
                "no answers to {:?} are sent to {subject:?}: use a subject below _INBOX. or karez.reply.{{sender}}.",
                mark.subject
            );
            Asker::Nobody
        }
        None => Asker::Nobody,
    };
    let origin = origin_of(&message, &mark.subject);
    let content = Content::of_door(&mark.subject, message.message.payload);
    Delivery {
        content,
        origin,
        mark: Some(mark),
        asker,
        condemned: None,
    }
}

/// The way a message came: who may use the trusted door says so.
pub(crate) fn origin_of(message: &Message, subject: &str) -> Origin {
    if !subject::is_trusted(subject) {
        return Origin::of(subject);
    }
    let headers = message.headers.as_ref();
    Origin {
        source: header(headers, SOURCE_HEADER).unwrap_or_else(|| subject.to_owned()),
        row: header(headers, ROW_HEADER),
    }
}

fn header(headers: Option<&HeaderMap>, name: &'static str) -> Option<String> {
    headers?.get(name).map(|value| value.as_str().to_owned())
}
