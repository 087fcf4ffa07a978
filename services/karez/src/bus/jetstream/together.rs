//! Messages that a stream takes all together or not at all (ADR-50 of NATS; from version 2.12.1 of the server on, which knows
//! message ids again in them): they are agreed on once, and written to disk once.

use std::sync::PoisonError;
use std::time::Duration;

use async_nats::jetstream::context::{PublishAckFuture, PublishError};
use async_nats::jetstream::message::PublishMessage;
use async_nats::{HeaderMap, Request, header};
use bytes::Bytes;
use serde::Deserialize;
use tokio::time::timeout;

use crate::bus::BusError;
use crate::bus::jetstream::{JetStreamBus, REQUEST_LIMIT};
use crate::clock::Stopwatch;

/// Fewer than these are as fast one by one.
const LEAST_TOGETHER: usize = 100;
/// After a batch that was not taken nobody tries another one for so long: the next would most likely be sent twice as well.
const AFTER_A_REFUSAL: Duration = Duration::from_secs(10);

/// A message to publish.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) subject: String,
    pub(super) headers: HeaderMap,
    pub(super) payload: Bytes,
}

/// What the server answers to the last message.
#[derive(Deserialize)]
struct Answer {
    /// How many it has taken together; a server that knows of no batches says nothing here.
    count: Option<usize>,
    error: Option<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    description: String,
}

impl JetStreamBus {
    /// Publishes a message by itself; the acknowledgement is to be awaited.
    pub(super) async fn publish_alone(&self, message: Outgoing) -> Result<PublishAckFuture, PublishError> {
        let Outgoing {
            subject,
            headers,
            payload,
        } = message;
        let message = PublishMessage::build().headers(headers).payload(payload);
        self.context().send_publish(subject, message).await
    }

    /// Whether the server takes messages together; known once it has answered anything.
    pub(super) fn knows_batches(&self) -> bool {
        self.client().is_server_compatible(2, 12, 1)
    }

    /// Publishes messages in their order, if they are worth a batch, and says whether they were taken. Where not, they may be
    /// there all the same, or each by itself: whoever then publishes them one by one under the same message ids finds out.
    pub(super) async fn took_together(&self, messages: impl ExactSizeIterator<Item = Outgoing>) -> bool {
        if messages.len() < LEAST_TOGETHER || !self.knows_batches() || self.refuses_batches() {
            return false;
        }
        let taking = timeout(REQUEST_LIMIT, self.publish_together(messages)).await;
        let refused = match taking {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer came in time".to_owned(),
        };
        tracing::info!("messages are published one by one for {AFTER_A_REFUSAL:?}: {refused}");
        *self
            .0
            .batch_refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Stopwatch::start());
        false
    }

    fn refuses_batches(&self) -> bool {
        let refused = self
            .0
            .batch_refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        refused.is_some_and(|refused| refused.elapsed() < AFTER_A_REFUSAL)
    }

    /// # Errors
    /// What the server says, or that it knows of no batches and may have taken each by itself.
    pub(super) async fn publish_together(
        &self,
        messages: impl ExactSizeIterator<Item = Outgoing>,
    ) -> Result<(), BusError> {
        const WHAT: &str = "take messages together";
        let (count, batch) = (messages.len(), self.client().new_inbox());
        for (number, message) in (1..).zip(messages) {
            let Outgoing {
                subject,
                mut headers,
                payload,
            } = message;
            headers.insert(header::NATS_BATCH_ID, batch.as_str());
            headers.insert(header::NATS_BATCH_SEQUENCE, number.to_string());
            if number < count {
                let sent = self.client().publish_with_headers(subject, headers, payload);
                sent.await.map_err(BusError::nats(WHAT))?;
                continue;
            }
            headers.insert(header::NATS_BATCH_COMMIT, header::NATS_BATCH_COMMIT_FINAL);
            let request = Request::new().headers(headers).payload(payload);
            let answered = self.client().send_request(subject, request).await;
            let answer = answered.map_err(BusError::nats(WHAT))?.payload;
            let answer: Answer = serde_json::from_slice(&answer).map_err(BusError::nats(WHAT))?;
            if let Some(refused) = answer.error {
                return Err(BusError::nats(WHAT)(refused.description));
            }
            if answer.count != Some(count) {
                return Err(BusError::nats(WHAT)("it knows of no batches"));
            }
        }
        Ok(())
    }
}
