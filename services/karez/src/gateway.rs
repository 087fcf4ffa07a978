//! The HTTP interface: one file per resource, each with its endpoints. It decides nothing: reads are answered from
//! the portfolio by [`crate::views`], facts go to the intake like everybody's.
//!
//! From outside to inside: every refusal gets its body ([`problem`]); without accounts, only names of this machine are
//! answered to ([`host`]); concurrency is bounded ([`pressure`]); panics are caught; answers are compressed; time is bounded;
//! requests are counted ([`traffic`]); who asks is found out ([`auth`]); what they have already is not told again
//! ([`unchanged`]); then the endpoint.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use chrono::NaiveDate;
use chrono_tz::Tz;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::audit::Notary;
use crate::bus::Intake;
use crate::clock::Clock;
use crate::follower::Follower;
use crate::oidc::Directory;
use crate::sentinel::Daily;
use crate::store::EventLog;
use crate::telemetry::Metrics;

mod administration;
mod answer;
mod audit;
pub mod auth;
mod backtest;
mod batch;
mod bodies;
mod connections;
mod corrections;
mod dashboard;
mod deliveries;
mod envelope;
mod events;
mod funds;
mod health;
mod host;
mod imports;
mod key_looks;
mod keys;
mod live;
mod oidc;
mod openapi;
mod overview;
mod past;
mod place;
mod prefer;
mod pressure;
mod preview;
mod problem;
mod projects;
mod proposals;
mod question;
mod reader_words;
mod receipts;
mod rejections;
mod rows;
mod rules;
mod session;
mod silences;
mod submit;
mod system;
mod today;
mod traffic;
mod turns;
mod unchanged;
mod units;
mod unmasking;
mod users;
mod verification;
mod warnings;

use auth::Authentication;
use key_looks::KeyLooks;
use live::Live;
use openapi::Described;
use past::Past;
use pressure::Pressure;
use problem::{Addressee, Problem};
use traffic::{Traffic, Underway};
use turns::Turns;
use verification::Verification;

/// Passwords hashed at once: each takes 19 MiB for tens of milliseconds.
const HASHED_AT_ONCE: usize = 2;
/// Rehearsals at once.
const REHEARSALS: usize = 2;
/// Back-tests at once: each keeps a processor busy for as long as it is let.
const BACKTESTS: usize = 1;

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
    /// When a day's run is due, for whoever tells the history again.
    pub daily: Daily,
    /// Who signs checkpoints of the log.
    pub notary: Notary,
    /// The office's directory, where people can sign in through one.
    pub directory: Option<Arc<Directory>>,
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
    /// Only how the process is can be asked: the gateway is another one.
    pub only_health: bool,
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
    /// Passwords are tried one at a time for each account.
    attempts: Turns<()>,
    key_looks: KeyLooks,
    pressure: Pressure,
    described: Described,
    /// Tells the tags of one process from those of another, which may show the same differently.
    started_as: Uuid,
    live: Live,
    /// Each holds a copy of the portfolio.
    rehearsals: Semaphore,
    backtests: Semaphore,
    verification: Verification,
}

impl Gateway {
    /// A gateway over its parts.
    ///
    /// # Errors
    /// Its figures have names that are taken: a fault of the program.
    pub fn try_new(parts: GatewayParts, settings: GatewaySettings) -> anyhow::Result<Self> {
        let traffic = Traffic::register(parts.metrics.registry())?;
        let past = Past::new(settings.past_portfolios);
        let started_as = parts.clock.fresh_id();
        Ok(Self(Arc::new(Inner {
            parts,
            settings,
            past,
            traffic,
            hashing: Semaphore::new(HASHED_AT_ONCE),
            attempts: Turns::default(),
            key_looks: KeyLooks::default(),
            pressure: Pressure::new(settings.concurrent_requests),
            described: Described::try_new(endpoints().into_openapi())?,
            started_as,
            live: Live::default(),
            rehearsals: Semaphore::new(REHEARSALS),
            backtests: Semaphore::new(BACKTESTS),
            verification: Verification::default(),
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
        let serving = connections::serve(
            listener,
            self.router(),
            self.0.settings.request_timeout,
            stop.clone(),
        );
        let closing = async {
            stop.cancelled().await;
            self.0.live.close();
        };
        futures::join!(serving, closing);
        Ok(())
    }

    /// Every endpoint with the layers around it.
    pub fn router(&self) -> Router {
        let settings = self.0.settings;
        let described = if settings.only_health {
            of_health()
        } else {
            endpoints()
        };
        let time_limit =
            TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, settings.request_timeout);
        let around = ServiceBuilder::new()
            .layer(from_fn_with_state(self.clone(), to_router))
            .layer(CatchPanicLayer::new())
            .layer(CompressionLayer::new().gzip(true).zstd(true))
            .layer(time_limit)
            .layer(DefaultBodyLimit::max(settings.body_limit_bytes));
        let endpoints = Router::from(described).route_layer(from_fn_with_state(self.clone(), to_endpoint));
        let endpoints = if settings.only_health {
            endpoints
        } else {
            endpoints.fallback(dashboard::show)
        };
        endpoints.with_state(self.clone()).layer(around)
    }

    /// The business day.
    fn today(&self) -> NaiveDate {
        self.parts().clock.today(self.0.settings.time_zone)
    }

    fn parts(&self) -> &GatewayParts {
        &self.0.parts
    }
}

/// The description of the interface as `/openapi.json` answers it (`OpenAPI` 3.1), for programs that are made from it.
///
/// # Errors
/// It cannot be written: a fault of the program.
pub fn description() -> serde_json::Result<bytes::Bytes> {
    Ok(Described::try_new(endpoints().into_openapi())?.json)
}

/// Every address and what it answers, with its description.
fn endpoints() -> OpenApiRouter<Gateway> {
    let many = || DefaultBodyLimit::max(rows::BODY_LIMIT_BYTES);
    OpenApiRouter::with_openapi(openapi::Skeleton::openapi())
        .routes(routes!(overview::show))
        .routes(routes!(overview::months))
        .routes(routes!(overview::flows))
        .routes(routes!(funds::list))
        .routes(routes!(funds::show))
        .routes(routes!(projects::list))
        .routes(routes!(projects::subtotals))
        .routes(routes!(projects::show))
        .routes(routes!(projects::months))
        .routes(routes!(events::of_project))
        .routes(routes!(submit::event))
        .routes(routes!(submit::expenditure))
        .routes(routes!(corrections::reversal))
        .routes(routes!(corrections::reclassification))
        .routes(routes!(corrections::refund))
        .routes(routes!(submit::disbursement))
        .routes(routes!(units::list))
        .routes(routes!(units::show))
        .routes(routes!(events::of_log))
        .routes(routes!(batch::post).layer(many()))
        .routes(routes!(preview::post).layer(many()))
        .routes(routes!(imports::post).layer(DefaultBodyLimit::max(imports::BODY_LIMIT_BYTES)))
        .routes(routes!(imports::template))
        .routes(routes!(receipts::show))
        .routes(routes!(rejections::list))
        .routes(routes!(live::follow))
        .merge(of_warnings())
        .merge(of_people_and_programs())
        .merge(of_audit())
        .routes(routes!(openapi::document))
        .routes(routes!(openapi::page))
        .merge(of_health())
}

/// How the process is.
fn of_health() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
}

/// Warnings, who was told of them, and the rules behind them.
fn of_warnings() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(warnings::list))
        .routes(routes!(warnings::show))
        .routes(routes!(warnings::acknowledge))
        .routes(routes!(warnings::assign))
        .routes(routes!(warnings::answer))
        .routes(routes!(warnings::order))
        .routes(routes!(warnings::report))
        .routes(routes!(warnings::accept))
        .routes(routes!(warnings::lift))
        .routes(routes!(warnings::dismiss))
        .routes(routes!(deliveries::list))
        .routes(routes!(silences::list))
        .routes(routes!(silences::begin))
        .routes(routes!(silences::end))
        .routes(routes!(rules::list))
        .routes(routes!(rules::show))
        .routes(routes!(backtest::post))
        .routes(routes!(proposals::check))
        .routes(routes!(proposals::list, proposals::propose))
        .routes(routes!(proposals::show))
        .routes(routes!(proposals::publish))
        .routes(routes!(proposals::withdraw))
}

/// What shows that nothing was altered, and who looked.
fn of_audit() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(audit::checkpoint, audit::take))
        .routes(routes!(audit::proof))
        .routes(routes!(audit::export))
        .routes(routes!(audit::reads))
        .routes(routes!(unmasking::unmask))
        .routes(routes!(verification::show, verification::begin))
}

/// Signing in, accounts and keys, and how the service is.
fn of_people_and_programs() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(session::show))
        .routes(routes!(session::sign_in))
        .routes(routes!(session::sign_out))
        .routes(routes!(session::change_password))
        .routes(routes!(oidc::ways))
        .routes(routes!(oidc::begin))
        .routes(routes!(oidc::come_back))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::disable))
        .routes(routes!(users::change_role))
        .routes(routes!(users::unlock))
        .routes(routes!(users::reset_password))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(administration::list))
        .routes(routes!(system::show))
}

/// What stands before every address. Steps of one layer, since each layer of its own would hand the request on in another box.
async fn to_router(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let addressee = Addressee::of(&request);
    let room = host::check(&gateway, &request).and_then(|()| pressure::check(&gateway, &request));
    let response = match room {
        Ok(_until_answered) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    problem::render(&gateway, &addressee, response)
}

/// What stands before every endpoint.
async fn to_endpoint(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let underway = Underway::begin(&request);
    let response = match auth::let_in(&gateway, request).await {
        Ok((request, look)) => {
            let response = unchanged::tag(&gateway, request, next).await;
            match look {
                Some(look) => gateway.kept(look, response).await,
                None => response,
            }
        }
        Err(refused) => refused,
    };
    underway.end(&gateway.0.traffic, response.status());
    response
}

fn no_such_address(gateway: &Gateway) -> Problem {
    Problem::no_such_address(gateway.0.described.addresses.iter())
}

/// Whether an address can be reached from this machine only: nothing else may listen without accounts.
#[must_use]
pub fn is_local(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}
