//! The floor that the bench of the bus compares with: messages that the servers keep, and nobody records.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use crate::bus::BusError;
use crate::bus::jetstream::together::Outgoing;
use crate::bus::jetstream::{INTAKE_STREAM, JetStreamBus, is_missing};
use crate::clock::Stopwatch;

/// The stream that keeps them.
const SCRATCH: &str = "KAREZ_BENCH";

impl JetStreamBus {
    /// Whether the servers have an intake, which then is somebody's.
    ///
    /// # Errors
    /// What NATS says.
    pub(crate) async fn has_intake(&self) -> Result<bool, BusError> {
        match self.context().get_stream(INTAKE_STREAM).await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error.kind()) => Ok(false),
            Err(error) => Err(BusError::nats("look for a stream")(error)),
        }
    }

    /// Has messages of this content kept, `at_once` of them on their way or in a batch, and says how long that took.
    ///
    /// # Errors
    /// What NATS says.
    pub(crate) async fn keep_bare(
        &self,
        payloads: Vec<Bytes>,
        at_once: usize,
        together: bool,
    ) -> Result<Duration, BusError> {
        self.stream(self.stream_config(SCRATCH, SCRATCH, 1)).await?;
        let started = Stopwatch::start();
        if together {
            for batch in payloads.chunks(at_once) {
                let outgoing = |payload: &Bytes| Outgoing {
                    subject: SCRATCH.to_owned(),
                    headers: HeaderMap::new(),
                    payload: payload.clone(),
                };
                self.publish_together(batch.iter().map(outgoing)).await?;
            }
        } else {
            stream::iter(payloads)
                .map(async |payload| {
                    let sent = self.context().publish(SCRATCH, payload).await?;
                    sent.await.map(drop)
                })
                .buffered(at_once)
                .try_collect::<()>()
                .await
                .map_err(BusError::nats("keep a message"))?;
        }
        let took = started.elapsed();
        self.context()
            .delete_stream(SCRATCH)
            .await
            .map_err(BusError::nats("remove a stream"))?;
        Ok(took)
    }
}
