//! How fast facts are recorded, durably, against the bare inserts of the same rows into the same store.

use std::sync::Arc;

use karez_events::{RawEvent, Submission};

use super::{Answers, BenchReport, CALLERS, Size, Times, by_callers, record, workload};
use crate::bus::Intake;
use crate::clock::{Clock, Stopwatch};
use crate::receipt::Outcome;
use crate::session;
use crate::store::{EventLog, Floor};
use crate::telemetry::Metrics;

/// Rows in one transaction of the bare inserts, and submissions in one batch.
const BATCH: usize = 1_000;

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
    let told = Arc::clone(&metrics);
    let measured = session::recording(log, Clock::system(), metrics, async |intake| {
        measure(log, &intake, &told, size).await
    });
    let ([bare, indexed, batched, deciding, committing], [callers, single]) = measured.await?;
    let floor = bare.line("bare inserts, 1,000 rows a transaction", size.events);
    let against_floor = |times: &Times, what| times.line(what, size.events).against(&floor);
    let lines = vec![
        against_floor(&indexed, "the same with two unique indexes, entered at once"),
        against_floor(&batched, "recorded in batches of 1,000, answered after commit"),
        against_floor(&deciding, "of these batches, deciding alone"),
        against_floor(&committing, "of these batches, the store alone"),
        callers
            .line("recorded one by one by 256 callers, answered after commit")
            .against(&floor),
        single
            .line("recorded one by one by 1 caller, answered after commit")
            .against(&floor),
    ];
    Ok(BenchReport::new(
        "ingest",
        log.backend(),
        [vec![floor], lines].concat(),
    ))
}

async fn measure(
    log: &EventLog,
    intake: &Intake,
    told: &Metrics,
    size: Size,
) -> anyhow::Result<([Times; 5], [Answers; 2])> {
    recorded(intake.submit_all(workload::projects(size.projects)?).await)?;
    let [mut bare, mut indexed, mut batched, mut deciding, mut committing] = [const { Times::empty() }; 5];
    let [mut callers, mut single]: [Answers; 2] = Default::default();
    let ask = async |intake: &mut &Intake, posting| record(intake, posting).await;
    for round in 0..size.rounds {
        let first = log.head().await?.position;
        let postings = workload::postings(&format!("batch-{round}"), 0, size.events, size.projects)?;
        let in_batches: Vec<_> = postings.chunks(BATCH).map(<[Submission]>::to_vec).collect();
        let (before, started) = (told.batch_time(), Stopwatch::start());
        for batch in in_batches {
            recorded(intake.submit_all(batch).await)?;
        }
        batched.add(started.elapsed());
        let after = told.batch_time();
        deciding.add(after.deciding.saturating_sub(before.deciding));
        committing.add(after.committing.saturating_sub(before.committing));

        let rows = rows_after(log, first, size.events).await?;
        bare.add(log.insert_bare(Floor::Bare, &rows, BATCH).await?);
        indexed.add(log.insert_bare(Floor::Indexed, &rows, BATCH).await?);

        let postings = workload::postings(&format!("callers-{round}"), 0, size.events, size.projects)?;
        by_callers(&mut vec![intake; CALLERS], postings, &mut callers, ask).await?;

        let few = workload::postings(
            &format!("single-{round}"),
            0,
            (size.events / 50).max(1),
            size.projects,
        )?;
        by_callers(&mut [intake], few, &mut single, ask).await?;
    }
    Ok(([bare, indexed, batched, deciding, committing], [callers, single]))
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
