//! The sweep over the intake stream: every message that NATS still keeps, for comparison with the log.

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::bus::intake::{Content, Origin};
use crate::bus::jetstream::fetch::{marked, origin_of};
use crate::bus::jetstream::{INTAKE_STREAM, JetStreamBus};
use crate::bus::{BusError, subject};

/// One message of the intake stream.
#[derive(Debug)]
pub struct IntakeMessage {
    /// Its number in the stream.
    pub seq: u64,
    /// When NATS took it.
    pub taken_at: DateTime<Utc>,
    /// The subject it was published to.
    pub subject: String,
    /// The way it came.
    pub(crate) origin: Origin,
    /// What it says, as the recorder reads it.
    pub(crate) content: Content,
    /// As it was sent.
    pub bytes: Bytes,
}

impl JetStreamBus {
    /// Every message that the intake stream holds now, up to the number `up_to`.
    ///
    /// # Errors
    /// [`BusError::Nats`], also within the stream when the connection breaks: the sweep is then begun again.
    pub async fn sweep(
        &self,
        up_to: u64,
    ) -> Result<BoxStream<'static, Result<IntakeMessage, BusError>>, BusError> {
        let stream = self
            .context()
            .get_stream(INTAKE_STREAM)
            .await
            .map_err(BusError::nats("look for the intake"))?;
        let state = &stream.cached_info().state;
        let last = state.last_sequence.min(up_to);
        if state.messages == 0 || state.first_sequence > last {
            return Ok(futures::stream::empty().boxed());
        }
        let config = OrderedConfig {
            deliver_policy: DeliverPolicy::All,
            ..OrderedConfig::default()
        };
        let consumer = stream
            .create_consumer(config)
            .await
            .map_err(BusError::nats("read the intake"))?;
        let messages = consumer
            .messages()
            .await
            .map_err(BusError::nats("read the intake"))?;
        // Ended without asking for one message more: it might not come for days.
        let swept = futures::stream::unfold(Some(messages), move |messages| async move {
            let mut messages = messages?;
            let message = messages.next().await?.map_err(BusError::nats("read the intake"));
            match message.and_then(read) {
                Ok((message, _)) if message.seq > last => None,
                Ok((message, behind)) if message.seq == last || behind == 0 => Some((Ok(message), None)),
                Ok((message, _)) => Some((Ok(message), Some(messages))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(swept.boxed())
    }
}

/// A message, and how many come after it.
fn read(message: Message) -> Result<(IntakeMessage, u64), BusError> {
    let placed = marked(&message).ok_or("a message without its place in the stream");
    let (mark, _) = placed.map_err(BusError::nats("read the intake"))?;
    let behind = message.info().map_or(0, |info| info.pending);
    let origin = origin_of(&message, &mark.subject);
    let bytes = message.message.payload;
    let mut content = Content::of_door(&mark.subject, bytes.clone());
    if let Content::Readable(submission) = &mut content {
        // As the recorder does, which then says why it is refused, if it is.
        drop(subject::admit(&mark.subject, submission));
    }
    Ok((
        IntakeMessage {
            seq: mark.seq,
            taken_at: mark.taken_at,
            subject: mark.subject,
            origin,
            content,
            bytes,
        },
        behind,
    ))
}
