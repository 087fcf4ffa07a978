//! The notifier: tells people of the warnings that matter to them, once.
//!
//! The way of a message: a step of a warning in the log → a message for each receiver that wants its colour, in the outbox
//! under an id made from the step and the receiver → claimed by one process → looked at again (what has ended meanwhile, or
//! is silenced by a bigger warning, is not sent) → sent, or tried again ever later → kept in the delivery log. It has a mark
//! of its own in the log, so a replay of the log notifies nobody; on a store without the mark it begins at the end.

mod digest;
mod email;
mod message;
mod plan;
mod webhook;

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use karez_events::event::supervision::Level;
use karez_events::{EventType, RecordedEvent, StreamId};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config;
use crate::follower::Follower;
use crate::language::Language;
use crate::sentinel::Daily;
use crate::store::{EventLog, Fate, OutboxMessage, StoreError, wait_after};
use email::Mailer;
use message::Message;
use webhook::Webhooks;

/// Events read from the log at once.
const READ_EVENTS: usize = 2_000;
/// The outbox is looked at so often while nothing happens.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// After so many tries a message is given up: about a day and a half.
const MOST_TRIES: u32 = 14;
/// The name of the mark in the store: the last position that was looked at.
const MARK: &str = "notifier_position";

/// How a receiver is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A signed POST of JSON.
    Webhook,
    /// An e-mail.
    Email,
}

/// One receiver, as the configuration has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// Its name in the delivery log.
    pub name: String,
    /// How it is reached.
    pub channel: Channel,
    /// The URL, or the e-mail address.
    pub address: String,
    /// File with the secret that signs webhook requests.
    #[serde(default)]
    pub secret_file: String,
    /// Colours that are told at once.
    #[serde(default = "urgent")]
    pub at_once: Vec<Level>,
    /// Colours that wait for the daily digest.
    #[serde(default = "patient")]
    pub digest: Vec<Level>,
    /// Only these units; empty: all.
    #[serde(default)]
    pub units: Vec<String>,
    /// Only these funds; empty: all.
    #[serde(default)]
    pub funds: Vec<String>,
    /// Language of what it is told.
    #[serde(default = "chinese")]
    pub language: String,
}

fn urgent() -> Vec<Level> {
    vec![Level::Red, Level::Orange]
}

fn patient() -> Vec<Level> {
    vec![Level::Yellow, Level::Blue]
}

fn chinese() -> String {
    "zh".to_owned()
}

impl Receiver {
    fn speaks(&self) -> Language {
        self.language.parse().unwrap_or(Language::Zh)
    }
}

/// Settings of the notifier that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotifierError {
    /// A receiver that cannot be reached as it is written.
    #[error("notifier.receivers {name:?}: {why}")]
    Receiver {
        /// Its name.
        name: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// The mail server.
    #[error("notifier.{setting}: {why}")]
    Mail {
        /// The setting.
        setting: &'static str,
        /// What is wrong and what to do.
        why: String,
    },
}

/// The role.
#[derive(Debug)]
pub struct Notifier {
    log: EventLog,
    follower: Follower,
    clock: Clock,
    digest: Daily,
    receivers: Vec<Receiver>,
    webhooks: Webhooks,
    mailer: Option<Mailer>,
}

impl Notifier {
    /// A notifier for the receivers of the configuration; `None` where there are none.
    ///
    /// # Errors
    /// [`NotifierError`] says which setting is not usable.
    pub fn try_new(
        log: EventLog,
        follower: Follower,
        clock: Clock,
        (settings, digest): (&config::Notifier, Daily),
    ) -> Result<Option<Self>, NotifierError> {
        if settings.receivers.is_empty() {
            return Ok(None);
        }
        check(&settings.receivers)?;
        Ok(Some(Self {
            log,
            follower,
            clock,
            digest,
            webhooks: Webhooks::try_new(&settings.receivers)?,
            mailer: Mailer::try_new(settings)?,
            receivers: settings.receivers.clone(),
        }))
    }

    /// Notifies until told to stop.
    ///
    /// # Errors
    /// The log has an event that cannot be read.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut position = self.follower.moves();
        let mut told = false;
        loop {
            match self.look(&stop).await {
                Ok(()) => told = false,
                Err(error) => {
                    let is_passing = error
                        .downcast_ref::<StoreError>()
                        .is_some_and(StoreError::is_retryable);
                    if !is_passing {
                        return Err(error);
                    }
                    if !told {
                        tracing::warn!("the notifier cannot reach the store, it tries again: {error}");
                    }
                    told = true;
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                moved = position.changed() => moved?,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Queues what is new, then sends what is due, until told to stop.
    ///
    /// # Errors
    /// What the store says.
    pub async fn look(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        self.collect().await?;
        self.collect_digests().await?;
        while !stop.is_cancelled()
            && let Some(message) = self.log.claim(self.clock.now()).await?
        {
            self.deliver(message).await?;
        }
        Ok(())
    }

    /// Puts the steps of warnings since the mark into the outbox, once the sentinel has caught up with the days, so that many
    /// days become one message. The mark moves after them, so nothing is lost; what was queued before it moved has the
    /// same id again.
    async fn collect(&self) -> anyhow::Result<()> {
        let head = self.follower.position();
        let mark = self.log.ensure_setting(MARK, head.to_string().as_bytes()).await?;
        let mut after: u64 = String::from_utf8_lossy(&mark).parse().unwrap_or(head);
        if after >= head || self.is_catching_up() {
            return Ok(());
        }
        let mut steps: Vec<RecordedEvent> = Vec::new();
        while after < head {
            let page = self.log.read(after, READ_EVENTS).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            let told_of = page.iter().filter(|event| {
                matches!(event.stream, StreamId::Warning(_)) || event.event_type == EventType::SilenceEnded
            });
            for event in told_of {
                steps.push(event.decode()?);
            }
        }
        let messages = plan::messages(&steps, &self.follower.read(), &self.receivers, self.today());
        self.queue(messages).await?;
        Ok(self.log.set_setting(MARK, after.to_string().as_bytes()).await?)
    }

    /// The digest of the latest day whose time has come, once for each receiver.
    async fn collect_digests(&self) -> anyhow::Result<()> {
        let yesterday = self.today().pred_opt().unwrap_or_default();
        let is_early = self
            .digest
            .due(yesterday)
            .is_none_or(|due| due > self.clock.now());
        if is_early || self.is_catching_up() {
            return Ok(());
        }
        let mark = format!("notifier_digest/{yesterday}");
        if self.log.setting(&mark).await?.is_some() {
            return Ok(());
        }
        let digests = digest::messages(&self.follower.read(), &self.receivers, yesterday);
        self.queue(digests).await?;
        self.log.set_setting(&mark, b"queued").await?;
        Ok(())
    }

    async fn queue(&self, messages: Vec<Message>) -> anyhow::Result<()> {
        let rows = messages
            .into_iter()
            .map(Message::into_row)
            .collect::<Result<Vec<_>, _>>()?;
        if !rows.is_empty() {
            self.log.enqueue(&rows, self.clock.now()).await?;
        }
        Ok(())
    }

    async fn deliver(&self, queued: OutboxMessage) -> anyhow::Result<()> {
        let (id, attempts) = (queued.message_id, queued.attempts);
        let (fate, detail) = match self.send(&queued).await {
            Sent::Yes(detail) => (Fate::Delivered, detail),
            Sent::NotNeeded(why) => (Fate::NotNeeded, why.to_owned()),
            Sent::Never(why) => (Fate::GivenUp, why),
            Sent::NotYet(why) if attempts >= MOST_TRIES => (Fate::GivenUp, why),
            Sent::NotYet(why) => (Fate::Again(self.clock.now() + wait_after(attempts)), why),
        };
        if matches!(fate, Fate::GivenUp) {
            tracing::error!(
                receiver = queued.receiver,
                "a notice was given up after {attempts} tries: {detail}"
            );
        }
        Ok(self.log.tried(id, fate, &detail, self.clock.now()).await?)
    }

    async fn send(&self, queued: &OutboxMessage) -> Sent {
        let Some(receiver) = self
            .receivers
            .iter()
            .find(|receiver| receiver.name == queued.receiver)
        else {
            return Sent::Never("the receiver is no longer in the configuration".to_owned());
        };
        let message: Message = match serde_json::from_str(&queued.message) {
            Ok(message) => message,
            Err(error) => return Sent::Never(format!("the queued message cannot be read: {error}")),
        };
        if let Some(why) = message.is_not_needed(&self.follower.read(), self.today()) {
            return Sent::NotNeeded(why);
        }
        match receiver.channel {
            Channel::Webhook => self.webhooks.send(receiver, &message, self.clock.now()).await,
            Channel::Email => match &self.mailer {
                Some(mailer) => mailer.send(receiver, &message).await,
                None => Sent::Never("there is no mail server: set notifier.smtp_url".to_owned()),
            },
        }
    }

    /// The sentinel has days before yesterday still to evaluate.
    fn is_catching_up(&self) -> bool {
        let last = self.follower.read().last_day_evaluated();
        last.is_some_and(|last| (self.today() - last).num_days() > 2)
    }

    fn today(&self) -> NaiveDate {
        self.digest.day_of(self.clock.now())
    }
}

/// What a try brought.
#[derive(Debug)]
enum Sent {
    Yes(String),
    NotNeeded(&'static str),
    NotYet(String),
    Never(String),
}

fn check(receivers: &[Receiver]) -> Result<(), NotifierError> {
    for (index, receiver) in receivers.iter().enumerate() {
        let wrong = |why: &str| NotifierError::Receiver {
            name: receiver.name.clone(),
            why: why.to_owned(),
        };
        if receiver.name.trim().is_empty() {
            return Err(wrong("give it a name"));
        }
        if receivers
            .iter()
            .take(index)
            .any(|before| before.name == receiver.name)
        {
            return Err(wrong(
                "two receivers have this name: the delivery log could not tell them apart",
            ));
        }
        if receiver.language.parse::<Language>().is_err() {
            return Err(wrong("language is zh or en"));
        }
        let is_url = receiver.address.starts_with("https://") || receiver.address.starts_with("http://");
        match receiver.channel {
            Channel::Webhook if !is_url => return Err(wrong("address is no URL: give https://…")),
            Channel::Email if !receiver.address.contains('@') => {
                return Err(wrong("address is no e-mail address"));
            }
            Channel::Webhook | Channel::Email => {}
        }
    }
    Ok(())
}

/// An instant as the digest and the messages write it.
fn stamp(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}
