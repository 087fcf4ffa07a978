//! Sealed segments: closed ranges of positions, written once in each format, column by column and packed. To read one costs a
//! fraction of reading its rows, so replay takes them where they are. Derived: losing one costs time, nothing else, and a check
//! of the log compares each with its rows.

use chrono::{DateTime, Datelike, NaiveDate};
use karez_events::{EventType, Hash, Position, RawEvent, StreamId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use uuid::Uuid;

use super::rows::{column, position};
use super::{EventLog, StoreError};
use crate::packing::{pack_onto, unpack_into};

/// Events of a segment. The first one has the positions 1 to this.
pub const SEGMENT_EVENTS: u64 = 10_000;
/// The number of this way to pack them; whoever changes it counts on, and segments of other numbers are written anew.
const FORMAT: i16 = 2;

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

/// Numbers one behind the other, eight bytes each: there are several of each event, and they are read faster than numbers that
/// say how long they are.
#[derive(Default, Serialize, Deserialize)]
struct Numbers<'segment>(#[serde(borrow, with = "serde_bytes")] Cow<'segment, [u8]>);

impl Numbers<'_> {
    const BYTES: usize = size_of::<i64>();

    fn push(&mut self, number: impl Into<i64>) {
        self.0.to_mut().extend(number.into().to_le_bytes());
    }

    /// Where something ends, or its place among others.
    fn push_place(&mut self, place: usize) {
        self.push(i64::try_from(place).unwrap_or(i64::MAX));
    }

    fn at<Number: TryFrom<i64>>(&self, index: usize) -> Option<Number> {
        let bytes = self.0.get(index * Self::BYTES..)?.first_chunk()?;
        i64::from_le_bytes(*bytes).try_into().ok()
    }

    /// The bytes between the end before and the one at a place.
    fn slice<'a>(&self, index: usize, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let begin = index.checked_sub(1).map_or(Some(0), |before| self.at(before))?;
        bytes.get(begin..self.at(index)?)
    }
}

/// The rows of a segment column by column: what is alike stands together and packs well.
#[derive(Default, Serialize, Deserialize)]
struct Columns<'segment> {
    /// Each stream once, in the order of being met.
    streams: Vec<StreamId>,
    /// Of each event its stream's place among them.
    #[serde(borrow)]
    stream: Numbers<'segment>,
    #[serde(borrow)]
    version: Numbers<'segment>,
    #[serde(borrow)]
    event_type: Numbers<'segment>,
    #[serde(borrow)]
    schema: Numbers<'segment>,
    /// Days of the common era.
    #[serde(borrow)]
    occurred_on: Numbers<'segment>,
    #[serde(borrow)]
    recorded_us: Numbers<'segment>,
    /// Where each event's payload ends in `payloads`.
    #[serde(borrow)]
    payload_end: Numbers<'segment>,
    #[serde(borrow)]
    metadata_end: Numbers<'segment>,
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
    fn of<'e>(events: impl Iterator<Item = &'e RawEvent> + Clone) -> Self {
        let bytes_of = |field: fn(&RawEvent) -> &[u8]| {
            let bytes = events.clone().map(|event| field(event).len()).sum();
            Cow::Owned(Vec::with_capacity(bytes))
        };
        let mut columns = Self {
            payloads: bytes_of(|event| &event.payload),
            metadata: bytes_of(|event| &event.metadata),
            ..Self::default()
        };
        let mut places: HashMap<&StreamId, usize> = HashMap::new();
        for event in events {
            let place = *places.entry(&event.stream).or_insert_with(|| {
                columns.streams.push(event.stream.clone());
                columns.streams.len() - 1
            });
            columns.stream.push_place(place);
            columns.version.push(event.version);
            columns.event_type.push(event.event_type.number());
            columns.schema.push(event.schema);
            columns.occurred_on.push(event.occurred_on.num_days_from_ce());
            columns.recorded_us.push(event.recorded_at.timestamp_micros());
            columns.event_ids.to_mut().extend(event.event_id.as_bytes());
            columns.payloads.to_mut().extend(&event.payload);
            columns.payload_end.push_place(columns.payloads.len());
            columns.metadata.to_mut().extend(&event.metadata);
            columns.metadata_end.push_place(columns.metadata.len());
            columns.hashes.to_mut().extend(event.hash.0);
        }
        columns
    }

    fn pack(&self) -> Result<Vec<u8>, String> {
        let mut packed = Vec::new();
        pack_onto(&mut packed, |out| rmp_serde::encode::write(out, self))?;
        Ok(packed)
    }

    /// The rows; `None` where one lacks something: a segment is what its range of the log says as a whole, or nothing.
    fn rows(&self, after: Position) -> Option<Vec<RawEvent<&[u8]>>> {
        let bytes = [
            &self.stream,
            &self.version,
            &self.event_type,
            &self.schema,
            &self.occurred_on,
            &self.recorded_us,
            &self.payload_end,
            &self.metadata_end,
        ]
        .map(|numbers| numbers.0.len());
        let events = self.hashes.len() / size_of::<Hash>();
        let are_as_long = bytes == [events * Numbers::BYTES; 8]
            && (self.event_ids.len(), self.hashes.len()) == (events * 16, events * 32);
        let rows = (0..events).map(|index| self.row(after, index));
        are_as_long.then(|| rows.collect())?
    }

    fn row(&self, after: Position, index: usize) -> Option<RawEvent<&[u8]>> {
        Some(RawEvent {
            position: after + u64::try_from(index).ok()? + 1,
            stream: self.streams.get(self.stream.at::<usize>(index)?)?.clone(),
            version: self.version.at(index)?,
            event_id: Uuid::from_slice(self.event_ids.get(index * 16..(index + 1) * 16)?).ok()?,
            event_type: self.event_type.at(index).and_then(EventType::from_number)?,
            schema: self.schema.at(index)?,
            occurred_on: (self.occurred_on.at(index)).and_then(NaiveDate::from_num_days_from_ce_opt)?,
            recorded_at: (self.recorded_us.at(index)).and_then(DateTime::from_timestamp_micros)?,
            payload: self.payload_end.slice(index, &self.payloads)?,
            metadata: self.metadata_end.slice(index, &self.metadata)?,
            hash: Hash::try_from(self.hashes.get(index * 32..(index + 1) * 32)?).ok()?,
        })
    }
}

impl Segment {
    /// Packs the events of a closed range.
    ///
    /// # Errors
    /// What the packer says.
    pub fn pack<'e>(
        after: Position,
        events: impl IntoIterator<Item = &'e RawEvent, IntoIter: Clone>,
    ) -> Result<Self, String> {
        let events = events.into_iter();
        let hash = events.clone().last().map_or(Hash::START, |last| last.hash);
        let content = Columns::of(events).pack()?;
        Ok(Self { after, hash, content })
    }

    /// The events as they are stored.
    ///
    /// # Errors
    /// What is wrong with a segment that holds none.
    pub fn unpack(&self) -> Result<Vec<RawEvent>, String> {
        let mut events = Vec::new();
        self.each(&mut Vec::new(), |row| {
            events.push(row.into_owned());
            Ok(())
        })?;
        Ok(events)
    }

    /// Gives the events one after the other, as they lie in the segment, until one is not taken; none of a segment whose rows
    /// are not whole. `plain` is room for its bytes, and may be used again for the next one.
    ///
    /// # Errors
    /// What is wrong with a segment that holds none, or with an event that was not taken.
    pub fn each(
        &self,
        plain: &mut Vec<u8>,
        take: impl FnMut(RawEvent<&[u8]>) -> Result<(), String>,
    ) -> Result<(), String> {
        unpack_into(plain, &self.content)?;
        let columns: Columns = rmp_serde::from_slice(plain).map_err(|error| error.to_string())?;
        if !columns.hashes.ends_with(&self.hash.0) {
            return Err("it ends with another hash than its range of the log".to_owned());
        }
        let rows = columns.rows(self.after);
        rows.ok_or("its columns do not fit each other")?
            .into_iter()
            .try_for_each(take)
    }
}

impl EventLog {
    /// The last position that is sealed in today's format; 0 where none is.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sealed_up_to(&self) -> Result<Position, StoreError> {
        let sql =
            "SELECT last_position FROM sealed_segment WHERE format = $1 ORDER BY last_position DESC LIMIT 1";
        let last: Option<i64> = on_either!(self, reading pool => sqlx::query_scalar(sql).bind(FORMAT).fetch_optional(pool).await)?;
        position(last.unwrap_or(0))
    }

    /// Keeps a segment; one that is there stays as it is, unless it is of another format.
    ///
    /// # Errors
    /// What the database says.
    pub async fn save_segment(&self, segment: &Segment) -> Result<(), StoreError> {
        let sql = "INSERT INTO sealed_segment (last_position, format, content, digest) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (last_position) DO UPDATE \
                   SET format = excluded.format, content = excluded.content, digest = excluded.digest \
                   WHERE sealed_segment.format <> excluded.format";
        let last = column(segment.after + SEGMENT_EVENTS);
        let digest = Sha256::digest(&segment.content).to_vec();
        on_either!(self, writing pool => {
            sqlx::query(sql).bind(last).bind(FORMAT).bind(segment.content.as_slice()).bind(digest).execute(pool).await?;
        });
        Ok(())
    }

    /// The segment of the events after a position, where that is sealed in today's format and undamaged.
    ///
    /// # Errors
    /// What the database says.
    pub async fn segment(&self, after: Position) -> Result<Option<Segment>, StoreError> {
        if !after.is_multiple_of(SEGMENT_EVENTS) {
            return Ok(None);
        }
        let sql = "SELECT content, digest, hash FROM sealed_segment JOIN event_log ON position = last_position \
                   WHERE last_position = $1 AND format = $2";
        let last = after + SEGMENT_EVENTS;
        let found: Option<(Vec<u8>, Vec<u8>, Vec<u8>)> = on_either!(self, reading pool => sqlx::query_as(sql).bind(column(last)).bind(FORMAT).fetch_optional(pool).await)?;
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

    /// Puts another number in the last row.
    fn spoil_last(numbers: &mut Numbers, number: i64) {
        numbers.0.to_mut().truncate(19 * Numbers::BYTES);
        numbers.push(number);
    }

    #[rstest]
    #[case::an_unknown_type(|columns: &mut Columns| spoil_last(&mut columns.event_type, -1))]
    #[case::a_stream_that_is_not_there(|columns: &mut Columns| spoil_last(&mut columns.stream, 3))]
    #[case::a_version_beyond_any(|columns: &mut Columns| spoil_last(&mut columns.version, i64::MAX))]
    #[case::a_schema_beyond_any(|columns: &mut Columns| spoil_last(&mut columns.schema, i64::MAX))]
    #[case::no_day(|columns: &mut Columns| spoil_last(&mut columns.occurred_on, i64::MAX))]
    #[case::no_time(|columns: &mut Columns| spoil_last(&mut columns.recorded_us, i64::MAX))]
    #[case::payloads_that_end_beyond_the_end(|columns: &mut Columns| spoil_last(&mut columns.payload_end, i64::MAX))]
    #[case::metadata_that_end_before_they_begin(|columns: &mut Columns| spoil_last(&mut columns.metadata_end, 1))]
    #[case::metadata_that_end_nowhere(|columns: &mut Columns| spoil_last(&mut columns.metadata_end, -1))]
    #[case::an_id_too_few(|columns: &mut Columns| columns.event_ids.to_mut().truncate(19 * 16))]
    #[case::a_hash_too_few(|columns: &mut Columns| columns.hashes.to_mut().truncate(19 * 32))]
    #[case::a_version_too_few(|columns: &mut Columns| columns.version.0.to_mut().truncate(19 * 8))]
    #[case::half_a_version(|columns: &mut Columns| columns.version.0.to_mut().truncate(19 * 8 + 4))]
    fn no_row_is_taken_of_a_segment_with_a_row_that_is_not_whole(#[case] spoil: fn(&mut Columns)) {
        let events = events();
        let sealed = Segment::pack(0, &events).unwrap();
        assert_eq!(sealed.unpack().as_ref(), Ok(&events));
        let mut columns = Columns::of(events.iter());
        spoil(&mut columns);
        let content = columns.pack().unwrap();
        let mut taken = 0;
        let spoilt = Segment { content, ..sealed };
        let told = spoilt.each(&mut Vec::new(), |_| {
            taken += 1;
            Ok(())
        });
        assert_eq!((told.is_err(), taken), (true, 0));
    }
}
