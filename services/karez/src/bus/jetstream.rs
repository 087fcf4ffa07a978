//! The bus over NATS `JetStream`: two streams, `KAREZ_INTAKE` and `KAREZ_FEED`.
//!
//! NATS may come late, go away and come back: connections, streams and the consumer are made again in the
//! background, and nothing that was promised depends on them.

pub(crate) mod fetch;
mod floor;
pub(crate) mod publish;
pub(crate) mod submit;
pub mod sweep;
mod together;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, ConnectOptions};
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::bus::feed::Feed;
use crate::bus::intake::Deliveries;
use crate::bus::{BusError, NatsSettings, subject};
use crate::clock::Stopwatch;
use crate::tasks::{Child, spawn_child};

/// The stream of submissions.
pub const INTAKE_STREAM: &str = "KAREZ_INTAKE";
/// The stream of recorded events.
pub const FEED_STREAM: &str = "KAREZ_FEED";
/// The one durable consumer of the intake.
pub const INTAKE_CONSUMER: &str = "karez-recorder";
/// On a submission: the subject to which its outcome is sent, below `_INBOX.` or `karez.reply.{sender}.`.
pub const REPLY_HEADER: &str = "Karez-Reply";
/// On a submission by the trusted door: where it came from.
pub const SOURCE_HEADER: &str = "Karez-Source";
/// On a submission by the trusted door: its row in a file.
pub const ROW_HEADER: &str = "Karez-Row";

/// For how long `JetStream` knows a message id again.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(2);
/// The largest submission; a fact with a hundred budget lines has a tenth of it.
const LONGEST_MESSAGE_BYTES: i32 = 256 * 1024;
/// How long one request to NATS may take.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_secs(5);
/// Between two tries while NATS is away.
pub(crate) const RETRY_AFTER: Duration = Duration::from_millis(250);
/// Answers and acknowledgements that wait to be sent while NATS is away; what does not fit is asked for again.
const ANSWERS: usize = 50_000;
const SECONDS_A_DAY: u64 = 86_400;

/// The bus over NATS. Copies are the same connection.
#[derive(Debug, Clone)]
pub struct JetStreamBus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    context: Context,
    settings: NatsSettings,
    feed: Feed,
    answers: mpsc::Sender<(String, Bytes)>,
    /// When a batch was last not taken.
    batch_refused: Mutex<Option<Stopwatch>>,
    /// Sends answers, so that the recorder never waits for NATS.
    _speaker: Child,
}

impl JetStreamBus {
    pub(crate) async fn connect(settings: NatsSettings) -> Result<Self, BusError> {
        let options = connect_options(&settings).await?;
        let servers: Vec<&str> = settings.servers.split(',').map(str::trim).collect();
        let client = options
            .connect(servers)
            .await
            .map_err(BusError::nats("connect"))?;
        let context = async_nats::jetstream::context::ContextBuilder::new()
            .timeout(REQUEST_LIMIT)
            .build(client.clone());
        let (answers, queue) = mpsc::channel(ANSWERS);
        let speaker = spawn_child("answers", speak(client.clone(), queue));
        Ok(Self(Arc::new(Inner {
            client,
            context,
            settings,
            feed: Feed::new(),
            answers,
            batch_refused: Mutex::default(),
            _speaker: speaker,
        })))
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }

    pub(crate) fn settings(&self) -> &NatsSettings {
        &self.0.settings
    }

    pub(crate) fn local_feed(&self) -> &Feed {
        &self.0.feed
    }

    pub(crate) fn deliveries(&self, after: u64, epoch: u64) -> Deliveries {
        fetch::deliveries(self.clone(), after, epoch)
    }

    /// Sends something without waiting for NATS. What does not fit is dropped: senders ask again.
    pub(crate) fn say(&self, to: String, what: Bytes) {
        if self.0.answers.try_send((to, what)).is_err() {
            tracing::warn!("an answer was dropped because NATS takes none: its sender will ask again");
        }
    }

    /// The stream of submissions, made if it is not there. A new one begins after `after`, so that the
    /// sequence numbers that the log knows are never used twice.
    pub(crate) async fn intake_stream(&self, after: u64) -> Result<Stream, BusError> {
        let days = self.0.settings.intake_days;
        let config = Config {
            first_sequence: Some(after + 1),
            max_message_size: LONGEST_MESSAGE_BYTES,
            description: Some("submissions on their way to the recorder of karez".to_owned()),
            ..self.stream_config(INTAKE_STREAM, subject::INTAKE, days)
        };
        self.stream(config).await
    }

    /// The stream of recorded events, made if it is not there.
    pub(crate) async fn feed_stream(&self) -> Result<Stream, BusError> {
        let days = self.0.settings.feed_days;
        let config = Config {
            description: Some("events recorded by karez, in the order of their positions".to_owned()),
            ..self.stream_config(FEED_STREAM, subject::FEED, days)
        };
        self.stream(config).await
    }

    fn stream_config(&self, name: &str, subjects: &str, days: u32) -> Config {
        Config {
            name: name.to_owned(),
            subjects: vec![subjects.to_owned()],
            retention: RetentionPolicy::Limits,
            max_age: Duration::from_secs(u64::from(days) * SECONDS_A_DAY),
            storage: StorageType::File,
            num_replicas: self.0.settings.replicas,
            duplicate_window: DUPLICATE_WINDOW,
            ..Config::default()
        }
    }

    async fn stream(&self, config: Config) -> Result<Stream, BusError> {
        let name = config.name.clone();
        let found = self.0.context.get_stream(&name).await;
        // Asked now, when the server has answered and said which one it is.
        let config = Config {
            allow_atomic_publish: self.knows_batches(),
            ..config
        };
        match found {
            Ok(stream) => return self.fit(stream, config).await,
            Err(error) if is_missing(&error.kind()) => {}
            Err(error) => return Err(BusError::nats("look for a stream")(error)),
        }
        match self.0.context.create_stream(config).await {
            Ok(stream) => Ok(stream),
            // Another node made it a moment ago.
            Err(error) if is_taken(&error.kind()) => self
                .0
                .context
                .get_stream(&name)
                .await
                .map_err(BusError::nats("look for a stream")),
            Err(error) => Err(BusError::nats("make a stream")(error)),
        }
    }

    /// Brings days and replicas of a stream up to the settings, and lets it take messages together; all else is left as the
    /// operators have it.
    async fn fit(&self, stream: Stream, wanted: Config) -> Result<Stream, BusError> {
        let found = &stream.cached_info().config;
        let config = Config {
            max_age: wanted.max_age,
            num_replicas: wanted.num_replicas,
            allow_atomic_publish: found.allow_atomic_publish || wanted.allow_atomic_publish,
            ..found.clone()
        };
        if *found == config {
            return Ok(stream);
        }
        let is_needed = (found.max_age, found.num_replicas) != (config.max_age, config.num_replicas);
        match self.0.context.update_stream(config).await {
            Err(error) if !is_needed => {
                tracing::info!("a stream of NATS takes messages one by one only: {error}");
                Ok(stream)
            }
            changed => changed.map(|_| stream).map_err(BusError::nats("change a stream")),
        }
    }
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(refused) if refused.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn is_taken(kind: &CreateStreamErrorKind) -> bool {
    matches!(kind, CreateStreamErrorKind::JetStream(refused) if refused.error_code() == ErrorCode::STREAM_NAME_EXIST)
}

async fn connect_options(settings: &NatsSettings) -> Result<ConnectOptions, BusError> {
    let mut options = ConnectOptions::new()
        .name("karez")
        .retry_on_initial_connect()
        .client_capacity(8_192)
        .reconnect_delay_callback(|attempts| {
            RETRY_AFTER * u32::try_from(attempts.saturating_sub(1).min(8)).unwrap_or(8)
        })
        .event_callback(|event| async move { tracing::info!("NATS: {event}") });
    if let Some(path) = &settings.credentials {
        let text = read("nats_credentials", path).await?;
        options = options
            .credentials(&text)
            .map_err(|_| unusable("nats_credentials", path, &"it is no credentials file (.creds)"))?;
    }
    if let Some(path) = &settings.nkey_seed {
        let text = read("nats_nkey_seed", path).await?;
        let seed = text.trim();
        // Looked at here, since the client would try an unusable one for ever.
        nkeys::KeyPair::from_seed(seed)
            .map_err(|_| unusable("nats_nkey_seed", path, &"it is no seed of a user's NKey (SU…)"))?;
        options = options.nkey(seed.to_owned());
    }
    if let Some(path) = &settings.root_certificate {
        read("nats_root_certificate", path).await?;
        options = options.require_tls(true).add_root_certificates(path.clone());
    }
    Ok(options)
}

async fn read(setting: &'static str, path: &Path) -> Result<String, BusError> {
    tokio::fs::read_to_string(path)
        .await
        .map_err(|error| unusable(setting, path, &error))
}

/// The file is named and never what is in it.
fn unusable(setting: &'static str, path: &Path, reason: &dyn std::fmt::Display) -> BusError {
    BusError::Setting {
        setting,
        reason: format!("{}: {reason}", path.display()),
    }
}

async fn speak(client: Client, mut queue: mpsc::Receiver<(String, Bytes)>) {
    while let Some((to, what)) = queue.recv().await {
        if let Err(error) = client.publish(to, what).await {
            tracing::warn!("an answer could not be sent, its sender will ask again: {error}");
        }
    }
}
