//! How fast the log is folded, against reading and decoding the same rows alone.

use std::time::Duration;

use anyhow::Context;
use futures::{StreamExt, stream};
use karez_events::{Position, RawEvent, RecordedEvent};
use karez_projections::Portfolio;
use tokio::sync::Mutex;

use super::{BenchReport, Line, Size, Times};
use crate::clock::Stopwatch;
use crate::replay::{self, HANDFUL, load_portfolio, save_snapshot};
use crate::seal::{Newest, seal};
use crate::store::{EventLog, SEGMENT_EVENTS};
use crate::tasks::compute;

/// Rows that are read at once.
const PAGE: Position = 5_000;

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
        mut decoding_alone,
        mut folding_alone,
    ] = [const { Times::empty() }; 7];
    anyhow::ensure!(seal(log, head, &Newest::default()).await?, "the log has a gap");
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
        let folded = replay::fold(log, Portfolio::default(), head).await?;
        folding.add(started.elapsed());
        drop(folded);

        let started = Stopwatch::start();
        let loaded = load_portfolio(log, Some(head)).await?;
        snapshot.add(started.elapsed());
        drop(loaded);

        let (decoded, folded) = apart(log).await?;
        decoding_alone.add(decoded);
        folding_alone.add(folded);
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
        against(decoding_alone.line("decode events that lie in memory, one processor", count)),
        against(folding_alone.line("fold events that are decoded, one processor", count)),
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
    // As in replay: room for the bytes of a segment is used again.
    let rooms = Mutex::new(Vec::new());
    by_readers(sealed, SEGMENT_EVENTS, async |after| {
        let segment = log.segment(after).await?.context("a segment is missing")?;
        let decode = |row: RawEvent<&[u8]>| row.decode().map(drop).map_err(|error| error.to_string());
        let mut plain = rooms.lock().await.pop().unwrap_or_default();
        let decoding = compute(move || (segment.each(&mut plain, decode), plain));
        let (decoded, plain) = decoding.await?;
        rooms.lock().await.push(plain);
        decoded.map_err(anyhow::Error::msg)
    })
    .await
}

/// How long one processor decodes every event, and how long it folds what is decoded: a fold, which has one for each, cannot be
/// faster than either.
async fn apart(log: &EventLog) -> anyhow::Result<(Duration, Duration)> {
    let (mut portfolio, mut decoding, mut folding) = (Portfolio::default(), Duration::ZERO, Duration::ZERO);
    loop {
        let after = portfolio.position();
        let page = match log.segment(after).await? {
            Some(segment) => compute(move || segment.unpack())
                .await?
                .map_err(anyhow::Error::msg)?,
            None => log.read(after, usize::try_from(SEGMENT_EVENTS)?).await?,
        };
        if page.is_empty() {
            return Ok((decoding, folding));
        }
        (portfolio, decoding, folding) = compute(move || -> anyhow::Result<_> {
            for some in page.chunks(HANDFUL) {
                let started = Stopwatch::start();
                let mut decoded: Vec<RecordedEvent> = Vec::with_capacity(HANDFUL);
                for raw in some {
                    decoded.push(raw.decode()?);
                }
                decoding += started.elapsed();
                let started = Stopwatch::start();
                for recorded in decoded {
                    portfolio.apply(&recorded);
                }
                folding += started.elapsed();
            }
            Ok((portfolio, decoding, folding))
        })
        .await??;
    }
}

pub(super) async fn read(log: &EventLog, head: Position, decode: bool) -> anyhow::Result<()> {
    by_readers(head, PAGE, async |after| {
        let page = log.read(after, usize::try_from(PAGE)?).await?;
        if decode {
            compute(move || page.iter().try_for_each(|raw| raw.decode().map(drop))).await??;
        }
        Ok(())
    })
    .await
}

/// Reads a log page by page, with as many readers as there are processors.
async fn by_readers(
    head: Position,
    page: Position,
    read: impl AsyncFn(Position) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let starts = (0..head.div_ceil(page)).map(|number| number * page);
    let readers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut pages = stream::iter(starts)
        .map(|after| read(after))
        .buffer_unordered(readers);
    while let Some(page) = pages.next().await {
        page?;
    }
    Ok(())
}
