//! How fast the log is folded, against reading and decoding the same rows alone.

use anyhow::Context;
use karez_events::Position;
use karez_projections::Portfolio;

use super::{BenchReport, Line, Size, Times};
use crate::clock::Stopwatch;
use crate::replay::{self, load_portfolio, save_snapshot};
use crate::store::{EventLog, SEGMENT_EVENTS};

/// Events that are read at once.
const PAGE: usize = 5_000;

/// Measures on what the store holds, and seals what of it is closed.
///
/// # Errors
/// The store is empty or cannot be read.
pub async fn fold(log: &EventLog, size: Size) -> anyhow::Result<BenchReport> {
    let head = log.head().await?.position;
    anyhow::ensure!(head > 0, "there is nothing to fold: fill the store first");
    let [
        mut reading,
        mut decoding,
        mut unpacking,
        mut folding,
        mut snapshot,
    ] = [const { Times::empty() }; 5];
    replay::seal(log, head).await?;
    let sealed = log.sealed_up_to().await?;
    save_snapshot(log, replay::fold(log, Portfolio::default(), head).await?).await?;
    for _ in 0..size.rounds {
        let started = Stopwatch::start();
        read(log, head, false).await?;
        reading.add(started.elapsed());

        let started = Stopwatch::start();
        read(log, head, true).await?;
        decoding.add(started.elapsed());

        let started = Stopwatch::start();
        read_sealed(log, sealed).await?;
        unpacking.add(started.elapsed());

        let started = Stopwatch::start();
        replay::fold(log, Portfolio::default(), head).await?;
        folding.add(started.elapsed());

        let started = Stopwatch::start();
        load_portfolio(log, Some(head)).await?;
        snapshot.add(started.elapsed());
    }
    let events = |position| usize::try_from(position).unwrap_or(usize::MAX);
    let count = events(head);
    let decoded = decoding.line("read and decode every event", count);
    let against = |line: Line| line.against(&decoded);
    let mut lines = vec![
        decoded.clone(),
        against(reading.line("read every row", count)),
        against(folding.line("fold from the start", count)),
        against(snapshot.line("fold from the snapshot", count)),
    ];
    // A log shorter than a segment has none.
    if sealed > 0 {
        lines.insert(
            2,
            against(unpacking.line("read and decode every sealed event", events(sealed))),
        );
    }
    Ok(BenchReport::new("fold", log.backend(), lines))
}

async fn read_sealed(log: &EventLog, sealed: Position) -> anyhow::Result<()> {
    let mut after = 0;
    while after < sealed {
        let segment = log.segment(after).await?.context("a segment is missing")?;
        drop(segment.decode().map_err(anyhow::Error::msg)?);
        after += SEGMENT_EVENTS;
    }
    Ok(())
}

pub(super) async fn read(log: &EventLog, head: Position, decode: bool) -> anyhow::Result<()> {
    let mut after = 0;
    while after < head {
        let page = log.read(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        if decode {
            for raw in &page {
                raw.decode()?;
            }
        }
    }
    Ok(())
}
