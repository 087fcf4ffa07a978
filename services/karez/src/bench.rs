//! Measurements of karez on this machine, as ratios within one run: what the recorder does against the same store's
//! bare batched inserts, what a fold does against reading and decoding the same rows.
//!
//! The rounds of what is compared are interleaved, so that a machine that drifts slows both alike.

pub mod api;
pub mod bus;
pub mod fold;
pub mod ingest;
pub mod query;
pub mod rules;
pub mod workload;

use std::time::Duration;

use futures::future::try_join_all;
use karez_events::{Ratio, Submission};
use serde::Serialize;

use crate::bus::Intake;
use crate::clock::Stopwatch;
use crate::receipt::Outcome;

/// Callers that each wait for their own answer before they ask again.
const CALLERS: usize = 256;

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
    /// The time that one in a hundred takes longer than, in microseconds, where each was timed by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_micros: Option<u64>,
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
    /// `ingest`, `fold`, `query`, `rules`, `api` or `bus`.
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
        let micros = self.sorted_micros();
        let at = |index: usize| micros.get(index).copied().unwrap_or(1);
        let median = at(micros.len() / 2);
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        Line {
            what: what.to_owned(),
            count,
            median_micros: median,
            spread_micros: (at(0), at(micros.len().saturating_sub(1))),
            p99_micros: None,
            per_second: count.saturating_mul(1_000_000) / median,
            ratio: None,
            against: None,
        }
    }

    /// A line of things that were timed one by one, some of them at the same time: `together` is how long all took.
    pub(crate) fn line_of_each(&self, what: &str, count: usize, together: Duration) -> Line {
        let micros = self.sorted_micros();
        let slow = micros.get(micros.len() * 99 / 100).copied();
        let line = self.line(what, count);
        let together = u64::try_from(together.as_micros()).unwrap_or(u64::MAX).max(1);
        Line {
            p99_micros: slow,
            per_second: line.count.saturating_mul(1_000_000) / together,
            ..line
        }
    }

    fn sorted_micros(&self) -> Vec<u64> {
        let micros = |took: &Duration| u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let mut micros: Vec<u64> = self.0.iter().map(micros).collect();
        micros.sort_unstable();
        micros
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

/// Times of single requests, and how long all of them took together.
#[derive(Default)]
struct Answers {
    each: Times,
    together: Duration,
    count: usize,
}

impl Answers {
    fn add(&mut self, each: Vec<Duration>, together: Duration) {
        self.count += each.len();
        self.together += together;
        for took in each {
            self.each.add(took);
        }
    }

    fn line(&self, what: &str) -> Line {
        self.each.line_of_each(what, self.count, self.together)
    }
}

/// Each caller asks for its share by its own way, one after the other.
async fn by_callers<Way, Asked>(
    callers: &mut [Way],
    asked: Vec<Asked>,
    answers: &mut Answers,
    ask: impl AsyncFn(&mut Way, Asked) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut shares: Vec<(&mut Way, Vec<Asked>)> =
        callers.iter_mut().map(|caller| (caller, Vec::new())).collect();
    let count = shares.len().max(1);
    for (share, one) in (0..count).cycle().zip(asked) {
        if let Some((_, share)) = shares.get_mut(share) {
            share.push(one);
        }
    }
    let started = Stopwatch::start();
    let ask = &ask;
    let each = shares.into_iter().map(|(caller, share)| async move {
        let mut took = Vec::with_capacity(share.len());
        for one in share {
            let asked = Stopwatch::start();
            ask(caller, one).await?;
            took.push(asked.elapsed());
        }
        anyhow::Ok(took)
    });
    let each = try_join_all(each).await?.concat();
    answers.add(each, started.elapsed());
    Ok(())
}

async fn record(intake: &Intake, posting: Submission) -> anyhow::Result<()> {
    match intake.submit(posting).await? {
        Outcome::Recorded(_) => Ok(()),
        Outcome::Refused(refusal) => anyhow::bail!("refused: {}", refusal.message_en),
    }
}
