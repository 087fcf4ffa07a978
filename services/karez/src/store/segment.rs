//! Sealed segments: closed ranges of positions, written once, column by column and packed. To read one costs a fraction of
//! reading its rows, so replay takes them where they are. Derived: losing one costs time, nothing else, and a check of
//! the log compares each with its rows.

use chrono::{DateTime, NaiveDate};
use karez_events::{EventType, Hash, Position, RawEvent, StreamId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use uuid::Uuid;

use super::rows::{column, position};
use super::{EventLog, StoreError};

/// Events of a segment. The first one has the positions 1 to this.
pub const SEGMENT_EVENTS: u64 = 10_000;
/// zstd's own default: a higher level packs little more and takes long.
const PACK_LEVEL: i32 = 3;
/// So many times larger is what is packed, so that room for it is made once.
const USUALLY_PACKED: usize = 8;

/// A segment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The position before its first event.
    pub after: Position,
    /// The chain's hash at its last event, as the log has it.
    pub hash: Hash,
    /// Its columns, packed.
    pub content: Vec<u8>,
}

/// The rows of a segment column by column: what is alike stands together and packs well.
#[derive(Default, Serialize, Deserialize)]
struct Columns<'segment> {
    /// Each stream once, in the order of being met.
    streams: Vec<StreamId>,
    /// Of each event its stream's place among them.
    stream: Vec<usize>,
    version: Vec<u32>,
    event_type: Vec<i16>,
    schema: Vec<i16>,
    occurred_on: Vec<NaiveDate>,
    recorded_us: Vec<i64>,
    /// Where each event's payload ends in `payloads`.
    payload_end: Vec<usize>,
    metadata_end: Vec<usize>,
    #[serde(borrow, with = "serde_bytes")]
    event_ids: Cow<'segment, [u8]>,
    #[serde(borrow, with = "serde_bytes")]
    payloads: Cow<'segment, [u8]>,
    #[serde(borrow, with = "serde_bytes")]
    metadata: Cow<'segment, [u8]>,
    #[serde(borrow, with = "serde_bytes")]
    hashes: Cow<'segment, [u8]>,
}

impl Columns<'_> {
    fn of(events: &[RawEvent]) -> Self {
        let mut columns = Self::default();
        let mut places: HashMap<&StreamId, usize> = HashMap::new();
        for event in events {
            let place = *places.entry(&event.stream).or_insert_with(|| {
                columns.streams.push(event.stream.clone());
                columns.streams.len() - 1
            });
            columns.stream.push(place);
            columns.version.push(event.version);
            columns.event_type.push(event.event_type.number());
            columns.schema.push(event.schema);
            columns.occurred_on.push(event.occurred_on);
            columns.recorded_us.push(event.recorded_at.timestamp_micros());
            columns.event_ids.to_mut().extend(event.event_id.as_bytes());
            columns.payloads.to_mut().extend(&event.payload);
            columns.payload_end.push(columns.payloads.len());
            columns.metadata.to_mut().extend(&event.metadata);
            columns.metadata_end.push(columns.metadata.len());
            columns.hashes.to_mut().extend(event.hash.0);
        }
        columns
    }

    fn pack(&self) -> Result<Vec<u8>, String> {
        let plain = rmp_serde::to_vec(self).map_err(|error| error.to_string())?;
        zstd::encode_all(plain.as_slice(), PACK_LEVEL).map_err(|error| error.to_string())
    }

    /// Whether each row has all that it needs. Seen before the first row is taken: a segment is what its range of the log says
    /// as a whole, or nothing.
    fn fit_each_other(&self) -> bool {
        let lengths = [
            self.version.len(),
            self.event_type.len(),
            self.schema.len(),
            self.occurred_on.len(),
            self.recorded_us.len(),
            self.payload_end.len(),
            self.metadata_end.len(),
        ];
        let events = self.stream.len();
        let ends_fit = |ends: &[usize], bytes: &[u8]| ends.is_sorted() && ends.last() <= Some(&bytes.len());
        lengths.iter().all(|length| *length == events)
            && (self.event_ids.len(), self.hashes.len()) == (events * 16, events * 32)
            && ends_fit(&self.payload_end, &self.payloads)
            && ends_fit(&self.metadata_end, &self.metadata)
            && self.stream.iter().all(|place| *place < self.streams.len())
            && (self.event_type.iter()).all(|number| EventType::from_number(*number).is_some())
            && (self.recorded_us.iter()).all(|us| DateTime::from_timestamp_micros(*us).is_some())
    }

    /// The rows; `None` for one whose columns do not fit each other.
    fn rows(&self, after: Position) -> impl Iterator<Item = Option<RawEvent<&[u8]>>> {
        let (mut payload_from, mut metadata_from) = (0, 0);
        (0..self.stream.len()).map(move |index| {
            let (payload_end, metadata_end) = (*self.payload_end.get(index)?, *self.metadata_end.get(index)?);
            let row = RawEvent {
                position: after + u64::try_from(index).ok()? + 1,
                stream: self.streams.get(*self.stream.get(index)?)?.clone(),
                version: *self.version.get(index)?,
                event_id: Uuid::from_slice(self.event_ids.get(index * 16..(index + 1) * 16)?).ok()?,
                event_type: EventType::from_number(*self.event_type.get(index)?)?,
                schema: *self.schema.get(index)?,
                occurred_on: *self.occurred_on.get(index)?,
                recorded_at: DateTime::from_timestamp_micros(*self.recorded_us.get(index)?)?,
                payload: self.payloads.get(payload_from..payload_end)?,
                metadata: self.metadata.get(metadata_from..metadata_end)?,
                hash: Hash::try_from(self.hashes.get(index * 32..(index + 1) * 32)?).ok()?,
            };
            (payload_from, metadata_from) = (payload_end, metadata_end);
            Some(row)
        })
    }
}

impl Segment {
    /// Packs the events of a closed range.
    ///
    /// # Errors
    /// What the packer says.
    pub fn pack(after: Position, events: &[RawEvent]) -> Result<Self, String> {
        let hash = events.last().map_or(Hash::START, |last| last.hash);
        let content = Columns::of(events).pack()?;
        Ok(Self { after, hash, content })
    }

    /// The events as they are stored.
    ///
    /// # Errors
    /// What is wrong with a segment that holds none.
    pub fn unpack(&self) -> Result<Vec<RawEvent>, String> {
        let mut events = Vec::new();
        self.each(|row| {
            events.push(row.into_owned());
            Ok(())
        })?;
        Ok(events)
    }

    /// Gives the events one after the other, as they lie in the segment, until one is not taken; none of a segment whose rows
    /// are not whole.
    ///
    /// # Errors
    /// What is wrong with a segment that holds none, or with an event that was not taken.
    pub fn each(&self, mut take: impl FnMut(RawEvent<&[u8]>) -> Result<(), String>) -> Result<(), String> {
        let mut plain = Vec::with_capacity(self.content.len() * USUALLY_PACKED);
        let unpacked = zstd::stream::copy_decode(self.content.as_slice(), &mut plain);
        unpacked.map_err(|error| error.to_string())?;
        let columns: Columns = rmp_serde::from_slice(&plain).map_err(|error| error.to_string())?;
        let unfit = || "its columns do not fit each other".to_owned();
        if !columns.fit_each_other() {
            return Err(unfit());
        }
        if !columns.hashes.ends_with(&self.hash.0) {
            return Err("it ends with another hash than its range of the log".to_owned());
        }
        columns
            .rows(self.after)
            .try_for_each(|row| take(row.ok_or_else(unfit)?))
    }
}

impl EventLog {
    /// The last position that is sealed; 0 where none is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sealed_up_to(&self) -> Result<Position, StoreError> {
        let sql = "SELECT coalesce(max(last_position), 0) FROM sealed_segment";
        let last: i64 = on_either!(self, reading pool => sqlx::query_scalar(sql).fetch_one(pool).await)?;
        position(last)
    }

    /// Keeps a segment; one that is there stays as it is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn save_segment(&self, segment: &Segment) -> Result<(), StoreError> {
        let sql = "INSERT INTO sealed_segment (last_position, content, digest) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let last = column(segment.after + SEGMENT_EVENTS);
        let digest = Sha256::digest(&segment.content).to_vec();
        on_either!(self, writing pool => {
            sqlx::query(sql).bind(last).bind(segment.content.as_slice()).bind(digest).execute(pool).await?;
        });
        Ok(())
    }

    /// The segment of the events after a position, where that is sealed and undamaged.
    ///
    /// # Errors
    /// What the database says.
    pub async fn segment(&self, after: Position) -> Result<Option<Segment>, StoreError> {
        if !after.is_multiple_of(SEGMENT_EVENTS) {
            return Ok(None);
        }
        let sql = "SELECT content, digest, hash FROM sealed_segment JOIN event_log ON position = last_position \
                   WHERE last_position = $1";
        let last = after + SEGMENT_EVENTS;
        let found: Option<(Vec<u8>, Vec<u8>, Vec<u8>)> = on_either!(self, reading pool => sqlx::query_as(sql).bind(column(last)).fetch_optional(pool).await)?;
        let Some((content, digest, hash)) = found else {
            return Ok(None);
        };
        let hash = Hash::try_from(hash.as_slice()).map_err(|error| StoreError::unreadable(last, &error))?;
        if Sha256::digest(&content).as_slice() != digest.as_slice() {
            tracing::warn!(after, "a sealed segment is damaged: its rows are read instead");
            return Ok(None);
        }
        Ok(Some(Segment { after, hash, content }))
    }
}

#[cfg(test)]
mod tests {
    use karez_events::Submission;
    use rstest::rstest;

    use super::*;
    use crate::bench::workload;

    fn events() -> Vec<RawEvent> {
        let facts = workload::postings("sealed", 0, 20, 3).unwrap();
        let raw = |(position, fact): (u64, Submission)| RawEvent {
            position,
            stream: fact.stream,
            version: 1,
            event_id: fact.event_id,
            event_type: fact.event.event_type(),
            schema: fact.event.event_type().schema(),
            occurred_on: fact.occurred_on,
            recorded_at: DateTime::UNIX_EPOCH,
            payload: fact.event.payload().unwrap(),
            metadata: serde_json::to_vec(&fact.metadata).unwrap(),
            hash: Hash([7; 32]),
        };
        (1..).zip(facts).map(raw).collect()
    }

    #[rstest]
    #[case::an_unknown_type(|columns: &mut Columns| columns.event_type[19] = -1)]
    #[case::a_stream_that_is_not_there(|columns: &mut Columns| columns.stream[19] = 3)]
    #[case::a_payload_beyond_the_end(|columns: &mut Columns| columns.payload_end[19] += 1)]
    #[case::metadata_that_end_before_they_begin(|columns: &mut Columns| columns.metadata_end[18] += 900)]
    #[case::no_time(|columns: &mut Columns| columns.recorded_us[19] = i64::MAX)]
    #[case::an_id_too_few(|columns: &mut Columns| columns.event_ids.to_mut().truncate(19 * 16))]
    #[case::a_version_too_few(|columns: &mut Columns| columns.version.truncate(19))]
    fn no_row_is_taken_of_a_segment_with_a_row_that_is_not_whole(#[case] spoil: fn(&mut Columns)) {
        let events = events();
        let sealed = Segment::pack(0, &events).unwrap();
        assert_eq!(sealed.unpack().as_ref(), Ok(&events));
        let mut columns = Columns::of(&events);
        spoil(&mut columns);
        let content = columns.pack().unwrap();
        let mut taken = 0;
        let spoilt = Segment { content, ..sealed };
        let told = spoilt.each(|_| {
            taken += 1;
            Ok(())
        });
        assert_eq!((told.is_err(), taken), (true, 0));
    }
}
