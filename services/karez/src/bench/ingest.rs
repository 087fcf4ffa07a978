//! How fast facts are recorded, durably, against the bare inserts of the same rows into the same store.

use std::sync::Arc;

use futures::future::join_all;
use karez_events::{RawEvent, Submission};

use super::{BenchReport, Size, Times, workload};
use crate::bus::Intake;
use crate::clock::{Clock, Stopwatch};
use crate::receipt::Outcome;
use crate::session;
use crate::store::{EventLog, Floor};
use crate::telemetry::Metrics;

/// Rows in one transaction of the bare inserts, and submissions in one batch.
const BATCH: usize = 1_000;
/// Callers that each wait for their own answer before they post again.
const CALLERS: usize = 256;

/// Measures into an empty store; it is full afterwards.
///
/// # Errors
/// The store is not empty or cannot be written.
pub async fn ingest(log: &EventLog, size: Size) -> anyhow::Result<BenchReport> {
    anyhow::ensure!(
        log.head().await?.position == 0,
        "a bench needs an empty store: it fills it with made-up postings"
    );
    let metrics = Arc::new(Metrics::try_new()?);
    let measured = session::recording(log, Clock::system(), metrics, async |intake| {
        measure(log, &intake, size).await
    });
    let [bare, indexed, batched, callers, single] = measured.await?;
    let few = (size.events / 50).max(1);
    let floor = bare.line("bare inserts, 1,000 rows a transaction", size.events);
    let lines = vec![
        indexed
            .line("the same with two unique indexes, entered at once", size.events)
            .against(&floor),
        batched
            .line("recorded in batches of 1,000, answered after commit", size.events)
            .against(&floor),
        callers
            .line(
                "recorded one by one by 256 callers, answered after commit",
                size.events,
            )
            .against(&floor),
        single
            .line("recorded one by one by 1 caller, answered after commit", few)
            .against(&floor),
    ];
    Ok(BenchReport::new(
        "ingest",
        log.backend(),
        [vec![floor], lines].concat(),
    ))
}

async fn measure(log: &EventLog, intake: &Intake, size: Size) -> anyhow::Result<[Times; 5]> {
    recorded(intake.submit_all(workload::projects(size.projects)?).await)?;
    let [mut bare, mut indexed, mut batched, mut callers, mut single] = [const { Times::empty() }; 5];
    for round in 0..size.rounds {
        let first = log.head().await?.position;
        let postings = workload::postings(&format!("batch-{round}"), 0, size.events, size.projects)?;
        let in_batches: Vec<_> = postings.chunks(BATCH).map(<[Submission]>::to_vec).collect();
        let started = Stopwatch::start();
        for batch in in_batches {
            recorded(intake.submit_all(batch).await)?;
        }
        batched.add(started.elapsed());

        let rows = rows_after(log, first, size.events).await?;
        bare.add(log.insert_bare(Floor::Bare, &rows, BATCH).await?);
        indexed.add(log.insert_bare(Floor::Indexed, &rows, BATCH).await?);

        let postings = workload::postings(&format!("callers-{round}"), 0, size.events, size.projects)?;
        callers.add(by_callers(intake, postings, CALLERS).await?);

        let few = workload::postings(
            &format!("single-{round}"),
            0,
            (size.events / 50).max(1),
            size.projects,
        )?;
        single.add(by_callers(intake, few, 1).await?);
    }
    Ok([bare, indexed, batched, callers, single])
}

async fn rows_after(log: &EventLog, after: u64, count: usize) -> anyhow::Result<Vec<RawEvent>> {
    let mut rows: Vec<RawEvent> = Vec::with_capacity(count);
    while rows.len() < count {
        let after = rows.last().map_or(after, |row| row.position);
        let page = log.read(after, BATCH * 5).await?;
        anyhow::ensure!(!page.is_empty(), "the log ends before what was just recorded");
        rows.extend(page);
    }
    rows.truncate(count);
    Ok(rows)
}

async fn by_callers(
    intake: &Intake,
    postings: Vec<Submission>,
    callers: usize,
) -> anyhow::Result<std::time::Duration> {
    let mut shares: Vec<Vec<Submission>> = vec![Vec::new(); callers];
    for (number, posting) in postings.into_iter().enumerate() {
        if let Some(share) = shares.get_mut(number % callers) {
            share.push(posting);
        }
    }
    let started = Stopwatch::start();
    let each = shares.into_iter().map(|share| async move {
        for posting in share {
            recorded(vec![intake.submit(posting).await])?;
        }
        anyhow::Ok(())
    });
    join_all(each).await.into_iter().collect::<anyhow::Result<()>>()?;
    Ok(started.elapsed())
}

fn recorded(outcomes: Vec<Result<Outcome, crate::bus::IntakeError>>) -> anyhow::Result<()> {
    for outcome in outcomes {
        match outcome? {
            Outcome::Recorded(_) => {}
            Outcome::Refused(refusal) => {
                anyhow::bail!("a made-up posting was refused: {}", refusal.message_en)
            }
        }
    }
    Ok(())
}
