//! `karez bench`: measurements on this machine, in a store of their own.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use karez_events::Submission;

use super::context::Context;
use super::output;
use crate::bench::{BenchReport, Size, api, bus, fold, ingest, query, rules, workload};
use crate::bus::Intake;
use crate::clock::Clock;
use crate::serve::open_bus;
use crate::session::recording;
use crate::store::{EventLog, LogSettings, StoreLocation};
use crate::telemetry::Metrics;
use crate::trouble::{Exit, Trouble};

/// Facts that are made and recorded at once to fill a store.
const FILL: usize = 5_000;

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// What to measure
    what: What,
    /// Postings
    #[arg(long, default_value_t = 50_000)]
    events: usize,
    /// Projects they are spread over
    #[arg(long, default_value_t = 1_000)]
    projects: usize,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Live readers, for api
    #[arg(long, default_value_t = 100)]
    readers: usize,
    /// Print JSON in place of a table
    #[arg(long)]
    json: bool,
    /// Measure nothing; print the made-up facts, one submission a line, for `karez post` and other programs
    #[arg(long, conflicts_with = "json")]
    rows_only: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum What {
    /// Facts recorded durably, against bare inserts of the same rows
    Ingest,
    /// The fold of the log, against reading and decoding the same rows
    Fold,
    /// The pages, against reading and decoding the rows they come from
    Query,
    /// The API over connections of this machine: postings, pages, live readers
    Api,
    /// A daily run of every rule, and the way from a recorded fact to its warning
    Rules,
    /// Facts over NATS into the log, against messages that the servers only keep; name servers of its own with --nats
    Bus,
}

/// Measures in an empty `PostgreSQL` database where one is named, else in a folder that is removed afterwards.
pub(super) async fn run(context: &Context, args: &BenchArgs) -> Result<Exit, Trouble> {
    let size = Size {
        events: args.events.max(1),
        projects: args.projects.max(1),
        rounds: args.rounds.max(1),
    };
    if args.rows_only {
        return print_rows(size);
    }
    let folder = std::env::temp_dir().join(format!("karez-bench-{}", std::process::id()));
    let location = match &context.location {
        StoreLocation::Postgres(url) => StoreLocation::Postgres(url.clone()),
        StoreLocation::Sqlite(_) => StoreLocation::Sqlite(folder.clone()),
    };
    let log = EventLog::create_or_open(&location, LogSettings::default()).await?;
    let measured = measure(context, &log, args, size).await;
    drop(log);
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder).map_err(anyhow::Error::from)?;
    }
    let report = measured?;
    if args.json {
        output::line(&serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?)?;
    } else {
        output::line(&table(&report))?;
    }
    Ok(Exit::Done)
}

async fn measure(
    context: &Context,
    log: &EventLog,
    args: &BenchArgs,
    size: Size,
) -> Result<BenchReport, Trouble> {
    Ok(match args.what {
        What::Ingest => ingest::ingest(log, size).await?,
        What::Bus => bus::bus(log, &open_bus(&context.config.bus).await?, size).await?,
        What::Fold => {
            fill(log, size).await?;
            fold::fold(log, size).await?
        }
        What::Query => {
            fill(log, size).await?;
            query::query(log, size).await?
        }
        What::Api => {
            fill(log, size).await?;
            api::api(log, size, args.readers.max(1)).await?
        }
        What::Rules => {
            fill(log, size).await?;
            rules::rules(log, size).await?
        }
    })
}

async fn fill(log: &EventLog, size: Size) -> anyhow::Result<()> {
    anyhow::ensure!(
        log.head().await?.position == 0,
        "a bench needs an empty store: it fills it with made-up postings"
    );
    let metrics = Arc::new(Metrics::try_new()?);
    recording(log, Clock::system(), metrics, async |intake| {
        submit(&intake, workload::projects(size.projects)?).await?;
        // Made as they are recorded: ten millions at once would not fit into memory.
        for first in (0..size.events).step_by(FILL) {
            let count = FILL.min(size.events - first);
            submit(&intake, workload::postings("fill", first, count, size.projects)?).await?;
        }
        Ok(())
    })
    .await
}

async fn submit(intake: &Intake, made: Vec<Submission>) -> anyhow::Result<()> {
    for batch in made.chunks(FILL) {
        for outcome in intake.submit_all(batch.to_vec()).await {
            outcome?;
        }
    }
    Ok(())
}

fn print_rows(size: Size) -> Result<Exit, Trouble> {
    let print = |made: Vec<Submission>| -> Result<(), Trouble> {
        let lines = made
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<Vec<_>, _>>();
        output::line(&lines.map_err(anyhow::Error::from)?.join("\n"))
    };
    print(workload::projects(size.projects).map_err(anyhow::Error::from)?)?;
    for first in (0..size.events).step_by(FILL) {
        let count = FILL.min(size.events - first);
        print(workload::postings("rows", first, count, size.projects).map_err(anyhow::Error::from)?)?;
    }
    Ok(Exit::Done)
}

fn table(report: &BenchReport) -> String {
    let head = format!(
        "karez {} bench {} on {}, {} processors",
        report.version, report.bench, report.store, report.processors
    );
    let lines = report.lines.iter().map(|line| {
        let (shortest, longest) = line.spread_micros;
        let ratio = match (&line.ratio, &line.against) {
            (Some(ratio), Some(against)) => format!("  = {ratio} of: {against}"),
            (_, _) => String::new(),
        };
        let millis = |micros: u64| format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10);
        let (rate, what, median) = (line.per_second, &line.what, millis(line.median_micros));
        let slow = line.p99_micros.map(|slow| format!("p99 {} ms, ", millis(slow)));
        let (slow, shortest, longest) = (slow.unwrap_or_default(), millis(shortest), millis(longest));
        format!("{rate:>12}/s  {what}  (median {median} ms, {slow}{shortest}–{longest} ms){ratio}")
    });
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}
