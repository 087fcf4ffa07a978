//! GET /healthz, /readyz and /metrics: for those who run the service.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Gateway;
use super::problem::Problem;

/// How long the log may take to answer before the node is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the node is.
#[derive(Serialize, utoipa::ToSchema)]
struct Health {
    status: &'static str,
    position: u64,
    log_position: Option<u64>,
}

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operations",
    responses((status = 200, description = "The process answers.", body = Health))
)]
pub(crate) async fn alive(State(gateway): State<Gateway>) -> Response {
    Json(Health {
        status: "alive",
        position: gateway.parts().follower.position(),
        log_position: None,
    })
    .into_response()
}

/// The log answers and this node knows what it says.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses((status = 200, description = "The log answers, and this node knows what it says.", body = Health))
)]
pub(crate) async fn ready(State(gateway): State<Gateway>) -> Result<Response, Problem> {
    let head = tokio::time::timeout(PATIENCE, gateway.parts().log.head()).await;
    let head = head.map_err(|_| not_ready("账本未及时应答", "the log does not answer in time"))??;
    if !gateway.parts().follower.wait_for(head.position, PATIENCE).await {
        return Err(not_ready(
            "尚未读完账本",
            "the log has not been read to its end yet",
        ));
    }
    let position = gateway.parts().follower.position();
    Ok(Json(Health {
        status: "ready",
        position,
        log_position: Some(head.position),
    })
    .into_response())
}

/// Every figure of the process, in Prometheus' text format.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "Figures of the process.", body = String, content_type = "text/plain"))
)]
pub(crate) async fn metrics(State(gateway): State<Gateway>) -> Result<Response, Problem> {
    let text = gateway.parts().metrics.render().map_err(|error| {
        tracing::error!("metrics cannot be written: {error}");
        Problem::internal()
    })?;
    Ok((
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response())
}

fn not_ready(zh: &str, en: &str) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "not_ready",
        zh.to_owned(),
        en.to_owned(),
    )
    .retry()
}
