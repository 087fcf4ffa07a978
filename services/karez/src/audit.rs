//! Checks that a log is what was recorded: nothing altered, nothing missing, nothing added.
//!
//! Everything is recomputed from the stored bytes. What this cannot see is a log whose end was cut off together
//! with its head, or rewritten as a whole from some event on with a new signature: against that stand checkpoints kept
//! elsewhere ([`Notary`]).

mod notary;
mod pack;
mod signed;

use std::collections::HashMap;
use std::fmt;

use karez_events::{EventType, Hash, HashAlgorithm, Position, RawEvent, RecordedEvent, StreamId, chain};
use uuid::Uuid;

pub use notary::Notary;
pub use pack::{Pack, Scope};
use signed::Signed;

use crate::store::{EventLog, Head, KnownIds, SEGMENT_EVENTS, StoreError, StreamName};

/// Events read at once: a page is compared with its sealed segment.
const PAGE_EVENTS: usize = 10_000;
const _: () = assert!(PAGE_EVENTS as u64 == SEGMENT_EVENTS);

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The hash algorithm of the chain.
    pub algorithm: HashAlgorithm,
    /// The last position that was found sound.
    pub position: Position,
    /// The hash there, as recomputed.
    pub hash: Hash,
    /// The streams met.
    pub streams: usize,
    /// The first fault; `None` in a sound log.
    pub fault: Option<Fault>,
}

impl Verdict {
    /// Whether nothing was found wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.fault.is_none()
    }
}

/// The first place where the log is not what was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The position.
    pub position: Position,
    /// The stream, where it is known.
    pub stream: Option<StreamId>,
    /// The event, where it is known.
    pub event_id: Option<Uuid>,
    /// What is wrong.
    pub wrong: Wrong,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "position {}", self.position)?;
        if let Some(stream) = &self.stream {
            write!(out, ", stream {stream}")?;
        }
        if let Some(event_id) = self.event_id {
            write!(out, ", event {event_id}")?;
        }
        write!(out, ": {}", self.wrong)
    }
}

/// What can be wrong at a position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// No event is there, though later ones or the head say there was one.
    #[error("the event is missing")]
    Missing,
    /// The stored bytes and the stored hash do not belong together.
    #[error("the event or its hash was altered: the chain gives {computed}, stored is {stored}")]
    Altered {
        /// The hash of what is stored.
        computed: Hash,
        /// The hash that is stored.
        stored: Hash,
    },
    /// A stream jumps or repeats.
    #[error("version {expected} of the stream was expected, version {found} is there")]
    Version {
        /// The version after the last one.
        expected: u32,
        /// The version found.
        found: u32,
    },
    /// The row is no event of this vocabulary.
    #[error("the event is unreadable: {0}")]
    Unreadable(String),
    /// The table of taken ids disagrees.
    #[error("by its id this event is found at {}", found.map_or_else(|| "no position".to_owned(), |at| format!("position {at}")))]
    Seen {
        /// The position it gives, if any.
        found: Option<Position>,
    },
    /// The table of streams' versions does not have this event.
    #[error("the table stream_place has not this event under its stream and version")]
    NoVersion,
    /// The index has entries of events that are not in the log.
    #[error("event_place has {ids} ids and stream_place {versions} versions of streams up to here")]
    EntryCount {
        /// How many ids it has.
        ids: u64,
        /// How many versions of streams it has.
        versions: u64,
    },
    /// The mark up to which everything is in the index lies beyond the log.
    #[error("the table recorder says that everything is in the index up to position {found}")]
    Indexed {
        /// The position it gives.
        found: Position,
    },
    /// The index has an entry after its mark that is of no event of the log.
    #[error("the index has an entry of position {found}, where the log has no such event")]
    Stray {
        /// The position it gives.
        found: Position,
    },
    /// The head of the log has another hash.
    #[error("the table recorder ends with the hash {found}")]
    Head {
        /// The hash it has.
        found: Hash,
    },
    /// A snapshot is of a position that the log does not have.
    #[error(
        "there is a snapshot of position {found}, the log ends before: it was cut off, or an older copy was put back"
    )]
    Snapshot {
        /// Its position.
        found: Position,
    },
    /// A sealed segment holds other events than the log.
    #[error(
        "the sealed segment that ends here holds other events than the log: remove it, the rows are the truth"
    )]
    Segment,
    /// A checkpoint was signed over another log than this.
    #[error("the checkpoint of {size} events does not fit: {what}")]
    Checkpoint {
        /// How many events it stands for.
        size: Position,
        /// What is wrong with it.
        what: String,
    },
    /// The table of event types disagrees with the vocabulary.
    #[error("the table event_type says that {number} is {found:?}, it is {expected:?}")]
    EventType {
        /// The number.
        number: i16,
        /// What the table says.
        found: String,
        /// What it is.
        expected: String,
    },
    /// The table of streams disagrees with the events.
    #[error("the table stream disagrees with the events: {0}")]
    Stream(String),
}

/// Recomputes a log event by event, from the first. Pure: it is given what was read.
#[derive(Debug)]
pub struct ChainCheck {
    algorithm: HashAlgorithm,
    position: Position,
    hash: Hash,
    /// Of each stream the last version and the first position.
    streams: HashMap<StreamId, (u32, Position)>,
}

impl ChainCheck {
    /// Begins before the first event.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self {
            algorithm,
            position: 0,
            hash: Hash::START,
            streams: HashMap::new(),
        }
    }

    /// Checks the next event and decodes it.
    ///
    /// # Errors
    /// [`Fault`] when it is not the next event of this chain.
    pub fn step(&mut self, event: &RawEvent) -> Result<RecordedEvent, Box<Fault>> {
        let expected = self.position.saturating_add(1);
        if event.position != expected {
            return Err(fault_at(expected, Wrong::Missing).into());
        }
        let (computed, stored) = (chain::link(self.algorithm, &self.hash, event), event.hash);
        if computed != stored {
            return Err(fault_in(event, Wrong::Altered { computed, stored }).into());
        }
        let before = self.streams.get(&event.stream).map_or(0, |(version, _)| *version);
        let (expected, found) = (before.saturating_add(1), event.version);
        if found != expected {
            return Err(fault_in(event, Wrong::Version { expected, found }).into());
        }
        let decoded = event
            .decode()
            .map_err(|error| Box::new(fault_in(event, Wrong::Unreadable(error.to_string()))))?;
        self.position = event.position;
        self.hash = computed;
        let ends = self
            .streams
            .entry(event.stream.clone())
            .or_insert((0, event.position));
        ends.0 = event.version;
        Ok(decoded)
    }

    /// Checks a row of the table of streams, unless the stream began after the check.
    ///
    /// # Errors
    /// [`Fault`] when it disagrees with the events.
    pub fn stream(&self, row: &StreamName) -> Result<(), Box<Fault>> {
        let begins = row
            .stream
            .as_ref()
            .and_then(|stream| self.streams.get(stream))
            .map(|(_, first)| *first);
        if row.number > self.position || begins == Some(row.number) {
            return Ok(());
        }
        let what = match begins {
            Some(first) => format!("it has begun at position {first}"),
            None => "it has no event".to_owned(),
        };
        let mut fault = fault_at(row.number, Wrong::Stream(what));
        fault.stream.clone_from(&row.stream);
        Err(fault.into())
    }

    /// Where the check stands.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    fn verdict(&self, fault: Option<Fault>) -> Verdict {
        let (algorithm, position, hash) = (self.algorithm, self.position, self.hash);
        Verdict {
            algorithm,
            position,
            hash,
            streams: self.streams.len(),
            fault,
        }
    }
}

fn fault_at(position: Position, wrong: Wrong) -> Fault {
    Fault {
        position,
        stream: None,
        event_id: None,
        wrong,
    }
}

fn fault_in(event: &RawEvent, wrong: Wrong) -> Fault {
    let (stream, event_id) = (Some(event.stream.clone()), Some(event.event_id));
    Fault {
        position: event.position,
        stream,
        event_id,
        wrong,
    }
}

/// Checks a whole log up to its present head: chain, positions, versions, ids, heads, every checkpoint that was signed, and
/// that every event can be read. `progress` is told positions (done, of); `each` gets every sound event, for whoever recomputes more from it.
///
/// # Errors
/// What the database says; what is wrong with the log is in the [`Verdict`].
pub async fn verify(
    log: &EventLog,
    mut progress: impl FnMut(Position, Position),
    mut each: impl FnMut(&RecordedEvent),
) -> Result<Verdict, StoreError> {
    // What comes after it may be entered while this reads.
    let indexed = log.indexed_position().await?;
    let head = log.head().await?;
    let mut check = ChainCheck::new(head.algorithm);
    let mut signed = Signed::load(log, head.algorithm).await?;
    let mut ids = IdCheck {
        indexed,
        // Not as many as the head says: nobody has checked it yet.
        known: KnownIds::expecting(0),
    };
    while check.position() < head.position {
        let after = check.position();
        let told = |hash: &Hash, event: &RecordedEvent| {
            each(event);
            signed.step(hash)
        };
        if let Some(fault) = check_page(log, &head, &mut check, &mut ids, told).await? {
            return Ok(check.verdict(Some(fault)));
        }
        if let Some(fault) = check_versions(log, after, check.position().min(indexed)).await? {
            return Ok(check.verdict(Some(fault)));
        }
        progress(check.position(), head.position);
    }
    if check.hash != head.hash {
        return Ok(check.verdict(Some(fault_at(head.position, Wrong::Head { found: head.hash }))));
    }
    let mut fault = check_entries(log, &head, indexed).await?;
    if fault.is_none() {
        fault = check_streams(log, &check).await?;
    }
    if fault.is_none() {
        fault = check_side_tables(log, &head).await?;
    }
    if fault.is_none() {
        fault = signed.beyond(log).await?;
    }
    Ok(check.verdict(fault))
}

async fn check_page(
    log: &EventLog,
    head: &Head,
    check: &mut ChainCheck,
    ids: &mut IdCheck,
    mut each: impl FnMut(&Hash, &RecordedEvent) -> Option<Fault>,
) -> Result<Option<Fault>, StoreError> {
    let page = match read_page(log, check.position(), head.position).await? {
        Ok(page) => page,
        Err(fault) => return Ok(Some(fault)),
    };
    if page.is_empty() {
        return Ok(Some(fault_at(check.position().saturating_add(1), Wrong::Missing)));
    }
    let misplaced = ids.first_misplaced(log, &page).await?;
    for event in &page {
        match check.step(event) {
            Ok(decoded) => {
                if let Some(fault) = each(&check.hash, &decoded) {
                    return Ok(Some(fault));
                }
            }
            Err(fault) => return Ok(Some(*fault)),
        }
        if let Some((_, found)) = misplaced.filter(|(position, _)| *position == event.position) {
            return Ok(Some(fault_in(event, Wrong::Seen { found })));
        }
    }
    check_segment(log, &page).await
}

/// Whether each id is recorded once, and the index has it where it goes so far.
struct IdCheck {
    indexed: Position,
    known: KnownIds,
}

impl IdCheck {
    /// The first event of the next page whose id is not where it should be, with the first place where it is.
    async fn first_misplaced(
        &mut self,
        log: &EventLog,
        page: &[RawEvent],
    ) -> Result<Option<(Position, Option<Position>)>, StoreError> {
        let (Some(first), Some(last)) = (page.first(), page.last()) else {
            return Ok(None);
        };
        let upto = last.position.min(self.indexed);
        let missing = log
            .first_without_id(first.position.saturating_sub(1), upto)
            .await?;
        let mut doubtful = Vec::new();
        for event in page {
            // Only what may have been met before can be twice.
            if missing == Some(event.position) || self.known.may_have(&event.event_id) {
                doubtful.push(event);
            }
            self.known.insert(&event.event_id);
        }
        let ids: Vec<Uuid> = doubtful.iter().map(|event| event.event_id).collect();
        let found = log.find(&ids).await?;
        let place = |event: &&RawEvent| (event.position, found.get(&event.event_id).copied());
        Ok(doubtful
            .iter()
            .map(place)
            .find(|(position, found)| missing == Some(*position) || *found != Some(*position)))
    }
}

/// What is sealed is what readers are shown after the next start, so it must be what is recorded. What cannot be unpacked
/// is never shown.
async fn check_segment(log: &EventLog, page: &[RawEvent]) -> Result<Option<Fault>, StoreError> {
    let (Some(first), Some(last)) = (page.first(), page.last()) else {
        return Ok(None);
    };
    let after = first.position.saturating_sub(1);
    let Some(segment) = log.segment(after).await?.filter(|_| page.len() == PAGE_EVENTS) else {
        return Ok(None);
    };
    let is_other = segment.unpack().is_ok_and(|sealed| sealed != page);
    Ok(is_other.then(|| fault_at(last.position, Wrong::Segment)))
}

/// A page of events, or the fault in its first row when that cannot be read. Where a later row cannot, the rows
/// before it come alone, since a fault among them comes first.
async fn read_page(
    log: &EventLog,
    after: Position,
    last: Position,
) -> Result<Result<Vec<RawEvent>, Fault>, StoreError> {
    let rest = usize::try_from(last.saturating_sub(after)).unwrap_or(usize::MAX);
    let (position, what) = match log.read(after, PAGE_EVENTS.min(rest)).await {
        Ok(page) => return Ok(Ok(page)),
        Err(StoreError::Unreadable { position, what }) => (position, what),
        Err(error) => return Err(error),
    };
    match usize::try_from(position.saturating_sub(after).saturating_sub(1)) {
        Ok(before) if before > 0 => Ok(Ok(log.read(after, before).await?)),
        Ok(_) | Err(_) => Ok(Err(fault_at(position, Wrong::Unreadable(what)))),
    }
}

/// What is beside the log: names of event types, and snapshots.
async fn check_side_tables(log: &EventLog, head: &Head) -> Result<Option<Fault>, StoreError> {
    for (number, found) in log.event_types().await? {
        let expected = EventType::from_number(number).map_or("", EventType::as_str);
        if found != expected {
            let expected = expected.to_owned();
            return Ok(Some(fault_at(
                head.position,
                Wrong::EventType {
                    number,
                    found,
                    expected,
                },
            )));
        }
    }
    let newest = log.newest_snapshot_position(None).await?;
    // Whoever records may have taken one since the head was read.
    let end = log.head().await?.position;
    let beyond = newest.filter(|newest| *newest > end);
    Ok(beyond.map(|found| fault_at(head.position, Wrong::Snapshot { found })))
}

async fn check_versions(
    log: &EventLog,
    after: Position,
    upto: Position,
) -> Result<Option<Fault>, StoreError> {
    let missing = log.first_without_version(after, upto).await?;
    Ok(missing.map(|position| fault_at(position, Wrong::NoVersion)))
}

async fn check_entries(log: &EventLog, head: &Head, indexed: Position) -> Result<Option<Fault>, StoreError> {
    if indexed > head.position {
        return Ok(Some(fault_at(head.position, Wrong::Indexed { found: indexed })));
    }
    if let Some(found) = log.first_stray_entry(indexed).await? {
        return Ok(Some(fault_at(head.position, Wrong::Stray { found })));
    }
    let (ids, versions) = log.entries(indexed).await?;
    let is_sound = ids == indexed && versions == indexed;
    Ok((!is_sound).then(|| fault_at(indexed, Wrong::EntryCount { ids, versions })))
}

async fn check_streams(log: &EventLog, check: &ChainCheck) -> Result<Option<Fault>, StoreError> {
    let (mut after, mut met) = (0, 0_usize);
    loop {
        let page = log.streams_after(after, PAGE_EVENTS).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        if let Some(fault) = page.iter().find_map(|row| check.stream(row).err()) {
            return Ok(Some(*fault));
        }
        met = met.saturating_add(page.iter().filter(|row| row.number <= check.position()).count());
    }
    if met == check.streams.len() {
        return Ok(None);
    }
    let what = format!("it has {met} streams, the log has {}", check.streams.len());
    Ok(Some(fault_at(check.position(), Wrong::Stream(what))))
}
