//! The bus within one process: bounded channels, nothing to install.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use karez_events::Submission;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot, watch};

use crate::bus::feed::Feed;
use crate::bus::intake::{
    Asker, Content, Deliveries, Delivery, IntakeError, Origin, QUEUE_SUBMISSIONS, Seat,
};
use crate::receipt::Outcome;

type Answer = oneshot::Receiver<Result<Outcome, IntakeError>>;

/// The bus within one process. Copies are the same bus.
#[derive(Debug, Clone)]
pub struct InProcessBus {
    sender: mpsc::Sender<Delivery>,
    receiver: Arc<Mutex<mpsc::Receiver<Delivery>>>,
    seat: Arc<watch::Sender<Seat>>,
    feed: Feed,
}

/// The queue's receiving end, held by the one recorder of the process.
#[derive(Debug)]
pub(crate) struct QueueGuard(OwnedMutexGuard<mpsc::Receiver<Delivery>>);

impl Deref for QueueGuard {
    type Target = mpsc::Receiver<Delivery>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for QueueGuard {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl InProcessBus {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_SUBMISSIONS);
        let receiver = Arc::new(Mutex::new(receiver));
        Self {
            sender,
            receiver,
            seat: Arc::new(watch::Sender::new(Seat::Preparing)),
            feed: Feed::new(),
        }
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    pub(crate) fn seat(&self, seat: Seat) {
        self.seat.send_replace(seat);
        match seat {
            Seat::Preparing | Seat::Recording => {}
            Seat::Standby => self.turn_away(IntakeError::NoRecorder),
            Seat::Stopped => {
                if let Ok(mut queue) = self.receiver.try_lock() {
                    queue.close();
                }
                self.turn_away(IntakeError::Stopping);
            }
        }
    }

    /// Answers those who wait while nobody records, so that none waits for ever.
    pub(crate) fn turn_away(&self, why: IntakeError) {
        if let Ok(mut queue) = self.receiver.try_lock() {
            while let Ok(delivery) = queue.try_recv() {
                delivery.give_up(why);
            }
        }
    }

    pub(crate) async fn deliveries(&self) -> Deliveries {
        Deliveries::in_process(QueueGuard(Arc::clone(&self.receiver).lock_owned().await))
    }

    fn open(&self) -> Result<(), IntakeError> {
        match *self.seat.borrow() {
            Seat::Preparing | Seat::Recording => Ok(()),
            Seat::Standby => Err(IntakeError::NoRecorder),
            Seat::Stopped => Err(IntakeError::Stopping),
        }
    }

    pub(crate) async fn submit(&self, content: Content, origin: Origin) -> Result<Outcome, IntakeError> {
        self.open()?;
        let (delivery, answer) = asking(content, origin);
        self.sender.try_send(delivery).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => IntakeError::Busy,
            mpsc::error::TrySendError::Closed(_) => IntakeError::Stopping,
        })?;
        heard(answer).await
    }

    pub(crate) async fn submit_all(
        &self,
        sent: Vec<(Submission, Origin)>,
    ) -> Vec<Result<Outcome, IntakeError>> {
        let mut answers = Vec::with_capacity(sent.len());
        for (submission, origin) in sent {
            answers.push(self.queue(submission, origin).await);
        }
        let mut outcomes = Vec::with_capacity(answers.len());
        for answer in answers {
            outcomes.push(match answer {
                Ok(answer) => heard(answer).await,
                Err(why) => Err(why),
            });
        }
        outcomes
    }

    async fn queue(&self, submission: Submission, origin: Origin) -> Result<Answer, IntakeError> {
        self.open()?;
        let (delivery, answer) = asking(Content::Readable(Box::new(submission)), origin);
        self.sender
            .send(delivery)
            .await
            .map_err(|_| IntakeError::Stopping)?;
        Ok(answer)
    }
}

fn asking(content: Content, origin: Origin) -> (Delivery, Answer) {
    let (caller, answer) = oneshot::channel();
    (
        Delivery {
            content,
            origin,
            mark: None,
            asker: Asker::Caller(caller),
            condemned: None,
        },
        answer,
    )
}

async fn heard(answer: Answer) -> Result<Outcome, IntakeError> {
    // The recorder ended without an answer: nothing is known, and the sender may ask again.
    answer.await.unwrap_or(Err(IntakeError::NoRecorder))
}
