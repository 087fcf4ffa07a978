//! What is recorded and not entered into the index yet.
//!
//! The index of the log is two tables: `event_place` says where an event id is, `stream_place` where a version of a stream is.
//! Both are entered a little behind the log. Ids and streams fall anywhere in them: entered with its own batch, each event
//! would change a page of either, four kilobytes for a row of thirty bytes. The writer keeps its newest events in mind
//! instead, sorts them when there are enough, and enters a slice of them with each batch that follows, so that
//! neighbours share a page. The entries of a million positions lie together, in a part of their own, so that neighbours are as
//! near in a long log as in a short one. `recorder.indexed_position` says up to where everything is entered; whoever reads
//! looks at the rows of the log after it as well.

use foldhash::{HashMap, HashSet, HashSetExt};
use karez_events::RawEvent;
use uuid::Uuid;

use super::StoreError;
use super::known_ids::KnownIds;
use super::rows::column;

/// Events that are sorted and entered together: more share pages better, and readers look through twice as many.
const RUN_EVENTS: usize = 50_000;

/// As the migration divides the index.
pub(super) const PART_POSITIONS: i64 = 1_000_000;

/// Selects the parts of the index, in order; both databases understand it, and go from each to the next.
pub(super) const PARTS: &str = "\
    WITH RECURSIVE found (part) AS (SELECT min(part) FROM event_place UNION ALL \
    SELECT (SELECT min(part) FROM event_place AS entry WHERE entry.part > found.part) FROM found \
    WHERE found.part IS NOT NULL) SELECT part FROM found WHERE part IS NOT NULL ORDER BY part";

/// Selects the position up to which everything is entered.
pub(super) const INDEXED_POSITION: &str = "SELECT indexed_position FROM recorder WHERE log = 'main'";

/// Selects [`Entry`] of every event after the index; both databases understand it.
pub(super) const NOT_INDEXED: &str = "\
    SELECT event_id, stream_no, CAST(version AS bigint), position FROM event_log \
    WHERE position > (SELECT indexed_position FROM recorder WHERE log = 'main') ORDER BY position";

/// A row of [`NOT_INDEXED`].
pub(super) type NotIndexed = (Uuid, i64, i64, i64);

/// An event as the index knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) event_id: Uuid,
    pub(super) stream_no: i64,
    pub(super) version: i64,
    pub(super) position: i64,
}

/// What goes into the index with a batch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slice<'a> {
    /// In order of their parts and ids.
    pub(super) by_id: &'a [Entry],
    /// In order of their parts, streams and versions.
    pub(super) by_stream: &'a [Entry],
    /// The position up to which everything is entered after it, where it is the last of its run.
    pub(super) indexed: Option<i64>,
    /// Whether some of it may be in the index already. `SQLite` looks while it enters, whatever this says; `PostgreSQL` would look
    /// twice.
    pub(super) may_be_there: bool,
}

/// The events of the log that are not entered yet.
#[derive(Debug)]
pub(super) struct Tail {
    /// The newest, in order of position.
    gathered: Vec<Entry>,
    places: Places,
    /// Whether some of these were recorded under an earlier lease, which may have entered them and not said so.
    are_taken_over: bool,
    /// Those before them, while they are being entered.
    run: Option<Run>,
    /// Every id of the log.
    known: KnownIds,
}

/// Where events are that are in no table of the index.
#[derive(Debug, Default)]
struct Places {
    positions: HashMap<Uuid, i64>,
    /// The last version of each stream.
    versions: HashMap<i64, i64>,
}

#[derive(Debug)]
struct Run {
    by_id: Vec<Entry>,
    by_stream: Vec<Entry>,
    places: Places,
    entered: usize,
    upto: i64,
    may_be_there: bool,
}

impl Run {
    fn new(entries: Vec<Entry>, places: Places, may_be_there: bool) -> Option<Self> {
        let upto = entries.last()?.position;
        let (mut by_id, mut by_stream) = (entries.clone(), entries);
        by_id.sort_unstable_by_key(|entry| (entry.part(), entry.event_id));
        by_stream.sort_unstable_by_key(|entry| (entry.part(), entry.stream_no, entry.version));
        Some(Self {
            by_id,
            by_stream,
            places,
            entered: 0,
            upto,
            may_be_there,
        })
    }

    fn next(&self, most: usize) -> Slice<'_> {
        let to = self.entered.saturating_add(most).min(self.by_id.len());
        let is_last = to == self.by_id.len();
        Slice {
            by_id: self.by_id.get(self.entered..to).unwrap_or_default(),
            by_stream: self.by_stream.get(self.entered..to).unwrap_or_default(),
            indexed: is_last.then_some(self.upto),
            may_be_there: self.may_be_there,
        }
    }
}

impl Tail {
    /// The events after the index as the log has them, in order of position; the ids of the others are known.
    pub(super) fn new(known: KnownIds, entries: Vec<Entry>) -> Self {
        let mut tail = Self {
            gathered: Vec::new(),
            places: Places::default(),
            are_taken_over: !entries.is_empty(),
            run: None,
            known,
        };
        tail.gather(entries);
        tail
    }

    pub(super) fn is_empty(&self) -> bool {
        self.run.is_none() && self.gathered.is_empty()
    }

    /// Where the given event is, if it is here.
    pub(super) fn position(&self, event_id: &Uuid) -> Option<i64> {
        self.places()
            .find_map(|places| places.positions.get(event_id))
            .copied()
    }

    /// The last version of the given stream, if it is here.
    pub(super) fn version(&self, stream_no: i64) -> Option<i64> {
        self.places()
            .find_map(|places| places.versions.get(&stream_no))
            .copied()
    }

    /// The newest first.
    fn places(&self) -> impl Iterator<Item = &Places> {
        std::iter::once(&self.places).chain(self.run.as_ref().map(|run| &run.places))
    }

    /// Whether an id that is not here may be in a table of the index.
    pub(super) fn may_be_indexed(&self, event_id: &Uuid) -> bool {
        self.known.may_have(event_id)
    }

    /// The ids of a batch that may be in the index, so that they must be looked up with it.
    ///
    /// # Errors
    /// [`StoreError::DuplicateEvent`] for an id that is here, or twice in the batch.
    pub(super) fn doubtful(&self, events: &[RawEvent]) -> Result<Vec<Uuid>, StoreError> {
        let mut met = HashSet::with_capacity(events.len());
        let mut doubtful = Vec::new();
        for RawEvent { event_id, .. } in events {
            let is_doubtful = self.may_be_indexed(event_id);
            if !met.insert(event_id) || is_doubtful && self.position(event_id).is_some() {
                return Err(StoreError::DuplicateEvent { event_id: *event_id });
            }
            if is_doubtful {
                doubtful.push(*event_id);
            }
        }
        Ok(doubtful)
    }

    /// What to enter next, at most so many events.
    pub(super) fn slice(&self, most: usize) -> Slice<'_> {
        self.run.as_ref().map(|run| run.next(most)).unwrap_or_default()
    }

    /// Takes over a batch that has been committed with so many entries of the index.
    pub(super) fn commit(&mut self, entered: usize, recorded: impl IntoIterator<Item = Entry>) {
        if let Some(run) = &mut self.run {
            run.entered = run.entered.saturating_add(entered);
            if run.entered >= run.by_id.len() {
                self.run = None;
            }
        }
        self.gather(recorded);
    }

    /// What is being entered was refused: whatever of it is there from now on is passed over.
    pub(super) fn doubt_run(&mut self) {
        if let Some(run) = &mut self.run {
            run.may_be_there = true;
        }
    }

    /// Whether enough is here to be sorted and entered.
    pub(super) fn is_full(&self) -> bool {
        self.gathered.len() >= RUN_EVENTS
    }

    /// Sorts what is here to be entered; where a run is under way, nothing happens. Returns whether one began.
    pub(super) fn begin_run(&mut self) -> bool {
        if self.run.is_some() {
            return false;
        }
        self.run = Run::new(
            std::mem::take(&mut self.gathered),
            std::mem::take(&mut self.places),
            std::mem::take(&mut self.are_taken_over),
        );
        self.run.is_some()
    }

    fn gather(&mut self, recorded: impl IntoIterator<Item = Entry>) {
        for entry in recorded {
            self.known.insert(&entry.event_id);
            self.places.positions.insert(entry.event_id, entry.position);
            self.places.versions.insert(entry.stream_no, entry.version);
            self.gathered.push(entry);
        }
    }
}

impl From<NotIndexed> for Entry {
    fn from((event_id, stream_no, version, position): NotIndexed) -> Self {
        Self {
            event_id,
            stream_no,
            version,
            position,
        }
    }
}

impl Entry {
    /// The part of the index that it belongs to.
    pub(super) fn part(&self) -> i64 {
        self.position / PART_POSITIONS
    }

    pub(super) fn new(event: &RawEvent, stream_no: i64) -> Self {
        Self {
            event_id: event.event_id,
            stream_no,
            version: i64::from(event.version),
            position: column(event.position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry of one of a thousand streams, with an id that falls anywhere.
    fn entry(position: i64) -> Entry {
        Entry {
            event_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, &position.to_be_bytes()),
            stream_no: position % 1_000 + 1,
            version: position / 1_000 + 1,
            position,
        }
    }

    #[test]
    fn a_run_is_entered_in_order_by_the_batches_that_follow_and_nothing_is_entered_twice() {
        let mut tail = Tail::new(KnownIds::expecting(0), Vec::new());
        let (mut ids, mut versions, mut indexed) = (HashSet::new(), HashSet::new(), 0);
        for batch in 0..200_i64 {
            let slice = tail.slice(2_000);
            assert!(slice.by_id.is_sorted_by_key(|entry| entry.event_id));
            assert!(
                slice
                    .by_stream
                    .is_sorted_by_key(|entry| (entry.stream_no, entry.version))
            );
            assert!(slice.by_id.iter().all(|entry| ids.insert(entry.position)));
            assert!(
                slice
                    .by_stream
                    .iter()
                    .all(|entry| versions.insert(entry.position))
            );
            if let Some(upto) = slice.indexed {
                indexed = upto;
                assert!((1..=indexed).all(|at| ids.contains(&at) && versions.contains(&at)));
            }
            let entered = slice.by_id.len();
            tail.commit(entered, (batch * 1_000 + 1..=batch * 1_000 + 1_000).map(entry));
            if tail.is_full() {
                assert!(tail.begin_run());
            }
            assert!(
                tail.gathered.len() < RUN_EVENTS,
                "a run is entered before the next is full"
            );
        }
        assert_eq!(indexed, 150_000);
    }

    #[test]
    fn a_run_that_reaches_into_the_next_part_is_entered_part_by_part() {
        let across = (PART_POSITIONS - 50..PART_POSITIONS + 50).map(entry);
        let mut tail = Tail::new(KnownIds::expecting(0), across.collect());
        tail.begin_run();
        let Slice { by_id, by_stream, .. } = tail.slice(100);
        assert!(by_id.is_sorted_by_key(|entry| (entry.part(), entry.event_id)));
        assert!(by_stream.is_sorted_by_key(|entry| (entry.part(), entry.stream_no, entry.version)));
        for slice in [by_id, by_stream] {
            assert_eq!(slice.iter().filter(|entry| entry.part() == 0).count(), 50);
            assert_eq!(slice.iter().filter(|entry| entry.part() == 1).count(), 50);
        }
    }

    #[test]
    fn only_what_an_earlier_lease_recorded_may_be_entered_already() {
        let mut tail = Tail::new(KnownIds::expecting(0), (1..=10).map(entry).collect());
        tail.commit(0, (11..=20).map(entry));
        tail.begin_run();
        assert!(tail.slice(100).may_be_there);
        tail.commit(20, (21..=30).map(entry));
        tail.begin_run();
        assert!(!tail.slice(100).may_be_there);
        let mut of_an_empty_log = Tail::new(KnownIds::expecting(0), Vec::new());
        of_an_empty_log.commit(0, (1..=10).map(entry));
        of_an_empty_log.begin_run();
        assert!(!of_an_empty_log.slice(100).may_be_there);
        of_an_empty_log.doubt_run();
        assert!(of_an_empty_log.slice(100).may_be_there);
    }

    #[test]
    fn what_failed_to_be_entered_is_entered_with_the_next_batch() {
        let mut tail = Tail::new(KnownIds::expecting(0), (1..=100).map(entry).collect());
        tail.begin_run();
        let failed: Vec<Entry> = tail.slice(60).by_id.to_vec();
        assert_eq!(tail.slice(60).by_id, failed);
        tail.commit(60, []);
        assert_eq!(
            (tail.slice(60).by_id.len(), tail.slice(60).indexed),
            (40, Some(100))
        );
        tail.commit(40, []);
        assert!(tail.is_empty());
    }
}
