//! How fast facts come over `JetStream` into the log, against messages of the same content that the servers only keep: what
//! waits for the recorder, and from a sender to its answer after the commit.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use futures::{StreamExt, stream};
use karez_events::{Position, Submission};

use super::{Answers, BenchReport, CALLERS, Line, Size, Times, by_callers, record, workload};
use crate::bus::{Bus, Intake, JetStreamBus};
use crate::clock::{Clock, Stopwatch};
use crate::session::recording_from;
use crate::store::EventLog;
use crate::telemetry::Metrics;

/// Messages on their way at once.
const WINDOW: usize = 500;
/// Postings of a round at least: more than the recorder takes into one batch.
const LEAST: usize = 10_000;
/// Between two looks at how far the log is.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Measures into an empty store from servers that nobody else uses; both are full afterwards.
///
/// # Errors
/// The store or the intake is not empty, or one of them does not do what it is asked.
pub async fn bus(log: &EventLog, bus: &Bus, size: Size) -> anyhow::Result<BenchReport> {
    let nats = bus
        .publishes()
        .context("this is measured over NATS: name servers of its own with --nats URL")?;
    anyhow::ensure!(
        log.head().await?.position == 0 && !nats.has_intake().await?,
        "a bench fills the store and the servers with made-up postings: name an empty store and servers of its own"
    );
    let metrics = Arc::new(Metrics::try_new()?);
    let bench = Bench {
        log,
        bus,
        nats,
        metrics,
    };
    // With three servers each message is written six times, on the feed as well: far fewer do.
    let count = (size.events / 10).max(LEAST);
    let [mut kept, mut together, mut drained, mut batched] = [const { Times::empty() }; 4];
    let mut callers = Answers::default();
    bench.recorded(workload::projects(size.projects)?).await?;
    for round in 0..size.rounds {
        let made = |what: &str| workload::postings(&format!("{what}-{round}"), 0, count, size.projects);
        kept.add(bench.kept(&made("kept")?, false).await?);
        together.add(bench.kept(&made("kept")?, true).await?);
        drained.add(bench.drained(made("drained")?).await?);
        batched.add(bench.recorded(made("batched")?).await?);
        bench.by_callers(made("callers")?, &mut callers).await?;
    }
    let kept = kept.line("kept by the servers, nothing else, 500 at once", count);
    let lines = vec![
        together.line("kept by the servers, nothing else, in batches of 500", count),
        drained.line("drained from the intake into the log", count),
        batched.line("submitted together, answered after commit", count),
        callers.line("submitted one by one by 256 callers, answered after commit"),
    ];
    let mut lines: Vec<Line> = lines.into_iter().map(|line| line.against(&kept)).collect();
    lines.insert(0, kept);
    Ok(BenchReport::new("bus", log.backend(), lines))
}

struct Bench<'a> {
    log: &'a EventLog,
    bus: &'a Bus,
    nats: &'a JetStreamBus,
    metrics: Arc<Metrics>,
}

impl Bench<'_> {
    /// How long the servers take to keep messages of this content, one by one or together.
    async fn kept(&self, postings: &[Submission], together: bool) -> anyhow::Result<Duration> {
        let payloads = postings
            .iter()
            .map(|posting| serde_json::to_vec(posting).map(Bytes::from));
        let payloads = payloads.collect::<Result<Vec<_>, _>>()?;
        Ok(self.nats.keep_bare(payloads, WINDOW, together).await?)
    }

    /// How long the log takes from the first of the postings to the last, which all wait already.
    async fn drained(&self, postings: Vec<Submission>) -> anyhow::Result<Duration> {
        let intake = self.bus.intake();
        let last = self.log.head().await?.position + u64::try_from(postings.len())?;
        let mut handed_in = stream::iter(postings)
            .map(|posting| {
                let origin = crate::bus::Origin::of("bench");
                intake.hand_in(posting, origin)
            })
            .buffered(WINDOW);
        while let Some(kept) = handed_in.next().await {
            kept?;
        }
        self.recording(async |_| {
            let before = self.log.head().await?.position;
            self.reach(before + 1).await?;
            // From the first commit on, without what it takes to begin.
            let (first, started) = (self.log.head().await?.position, Stopwatch::start());
            self.reach(last).await?;
            let (all, rest) = (u32::try_from(last - before)?, u32::try_from(last - first)?);
            Ok(started.elapsed() * all / rest.max(1))
        })
        .await
    }

    async fn reach(&self, position: Position) -> anyhow::Result<()> {
        while self.log.head().await?.position < position {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// How long it takes until all of these are answered.
    async fn recorded(&self, submissions: Vec<Submission>) -> anyhow::Result<Duration> {
        self.recording(async |intake| {
            self.begin(&intake).await?;
            let started = Stopwatch::start();
            for outcome in intake.submit_all(submissions).await {
                outcome?;
            }
            Ok(started.elapsed())
        })
        .await
    }

    async fn by_callers(&self, postings: Vec<Submission>, answers: &mut Answers) -> anyhow::Result<()> {
        self.recording(async |intake| {
            self.begin(&intake).await?;
            let ask = async |intake: &mut &Intake, posting| record(intake, posting).await;
            by_callers(&mut vec![&intake; CALLERS], postings, answers, ask).await
        })
        .await
    }

    /// The recorder has read the log and opened the intake when this is recorded.
    async fn begin(&self, intake: &Intake) -> anyhow::Result<()> {
        let run = self.log.head().await?.position.to_string();
        for fact in workload::projects(1)?
            .into_iter()
            .chain(workload::postings(&run, 0, 1, 1)?)
        {
            record(intake, fact).await?;
        }
        Ok(())
    }

    async fn recording<T>(&self, work: impl AsyncFnOnce(Intake) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let (bus, metrics) = (self.bus.clone(), Arc::clone(&self.metrics));
        recording_from(self.log, bus, Clock::system(), metrics, work).await
    }
}
