//! What operators see: log lines and metrics. Metrics are named `karez_<noun>_<unit>`, counters end in `_total`.

use std::io::IsTerminal;
use std::time::Duration;

use karez_events::Position;
use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::receipt::Outcome;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Plain,
    /// One JSON object a line, for collectors.
    Json,
}

/// Sends log lines to standard error. `filter` is in the words of `RUST_LOG`; empty means `info`.
///
/// # Errors
/// The filter cannot be read, or log lines go elsewhere already.
pub fn init_logging(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse(filter)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        // Whoever read the messages may have gone: that is no reason to stop working.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Plain => lines.try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("log lines cannot be set up: {error}"))
}

/// The figures of one process, in a registry of its own.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    appended: IntCounter,
    refused: IntCounterVec,
    duplicates: IntCounter,
    batch_events: Histogram,
    decide_seconds: Histogram,
    commit_seconds: Histogram,
    follower_lag: IntGaugeVec,
    queue: IntGauge,
    position: IntGauge,
    lease: IntGauge,
}

/// Upper ends of what a batch takes.
const BATCH_SECONDS: [f64; 11] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0];

/// What batches took at the recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchTime {
    /// Until they were decided.
    pub(crate) deciding: Duration,
    /// From there until they were on disk.
    pub(crate) committing: Duration,
}

impl Metrics {
    /// Every figure at zero.
    ///
    /// # Errors
    /// Two figures have one name: a fault of the program.
    pub fn try_new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        // Memory, processor time and open files, where the system tells them.
        #[cfg(target_os = "linux")]
        registry.register(Box::new(
            prometheus::process_collector::ProcessCollector::for_self(),
        ))?;
        let counter = |name: &str, help: &str| register(&registry, IntCounter::new(name, help)?);
        let gauge = |name: &str, help: &str| register(&registry, IntGauge::new(name, help)?);
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            register(
                &registry,
                Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?,
            )
        };
        let seconds = |name: &str, help: &str| histogram(name, help, &BATCH_SECONDS);
        Ok(Self {
            appended: counter(
                "karez_appended_events_total",
                "Events appended to the log by this process.",
            )?,
            refused: register(
                &registry,
                IntCounterVec::new(
                    Opts::new(
                        "karez_refused_submissions_total",
                        "Submissions refused and kept, by code.",
                    ),
                    &["code"],
                )?,
            )?,
            duplicates: counter(
                "karez_repeated_submissions_total",
                "Submissions answered with the first receipt.",
            )?,
            batch_events: histogram(
                "karez_batch_events",
                "Events in one transaction.",
                &[1.0, 4.0, 16.0, 64.0, 256.0, 1_000.0, 2_500.0, 5_000.0],
            )?,
            decide_seconds: seconds(
                "karez_decide_seconds",
                "Time from taking a batch until it is decided: looked up, judged, chained and folded.",
            )?,
            commit_seconds: seconds(
                "karez_commit_seconds",
                "Time from handing a batch to the store until it is on disk.",
            )?,
            follower_lag: register(
                &registry,
                IntGaugeVec::new(
                    Opts::new(
                        "karez_follower_lag_positions",
                        "Positions that a reader is behind the log.",
                    ),
                    &["follower"],
                )?,
            )?,
            queue: gauge(
                "karez_intake_waiting_submissions",
                "Submissions waiting for the recorder.",
            )?,
            position: gauge(
                "karez_log_last_position",
                "The last position of the log, as this process knows it.",
            )?,
            lease: gauge(
                "karez_recorder_lease_held",
                "1 while this process is the recorder.",
            )?,
            registry,
        })
    }

    /// The registry, for roles with figures of their own.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// All figures in Prometheus' text format.
    ///
    /// # Errors
    /// A figure cannot be written.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// Notes how far a reader is behind the log.
    pub fn lag(&self, follower: &str, positions: u64) {
        self.follower_lag
            .with_label_values(&[follower])
            .set(whole(positions));
    }

    pub(crate) fn follower_lag(&self, positions: u64) {
        self.lag("portfolio", positions);
    }

    pub(crate) fn lease_held(&self, held: bool) {
        self.lease.set(i64::from(held));
    }

    pub(crate) fn log_position(&self, position: Position) {
        self.position.set(whole(position));
    }

    pub(crate) fn queue_depth(&self, waiting: usize) {
        self.queue.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    pub(crate) fn committed(&self, events: usize, took: BatchTime, position: Position) {
        self.decide_seconds.observe(took.deciding.as_secs_f64());
        self.commit_seconds.observe(took.committing.as_secs_f64());
        // A batch has thousands of events at most, which every f64 holds.
        self.batch_events
            .observe(f64::from(u32::try_from(events).unwrap_or(u32::MAX)));
        self.log_position(position);
    }

    /// What all batches took so far.
    pub(crate) fn batch_time(&self) -> BatchTime {
        let sum = |seconds: &Histogram| Duration::from_secs_f64(seconds.get_sample_sum());
        BatchTime {
            deciding: sum(&self.decide_seconds),
            committing: sum(&self.commit_seconds),
        }
    }

    pub(crate) fn decided(&self, outcomes: &[Outcome]) {
        let mut appended = 0;
        for outcome in outcomes {
            match outcome {
                Outcome::Recorded(receipt) if receipt.replayed => self.duplicates.inc(),
                Outcome::Recorded(_) => appended += 1,
                Outcome::Refused(refusal) => self.refused.with_label_values(&[refusal.code.as_str()]).inc(),
            }
        }
        self.appended.inc_by(appended);
    }
}

fn register<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_named_by_noun_and_unit() {
        let metrics = Metrics::try_new().unwrap();
        let took = BatchTime {
            deciding: Duration::from_millis(1),
            committing: Duration::from_millis(2),
        };
        metrics.committed(3, took, 7);
        assert_eq!(metrics.batch_time(), took);
        metrics.lag("sentinel", 2);
        let text = metrics.render().unwrap();
        assert!(text.contains("karez_log_last_position 7"), "{text}");
        assert!(
            text.contains("karez_follower_lag_positions{follower=\"sentinel\"} 2"),
            "{text}"
        );
        assert!(
            text.lines()
                .filter(|line| !line.starts_with('#'))
                .all(|line| line.starts_with("karez_") || line.starts_with("process_")),
            "{text}"
        );
    }
}
