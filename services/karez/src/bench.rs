//! Measurements of karez on this machine, as ratios within one run: what the recorder does against the same store's
//! bare batched inserts, what a fold does against reading and decoding the same rows.
//!
//! The rounds of what is compared are interleaved, so that a machine that drifts slows both alike.

pub mod fold;
pub mod ingest;
pub mod query;
pub mod rules;
pub mod workload;

use std::time::Duration;

use karez_events::Ratio;
use serde::Serialize;

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Postings.
    pub events: usize,
    /// Projects they are spread over.
    pub projects: usize,
    /// Rounds; the median counts.
    pub rounds: usize,
}

/// One measured line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// What was done.
    pub what: String,
    /// How often in a round.
    pub count: u64,
    /// Median time of a round, in microseconds.
    pub median_micros: u64,
    /// Shortest and longest round, in microseconds.
    pub spread_micros: (u64, u64),
    /// Done a second, at the median.
    pub per_second: u64,
    /// Rate of this line divided by the rate of the line it is compared with.
    pub ratio: Option<String>,
    /// That line.
    pub against: Option<String>,
}

/// Everything that one bench measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BenchReport {
    /// `ingest`, `fold`, `query` or `rules`.
    pub bench: &'static str,
    /// `sqlite` or `postgres`.
    pub store: &'static str,
    /// The version that was measured.
    pub version: &'static str,
    /// Processors of the machine.
    pub processors: usize,
    /// The lines.
    pub lines: Vec<Line>,
}

/// Times of one thing over the rounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) const fn empty() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub(crate) fn line(&self, what: &str, count: usize) -> Line {
        let mut micros: Vec<u64> = self
            .0
            .iter()
            .map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1))
            .collect();
        micros.sort_unstable();
        let at = |index: usize| micros.get(index).copied().unwrap_or(1);
        let median = at(micros.len() / 2);
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        Line {
            what: what.to_owned(),
            count,
            median_micros: median,
            spread_micros: (at(0), at(micros.len().saturating_sub(1))),
            per_second: count.saturating_mul(1_000_000) / median,
            ratio: None,
            against: None,
        }
    }
}

impl Line {
    /// Says how this line's rate stands to another's.
    #[must_use]
    pub fn against(mut self, other: &Line) -> Self {
        let counts = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let ratio = Ratio::of_counts(counts(self.per_second), counts(other.per_second).max(1));
        self.ratio = ratio
            .and_then(|ratio| ratio.rounded(2))
            .map(|ratio| ratio.to_string());
        self.against = Some(other.what.clone());
        self
    }
}

impl BenchReport {
    pub(crate) fn new(bench: &'static str, store: &'static str, lines: Vec<Line>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            bench,
            store,
            version: env!("CARGO_PKG_VERSION"),
            processors,
            lines,
        }
    }
}
