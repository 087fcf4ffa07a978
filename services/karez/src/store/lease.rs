//! The right to write: one recorder at a time, and none that was replaced.

use std::collections::HashMap;
use std::time::Duration;

use karez_events::{Position, StreamId};
use uuid::Uuid;

use super::heads::{Head, Heads};
use super::known_ids::KnownIds;
use super::postgres::PostgresSeat;
use super::rows::{column, position};
use super::sqlite::SqliteSeat;
use super::tail::{Entry, PART_POSITIONS, Slice, Tail};
use super::{Batch, StoreError};
use crate::clock::Stopwatch;

/// After so long what is gathered is entered with the batches that follow, however little it is: readers look through it.
const LONGEST_GATHERING: Duration = Duration::from_secs(5);
/// Nothing is entered with batches for so long after the database has refused it.
const AFTER_A_REFUSAL: Duration = Duration::from_secs(10);
/// Rows that one statement of `SQLite` enters at most.
pub(super) const MOST_A_STATEMENT: usize = 1_024;
/// Events that are entered into the index at once while nothing else is recorded: what comes then waits for so many.
const ENTERED_AT_REST: usize = 2 * MOST_A_STATEMENT;
/// Events that a batch enters at least; otherwise twice as many as it records or some more, so that a run is entered before
/// the next one is full.
const LEAST_ENTERED: usize = 64;

/// Ids that are taken into memory at once when a lease begins.
const IDS_AT_ONCE: usize = 50_000;

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
    /// The parts of the index.
    parts: Vec<i64>,
    tail: Tail,
    run_begun: Stopwatch,
    /// When a batch was refused only because of what was to be entered with it.
    index_refused: Option<Stopwatch>,
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
    /// The mark of the index, where it moves.
    pub(super) indexed: Option<i64>,
}

/// Everything that one transaction writes.
#[derive(Debug)]
pub(super) struct Writing<'a> {
    pub(super) fence: Fence,
    pub(super) batch: &'a Batch<'a>,
    /// The number of each event's stream.
    pub(super) numbers: &'a [i64],
    /// Streams that begin.
    pub(super) begun: &'a [(i64, &'a StreamId)],
    /// Ids of the batch that may be in the index, and must not be.
    pub(super) doubtful: &'a [Uuid],
    /// The parts of the index.
    pub(super) parts: &'a [i64],
    /// What is entered into the index.
    pub(super) slice: Slice<'a>,
}

impl WriterLease {
    pub(super) async fn begin(mut seat: Seat, holder: &str, place: &str) -> Result<Self, StoreError> {
        let (epoch, last) = match &mut seat {
            Seat::Postgres(seat) => seat.open_epoch(holder).await?,
            Seat::Sqlite(seat) => seat.open_epoch(holder).await?,
        };
        let parts = match &mut seat {
            Seat::Postgres(seat) => seat.parts().await?,
            Seat::Sqlite(seat) => seat.parts().await?,
        };
        let known = known_ids(&mut seat, &parts).await?;
        let not_indexed = match &mut seat {
            Seat::Postgres(seat) => seat.not_indexed().await?,
            Seat::Sqlite(seat) => seat.not_indexed().await?,
        };
        let (epoch, last) = (position(epoch)?, position(last)?);
        Ok(Self {
            seat,
            epoch,
            position: last,
            heads: Heads::default(),
            parts,
            tail: Tail::new(known, not_indexed),
            run_begun: Stopwatch::start(),
            index_refused: None,
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
        let is_held = |refused: &Stopwatch| refused.elapsed() < AFTER_A_REFUSAL;
        if self.index_refused.as_ref().is_some_and(is_held) {
            return self.write(batch, 0).await;
        }
        let entered = rounded(batch.events.len().saturating_mul(2).max(LEAST_ENTERED));
        match self.write(batch, entered).await {
            Err(StoreError::Database { source }) if !self.tail.slice(entered).by_id.is_empty() => {
                tracing::warn!("refused together with entries of the index, tried without them: {source}");
                self.write(batch, 0).await?;
                self.index_refused = Some(Stopwatch::start());
                Ok(())
            }
            written => written,
        }
    }

    async fn write(&mut self, batch: &Batch<'_>, entered: usize) -> Result<(), StoreError> {
        if self.lost {
            return Err(StoreError::LostLease);
        }
        let unknown = self.heads.to_look_up(batch.events);
        if !unknown.is_empty() {
            let found = self.look_up(&unknown).await.map_err(|error| self.note(error))?;
            self.heads.learn(found);
        }
        let plan = self.heads.plan(self.position, batch.events)?;
        let doubtful = self.tail.doubtful(batch.events)?;
        let slice = self.tail.slice(entered);
        let last = batch.events.last();
        let after = last.map_or(self.position, |event| event.position);
        let writing = Writing {
            fence: Fence {
                epoch: column(self.epoch),
                expected: column(self.position),
                position: column(after),
                hash: last.map(|event| event.hash.0.to_vec()),
                intake_seq: batch.intake_seq.map(column),
                indexed: slice.indexed,
            },
            batch,
            numbers: &plan.numbers,
            begun: &plan.begun,
            doubtful: &doubtful,
            parts: &self.parts,
            slice,
        };
        // Until the answer is in, the lease counts as lost: a caller that stops waiting half-way cannot know
        // what was recorded, so it must not go on from here.
        self.lost = true;
        let appended = match &mut self.seat {
            Seat::Postgres(seat) => seat.append(&writing).await,
            Seat::Sqlite(seat) => seat.append(&writing).await,
        };
        self.lost = false;
        match appended {
            Ok(()) => {
                let entered = slice.by_id.len();
                let of_each_part = slice.by_id.chunk_by(|one, next| one.part() == next.part());
                for entry in of_each_part.filter_map(<[Entry]>::first) {
                    if !self.parts.contains(&entry.part()) {
                        self.parts.push(entry.part());
                    }
                }
                let recorded = batch.events.iter().zip(&plan.numbers);
                self.tail.commit(
                    entered,
                    recorded.map(|(event, stream_no)| Entry::new(event, *stream_no)),
                );
                if self.tail.is_full() || self.run_begun.elapsed() > LONGEST_GATHERING {
                    self.begin_run();
                }
                self.heads.commit(plan);
                self.position = after;
                Ok(())
            }
            Err(error) => {
                self.tail.doubt_run();
                Err(self.note(error))
            }
        }
    }

    /// The positions of those of the given events that are recorded.
    ///
    /// # Errors
    /// What the database says.
    pub async fn find(&mut self, event_ids: &[Uuid]) -> Result<HashMap<Uuid, Position>, StoreError> {
        let mut found: HashMap<Uuid, i64> = HashMap::new();
        let mut elsewhere = Vec::new();
        for event_id in event_ids
            .iter()
            .filter(|event_id| self.tail.may_be_indexed(event_id))
        {
            match self.tail.position(event_id) {
                Some(position) => drop(found.insert(*event_id, position)),
                None => elsewhere.push(*event_id),
            }
        }
        if !elsewhere.is_empty() {
            let indexed = match &mut self.seat {
                Seat::Postgres(seat) => seat.find_indexed(&elsewhere, &self.parts).await,
                Seat::Sqlite(seat) => seat.find_indexed(&elsewhere, &self.parts).await,
            };
            found.extend(indexed.map_err(|error| self.note(error))?);
        }
        found
            .into_iter()
            .map(|(event_id, column)| Ok((event_id, position(column)?)))
            .collect()
    }

    /// The last versions of those of the given streams that exist.
    ///
    /// # Errors
    /// What the database says.
    pub async fn stream_versions(
        &mut self,
        streams: &[StreamId],
    ) -> Result<HashMap<StreamId, u32>, StoreError> {
        let found = self.look_up(streams).await.map_err(|error| self.note(error))?;
        self.heads.learn(found.iter().cloned());
        Ok(found
            .into_iter()
            .map(|(stream, head)| (stream, head.version))
            .collect())
    }

    /// Whether everything that is recorded is in the index, so that whoever reads need not look through the newest events.
    #[must_use]
    pub fn is_indexed(&self) -> bool {
        self.tail.is_empty()
    }

    /// Enters some of what is not in the index yet.
    ///
    /// # Errors
    /// As [`WriterLease::append`].
    pub async fn index_some(&mut self) -> Result<(), StoreError> {
        self.begin_run();
        self.write(&Batch::default(), ENTERED_AT_REST).await
    }

    /// Enters all of it.
    ///
    /// # Errors
    /// As [`WriterLease::append`].
    pub async fn index_all(&mut self) -> Result<(), StoreError> {
        while !self.is_indexed() {
            self.index_some().await?;
        }
        Ok(())
    }

    fn begin_run(&mut self) {
        if self.tail.begin_run() {
            self.run_begun = Stopwatch::start();
        }
    }

    async fn look_up(&mut self, streams: &[StreamId]) -> Result<Vec<(StreamId, Head)>, StoreError> {
        let mut found = match &mut self.seat {
            Seat::Postgres(seat) => seat.indexed_heads(streams, &self.parts).await?,
            Seat::Sqlite(seat) => seat.indexed_heads(streams, &self.parts).await?,
        };
        for (_, head) in &mut found {
            let newer = self
                .tail
                .version(head.number)
                .and_then(|version| u32::try_from(version).ok());
            head.version = newer.unwrap_or(head.version);
        }
        Ok(found)
    }

    fn note(&mut self, error: StoreError) -> StoreError {
        if matches!(error, StoreError::LostLease | StoreError::Unavailable { .. }) {
            self.lost = true;
        }
        error.at(&self.place)
    }
}

/// At least so many, as a number that takes `SQLite` few statements.
fn rounded(count: usize) -> usize {
    if count < MOST_A_STATEMENT {
        count.next_power_of_two()
    } else {
        count.next_multiple_of(MOST_A_STATEMENT)
    }
}

/// The ids that are in the index. Sixteen bytes of each are read, which takes a start of a long log longer.
async fn known_ids(seat: &mut Seat, parts: &[i64]) -> Result<KnownIds, StoreError> {
    let part_positions = usize::try_from(PART_POSITIONS).unwrap_or_default();
    let mut known = KnownIds::expecting(parts.len().saturating_mul(part_positions));
    for part in parts {
        let (count, ids) = match seat {
            Seat::Postgres(seat) => seat.ids_of_part(*part).await?,
            Seat::Sqlite(seat) => seat.ids_of_part(*part).await?,
        };
        let (ids, _) = ids.as_chunks();
        // An id that is not known here would be recorded a second time.
        if usize::try_from(count) != Ok(ids.len()) {
            let what = format!(
                "part {part} of event_place has {count} ids, {} were read",
                ids.len()
            );
            return Err(StoreError::unreadable(0, &what));
        }
        for some in ids.chunks(IDS_AT_ONCE) {
            for id in some {
                known.insert(&Uuid::from_bytes(*id));
            }
            // Others have something to do meanwhile.
            tokio::task::yield_now().await;
        }
    }
    Ok(known)
}
