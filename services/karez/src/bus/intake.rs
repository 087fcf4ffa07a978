//! The intake: the one front door. Whoever has a fact gives it to [`Intake`] and gets its [`Outcome`], after
//! the log's commit; the recorder takes [`Delivery`]s at the other end.

use std::collections::VecDeque;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use karez_events::Submission;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::bus::in_process::{InProcessBus, QueueGuard};
use crate::bus::jetstream::JetStreamBus;
use crate::bus::jetstream::submit::Submitter;
use crate::bus::subject;
use crate::receipt::{Outcome, Reason};
use crate::tasks::Child;

/// Submissions that wait for the recorder before senders are told to come back later.
pub(crate) const QUEUE_SUBMISSIONS: usize = 20_000;

/// Why there is no outcome. Nothing was promised: the same submission may be sent again under the same id, and
/// lands once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Too many submissions wait already.
    #[error("too many submissions are waiting: try again in a second")]
    Busy,
    /// The recorder is elsewhere, or does not answer.
    #[error("no recorder answers: try again; if it was recorded, the same id gets the first receipt")]
    NoRecorder,
    /// The log cannot be written now: its disk is full, its database is away.
    #[error(
        "the log cannot be written now: try again; if it was recorded, the same id gets the first receipt"
    )]
    Unavailable,
    /// This process is ending.
    #[error("this node is stopping: try another one, or try again")]
    Stopping,
}

/// Where a submission comes from, kept with it if it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// `http`, `import:iati`, a subject of the bus.
    pub source: String,
    /// Row of the file, where it came in a file.
    pub row: Option<String>,
}

impl Origin {
    /// An origin without rows.
    #[must_use]
    pub fn of(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            row: None,
        }
    }
}

/// What its reader could not take as a fact. It is kept with the reader's reason and never read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedContent {
    /// Made from the file and the row, so that the same row is kept once.
    pub rejection_id: Uuid,
    /// `import:iati` and the like.
    pub source: String,
    /// Who sent it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// File and row.
    pub row: String,
    /// The stable code.
    pub code: String,
    /// The column or element.
    pub pointer: String,
    /// What was wrong and what to do, in Chinese.
    pub message_zh: String,
    /// The same in English.
    pub message_en: String,
    /// What was found.
    #[serde(with = "base64_text")]
    pub content: Bytes,
}

/// [`RefusedContent`] as a message of the bus; no submission has such a member.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedMessage {
    karez_refused: RefusedContent,
}

mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(content: &Bytes, output: S) -> Result<S::Ok, S::Error> {
        output.serialize_str(&STANDARD.encode(content))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(input)?;
        STANDARD
            .decode(text)
            .map(Bytes::from)
            .map_err(serde::de::Error::custom)
    }
}

/// Where facts are submitted. Copies are the same door.
#[derive(Debug, Clone)]
pub struct Intake(Door);

#[derive(Debug, Clone)]
enum Door {
    InProcess(InProcessBus),
    JetStream(Submitter),
}

impl Intake {
    pub(crate) fn in_process(bus: InProcessBus) -> Self {
        Self(Door::InProcess(bus))
    }

    pub(crate) fn jetstream(bus: JetStreamBus) -> Self {
        Self(Door::JetStream(Submitter::new(bus)))
    }

    /// Submits one fact and waits until the log has it, or says why it cannot.
    ///
    /// # Errors
    /// [`IntakeError`] when nobody could decide; the fact may be sent again.
    pub async fn submit(&self, submission: Submission) -> Result<Outcome, IntakeError> {
        let origin = origin_of(&submission);
        self.submit_from(submission, origin).await
    }

    /// [`Intake::submit`] for a fact whose origin is told apart from its content.
    ///
    /// # Errors
    /// As there.
    pub async fn submit_from(&self, submission: Submission, origin: Origin) -> Result<Outcome, IntakeError> {
        match &self.0 {
            Door::InProcess(bus) => bus.submit(Content::Readable(Box::new(submission)), origin).await,
            Door::JetStream(submitter) => submitter.submit(submission, origin).await,
        }
    }

    /// Hands a fact in and waits for its outcome only where nothing would keep it safe until then: the bus within a process
    /// forgets what waits when the process dies, `JetStream` does not.
    ///
    /// # Errors
    /// As [`Intake::submit`].
    pub async fn hand_in(
        &self,
        submission: Submission,
        origin: Origin,
    ) -> Result<Option<Outcome>, IntakeError> {
        match &self.0 {
            Door::InProcess(_) => self.submit_from(submission, origin).await.map(Some),
            Door::JetStream(submitter) => submitter.hand_in(submission, origin).await.map(|()| None),
        }
    }

    /// Submits bytes as they came. What cannot be read is kept as a rejection, with the reason.
    ///
    /// # Errors
    /// As [`Intake::submit`].
    pub async fn submit_bytes(&self, bytes: Bytes, origin: Origin) -> Result<Outcome, IntakeError> {
        match (&self.0, Content::read(bytes)) {
            (Door::InProcess(bus), content) => bus.submit(content, origin).await,
            (Door::JetStream(submitter), Content::Readable(submission)) => {
                submitter.submit(*submission, origin).await
            }
            (Door::JetStream(submitter), Content::Refused { bytes, .. }) => {
                submitter.submit_unreadable(bytes, origin).await
            }
        }
    }

    /// Keeps what its reader could not take as a fact, with the reader's reason. It is never recorded.
    ///
    /// # Errors
    /// As [`Intake::submit`].
    pub async fn keep_refused(&self, refused: RefusedContent) -> Result<Outcome, IntakeError> {
        let origin = Origin {
            source: refused.source.clone(),
            row: Some(refused.row.clone()),
        };
        match &self.0 {
            Door::InProcess(bus) => bus.submit(Content::refused(refused), origin).await,
            Door::JetStream(submitter) => {
                let message = RefusedMessage {
                    karez_refused: refused,
                };
                let bytes = serde_json::to_vec(&message).map_err(|error| {
                    tracing::error!("a refused row cannot be written as JSON: {error}");
                    IntakeError::Unavailable
                })?;
                submitter.submit_unreadable(bytes.into(), origin).await
            }
        }
    }

    /// Submits many facts, in order, without waiting for one before sending the next; the outcomes come in the
    /// same order. Unlike [`Intake::submit`] it waits where the queue is full.
    pub async fn submit_all(&self, submissions: Vec<Submission>) -> Vec<Result<Outcome, IntakeError>> {
        let with_origin = |submission: Submission| {
            let origin = origin_of(&submission);
            (submission, origin)
        };
        self.submit_all_from(submissions.into_iter().map(with_origin).collect())
            .await
    }

    /// [`Intake::submit_all`] for facts whose origins are told apart from their content.
    pub async fn submit_all_from(
        &self,
        sent: Vec<(Submission, Origin)>,
    ) -> Vec<Result<Outcome, IntakeError>> {
        match &self.0 {
            Door::InProcess(bus) => bus.submit_all(sent).await,
            Door::JetStream(submitter) => submitter.submit_all(sent).await,
        }
    }
}

pub(crate) fn origin_of(submission: &Submission) -> Origin {
    Origin::of(
        submission
            .metadata
            .source_system
            .as_deref()
            .unwrap_or("submitted"),
    )
}

/// What was delivered.
#[derive(Debug)]
pub(crate) enum Content {
    /// A submission.
    Readable(Box<Submission>),
    /// No submission, to be kept with the reason.
    Refused {
        /// What is wrong with it.
        reason: Reason,
        /// As it came.
        bytes: Bytes,
        /// Under which its reader wants it to be kept, so that what is sent twice is kept once.
        rejection_id: Option<Uuid>,
        /// Who sent it, where its reader knows.
        actor: Option<String>,
    },
}

impl Content {
    fn refused(refused: RefusedContent) -> Self {
        Self::Refused {
            reason: Reason {
                code: refused.code,
                pointer: refused.pointer,
                message_zh: refused.message_zh,
                message_en: refused.message_en,
                original: None,
            },
            bytes: refused.content,
            rejection_id: Some(refused.rejection_id),
            actor: refused.actor,
        }
    }

    /// Reads a message that came by a subject. By the trusted door come also those that a reader has judged.
    pub(crate) fn of_door(subject: &str, bytes: Bytes) -> Self {
        if subject::is_trusted(subject)
            && let Ok(message) = serde_json::from_slice::<RefusedMessage>(&bytes)
        {
            return Self::refused(message.karez_refused);
        }
        Self::read(bytes)
    }

    pub(crate) fn event_id(&self) -> Option<Uuid> {
        match self {
            Self::Readable(submission) => Some(submission.event_id),
            Self::Refused { .. } => None,
        }
    }

    pub(crate) fn read(bytes: Bytes) -> Self {
        match Submission::from_json(&bytes) {
            Ok(submission) => Self::Readable(Box::new(submission)),
            Err(malformed) => Self::Refused {
                reason: malformed.into(),
                bytes,
                rejection_id: None,
                actor: None,
            },
        }
    }
}

/// Who waits for the outcome.
#[derive(Debug)]
pub(crate) enum Asker {
    /// A caller in this process.
    Caller(oneshot::Sender<Result<Outcome, IntakeError>>),
    /// Whoever listens on a subject.
    Subject(String),
    /// Nobody asked.
    Nobody,
}

/// A message's place in the intake stream.
#[derive(Debug, Clone)]
pub(crate) struct IntakeMark {
    /// Its sequence number.
    pub(crate) seq: u64,
    /// When the stream took it, which tells it from one of the same number in a stream that was made anew.
    pub(crate) taken_at: DateTime<Utc>,
    /// The subject it was published to.
    pub(crate) subject: String,
    /// Where to acknowledge it.
    pub(crate) ack: String,
}

/// One submission in the recorder's hands.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) content: Content,
    pub(crate) origin: Origin,
    pub(crate) mark: Option<IntakeMark>,
    pub(crate) asker: Asker,
    /// Set when the log refused it alone, whatever was tried.
    pub(crate) condemned: Option<String>,
}

impl Delivery {
    pub(crate) fn event_id(&self) -> Option<Uuid> {
        self.content.event_id()
    }

    /// Tells a caller of this process that there is no outcome. Messages of the bus stay there and come again.
    pub(crate) fn give_up(self, why: IntakeError) {
        if let Asker::Caller(caller) = self.asker {
            // A caller that has gone away needs no answer.
            drop(caller.send(Err(why)));
        }
    }
}

/// What the recorder of a process is doing, for those who would submit to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// It reads the log, or tries to reach it: submissions wait.
    Preparing,
    /// It takes submissions.
    Recording,
    /// Another process holds the lease.
    Standby,
    /// It has ended.
    Stopped,
}

/// The recorder's end of the intake, for as long as it holds the lease.
#[derive(Debug)]
pub(crate) struct Deliveries(Queue);

#[derive(Debug)]
enum Queue {
    /// The queue belongs to the process and outlives the lease.
    Process(QueueGuard),
    /// Fetched from NATS under this lease only.
    JetStream {
        queue: mpsc::Receiver<Delivery>,
        /// Fetches as long as this is held.
        _fetcher: Child,
    },
}

impl Deliveries {
    pub(crate) fn in_process(queue: QueueGuard) -> Self {
        Self(Queue::Process(queue))
    }

    pub(crate) fn jetstream(queue: mpsc::Receiver<Delivery>, fetcher: Child) -> Self {
        Self(Queue::JetStream {
            queue,
            _fetcher: fetcher,
        })
    }

    fn receiver(&mut self) -> &mut mpsc::Receiver<Delivery> {
        match &mut self.0 {
            Queue::Process(queue) => queue,
            Queue::JetStream { queue, .. } => queue,
        }
    }

    /// Waits for submissions and takes what is queued, up to `most`. Returns how many; 0 means that there will
    /// be no more. Nothing is lost when it is dropped while waiting.
    pub(crate) async fn take(&mut self, into: &mut VecDeque<Delivery>, most: usize) -> usize {
        let mut taken = Vec::new();
        let count = self.receiver().recv_many(&mut taken, most).await;
        into.extend(taken);
        count
    }

    /// Takes what is queued now, up to `most`.
    pub(crate) fn top_up(&mut self, into: &mut VecDeque<Delivery>, most: usize) {
        while into.len() < most {
            let Ok(delivery) = self.receiver().try_recv() else {
                return;
            };
            into.push_back(delivery);
        }
    }

    /// Takes no more; what was accepted is still delivered.
    pub(crate) fn close(&mut self) {
        self.receiver().close();
    }

    pub(crate) fn waiting(&mut self) -> usize {
        self.receiver().len()
    }
}
