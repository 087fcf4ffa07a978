//! `karez serve`: the recorder, the sentinel, the notifier and the gateway over one log, in one process or apart.

mod door;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::audit::Notary;
use crate::bus::{Bus, NatsSettings};
use crate::clock::Clock;
use crate::config::{self, Config, ProcessRole};
use crate::follower::Follower;
use crate::gateway::auth::Authentication;
use crate::gateway::{Gateway, GatewayParts, GatewaySettings};
use crate::notifier::Notifier;
use crate::recorder::{Recorder, RecorderSettings};
use crate::sentinel::Sentinel;
use crate::store::{EventLog, LogSettings, StoreLocation};
use crate::tasks::Tasks;
use crate::telemetry::Metrics;
use crate::tls::TlsListener;
use crate::trouble::Trouble;

/// Serves until the process is told to stop, then finishes what it accepted.
///
/// # Errors
/// [`Trouble`] when it cannot start, or a role fails.
pub async fn serve(config: &Config, location: &StoreLocation, clock: Clock) -> Result<(), Trouble> {
    check_roles(config)?;
    door::check(&config.gateway, config.http.listen)?;
    let acceptor = door::acceptor(&config.gateway)?;
    let listener = listen(config.http.listen).await?;
    let log = EventLog::create_or_open(
        location,
        LogSettings {
            hash: config.store.hash_algorithm,
        },
    )
    .await?;
    let bus = open_bus(&config.bus).await?;
    let metrics = Arc::new(Metrics::try_new().map_err(anyhow::Error::from)?);
    let feed = bus.feed();
    let follower = Follower::load(&log).await.map_err(anyhow::Error::from)?;
    let recorder = Recorder::new(log.clone(), bus.clone(), clock.clone(), Arc::clone(&metrics))
        .with_settings(recorder_settings(&config.recorder));
    let sentinel = if config.does(ProcessRole::Sentinel) && config.watches() {
        let sentinel = Sentinel::load(log.clone(), bus.intake(), clock.clone(), config.daily()?);
        Some(sentinel.await.map_err(anyhow::Error::from)?)
    } else {
        None
    };
    let notifying = (&config.notifier, config.digest()?);
    let notifier = Notifier::try_new(log.clone(), follower.clone(), clock.clone(), notifying)
        .map_err(|error| Trouble::wrong_use(error.to_string()))?;
    let (authentication, said) = if config.does(ProcessRole::Gateway) {
        door::authentication(&config.gateway, config.http.listen, &log, &clock).await?
    } else {
        let said = "It answers only /healthz, /readyz and /metrics: the gateway is another process.";
        (Authentication::Required, said.to_owned())
    };
    let notary = Notary::try_new(&log).await.map_err(anyhow::Error::from)?;
    let parts = GatewayParts {
        log: log.clone(),
        intake: bus.intake(),
        follower: follower.clone(),
        clock: clock.clone(),
        metrics: Arc::clone(&metrics),
        daily: config.daily()?,
        notary: notary.clone(),
        directory: door::directory(&config.gateway)?,
    };
    let gateway = Gateway::try_new(parts, gateway_settings(config, authentication))?;
    let mut tasks = Tasks::new();
    let stop = tasks.stop_signal();
    if config.does(ProcessRole::Recorder) {
        tasks.spawn("recorder", recorder.run(stop.clone()));
        tasks.spawn("notary", notary.run(clock, config.office.time_zone, stop.clone()));
    }
    if let Some(notifier) = notifier.filter(|_| config.does(ProcessRole::Notifier)) {
        tasks.spawn("notifier", notifier.run(stop.clone()));
    }
    if let Some(sentinel) = sentinel {
        tasks.spawn("sentinel", sentinel.watch(follower.clone(), stop.clone()));
    }
    tasks.spawn(
        "follower",
        follower.follow(log.clone(), feed, metrics, stop.clone()),
    );
    let address = listener.local_addr().map_err(anyhow::Error::from)?;
    let scheme = open_door(&mut tasks, gateway, listener, acceptor);
    announce(&format!(
        "karez listens on {scheme}://{address} and keeps its log in {}\n{said}\n",
        log.place()
    ));
    tasks.run_until(told_to_stop()).await?;
    Ok(())
}

/// Refuses a process that would do nothing, or hand facts to nobody.
fn check_roles(config: &Config) -> Result<(), Trouble> {
    if config.process.roles.is_empty() {
        return Err(
            Trouble::wrong_use("[process] roles is empty: this process would do nothing".to_owned()).advise(
                "leave the line out for all of them, or name some of recorder, sentinel, notifier, gateway",
            ),
        );
    }
    if !config.does(ProcessRole::Recorder) && config.bus.nats_url.is_empty() {
        return Err(Trouble::wrong_use(
            "without the recorder in this process, what it takes in reaches no log".to_owned(),
        )
        .advise(
            "name the NATS servers that lead to the recorder with --nats, or add recorder to the roles",
        ));
    }
    Ok(())
}

/// Starts the gateway over its listener, and what it has ready; gives the scheme of its addresses.
fn open_door(
    tasks: &mut Tasks,
    gateway: Gateway,
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
) -> &'static str {
    tasks.spawn(
        "today's figures",
        gateway.clone().keep_today_ready(tasks.stop_signal()),
    );
    let closing = tasks.close_signal();
    if let Some(acceptor) = acceptor {
        let listener = TlsListener::new(listener, acceptor);
        tasks.spawn_door("gateway", gateway.serve(listener, closing));
        "https"
    } else {
        tasks.spawn_door("gateway", gateway.serve(listener, closing));
        "http"
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Trouble> {
    TcpListener::bind(address).await.map_err(|error| {
        let trouble = Trouble::could_not_run(format!("{address} cannot be listened on: {error}"));
        if error.kind() == std::io::ErrorKind::AddrInUse {
            trouble.advise(
                "another program listens there: stop it, or give another --listen (port 0 takes a free one)",
            )
        } else {
            trouble
        }
    })
}

/// Says on standard output where it listens; nobody needs to read it.
fn announce(text: &str) {
    let mut output = std::io::stdout().lock();
    if let Err(error) = output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        tracing::debug!("standard output is closed: {error}");
    }
}

/// The bus of the settings: NATS where it is named, channels in the process otherwise.
///
/// # Errors
/// Credentials that cannot be read and the like.
pub async fn open_bus(settings: &config::Bus) -> Result<Bus, Trouble> {
    if settings.nats_url.is_empty() {
        return Ok(Bus::in_process());
    }
    let file = |path: &str| (!path.is_empty()).then(|| path.into());
    let nats = NatsSettings {
        credentials: file(&settings.nats_credentials),
        nkey_seed: file(&settings.nats_nkey_seed),
        root_certificate: file(&settings.nats_root_certificate),
        replicas: settings.nats_replicas,
        intake_days: settings.intake_retention_days,
        feed_days: settings.feed_retention_days,
        ..NatsSettings::at(&settings.nats_url)
    };
    Ok(Bus::jetstream(nats).await.map_err(anyhow::Error::from)?)
}

/// The recorder's settings as the configuration has them.
#[must_use]
pub fn recorder_settings(settings: &config::Recorder) -> RecorderSettings {
    RecorderSettings {
        batch_events: settings.batch_events,
        batch_bytes: settings.batch_bytes,
        snapshot_every_events: settings.snapshot_every_events,
        ..RecorderSettings::default()
    }
}

fn gateway_settings(config: &Config, authentication: Authentication) -> GatewaySettings {
    GatewaySettings {
        time_zone: config.office.time_zone,
        body_limit_bytes: config.http.body_limit_bytes,
        request_timeout: Duration::from_secs(config.http.request_timeout_seconds),
        concurrent_requests: config.http.concurrent_requests,
        past_portfolios: config.http.past_portfolios,
        authentication,
        only_health: !config.does(ProcessRole::Gateway),
        door: door::door(&config.gateway),
    }
}

/// Ends when the process is told to stop: ctrl-c, or SIGTERM from whoever started it.
async fn told_to_stop() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!("SIGTERM cannot be heard, only ctrl-c: {error}");
            drop(tokio::signal::ctrl_c().await);
            return;
        }
    };
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => drop(interrupted),
        _ = terminate.recv() => {}
    }
}
