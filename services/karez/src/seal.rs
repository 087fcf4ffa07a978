//! Sealing: what is closed of the log is packed into segments, from the newest events as they were committed where these are at
//! hand. To read them back would take time from the recording.

use std::collections::VecDeque;
use std::sync::Arc;

use karez_events::{Position, RawEvent};

use crate::bus::Committed;
use crate::replay::{ReplayError, read_rows, segment_end};
use crate::store::{EventLog, SEGMENT_EVENTS, Segment};
use crate::tasks::compute;

/// Events that are held, but for the rest of a batch; where sealing is so far behind, older ones are read.
const MOST_EVENTS: u64 = 2 * SEGMENT_EVENTS;
/// Bytes of data and metadata that are held, should facts be large.
const MOST_BYTES: usize = 64 << 20;

/// The newest events, as they were committed batch by batch.
#[derive(Debug, Clone, Default)]
pub struct Newest {
    batches: VecDeque<Arc<[RawEvent]>>,
    bytes: usize,
}

impl Newest {
    /// Takes what was committed last.
    pub fn push(&mut self, committed: &Committed) {
        let batch = Arc::clone(&committed.raw);
        let reached = last_of(&batch);
        self.bytes = self.bytes.saturating_add(bytes_of(&batch));
        self.batches.push_back(batch);
        self.forget(reached.saturating_sub(MOST_EVENTS));
        while self.bytes > MOST_BYTES && self.forget_oldest() {}
    }

    /// Forgets the events up to a position.
    pub(crate) fn forget(&mut self, up_to: Position) {
        while self
            .batches
            .front()
            .is_some_and(|oldest| last_of(oldest) <= up_to)
        {
            self.forget_oldest();
        }
    }

    /// Whether there was one.
    fn forget_oldest(&mut self) -> bool {
        let oldest = self.batches.pop_front();
        let bytes = oldest.as_deref().map_or(0, bytes_of);
        self.bytes = self.bytes.saturating_sub(bytes);
        oldest.is_some()
    }

    /// Whether every event after a position, up to another, is here.
    fn has(&self, after: Position, up_to: Position) -> bool {
        let found = u64::try_from(self.between(after, up_to).count());
        found.ok() == up_to.checked_sub(after)
    }

    /// The events after a position, up to another.
    fn between(&self, after: Position, up_to: Position) -> impl Iterator<Item = &RawEvent> + Clone {
        let events = self.batches.iter().flat_map(|batch| batch.iter());
        events.filter(move |event| after < event.position && event.position <= up_to)
    }
}

/// Seals every range that is closed by a position and not sealed in today's format yet, one after the other: from the newest
/// events where they are at hand, else from the rows of the log. Whether it came to the end: it ends before a gap.
///
/// # Errors
/// The store, or a segment that cannot be packed.
pub async fn seal(log: &EventLog, up_to: Position, newest: &Newest) -> Result<bool, ReplayError> {
    let mut after = log.sealed_up_to().await?;
    while segment_end(after) <= up_to {
        let end = segment_end(after);
        let packed = if newest.has(after, end) {
            let newest = newest.clone();
            compute(move || Segment::pack(after, newest.between(after, end))).await
        } else {
            let rows = read_rows(log, after, end).await?;
            if u64::try_from(rows.len()).ok() != Some(SEGMENT_EVENTS) {
                tracing::warn!(
                    after,
                    "the log has a gap and is not sealed from here on: run `karez audit verify`"
                );
                return Ok(false);
            }
            compute(move || Segment::pack(after, &rows)).await
        };
        let segment = packed.map_err(ReplayError::Panicked)?;
        log.save_segment(&segment.map_err(ReplayError::Segment)?).await?;
        after = end;
    }
    Ok(true)
}

fn last_of(batch: &[RawEvent]) -> Position {
    batch.last().map_or(0, |last| last.position)
}

fn bytes_of(batch: &[RawEvent]) -> usize {
    batch
        .iter()
        .map(|event| event.payload.len() + event.metadata.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use karez_events::{EventType, Hash};

    use super::*;

    /// Batches that end at the given positions, of events with so many bytes.
    fn newest(ends: &[Position], bytes: usize) -> Newest {
        let mut newest = Newest::default();
        let mut after = 0;
        for end in ends {
            newest.push(&Committed {
                raw: (after + 1..=*end)
                    .map(|position| event(position, bytes))
                    .collect(),
                recorded: Vec::new(),
            });
            after = *end;
        }
        newest
    }

    fn event(position: Position, bytes: usize) -> RawEvent {
        RawEvent {
            position,
            stream: "calendar".parse().unwrap(),
            version: 1,
            event_id: uuid::Uuid::nil(),
            event_type: EventType::ClockRead,
            schema: 1,
            occurred_on: "2024-03-01".parse().unwrap(),
            recorded_at: "2024-03-01T00:00:00Z".parse().unwrap(),
            payload: vec![b' '; bytes],
            metadata: Vec::new(),
            hash: Hash::START,
        }
    }

    fn positions(newest: &Newest, after: Position, up_to: Position) -> Vec<Position> {
        newest.between(after, up_to).map(|event| event.position).collect()
    }

    #[test]
    fn a_range_is_here_as_a_whole_or_not_at_all() {
        let mut newest = newest(&[3, 7, 12], 0);
        assert!(newest.has(0, 12) && newest.has(4, 9));
        assert!(!newest.has(0, 13));
        assert_eq!(positions(&newest, 2, 8), [3, 4, 5, 6, 7, 8]);
        newest.forget(5);
        assert!(
            newest.has(3, 12),
            "a batch stays as long as one of its events is asked for"
        );
        assert!(!newest.has(2, 12));
    }

    #[test]
    fn the_oldest_are_forgotten_where_nobody_seals() {
        let ends: Vec<Position> = (1..=50).map(|batch| batch * 1_000).collect();
        let many = newest(&ends, 0);
        assert!(many.has(50_000 - MOST_EVENTS, 50_000));
        assert!(!many.has(50_000 - MOST_EVENTS - 1_000, 50_000));
        let large = newest(&[1, 2, 3], MOST_BYTES / 2);
        assert!(large.has(1, 3) && !large.has(0, 3));
        let too_large = newest(&[1], MOST_BYTES + 1);
        assert!(!too_large.has(0, 1));
    }
}
