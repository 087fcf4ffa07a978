//! The bus: submissions on their way to the recorder ([`intake`]), recorded events on their way to everybody
//! ([`feed`]). It is in the process by default and NATS `JetStream` by configuration; both carry the same.
//!
//! The bus promises nothing by itself: an answer is given only after the log's commit, and what is lost on the
//! way is sent again under the same id and lands once.

pub mod feed;
pub mod in_process;
pub mod intake;
pub mod jetstream;
pub mod subject;

use std::path::PathBuf;
use std::time::Duration;

use karez_events::Position;

pub use feed::{Committed, Feed, FeedReceiver};
pub use in_process::InProcessBus;
pub use intake::{Intake, IntakeError, Origin};
pub use jetstream::JetStreamBus;

use crate::bus::intake::{Deliveries, Seat};

/// How to reach NATS, and what to keep there.
#[derive(Debug, Clone)]
pub struct NatsSettings {
    /// One or more servers, comma-separated: `nats://a:4222,nats://b:4222`.
    pub servers: String,
    /// A NATS credentials file (`.creds`).
    pub credentials: Option<PathBuf>,
    /// A file with an `NKey` seed.
    pub nkey_seed: Option<PathBuf>,
    /// Certificate of the authority that signed the servers' certificates; TLS is then demanded.
    pub root_certificate: Option<PathBuf>,
    /// How many servers keep each message: 1, or 3 in a cluster.
    pub replicas: usize,
    /// Days for which submissions stay, so that a sweep can compare them with the log.
    pub intake_days: u32,
    /// Days for which recorded events stay on the feed; the log has them for ever.
    pub feed_days: u32,
    /// How long to wait for an answer before asking again.
    pub ask_again_after: Duration,
    /// How long to go on asking before the sender is told that nobody answers.
    pub give_up_after: Duration,
}

impl NatsSettings {
    /// The settings that `config.default.toml` documents, for these servers.
    #[must_use]
    pub fn at(servers: &str) -> Self {
        Self {
            servers: servers.to_owned(),
            credentials: None,
            nkey_seed: None,
            root_certificate: None,
            replicas: 1,
            intake_days: 30,
            feed_days: 7,
            ask_again_after: Duration::from_secs(2),
            give_up_after: Duration::from_secs(20),
        }
    }
}

/// What is wrong with the bus.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// NATS cannot be reached or does not answer; it is tried again.
    #[error("NATS does not do what was asked ({what}): {source}")]
    Nats {
        /// What was asked.
        what: &'static str,
        /// What came back.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another recorder with a newer lease has taken over the intake.
    #[error("a newer recorder (epoch {0}) has taken over the intake")]
    Superseded(u64),
    /// A setting cannot be used.
    #[error("the NATS setting {setting} cannot be used: {reason}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// Why not.
        reason: String,
    },
}

impl BusError {
    pub(crate) fn nats<E>(what: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Nats {
            what,
            source: source.into(),
        }
    }
}

/// The bus of one process. Copies are the same bus.
#[derive(Debug, Clone)]
pub enum Bus {
    /// Channels in the process: nothing to install.
    InProcess(InProcessBus),
    /// NATS `JetStream`.
    JetStream(JetStreamBus),
}

impl Bus {
    /// A bus within this process.
    #[must_use]
    pub fn in_process() -> Self {
        Self::InProcess(InProcessBus::new())
    }

    /// A bus over NATS. NATS need not be there yet: it is waited for in the background.
    ///
    /// # Errors
    /// [`BusError::Setting`] for credentials that cannot be read and the like.
    pub async fn jetstream(settings: NatsSettings) -> Result<Self, BusError> {
        JetStreamBus::connect(settings).await.map(Self::JetStream)
    }

    /// Where facts are submitted.
    #[must_use]
    pub fn intake(&self) -> Intake {
        match self {
            Self::InProcess(bus) => Intake::in_process(bus.clone()),
            Self::JetStream(bus) => Intake::jetstream(bus.clone()),
        }
    }

    /// Where recorded events arrive.
    #[must_use]
    pub fn feed(&self) -> FeedReceiver {
        match self {
            Self::InProcess(bus) => FeedReceiver::in_process(bus.feed()),
            Self::JetStream(bus) => FeedReceiver::jetstream(bus),
        }
    }

    /// The feed within this process, on which the recorder says what it committed.
    pub(crate) fn local_feed(&self) -> &Feed {
        match self {
            Self::InProcess(bus) => bus.feed(),
            Self::JetStream(bus) => bus.local_feed(),
        }
    }

    /// Says in which state the recorder of this process is.
    pub(crate) fn seat(&self, seat: Seat) {
        match self {
            Self::InProcess(bus) => bus.seat(seat),
            Self::JetStream(_) => {}
        }
    }

    /// Answers those who wait in this process while nobody records.
    pub(crate) fn turn_away(&self, why: IntakeError) {
        match self {
            Self::InProcess(bus) => bus.turn_away(why),
            Self::JetStream(_) => {}
        }
    }

    /// Opens the intake for the recorder, after the last message that the log knows.
    pub(crate) async fn deliveries(&self, after: u64, epoch: u64) -> Deliveries {
        match self {
            Self::InProcess(bus) => bus.deliveries().await,
            Self::JetStream(bus) => bus.deliveries(after, epoch),
        }
    }

    /// The bus that others listen to; without NATS there is nobody to publish to.
    pub(crate) fn publishes(&self) -> Option<&JetStreamBus> {
        match self {
            Self::InProcess(_) => None,
            Self::JetStream(bus) => Some(bus),
        }
    }
}

/// A position as it is named in the feed's message ids.
pub(crate) fn feed_message_id(position: Position) -> String {
    format!("position-{position}")
}
