//! The HTTP interface: one file per resource, each with its endpoints. It decides nothing: reads are answered from
//! the portfolio by [`crate::views`], facts go to the intake like everybody's.
//!
//! From outside to inside: every refusal gets its body ([`problem`]); only names of this machine are answered to
//! ([`host`]); panics, time and concurrency are bounded;
//! answers are compressed; then the endpoint.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get, post};
use chrono_tz::Tz;
use tokio::net::TcpListener;
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
mod dashboard;
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
mod submit;
mod traffic;
mod units;

use past::Past;
use problem::Problem;
use traffic::Traffic;

/// How long a stop waits for callers to take their answers; a half-sent request holds nobody up for longer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);

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
        })))
    }

    /// Answers requests until told to stop, then those under way.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
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
            .route_layer(axum::middleware::from_fn_with_state(self.clone(), traffic::count))
            .fallback(dashboard::show);
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
            .layer(axum::middleware::from_fn(host::check))
            .layer(axum::middleware::from_fn_with_state(
                self.clone(),
                problem::render,
            ))
    }

    fn parts(&self) -> &GatewayParts {
        &self.0.parts
    }
}

/// Every address and what it answers.
fn endpoints() -> [(&'static str, MethodRouter<Gateway>); 15] {
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
        ("/healthz", get(health::alive)),
        ("/readyz", get(health::ready)),
        ("/metrics", get(health::metrics)),
    ]
}

async fn no_such_address() -> Problem {
    Problem::no_such_address(endpoints().map(|(path, _)| path))
}

/// Whether an address can be reached from this machine only. There are no accounts yet, so nothing else may listen.
#[must_use]
pub fn is_local(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}
