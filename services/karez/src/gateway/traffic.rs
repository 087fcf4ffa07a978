//! How many requests there are and how long they take, by route: never by path, which holds identifiers.

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

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

/// A request under way.
pub(super) struct Underway {
    route: Option<MatchedPath>,
    method: Method,
    since: Stopwatch,
}

impl Underway {
    pub(super) fn begin(request: &Request) -> Self {
        Self {
            route: request.extensions().get::<MatchedPath>().cloned(),
            method: request.method().clone(),
            since: Stopwatch::start(),
        }
    }

    /// Counts the request: its answer is there.
    pub(super) fn end(self, traffic: &Traffic, status: StatusCode) {
        let route = self.route.as_ref().map_or("", MatchedPath::as_str);
        let method = self.method.as_str();
        traffic
            .seconds
            .with_label_values(&[route, method])
            .observe(self.since.elapsed().as_secs_f64());
        traffic
            .requests
            .with_label_values(&[route, method, status.as_str()])
            .inc();
    }
}
