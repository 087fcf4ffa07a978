//! How fast the log is folded, against reading and decoding the same rows alone.

use karez_events::Position;
use karez_projections::Portfolio;

use super::{BenchReport, Size, Times};
use crate::clock::Stopwatch;
use crate::replay::{self, load_portfolio, save_snapshot};
use crate::store::EventLog;

/// Events that are read at once.
const PAGE: usize = 5_000;

/// Measures on what the store holds.
///
/// # Errors
/// The store is empty or cannot be read.
pub async fn fold(log: &EventLog, size: Size) -> anyhow::Result<BenchReport> {
    let head = log.head().await?.position;
    anyhow::ensure!(head > 0, "there is nothing to fold: fill the store first");
    let [mut reading, mut decoding, mut folding, mut snapshot] = [const { Times::empty() }; 4];
    save_snapshot(log, replay::fold(log, Portfolio::default(), head).await?).await?;
    for _ in 0..size.rounds {
        let started = Stopwatch::start();
        read(log, head, false).await?;
        reading.add(started.elapsed());

        let started = Stopwatch::start();
        read(log, head, true).await?;
        decoding.add(started.elapsed());

        let started = Stopwatch::start();
        replay::fold(log, Portfolio::default(), head).await?;
        folding.add(started.elapsed());

        let started = Stopwatch::start();
        load_portfolio(log, Some(head)).await?;
        snapshot.add(started.elapsed());
    }
    let count = usize::try_from(head).unwrap_or(usize::MAX);
    let decoded = decoding.line("read and decode every event", count);
    let lines = vec![
        reading.line("read every row", count).against(&decoded),
        folding.line("fold from the start", count).against(&decoded),
        snapshot.line("fold from the snapshot", count).against(&decoded),
    ];
    Ok(BenchReport::new(
        "fold",
        log.backend(),
        [vec![decoded], lines].concat(),
    ))
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
