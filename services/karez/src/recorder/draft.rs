//! A batch while it is being decided: what will be appended, and what each sender will be told afterwards.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;
use karez_events::{RawEvent, RecordedEvent, Submission};
use uuid::Uuid;

use crate::bus::Bus;
use crate::bus::feed::Committed;
use crate::bus::intake::{Asker, Content, Delivery, IntakeError};
use crate::receipt::Outcome;
use crate::store::{Batch, PersonKey, Rejection};
use crate::telemetry::Metrics;

/// A batch while it is being decided.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// What it was decided from, in order; kept for a second try.
    pub(super) deliveries: Vec<Delivery>,
    /// What each of them will be told.
    pub(super) outcomes: Vec<Outcome>,
    /// The events to append.
    pub(super) raw: Vec<RawEvent>,
    /// The same as they are read.
    pub(super) recorded: Vec<RecordedEvent>,
    /// Index into `deliveries` and into the events, by event id.
    pub(super) recorded_here: HashMap<Uuid, (usize, usize)>,
    pub(super) rejections: Vec<Rejection>,
    pub(super) person_keys: Vec<PersonKey>,
    pub(super) intake_seq: Option<u64>,
    /// Data and metadata of the events.
    pub(super) bytes: usize,
}

impl Draft {
    pub(super) fn batch(&self) -> Batch<'_> {
        Batch {
            events: &self.raw,
            rejections: &self.rejections,
            intake_seq: self.intake_seq,
            person_keys: &self.person_keys,
        }
    }

    /// Makes room for so many submissions.
    pub(super) fn reserve(&mut self, count: usize) {
        self.deliveries.reserve(count);
        self.outcomes.reserve(count);
        self.raw.reserve(count);
        self.recorded.reserve(count);
        self.recorded_here.reserve(count);
    }

    /// Whether the log must be written at all: a batch of nothing but repeated submissions need not.
    pub(super) fn is_empty(&self) -> bool {
        self.raw.is_empty() && self.rejections.is_empty() && self.intake_seq.is_none()
    }

    /// The submission of this batch that is recorded under an id.
    pub(super) fn submitted(&self, event_id: Uuid) -> Option<(&Submission, &RawEvent)> {
        let (delivery, event) = self.recorded_here.get(&event_id)?;
        match &self.deliveries.get(*delivery)?.content {
            Content::Readable(submission) => Some((submission, self.raw.get(*event)?)),
            Content::Refused { .. } => None,
        }
    }

    /// Takes an event of the submission that is being decided.
    pub(super) fn take(&mut self, raw: RawEvent, recorded: RecordedEvent) {
        self.bytes += raw.payload.len() + raw.metadata.len();
        self.recorded_here
            .insert(raw.event_id, (self.deliveries.len(), self.raw.len()));
        self.raw.push(raw);
        self.recorded.push(recorded);
    }

    /// Takes a decided submission.
    pub(super) fn push(&mut self, delivery: Delivery, outcome: Outcome) {
        // Messages come in order, so the last one is the highest.
        self.intake_seq = delivery.mark.as_ref().map(|mark| mark.seq).or(self.intake_seq);
        self.deliveries.push(delivery);
        self.outcomes.push(outcome);
    }

    /// Forgets what was decided; the submissions wait again, in their order.
    pub(super) fn back_into(self, waiting: &mut VecDeque<Delivery>) {
        for delivery in self.deliveries.into_iter().rev() {
            waiting.push_front(delivery);
        }
    }

    /// Tells callers that nothing was recorded now; messages of the bus stay there and come again.
    pub(super) fn give_up(self, why: IntakeError) {
        for delivery in self.deliveries {
            delivery.give_up(why);
        }
    }

    /// The fault that `make faults PLANTED=1` must find: a promise before it is kept.
    #[cfg(feature = "answers-before-commit")]
    pub(super) fn answer_callers(&mut self) {
        for (delivery, outcome) in self.deliveries.iter_mut().zip(&self.outcomes) {
            if let Asker::Caller(caller) = std::mem::replace(&mut delivery.asker, Asker::Nobody) {
                drop(caller.send(Ok(outcome.clone())));
            }
        }
    }

    /// After the commit: answers everybody, acknowledges the messages, and says on the feed what was recorded. Gives that back.
    pub(super) fn answer(self, bus: &Bus, metrics: &Metrics) -> Option<Arc<Committed>> {
        metrics.decided(&self.outcomes);
        let last_ack = self
            .deliveries
            .iter()
            .rev()
            .find_map(|delivery| delivery.mark.as_ref().map(|mark| mark.ack.clone()));
        for (delivery, outcome) in self.deliveries.into_iter().zip(self.outcomes) {
            match delivery.asker {
                // A caller that has gone away needs no answer.
                Asker::Caller(caller) => drop(caller.send(Ok(outcome))),
                Asker::Subject(subject) => tell(bus, subject, &outcome),
                Asker::Nobody => {}
            }
        }
        if let (Some(bus), Some(ack)) = (bus.publishes(), last_ack) {
            // One acknowledgement stands for all messages before it.
            bus.say(ack, Bytes::from_static(b"+ACK"));
        }
        if self.raw.is_empty() {
            return None;
        }
        let committed = Arc::new(Committed {
            raw: self.raw.into(),
            recorded: self.recorded,
        });
        bus.local_feed().publish(Arc::clone(&committed));
        Some(committed)
    }
}

fn tell(bus: &Bus, subject: String, outcome: &Outcome) {
    let Some(bus) = bus.publishes() else { return };
    match serde_json::to_vec(outcome) {
        Ok(text) => bus.say(subject, text.into()),
        Err(error) => tracing::error!("an outcome cannot be written as JSON: {error}"),
    }
}
