//! One store, one bus, and the nodes that share them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use karez::bus::{Bus, Intake, NatsSettings};
use karez::clock::Clock;
use karez::follower::Follower;
use karez::receipt::{Outcome, Receipt, Refusal};
use karez::recorder::{Recorder, RecorderSettings};
use karez::store::{EventLog, LogSettings, StoreLocation};
use karez::telemetry::{LogFormat, Metrics, init_logging};
use karez_events::{Hash, Position, RawEvent, chain};
use karez_tests::nats::NatsServer;
use karez_tests::postgres::Postgres;
use karez_tests::wait::eventually;
use sqlx::SqlitePool;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough for a busy machine; nothing waits for it to pass.
pub const SOON: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Channels,
    Nats,
}

pub struct World {
    location: StoreLocation,
    folder: TempDir,
    pub nats: Option<NatsServer>,
    pub clock: Clock,
}

impl World {
    pub async fn new(on: On, over: Over) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = match on {
            On::Sqlite => StoreLocation::Sqlite(folder.path().to_owned()),
            On::Postgres => {
                let server = Postgres::shared().await.unwrap();
                StoreLocation::Postgres(server.database().await.unwrap())
            }
        };
        Self::at(location, folder, over).await
    }

    /// On a server of its own, which may be killed.
    pub async fn on_postgres(server: &Postgres, over: Over) -> Self {
        let location = StoreLocation::Postgres(server.database().await.unwrap());
        Self::at(location, tempfile::tempdir().unwrap(), over).await
    }

    async fn at(location: StoreLocation, folder: TempDir, over: Over) -> Self {
        // For whoever looks for a fault: RUST_LOG=karez=debug. Only the first test of a process can set it up.
        drop(init_logging(
            LogFormat::Plain,
            &std::env::var("RUST_LOG").unwrap_or_else(|_| "off".to_owned()),
        ));
        let nats = match over {
            Over::Channels => None,
            Over::Nats => Some(NatsServer::start().await.unwrap()),
        };
        let noon: DateTime<Utc> = "2024-03-02T04:00:00Z".parse().unwrap();
        Self {
            location,
            folder,
            nats,
            clock: Clock::fixed(noon),
        }
    }

    /// The database file, behind karez' back.
    pub async fn sqlite(&self) -> SqlitePool {
        let file = self.folder.path().join("karez.db");
        SqlitePool::connect(&format!("sqlite:{}", file.display()))
            .await
            .unwrap()
    }

    pub async fn log(&self) -> EventLog {
        EventLog::create_or_open(&self.location, LogSettings::default())
            .await
            .unwrap()
    }

    /// A node without a recorder.
    pub async fn reader(&self) -> Node {
        let bus = match &self.nats {
            None => Bus::in_process(),
            Some(server) => {
                let mut settings = NatsSettings::at(&server.url());
                settings.ask_again_after = Duration::from_millis(400);
                settings.give_up_after = SOON;
                Bus::jetstream(settings).await.unwrap()
            }
        };
        let metrics = Arc::new(Metrics::try_new().unwrap());
        let stop = CancellationToken::new();
        Node {
            log: self.log().await,
            intake: bus.intake(),
            bus,
            metrics,
            stop,
            recorder: None,
        }
    }

    /// A node that records as soon as it gets the lease.
    pub async fn node(&self) -> Node {
        self.node_with(RecorderSettings::default()).await
    }

    pub async fn node_with(&self, settings: RecorderSettings) -> Node {
        let mut node = self.reader().await;
        let recorder = Recorder::new(
            node.log.clone(),
            node.bus.clone(),
            self.clock.clone(),
            Arc::clone(&node.metrics),
        );
        let running = recorder.with_settings(settings).run(node.stop.clone());
        node.recorder = Some(tokio::spawn(running));
        node
    }
}

pub struct Node {
    pub log: EventLog,
    pub bus: Bus,
    pub intake: Intake,
    pub metrics: Arc<Metrics>,
    pub stop: CancellationToken,
    recorder: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Node {
    /// Stops as on SIGTERM.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(recorder) = self.recorder.take() {
            recorder.await.unwrap().unwrap();
        }
    }

    /// Ends as on kill -9.
    pub async fn kill(mut self) {
        if let Some(recorder) = self.recorder.take() {
            recorder.abort();
            assert!(recorder.await.is_err_and(|error| error.is_cancelled()));
        }
    }

    /// A reader's portfolio that is kept current.
    pub async fn follower(&self) -> Follower {
        let follower = Follower::load(&self.log).await.unwrap();
        let following = follower.clone().follow(
            self.log.clone(),
            self.bus.feed(),
            Arc::clone(&self.metrics),
            self.stop.clone(),
        );
        tokio::spawn(following);
        follower
    }

    pub async fn has_recorded(&self, position: Position) {
        eventually("the log grows", SOON, || async {
            (self.log.head().await.ok()?.position >= position).then_some(())
        })
        .await
        .unwrap();
    }

    /// Every event, after checking that the chain holds and no id comes twice.
    pub async fn events(&self) -> Vec<RawEvent> {
        let events = self.log.read(0, 100_000).await.unwrap();
        let mut previous = Hash::START;
        let mut ids = std::collections::HashSet::new();
        for (event, position) in events.iter().zip(1..) {
            assert_eq!(event.position, position);
            assert_eq!(
                event.hash,
                chain::link(karez_events::HashAlgorithm::Sha256, &previous, event)
            );
            assert!(ids.insert(event.event_id), "{} is recorded twice", event.event_id);
            previous = event.hash;
        }
        events
    }
}

#[track_caller]
pub fn recorded(outcome: Outcome) -> Receipt {
    match outcome {
        Outcome::Recorded(receipt) => receipt,
        Outcome::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

#[track_caller]
pub fn refused(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        Outcome::Recorded(receipt) => panic!("recorded: {receipt:?}"),
    }
}
