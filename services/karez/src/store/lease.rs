//! The right to write: one recorder at a time, and none that was replaced.

use karez_events::{Position, StreamId};

use super::heads::{Head, Heads};
use super::postgres::PostgresSeat;
use super::rows::{column, position};
use super::sqlite::SqliteSeat;
use super::{Batch, StoreError};

/// The writer's lease. Dropping it gives the seat to the next recorder that asks.
///
/// On `PostgreSQL` it is an advisory lock of one session, and appends run in that very session, so a broken
/// connection ends both; on `SQLite` it is a lock on the file `recorder.lock`, which ends with the process.
#[derive(Debug)]
pub struct WriterLease {
    seat: Seat,
    epoch: u64,
    position: Position,
    heads: Heads,
    place: String,
    lost: bool,
}

/// Where the writer sits.
#[derive(Debug)]
pub(super) enum Seat {
    Postgres(PostgresSeat),
    Sqlite(SqliteSeat),
}

/// The movement of the fence that goes with a batch. Where it moves no row, another recorder has taken over.
#[derive(Debug)]
pub(super) struct Fence {
    pub(super) epoch: i64,
    pub(super) expected: i64,
    pub(super) position: i64,
    pub(super) hash: Option<Vec<u8>>,
    pub(super) intake_seq: Option<i64>,
}

impl WriterLease {
    pub(super) async fn begin(mut seat: Seat, holder: &str, place: &str) -> Result<Self, StoreError> {
        let (epoch, last) = match &mut seat {
            Seat::Postgres(seat) => seat.open_epoch(holder).await?,
            Seat::Sqlite(seat) => seat.open_epoch(holder).await?,
        };
        let (epoch, last) = (position(epoch)?, position(last)?);
        Ok(Self {
            seat,
            epoch,
            position: last,
            heads: Heads::default(),
            place: place.to_owned(),
            lost: false,
        })
    }

    /// The number of this lease; every lease has a higher one than those before.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The last position that this writer knows to be recorded.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether this lease has ended: it records nothing any more, take a new one and look at the head first.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Records a batch, whole or not at all; when this returns `Ok`, it is on disk. `recorded_at` must not go back
    /// from event to event, since [`super::EventLog::position_at`] bisects over it.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when another recorder has taken over, [`StoreError::DuplicateEvent`] for an id that
    /// is taken, [`StoreError::OutOfOrder`] for a batch that does not continue the log, [`StoreError::DiskFull`],
    /// and [`StoreError::Unavailable`], after which the lease is lost and the batch may or may not be recorded:
    /// the head tells.
    pub async fn append(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        if self.lost {
            return Err(StoreError::LostLease);
        }
        let unknown = self.heads.to_look_up(batch.events);
        if !unknown.is_empty() {
            let found = self.look_up(&unknown).await.map_err(|error| self.note(error))?;
            self.heads.learn(found);
        }
        let plan = self.heads.plan(self.position, batch.events)?;
        let last = batch.events.last();
        let after = last.map_or(self.position, |event| event.position);
        let fence = Fence {
            epoch: column(self.epoch),
            expected: column(self.position),
            position: column(after),
            hash: last.map(|event| event.hash.0.to_vec()),
            intake_seq: batch.intake_seq.map(column),
        };
        // Until the answer is in, the lease counts as lost: a caller that stops waiting half-way cannot know
        // what was recorded, so it must not go on from here.
        self.lost = true;
        let appended = match &mut self.seat {
            Seat::Postgres(seat) => seat.append(&fence, &plan, batch).await,
            Seat::Sqlite(seat) => seat.append(&fence, &plan, batch).await,
        };
        self.lost = false;
        match appended {
            Ok(()) => {
                self.heads.commit(plan);
                self.position = after;
                Ok(())
            }
            Err(error) => Err(self.note(error)),
        }
    }

    async fn look_up(&mut self, streams: &[StreamId]) -> Result<Vec<(StreamId, Head)>, StoreError> {
        match &mut self.seat {
            Seat::Postgres(seat) => seat.stream_heads(streams).await,
            Seat::Sqlite(seat) => seat.stream_heads(streams).await,
        }
    }

    fn note(&mut self, error: StoreError) -> StoreError {
        if matches!(error, StoreError::LostLease | StoreError::Unavailable { .. }) {
            self.lost = true;
        }
        error.at(&self.place)
    }
}
