//! GET /v1/system: how the service itself is, for those who run it.

use std::path::Path;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use karez_events::Position;
use serde::Serialize;

use super::Gateway;
use super::problem::Problem;
use super::question::Asked;
use crate::store::EventLog;
use crate::views::optional_instant;

/// How the service is.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct System {
    /// The version of karez.
    version: &'static str,
    /// The business day here.
    today: NaiveDate,
    /// The last position of the log.
    log_position: Position,
    /// The last position that this node shows.
    position: Position,
    /// How many events it has not folded yet.
    lag_positions: u64,
    /// When the last fact that it shows became known.
    #[serde(serialize_with = "optional_instant")]
    data_as_at: Option<DateTime<Utc>>,
    /// The last day for which the rules were asked; far behind `today`, the sentinel does not run.
    last_day_evaluated: Option<NaiveDate>,
    /// Where the log lies.
    store: StoreHealth,
}

/// How the store is.
#[derive(Serialize, utoipa::ToSchema)]
struct StoreHealth {
    /// sqlite or postgres.
    backend: &'static str,
    /// What the database takes.
    size_bytes: u64,
    /// What is free on the disk of an embedded store; of a database server, nothing is known here.
    free_bytes: Option<u64>,
}

/// How the service is.
#[utoipa::path(get, path = "/v1/system", tag = "operations", responses((status = 200, description = "The answer.", body = System)))]
pub(crate) async fn show(State(gateway): State<Gateway>, asked: Asked) -> Result<Json<System>, Problem> {
    asked.none(&gateway)?;
    let log = &gateway.parts().log;
    let log_position = log.head().await?.position;
    let size_bytes = log.size_bytes().await?;
    let (backend, free_bytes) = match log {
        EventLog::Sqlite(_) => ("sqlite", free_bytes(Path::new(log.place()))),
        EventLog::Postgres(_) => ("postgres", None),
    };
    let portfolio = gateway.parts().follower.read();
    let position = portfolio.position();
    Ok(Json(System {
        version: env!("CARGO_PKG_VERSION"),
        today: gateway.today(),
        log_position,
        position,
        lag_positions: log_position.saturating_sub(position),
        data_as_at: portfolio.last_recorded_at(),
        last_day_evaluated: portfolio.last_day_evaluated(),
        store: StoreHealth {
            backend,
            size_bytes,
            free_bytes,
        },
    }))
}

fn free_bytes(place: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(place)
        .inspect_err(|error| tracing::warn!("the disk of the log says nothing about itself: {error}"))
        .ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}
