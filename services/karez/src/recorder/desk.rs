//! The recorder's desk: everything that is committed, and the batch in its hands. Decisions are made here.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use karez_events::{Event, Hash, Position, RawEvent, RecordedEvent, StreamId, Submission, chain};
use karez_projections::{Portfolio, admission};
use uuid::Uuid;

use crate::bus::intake::{Content, Delivery};
use crate::bus::subject;
use crate::clock::Clock;
use crate::receipt::{Outcome, Reason, Receipt, Refusal};
use crate::recorder::draft::Draft;
use crate::recorder::personal::{Sealing, seal_waiting};
use crate::recorder::rejection_id::rejection_id;
use crate::recorder::repeated::{Original, originals, same_fact};
use crate::replay::{ReplayError, load_portfolio};
use crate::store::sealing::{SealError, Sealer};
use crate::store::{EventLog, Head, Rejection, StoreError, WriterLease};

/// Streams whose versions are kept in mind.
const STREAMS_KEPT: usize = 500_000;

/// How much one transaction takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) submissions: usize,
    pub(super) bytes: usize,
}

/// Why a batch could not be decided.
#[derive(Debug)]
pub(super) enum Undecided {
    /// The store did not answer.
    Store(StoreError),
    /// Personal fields could not be sealed.
    Sealing(SealError),
    /// The submission that would have come next makes the fold panic.
    Poison(Box<Delivery>),
}

impl From<StoreError> for Undecided {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SealError> for Undecided {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Store(error) => Self::Store(error),
            SealError::AlreadySealed { .. } | SealError::Cipher(_) => Self::Sealing(error),
        }
    }
}

/// What is committed, and decided since.
pub(super) struct Desk {
    log: EventLog,
    sealer: Sealer,
    clock: Clock,
    head: Head,
    portfolio: Portfolio,
    position: Position,
    hash: Hash,
    recorded_at: DateTime<Utc>,
    versions: foldhash::HashMap<StreamId, u32>,
}

enum Verdict {
    Fact,
    Known(Receipt),
    Refused(Reason),
}

impl Desk {
    pub(super) async fn load(log: &EventLog, clock: &Clock) -> Result<Self, ReplayError> {
        let head = log.head().await?;
        let portfolio = load_portfolio(log, Some(head.position)).await?;
        Ok(Self {
            log: log.clone(),
            sealer: Sealer::try_new(log).await?,
            clock: clock.clone(),
            head,
            recorded_at: portfolio.last_recorded_at().unwrap_or_default(),
            portfolio,
            position: head.position,
            hash: head.hash,
            versions: foldhash::HashMap::default(),
        })
    }

    pub(super) fn head(&self) -> Head {
        self.head
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    pub(super) fn into_portfolio(self) -> Portfolio {
        self.portfolio
    }

    /// Decides about what waits, up to the limits, into a draft.
    pub(super) async fn decide(
        &mut self,
        lease: &mut WriterLease,
        waiting: &mut VecDeque<Delivery>,
        limits: Limits,
        draft: &mut Draft,
    ) -> Result<(), Undecided> {
        let most = limits.submissions;
        let originals = originals(lease, &self.log, &self.sealer, waiting, most).await?;
        self.learn_versions(lease, waiting, most).await?;
        let (mut sealings, keys) = seal_waiting(&self.sealer, waiting, most).await?;
        draft.person_keys = keys;
        draft.reserve(sealings.len());
        // One reading of the clock a batch; the log's time never goes backwards, whatever the machine's does.
        self.recorded_at = self.recorded_at.max(self.clock.now());
        while draft.bytes < limits.bytes
            && let Some(sealing) = sealings.pop_front()
            && let Some(mut delivery) = waiting.pop_front()
        {
            let outcome = match self.judge(&mut delivery, &sealing, &originals, draft) {
                Verdict::Known(receipt) => Ok(Outcome::Recorded(receipt)),
                Verdict::Refused(reason) => {
                    Ok(Outcome::Refused(self.keep(&delivery, sealing, reason, draft)))
                }
                Verdict::Fact => self.record(&delivery, sealing, draft),
            };
            match outcome {
                Ok(outcome) => draft.push(delivery, outcome),
                Err(Panicked) => return Err(Undecided::Poison(Box::new(delivery))),
            }
        }
        Ok(())
    }

    async fn learn_versions(
        &mut self,
        lease: &mut WriterLease,
        waiting: &VecDeque<Delivery>,
        most: usize,
    ) -> Result<(), StoreError> {
        if self.versions.len() > STREAMS_KEPT {
            self.versions.clear();
        }
        let mut unknown: Vec<StreamId> = Vec::new();
        for delivery in waiting.iter().take(most) {
            if let Content::Readable(submission) = &delivery.content
                && !self.versions.contains_key(&submission.stream)
            {
                // Marked as new at once, so that each is asked for once.
                self.versions.insert(submission.stream.clone(), 0);
                unknown.push(submission.stream.clone());
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        match lease.stream_versions(&unknown).await {
            Ok(found) => self.versions.extend(found),
            Err(error) => {
                self.versions.retain(|stream, _| !unknown.contains(stream));
                return Err(error);
            }
        }
        Ok(())
    }

    fn judge(
        &self,
        delivery: &mut Delivery,
        sealing: &Sealing,
        originals: &HashMap<Uuid, Original>,
        draft: &Draft,
    ) -> Verdict {
        if let Some(why) = &delivery.condemned {
            return Verdict::Refused(Reason::unrecordable(why));
        }
        let submission = match &mut delivery.content {
            Content::Readable(submission) => submission,
            Content::Refused { reason, .. } => return Verdict::Refused(reason.clone()),
        };
        if let Some(mark) = &delivery.mark
            && let Err(reason) = subject::admit(&mark.subject, submission)
        {
            return Verdict::Refused(reason);
        }
        if let Sealing::Refused(reason) = sealing {
            return Verdict::Refused(Reason::clone(reason));
        }
        if let Some(original) = originals.get(&submission.event_id) {
            return repeated(submission, &original.said, &original.raw);
        }
        if let Some((said, raw)) = draft.submitted(submission.event_id) {
            return repeated(submission, said, raw);
        }
        match catch_unwind(AssertUnwindSafe(|| admission::admit(&self.portfolio, submission))) {
            Ok(Ok(())) => Verdict::Fact,
            Ok(Err(refusal)) => Verdict::Refused(refusal.into()),
            Err(_) => Verdict::Refused(Reason::unrecordable("the decision failed")),
        }
    }

    fn record(
        &mut self,
        delivery: &Delivery,
        sealing: Sealing,
        draft: &mut Draft,
    ) -> Result<Outcome, Panicked> {
        let Content::Readable(submission) = &delivery.content else {
            return Err(Panicked);
        };
        let event = match sealing {
            Sealing::Sealed(event) => *event,
            Sealing::Nobody | Sealing::Refused(_) => submission.event.clone(),
        };
        let (payload, metadata) = match (event.payload(), serde_json::to_vec(&submission.metadata)) {
            (Ok(payload), Ok(metadata)) => (payload, metadata),
            (Err(error), _) | (_, Err(error)) => {
                let reason = Reason::unrecordable(&error.to_string());
                return Ok(Outcome::Refused(self.keep(
                    delivery,
                    Sealing::Sealed(Box::new(event)),
                    reason,
                    draft,
                )));
            }
        };
        let version = self.versions.get(&submission.stream).copied().unwrap_or(0) + 1;
        let mut raw = RawEvent {
            position: self.position + 1,
            stream: submission.stream.clone(),
            version,
            event_id: submission.event_id,
            event_type: event.event_type(),
            schema: event.event_type().schema(),
            occurred_on: submission.occurred_on,
            recorded_at: self.recorded_at,
            payload,
            metadata,
            hash: Hash::START,
        };
        raw.hash = chain::link(self.head.algorithm, &self.hash, &raw);
        let recorded = read_back(&raw, submission, event);
        // A fold that panics must stop neither the others nor the next start: the event is never written.
        catch_unwind(AssertUnwindSafe(|| self.portfolio.apply(&recorded))).map_err(|_| Panicked)?;
        self.position = raw.position;
        self.hash = raw.hash;
        match self.versions.get_mut(&raw.stream) {
            Some(last) => *last = version,
            None => drop(self.versions.insert(raw.stream.clone(), version)),
        }
        let receipt = Receipt::of(&raw, false);
        draft.take(raw, recorded);
        Ok(Outcome::Recorded(receipt))
    }

    /// Keeps a refused submission with its reason, for ever.
    fn keep(&self, delivery: &Delivery, sealing: Sealing, reason: Reason, draft: &mut Draft) -> Refusal {
        let (content, origin) = (&delivery.content, &delivery.origin);
        let rejection_id = rejection_id(&self.sealer, content, origin, &reason.code, &reason.pointer)
            .unwrap_or_else(|_| self.clock.fresh_id());
        let (content, stream, actor) = match &delivery.content {
            Content::Readable(submission) => {
                let actor = submission.metadata.actor.as_ref();
                (
                    as_kept(submission, sealing),
                    Some(submission.stream.to_string()),
                    actor.and_then(|actor| actor.user.clone()),
                )
            }
            Content::Refused { bytes, actor, .. } => (bytes.to_vec(), None, actor.clone()),
        };
        let refusal = Refusal {
            rejection_id,
            event_id: delivery.event_id(),
            code: reason.code,
            pointer: storable(reason.pointer),
            message_zh: storable(reason.message_zh),
            message_en: storable(reason.message_en),
            original: reason.original,
        };
        draft.rejections.push(Rejection {
            rejection_id,
            event_id: refusal.event_id,
            stream,
            received_at: self.recorded_at,
            source: storable(delivery.origin.source.clone()),
            code: refusal.code.clone(),
            pointer: refusal.pointer.clone(),
            message_zh: refusal.message_zh.clone(),
            message_en: refusal.message_en.clone(),
            content,
            actor: actor.map(storable),
            row: delivery.origin.row.clone().map(storable),
        });
        refusal
    }
}

/// The fold panicked over this event.
struct Panicked;

/// A text of others as `PostgreSQL` can keep it, which has none with a NUL; what was sent is kept as bytes.
fn storable(text: String) -> String {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

/// A refused submission as it is kept: also what is refused may name a person.
fn as_kept(submission: &Submission, sealing: Sealing) -> Vec<u8> {
    let kept = match sealing {
        Sealing::Sealed(event) => serde_json::to_vec(&Submission {
            event: *event,
            ..submission.clone()
        }),
        Sealing::Nobody | Sealing::Refused(_) => serde_json::to_vec(submission),
    };
    kept.unwrap_or_default()
}

fn read_back(raw: &RawEvent, submission: &Submission, event: Event) -> RecordedEvent {
    RecordedEvent {
        position: raw.position,
        stream: raw.stream.clone(),
        version: raw.version,
        event_id: raw.event_id,
        occurred_on: raw.occurred_on,
        recorded_at: raw.recorded_at,
        event,
        metadata: submission.metadata.clone(),
        hash: raw.hash,
    }
}

fn repeated(sent: &Submission, said: &Submission, raw: &RawEvent) -> Verdict {
    if same_fact(sent, said) {
        Verdict::Known(Receipt::of(raw, true))
    } else {
        Verdict::Refused(Reason::key_conflict(raw.position))
    }
}
