//! How many requests there are and how long they take, by route: never by path, which holds identifiers.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::Gateway;
use crate::clock::Stopwatch;

/// The figures of the gateway.
#[derive(Debug)]
pub(crate) struct Traffic {
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl Traffic {
    pub(crate) fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "karez_http_requests_total",
                "Requests answered, by route, method and status.",
            ),
            &["route", "method", "status"],
        )?;
        let buckets = vec![
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0,
        ];
        let options = HistogramOpts::new(
            "karez_http_request_seconds",
            "Time from request to answer, by route and method.",
        );
        let seconds = HistogramVec::new(options.buckets(buckets), &["route", "method"])?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        Ok(Self { requests, seconds })
    }
}

/// Counts a request once its answer is there.
pub(crate) async fn count(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(String::new, |path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let stopwatch = Stopwatch::start();
    let response = next.run(request).await;
    let traffic = &gateway.0.traffic;
    traffic
        .seconds
        .with_label_values(&[&route, &method])
        .observe(stopwatch.elapsed().as_secs_f64());
    traffic
        .requests
        .with_label_values(&[&route, &method, &response.status().as_str().to_owned()])
        .inc();
    response
}
