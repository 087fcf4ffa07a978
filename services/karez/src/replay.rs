//! Replay: the portfolio at a position, from the nearest snapshot and the log after it: from sealed segments, and from rows
//! where none are.

mod packed;

use crate::store::sealing::SealError;
use crate::store::{EventLog, SEGMENT_EVENTS, Segment, Snapshot, StoreError};
use crate::tasks::compute;
use futures::future::join;
use karez_events::{DecodeError, Position, RawEvent, RecordedEvent};
use karez_projections::Portfolio;
use tokio::sync::mpsc;

pub use packed::unpack;

/// Shape of snapshots and fingerprint of the code that folds: after a change of either the log is folded anew.
pub const SNAPSHOT_FORMAT: &str = concat!("portfolio/pieces/", env!("KAREZ_FOLD_FINGERPRINT"));

/// Events that are handed from decoding to folding at once: few enough to stay in the processor's caches.
pub(crate) const HANDFUL: usize = 256;
/// So many handfuls may wait to be folded.
const HANDFULS: usize = 4;

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

/// Folds the events after a portfolio's position into it, up to a position or the log's end. While some are folded, those
/// that follow are decoded, and what comes after them is read.
///
/// # Errors
/// As [`load_portfolio`].
pub async fn fold(log: &EventLog, portfolio: Portfolio, up_to: Position) -> Result<Portfolio, ReplayError> {
    let (to_fold, handfuls) = mpsc::channel(HANDFULS);
    let (give_back, used) = std::sync::mpsc::channel();
    let decoder = Decoder {
        reached: portfolio.position(),
        some: Vec::new(),
        plain: Vec::new(),
        to_fold,
        used,
    };
    let reading = read_on(log, decoder, up_to);
    let folding = compute(move || applied(portfolio, handfuls, &give_back));
    let (read, folded) = join(reading, folding).await;
    let folded = folded.map_err(ReplayError::Panicked)??;
    read.map(|()| folded)
}

async fn read_on(log: &EventLog, mut decoder: Decoder, up_to: Position) -> Result<(), ReplayError> {
    let mut next = Page::read(log, decoder.reached, up_to).await?;
    // Whoever folds has an error to tell where nobody takes any more.
    while let Some(page) = next.filter(|_| !decoder.to_fold.is_closed()) {
        let after_it = Page::read(log, page.end, up_to);
        let (this, following) = join(page.decode(log, decoder), after_it).await;
        (decoder, next) = (this?, following?);
    }
    Ok(())
}

/// Where the segment ends that begins after a position, or the one around it.
pub(crate) fn segment_end(after: Position) -> Position {
    (after / SEGMENT_EVENTS + 1) * SEGMENT_EVENTS
}

/// The events up to the end of a segment, or up to the position that is asked for.
struct Page {
    after: Position,
    end: Position,
    content: Content,
}

enum Content {
    Sealed(Segment),
    Rows(Vec<RawEvent>),
}

impl Page {
    /// What follows a position, from the sealed segment where there is one, else from the rows; `None` at the end.
    async fn read(log: &EventLog, after: Position, up_to: Position) -> Result<Option<Self>, StoreError> {
        if after >= up_to {
            return Ok(None);
        }
        let end = segment_end(after).min(up_to);
        let is_whole = end == segment_end(after);
        let segment = if is_whole { log.segment(after).await? } else { None };
        let content = match segment {
            Some(segment) => Content::Sealed(segment),
            None => Content::Rows(read_rows(log, after, end).await?),
        };
        Ok(Some(Self { after, end, content }))
    }

    /// On a thread for computing. Where a segment cannot be read, the rows take over for which it stands.
    async fn decode(self, log: &EventLog, decoder: Decoder) -> Result<Decoder, ReplayError> {
        let (decoder, rows) = match self.content {
            Content::Rows(rows) => (decoder, rows),
            Content::Sealed(segment) => {
                let taking = compute(move || decoder.take_segment(&segment));
                let (decoder, taken) = taking.await.map_err(ReplayError::Panicked)?;
                let Err(error) = taken else {
                    return Ok(decoder);
                };
                let (after, reached) = (self.after, decoder.reached);
                tracing::warn!(
                    after,
                    reached,
                    "a sealed segment cannot be read further, its rows take over: {error}"
                );
                let rows = read_rows(log, reached, self.end).await?;
                (decoder, rows)
            }
        };
        let taking = compute(move || decoder.take_rows(&rows));
        Ok(taking.await.map_err(ReplayError::Panicked)??)
    }
}

/// Decodes events and hands them over to whoever folds, some at a time.
struct Decoder {
    /// The position of the last event that was decoded.
    reached: Position,
    some: Vec<RecordedEvent>,
    /// Room for the bytes of a segment.
    plain: Vec<u8>,
    to_fold: mpsc::Sender<Vec<RecordedEvent>>,
    /// What was folded comes back: memory is freed faster about where it was taken, and folding has less to do.
    used: std::sync::mpsc::Receiver<Vec<RecordedEvent>>,
}

impl Decoder {
    fn take_segment(mut self, segment: &Segment) -> (Self, Result<(), String>) {
        let mut plain = std::mem::take(&mut self.plain);
        let taken = segment.each(&mut plain, |row| {
            self.take(&row).map_err(|error| error.to_string())
        });
        self.plain = plain;
        self.hand_over();
        (self, taken)
    }

    fn take_rows(mut self, rows: &[RawEvent]) -> Result<Self, DecodeError> {
        let taken = rows.iter().try_for_each(|row| self.take(row));
        self.hand_over();
        taken.map(|()| self)
    }

    fn take<Bytes: AsRef<[u8]>>(&mut self, row: &RawEvent<Bytes>) -> Result<(), DecodeError> {
        if self.some.len() == HANDFUL {
            self.hand_over();
        }
        self.some.push(row.decode()?);
        self.reached = row.position;
        Ok(())
    }

    fn hand_over(&mut self) {
        // Nobody takes them where the fold has ended with an error.
        drop(self.to_fold.blocking_send(std::mem::take(&mut self.some)));
        self.some = self.used.try_recv().unwrap_or_default();
        self.some.clear();
        self.some.reserve(HANDFUL);
    }
}

pub(crate) async fn read_rows(
    log: &EventLog,
    after: Position,
    up_to: Position,
) -> Result<Vec<RawEvent>, StoreError> {
    let count = usize::try_from(up_to.saturating_sub(after)).unwrap_or(usize::MAX);
    log.read(after, count).await
}

fn applied(
    mut portfolio: Portfolio,
    mut decoded: mpsc::Receiver<Vec<RecordedEvent>>,
    give_back: &std::sync::mpsc::Sender<Vec<RecordedEvent>>,
) -> Result<Portfolio, ReplayError> {
    while let Some(some) = decoded.blocking_recv() {
        for recorded in &some {
            let expected = portfolio.position() + 1;
            if recorded.position != expected {
                return Err(ReplayError::Gap {
                    expected,
                    found: recorded.position,
                });
            }
            portfolio.apply(recorded);
        }
        // Whoever decoded them has gone where these are the last.
        drop(give_back.send(some));
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
