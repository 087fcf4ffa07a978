//! Replay: the portfolio at a position, from the nearest snapshot and the log after it: from sealed segments, and from rows
//! where none are.

mod packed;

use crate::store::sealing::SealError;
use crate::store::{EventLog, SEGMENT_EVENTS, Segment, Snapshot, StoreError, gathered};
use crate::tasks::compute;
use futures::future::join;
use futures::{StreamExt, TryStreamExt, stream};
use karez_events::{DecodeError, Position, RawEvent, RecordedEvent};
use karez_projections::Portfolio;

pub use packed::unpack;

/// Shape of snapshots and fingerprint of the code that folds: after a change of either the log is folded anew.
pub const SNAPSHOT_FORMAT: &str = concat!("portfolio/pieces/", env!("KAREZ_FOLD_FINGERPRINT"));

/// Why the log cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event that this version cannot read.
    #[error("the log cannot be folded: {0}")]
    Undecodable(#[from] DecodeError),
    /// Positions are gapless, or somebody has removed events.
    #[error("the log has no position {expected}, it goes on with {found}: run `karez audit verify`")]
    Gap {
        /// The position that should have come.
        expected: Position,
        /// The one that came.
        found: Position,
    },
    /// An event over which the fold, or the reading of it, breaks: a fault of this program.
    #[error("the log cannot be folded: {0}")]
    Panicked(anyhow::Error),
    /// Personal fields cannot be sealed or opened.
    #[error(transparent)]
    Sealing(SealError),
    /// A snapshot cannot be packed.
    #[error("a snapshot cannot be packed: {0}")]
    Snapshot(String),
    /// A segment cannot be packed.
    #[error("a segment cannot be packed: {0}")]
    Segment(String),
}

impl From<SealError> for ReplayError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Store(error) => Self::Store(error),
            SealError::AlreadySealed { .. } | SealError::Cipher(_) => Self::Sealing(error),
        }
    }
}

/// The portfolio as the log says it, at a position or at the end.
///
/// # Errors
/// [`ReplayError`] says where the log cannot be read.
pub async fn load_portfolio(log: &EventLog, up_to: Option<Position>) -> Result<Portfolio, ReplayError> {
    // A snapshot may be of a later log than this one, where an older copy of the database was put back.
    let head = log.head().await?.position;
    let at_most = up_to.map_or(head, |up_to| up_to.min(head));
    let portfolio = match log.latest_snapshot(SNAPSHOT_FORMAT, at_most).await? {
        Some(snapshot) => unpacked(snapshot).await,
        None => Portfolio::default(),
    };
    fold(log, portfolio, at_most).await
}

/// Folds the events after a portfolio's position into it, up to a position or the log's end. While one page of them is
/// folded, others are read and decoded.
///
/// # Errors
/// As [`load_portfolio`].
pub async fn fold(log: &EventLog, portfolio: Portfolio, up_to: Position) -> Result<Portfolio, ReplayError> {
    let pages = std::iter::successors(Some(portfolio.position()), |after| Some(segment_end(*after)));
    let pages = pages.take_while(|after| *after < up_to);
    let ahead = std::thread::available_parallelism().map_or(1, usize::from);
    let mut pages = stream::iter(pages)
        .map(|after| decoded(log, after, up_to))
        .buffered(ahead);
    let mut folded = portfolio;
    let mut next = pages.try_next().await?;
    while let Some(page) = next {
        let (portfolio, after_it) = join(compute(move || applied(folded, page)), pages.try_next()).await;
        (folded, next) = (portfolio.map_err(ReplayError::Panicked)??, after_it?);
    }
    Ok(folded)
}

/// Where the segment ends that begins after a position, or the one around it.
fn segment_end(after: Position) -> Position {
    (after / SEGMENT_EVENTS + 1) * SEGMENT_EVENTS
}

/// The events after a position up to the end of their segment, decoded beside whoever waits for them: from the sealed
/// segment where there is one, else from the rows.
async fn decoded(
    log: &EventLog,
    after: Position,
    up_to: Position,
) -> Result<Vec<RecordedEvent>, ReplayError> {
    let end = segment_end(after);
    if end <= up_to
        && let Some(segment) = log.segment(after).await?
        && let Some(events) = decode_segment(segment).await?
    {
        return Ok(events);
    }
    let page = read_rows(log, after, end.min(up_to)).await?;
    let decoded = compute(move || decode(&page));
    Ok(decoded.await.map_err(ReplayError::Panicked)??)
}

async fn read_rows(log: &EventLog, after: Position, up_to: Position) -> Result<Vec<RawEvent>, StoreError> {
    let count = usize::try_from(up_to.saturating_sub(after)).unwrap_or(usize::MAX);
    log.read(after, count).await
}

fn decode(page: &[RawEvent]) -> Result<Vec<RecordedEvent>, DecodeError> {
    gathered(page.iter().map(RawEvent::decode))
}

/// The events of a segment; `None` where it holds none, for its rows do.
async fn decode_segment(segment: Segment) -> Result<Option<Vec<RecordedEvent>>, ReplayError> {
    let after = segment.after;
    let decoded = compute(move || segment.decode());
    match decoded.await.map_err(ReplayError::Panicked)? {
        Ok(events) => Ok(Some(events)),
        Err(error) => {
            tracing::warn!(after, "a sealed segment cannot be read, its rows are: {error}");
            Ok(None)
        }
    }
}

/// Seals every range that is closed by a position and not sealed yet, one after the other.
///
/// # Errors
/// The store, or a segment that cannot be packed.
pub async fn seal(log: &EventLog, up_to: Position) -> Result<(), ReplayError> {
    let mut after = log.sealed_up_to().await?;
    while segment_end(after) <= up_to {
        let page = read_rows(log, after, segment_end(after)).await?;
        let packed = compute(move || Segment::pack(after, &page));
        let segment = packed.await.map_err(ReplayError::Panicked)?;
        log.save_segment(&segment.map_err(ReplayError::Segment)?).await?;
        after = segment_end(after);
    }
    Ok(())
}

fn applied(mut portfolio: Portfolio, page: Vec<RecordedEvent>) -> Result<Portfolio, ReplayError> {
    for recorded in page {
        let expected = portfolio.position() + 1;
        if recorded.position != expected {
            return Err(ReplayError::Gap {
                expected,
                found: recorded.position,
            });
        }
        portfolio.apply(&recorded);
    }
    Ok(portfolio)
}

/// Writes a portfolio down. What is derived is not worth a failure: callers go on without it.
///
/// # Errors
/// It cannot be packed or stored.
pub async fn save_snapshot(log: &EventLog, portfolio: Portfolio) -> Result<(), ReplayError> {
    let position = portfolio.position();
    let packed = compute(move || packed::pack(&portfolio));
    let bytes = packed
        .await
        .map_err(|error| error.to_string())
        .and_then(|packed| packed);
    let bytes = bytes.map_err(ReplayError::Snapshot)?;
    log.save_snapshot(&Snapshot {
        position,
        format: SNAPSHOT_FORMAT.to_owned(),
        bytes,
    })
    .await?;
    Ok(())
}

/// Takes a snapshot of the log at a position from the one before, beside whoever is recording.
///
/// # Errors
/// As [`load_portfolio`] and [`save_snapshot`].
pub async fn refresh_snapshot(log: &EventLog, at: Position) -> Result<(), ReplayError> {
    save_snapshot(log, load_portfolio(log, Some(at)).await?).await
}

/// A snapshot that cannot be read costs time, nothing else: the log is folded from the start.
async fn unpacked(snapshot: Snapshot) -> Portfolio {
    let position = snapshot.position;
    let unpacked = compute(move || unpack(&snapshot.bytes));
    match unpacked
        .await
        .map_err(|error| error.to_string())
        .and_then(|unpacked| unpacked)
    {
        Ok(portfolio) if portfolio.position() == position => portfolio,
        Ok(_) => Portfolio::default(),
        Err(error) => {
            tracing::warn!(
                "the snapshot at {position} cannot be read, the log is folded from its start: {error}"
            );
            Portfolio::default()
        }
    }
}
