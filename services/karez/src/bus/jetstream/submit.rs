//! The senders' end of the intake on NATS: publish, wait for the outcome on an inbox of this process, and ask
//! again when nothing comes.
//!
//! The first tries carry the event id as `Nats-Msg-Id`, so that `JetStream` drops what it has. Once it has
//! stored the submission, and still no outcome came (the answer was lost, or the recorder was away), the
//! question is put under another message id; the recorder then answers with the first receipt.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::context::{PublishAckFuture, PublishError};
use async_nats::jetstream::publish::PublishAck;
use bytes::Bytes;
use futures::future::join_all;
use futures::{StreamExt, stream};
use karez_events::Submission;
use tokio::sync::{OnceCell, Semaphore, oneshot};

use crate::bus::intake::{IntakeError, Origin, QUEUE_SUBMISSIONS};
use crate::bus::jetstream::together::Outgoing;
use crate::bus::jetstream::{JetStreamBus, REPLY_HEADER, RETRY_AFTER, ROW_HEADER, SOURCE_HEADER};
use crate::bus::subject;
use crate::clock::Stopwatch;
use crate::receipt::Outcome;
use crate::tasks::{Child, spawn_child};

/// Submissions of one call that are on their way at once.
const WINDOW: usize = 500;
/// Windows of all calls that are published one by one at once. More would exhaust the client's 5,000 permits for
/// acknowledgements that nobody awaits yet, and hang.
const TURNS: usize = 8;
/// Windows of one call that are stored and whose outcomes are still awaited.
const WINDOWS: usize = 4;

/// The senders' end of the intake on NATS. Copies share one inbox.
#[derive(Debug, Clone)]
pub(crate) struct Submitter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bus: JetStreamBus,
    inbox: String,
    waiting: Arc<Waiting>,
    listener: OnceCell<Child>,
    room: Semaphore,
    /// For windows that are published one by one.
    turns: Semaphore,
}

/// Who waits for which answer.
#[derive(Debug, Default)]
struct Waiting {
    next: AtomicU64,
    callers: Mutex<HashMap<u64, oneshot::Sender<Outcome>>>,
}

/// One submission on its way.
struct Question {
    event_id: Option<uuid::Uuid>,
    subject: String,
    bytes: Bytes,
    origin: Origin,
    token: Token,
    answer: oneshot::Receiver<Outcome>,
    /// `JetStream` has it.
    stored: bool,
    asked: u32,
}

/// Questions that were put, and since when.
type Asked = (Vec<Question>, Stopwatch);
/// Why questions are not put, and how many they are.
type Unasked = (IntakeError, usize);

/// A place in the waiting list, given back when dropped.
struct Token {
    number: u64,
    waiting: Arc<Waiting>,
}

impl Drop for Token {
    fn drop(&mut self) {
        self.waiting.callers().remove(&self.number);
    }
}

impl Waiting {
    fn callers(&self) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Outcome>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enlist(self: &Arc<Self>) -> (Token, oneshot::Receiver<Outcome>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (caller, answer) = oneshot::channel();
        self.callers().insert(number, caller);
        (
            Token {
                number,
                waiting: Arc::clone(self),
            },
            answer,
        )
    }
}

impl Submitter {
    pub(crate) fn new(bus: JetStreamBus) -> Self {
        let inbox = bus.client().new_inbox();
        let room = Semaphore::new(QUEUE_SUBMISSIONS);
        Self(Arc::new(Inner {
            bus,
            inbox,
            waiting: Arc::default(),
            listener: OnceCell::new(),
            room,
            turns: Semaphore::new(TURNS),
        }))
    }

    pub(crate) async fn submit(
        &self,
        submission: Submission,
        origin: Origin,
    ) -> Result<Outcome, IntakeError> {
        self.ask_one(self.question(&submission, origin)?).await
    }

    pub(crate) async fn submit_unreadable(
        &self,
        bytes: Bytes,
        origin: Origin,
    ) -> Result<Outcome, IntakeError> {
        self.ask_one(self.put(None, subject::of_unreadable(), bytes, origin))
            .await
    }

    /// Waits until `JetStream` has the submission, and not for what becomes of it.
    pub(crate) async fn hand_in(&self, submission: Submission, origin: Origin) -> Result<(), IntakeError> {
        let _room = self.0.room.try_acquire().map_err(|_| IntakeError::Busy)?;
        let mut questions = [self.question(&submission, origin)?];
        self.store(&mut questions, Stopwatch::start()).await;
        let [question] = questions;
        question.stored.then_some(()).ok_or(IntakeError::NoRecorder)
    }

    async fn ask_one(&self, question: Question) -> Result<Outcome, IntakeError> {
        let _room = self.0.room.try_acquire().map_err(|_| IntakeError::Busy)?;
        let stored = self.stored(Ok(vec![question])).await;
        self.answers(stored)
            .await
            .pop()
            .unwrap_or(Err(IntakeError::NoRecorder))
    }

    pub(crate) async fn submit_all(
        &self,
        sent: Vec<(Submission, Origin)>,
    ) -> Vec<Result<Outcome, IntakeError>> {
        // A window is stored before the next one is, in the order in which facts depend on each other; its outcomes come
        // while those after it are stored.
        let outcomes = stream::iter((0..sent.len()).step_by(WINDOW))
            .then(|from| self.stored(self.questions(sent.get(from..).unwrap_or_default())))
            .map(|stored| self.answers(stored))
            .buffered(WINDOWS)
            .boxed();
        outcomes.collect::<Vec<_>>().await.into_iter().flatten().collect()
    }

    /// The questions of one window.
    fn questions(&self, sent: &[(Submission, Origin)]) -> Result<Vec<Question>, Unasked> {
        let window = sent.iter().take(WINDOW);
        let count = window.len();
        let questions = window.map(|(submission, origin)| self.question(submission, origin.clone()));
        questions.collect::<Result<_, _>>().map_err(|why| (why, count))
    }

    async fn listen(&self) -> Result<(), IntakeError> {
        let listening = self.0.listener.get_or_try_init(|| async {
            let subscriber = self.0.bus.client().subscribe(format!("{}.*", self.0.inbox)).await;
            let mut answers = subscriber.map_err(|_| IntakeError::NoRecorder)?;
            let waiting = Arc::clone(&self.0.waiting);
            Ok(spawn_child("outcomes", async move {
                while let Some(message) = answers.next().await {
                    hand_over(&waiting, &message.subject, &message.payload);
                }
            }))
        });
        listening.await.map(|_| ())
    }

    fn question(&self, submission: &Submission, origin: Origin) -> Result<Question, IntakeError> {
        // Submissions are always JSON; one that were not could never be recorded.
        let bytes = serde_json::to_vec(submission).map_err(|_| IntakeError::Unavailable)?;
        Ok(self.put(
            Some(submission.event_id),
            subject::of_submission(submission),
            bytes.into(),
            origin,
        ))
    }

    fn put(&self, event_id: Option<uuid::Uuid>, subject: String, bytes: Bytes, origin: Origin) -> Question {
        let (token, answer) = self.0.waiting.enlist();
        Question {
            event_id,
            subject,
            bytes,
            origin,
            token,
            answer,
            stored: false,
            asked: 0,
        }
    }

    /// The question as a message. The first tries have the event's id, so that `JetStream` drops what it has.
    fn message(&self, question: &Question) -> Outgoing {
        let inbox = format!("{}.{}", self.0.inbox, question.token.number);
        let mut headers = HeaderMap::new();
        headers.insert(REPLY_HEADER, inbox.as_str());
        headers.insert(SOURCE_HEADER, header_text(&question.origin.source));
        if let Some(row) = &question.origin.row {
            headers.insert(ROW_HEADER, header_text(row));
        }
        if let Some(event_id) = question.event_id {
            let id = if question.stored {
                format!("{event_id}-{inbox}-{asked}", asked = question.asked)
            } else {
                event_id.to_string()
            };
            headers.insert(NATS_MESSAGE_ID, id);
        }
        Outgoing {
            subject: question.subject.clone(),
            headers,
            payload: question.bytes.clone(),
        }
    }

    async fn publish(&self, question: &Question) -> Option<PublishAckFuture> {
        match self.0.bus.publish_alone(self.message(question)).await {
            Ok(acknowledged) => Some(acknowledged),
            Err(error) => {
                tracing::debug!("a submission could not be published, it is tried again: {error}");
                None
            }
        }
    }

    /// Stores what can be asked, with when that began; else why it cannot, and how many they are.
    async fn stored(&self, questions: Result<Vec<Question>, Unasked>) -> Result<Asked, Unasked> {
        let mut questions = questions?;
        let asking = Stopwatch::start();
        self.listen().await.map_err(|why| (why, questions.len()))?;
        self.store(&mut questions, asking).await;
        Ok((questions, asking))
    }

    /// Waits for the outcomes.
    async fn answers(&self, stored: Result<Asked, Unasked>) -> Vec<Result<Outcome, IntakeError>> {
        match stored {
            Ok((questions, asking)) => {
                let answers = questions
                    .into_iter()
                    .map(|question| self.answer(question, asking));
                join_all(answers).await
            }
            Err((why, count)) => vec![Err(why); count],
        }
    }

    /// Publishes until `JetStream` has all: many together, else one after the other. What it did not take is published again
    /// before anything else, so that facts arrive in the order in which they depend on each other.
    async fn store(&self, questions: &mut [Question], asking: Stopwatch) {
        let together = questions.iter().map(|question| self.message(question));
        if self.0.bus.took_together(together).await {
            for question in questions {
                question.stored = true;
            }
            return;
        }
        // Acknowledgements that nobody awaits yet hold the client's permits: without one nobody would get any further. A single
        // one is awaited at once.
        let _turn = match questions.len() {
            0 | 1 => None,
            _ => self.0.turns.acquire().await.ok(),
        };
        loop {
            let mut left = questions.iter_mut().filter(|question| !question.stored);
            // Where nobody takes messages yet or any more, somebody may from one moment to the next: others would come before the
            // first, and be decided without what it says.
            let all_stored = self.store_each(left.by_ref().take(1)).await && self.store_each(left).await;
            if all_stored || asking.elapsed() >= self.0.bus.settings().give_up_after {
                return;
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    /// Publishes each once, one after the other; whether `JetStream` has all of them.
    async fn store_each(&self, questions: impl Iterator<Item = &mut Question>) -> bool {
        let (mut sent, mut acknowledged) = (Vec::new(), Vec::new());
        for question in questions {
            acknowledged.push(settled(self.publish(question).await));
            sent.push(question);
        }
        let mut all_stored = true;
        for (question, settled) in sent.into_iter().zip(join_all(acknowledged).await) {
            let Some(Ok(stored)) = settled else {
                all_stored = false;
                continue;
            };
            question.stored = true;
            if stored.duplicate {
                // It was sent before, and whoever sent it then got the answer: ask for it at once.
                question.asked += 1;
                drop(self.publish(question).await);
            }
        }
        all_stored
    }

    /// Waits for the outcome of what is stored, asking again while there is time.
    async fn answer(&self, mut question: Question, asking: Stopwatch) -> Result<Outcome, IntakeError> {
        let settings = self.0.bus.settings();
        while asking.elapsed() < settings.give_up_after {
            if let Some(outcome) = answered(&mut question, settings.ask_again_after).await {
                return Ok(outcome);
            }
            question.asked += 1;
            if let Some(acknowledged) = self.publish(&question).await
                && let Err(error) = acknowledged.await
            {
                tracing::debug!("a submission could not be published again, it is tried again: {error}");
            }
        }
        Err(IntakeError::NoRecorder)
    }
}

async fn settled(sent: Option<PublishAckFuture>) -> Option<Result<PublishAck, PublishError>> {
    Some(sent?.await)
}

async fn answered(question: &mut Question, within: Duration) -> Option<Outcome> {
    tokio::time::timeout(within, &mut question.answer)
        .await
        .ok()?
        .ok()
}

fn hand_over(waiting: &Waiting, subject: &str, payload: &[u8]) {
    let number = subject.rsplit('.').next().and_then(|number| number.parse().ok());
    let Some(caller) = number.and_then(|number: u64| waiting.callers().remove(&number)) else {
        // Asked twice, answered twice: the first answer was enough.
        return;
    };
    match serde_json::from_slice(payload) {
        // The caller may have gone away.
        Ok(outcome) => drop(caller.send(outcome)),
        Err(error) => tracing::warn!("an outcome cannot be read: {error}"),
    }
}

/// Header values are one line.
fn header_text(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
