//! The HTTP interface: one file per resource, each with its endpoints. It decides nothing: reads are answered from
//! the portfolio by [`crate::views`], facts go to the intake like everybody's.
//!
//! From outside to inside: every refusal gets its body ([`problem`]); without accounts, only names of this machine are
//! answered to ([`host`]); panics, time and concurrency are bounded; answers are compressed; who asks is found out
//! ([`auth`]); then the endpoint.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use axum::serve::Listener;
use chrono::NaiveDate;
use chrono_tz::Tz;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::bus::Intake;
use crate::clock::Clock;
use crate::follower::Follower;
use crate::store::EventLog;
use crate::telemetry::Metrics;

mod answer;
pub mod auth;
mod deliveries;
mod envelope;
mod events;
mod funds;
mod health;
mod host;
mod overview;
mod past;
mod place;
mod problem;
mod projects;
mod question;
mod receipts;
mod rejections;
mod rules;
mod session;
mod silences;
mod submit;
mod traffic;
mod units;
mod warnings;

use auth::Authentication;
use past::Past;
use problem::Problem;
use traffic::Traffic;

/// How long a stop waits for callers to take their answers; a half-sent request holds nobody up for longer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);

/// Passwords hashed at once: each takes 19 MiB for tens of milliseconds.
const HASHED_AT_ONCE: usize = 2;

/// What the gateway reads from and writes to.
#[derive(Debug, Clone)]
pub struct GatewayParts {
    /// The log, for history and for the past.
    pub log: EventLog,
    /// Where facts go.
    pub intake: Intake,
    /// The portfolio.
    pub follower: Follower,
    /// What time it is.
    pub clock: Clock,
    /// The figures of the process.
    pub metrics: Arc<Metrics>,
}

/// The limits of the gateway.
#[derive(Debug, Clone, Copy)]
pub struct GatewaySettings {
    /// Where the business day turns.
    pub time_zone: Tz,
    /// Largest request body.
    pub body_limit_bytes: usize,
    /// After which a request is given up.
    pub request_timeout: Duration,
    /// Requests worked on at once.
    pub concurrent_requests: usize,
    /// Past portfolios kept in memory.
    pub past_portfolios: usize,
    /// Whether callers must say who they are.
    pub authentication: Authentication,
    /// What stands before it.
    pub door: Door,
}

/// What stands between the gateway and those who call it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Door {
    /// It speaks TLS itself.
    pub has_tls: bool,
    /// A proxy speaks TLS for it and says so in `X-Forwarded-Proto`.
    pub is_behind_proxy: bool,
}

/// The gateway. Copies are the same one.
#[derive(Debug, Clone)]
pub struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: GatewayParts,
    settings: GatewaySettings,
    past: Past,
    traffic: Traffic,
    /// Passwords are hashed few at a time.
    hashing: Semaphore,
}

impl Gateway {
    /// A gateway over its parts.
    ///
    /// # Errors
    /// Its figures have names that are taken: a fault of the program.
    pub fn try_new(parts: GatewayParts, settings: GatewaySettings) -> anyhow::Result<Self> {
        let traffic = Traffic::register(parts.metrics.registry())?;
        let past = Past::new(settings.past_portfolios);
        Ok(Self(Arc::new(Inner {
            parts,
            settings,
            past,
            traffic,
            hashing: Semaphore::new(HASHED_AT_ONCE),
        })))
    }

    /// Answers requests until told to stop, then those under way.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn serve<L>(self, listener: L, stop: CancellationToken) -> anyhow::Result<()>
    where
        L: Listener<Addr = SocketAddr>,
    {
        let abandoned = stop.clone();
        let serving = axum::serve(listener, self.router()).with_graceful_shutdown(stop.cancelled_owned());
        tokio::select! {
            served = serving.into_future() => Ok(served?),
            () = async { abandoned.cancelled().await; tokio::time::sleep(ANSWERED_WITHIN).await } => Ok(()),
        }
    }

    /// Every endpoint with the layers around it.
    pub fn router(&self) -> Router {
        let settings = self.0.settings;
        let endpoints = endpoints()
            .into_iter()
            .fold(Router::new(), |router, (path, methods)| {
                router.route(path, methods)
            })
            .route_layer(axum::middleware::from_fn_with_state(self.clone(), auth::check))
            .route_layer(axum::middleware::from_fn_with_state(self.clone(), traffic::count))
            .fallback(no_such_address);
        endpoints
            .with_state(self.clone())
            .layer(DefaultBodyLimit::max(settings.body_limit_bytes))
            .layer(CompressionLayer::new().gzip(true))
            .layer(GlobalConcurrencyLimitLayer::new(settings.concurrent_requests))
            .layer(TimeoutLayer::with_status_code(
                StatusCode::GATEWAY_TIMEOUT,
                settings.request_timeout,
            ))
            .layer(CatchPanicLayer::new())
            .layer(axum::middleware::from_fn_with_state(self.clone(), host::check))
            .layer(axum::middleware::from_fn_with_state(
                self.clone(),
                problem::render,
            ))
    }

    /// The business day.
    fn today(&self) -> NaiveDate {
        self.parts().clock.today(self.0.settings.time_zone)
    }

    fn parts(&self) -> &GatewayParts {
        &self.0.parts
    }
}

/// Every address and what it answers.
fn endpoints() -> [(&'static str, MethodRouter<Gateway>); 32] {
    [
        ("/v1/overview", get(overview::show)),
        ("/v1/funds", get(funds::list)),
        ("/v1/funds/{id}", get(funds::show)),
        ("/v1/projects", get(projects::list)),
        ("/v1/projects/{id}", get(projects::show)),
        (
            "/v1/projects/{id}/events",
            get(events::of_project).post(submit::event),
        ),
        ("/v1/projects/{id}/expenditures", post(submit::expenditure)),
        ("/v1/units", get(units::list)),
        ("/v1/units/{id}", get(units::show)),
        ("/v1/events", get(events::of_log)),
        ("/v1/receipts/{event_id}", get(receipts::show)),
        ("/v1/rejections", get(rejections::list)),
        ("/v1/warnings", get(warnings::list)),
        ("/v1/warnings/{id}", get(warnings::show)),
        ("/v1/warnings/{id}/acknowledge", post(warnings::acknowledge)),
        ("/v1/warnings/{id}/assign", post(warnings::assign)),
        ("/v1/warnings/{id}/answer", post(warnings::answer)),
        ("/v1/warnings/{id}/rectification", post(warnings::order)),
        ("/v1/warnings/{id}/rectification/report", post(warnings::report)),
        (
            "/v1/warnings/{id}/rectification/acceptance",
            post(warnings::accept),
        ),
        ("/v1/warnings/{id}/lift", post(warnings::lift)),
        ("/v1/warnings/{id}/dismiss", post(warnings::dismiss)),
        ("/v1/deliveries", get(deliveries::list)),
        ("/v1/silences", get(silences::list).post(silences::begin)),
        ("/v1/silences/{id}/end", post(silences::end)),
        ("/v1/rules", get(rules::list)),
        ("/v1/rules/{id}", get(rules::show)),
        (
            "/v1/session",
            get(session::show)
                .post(session::sign_in)
                .delete(session::sign_out),
        ),
        ("/v1/session/password", post(session::change_password)),
        ("/healthz", get(health::alive)),
        ("/readyz", get(health::ready)),
        ("/metrics", get(health::metrics)),
    ]
}

async fn no_such_address() -> Problem {
    Problem::no_such_address(endpoints().map(|(path, _)| path))
}

/// Whether an address can be reached from this machine only: nothing else may listen without accounts.
#[must_use]
pub fn is_local(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}
