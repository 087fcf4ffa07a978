//! What the writer knows of each stream, and whether a batch continues the log.

use foldhash::{HashMap, HashSet, HashSetExt};
use karez_events::{Position, RawEvent, StreamId};

use super::StoreError;
use super::rows::column;

/// More streams than this are not kept in mind; they are looked up again.
const STREAMS_KEPT: usize = 1_000_000;

/// A stream as the writer left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The number that stands for the stream: the position of its first event.
    pub(super) number: i64,
    pub(super) version: u32,
}

/// The streams that this writer has met.
#[derive(Debug, Default)]
pub(super) struct Heads {
    known: HashMap<StreamId, Head>,
}

/// How a batch lies in the log: the number of each event's stream, the streams that begin with it, and the heads
/// after it.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    pub(super) numbers: Vec<i64>,
    pub(super) begun: Vec<(i64, &'a StreamId)>,
    heads: HashMap<&'a StreamId, Head>,
}

impl Heads {
    /// The streams that the batch goes on with and that this writer has not met.
    pub(super) fn to_look_up(&self, events: &[RawEvent]) -> Vec<StreamId> {
        let mut met: HashSet<&StreamId> = HashSet::new();
        events
            .iter()
            .filter(|event| met.insert(&event.stream) && event.version > 1)
            .filter(|event| !self.known.contains_key(&event.stream))
            .map(|event| event.stream.clone())
            .collect()
    }

    pub(super) fn learn(&mut self, found: impl IntoIterator<Item = (StreamId, Head)>) {
        self.known.extend(found);
    }

    /// Checks that the batch continues the log after `last`: positions and versions without a gap.
    pub(super) fn plan<'a>(&self, last: Position, events: &'a [RawEvent]) -> Result<Plan<'a>, StoreError> {
        let mut plan = Plan::default();
        for (event, expected) in events.iter().zip(last.saturating_add(1)..) {
            let wrong = |what: String| {
                Err(StoreError::OutOfOrder {
                    position: event.position,
                    what,
                })
            };
            if event.position != expected {
                return wrong(format!("position {expected} was expected"));
            }
            let before = plan
                .heads
                .get(&event.stream)
                .or_else(|| self.known.get(&event.stream));
            let version = before.map_or(0, |head| head.version).saturating_add(1);
            if event.version != version {
                return wrong(format!(
                    "{} has version {}, {version} was expected",
                    event.stream, event.version
                ));
            }
            let number = before.map_or(column(event.position), |head| head.number);
            if before.is_none() {
                plan.begun.push((number, &event.stream));
            }
            plan.numbers.push(number);
            plan.heads.insert(&event.stream, Head { number, version });
        }
        Ok(plan)
    }

    /// Takes over the heads of a batch that has been committed.
    pub(super) fn commit(&mut self, plan: Plan<'_>) {
        // Forgotten only here: between looking up and planning every stream of the batch must stay known.
        if self.known.len() > STREAMS_KEPT {
            self.known.clear();
        }
        for (stream, head) in plan.heads {
            match self.known.get_mut(stream) {
                Some(known) => *known = head,
                None => drop(self.known.insert(stream.clone(), head)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karez_events::{EventType, Hash};

    fn event(position: Position, stream: &str, version: u32) -> RawEvent {
        RawEvent {
            position,
            stream: stream.parse().unwrap(),
            version,
            event_id: uuid::Uuid::from_u128(u128::from(position)),
            event_type: EventType::ProjectStarted,
            schema: 1,
            occurred_on: "2024-03-01".parse().unwrap(),
            recorded_at: "2024-03-01T00:00:00Z".parse().unwrap(),
            payload: b"{}".to_vec(),
            metadata: b"{}".to_vec(),
            hash: Hash::START,
        }
    }

    #[test]
    fn a_new_stream_is_numbered_by_its_first_position() {
        let heads = Heads::default();
        let events = [
            event(8, "project/A", 1),
            event(9, "project/B", 1),
            event(10, "project/A", 2),
        ];
        let plan = heads.plan(7, &events).unwrap();
        assert!(heads.to_look_up(&events).is_empty());
        assert_eq!(plan.numbers, [8, 9, 8]);
        assert_eq!(plan.begun, [(8, &events[0].stream), (9, &events[1].stream)]);
    }

    #[test]
    fn gaps_in_positions_and_versions_are_refused() {
        let heads = Heads::default();
        assert!(heads.plan(7, &[event(9, "project/A", 1)]).is_err());
        assert!(heads.plan(7, &[event(8, "project/A", 2)]).is_err());
        assert!(
            heads
                .plan(7, &[event(8, "project/A", 1), event(9, "project/A", 1)])
                .is_err()
        );
    }

    #[test]
    fn what_was_committed_is_known() {
        let mut heads = Heads::default();
        let first = [event(1, "project/A", 1)];
        let plan = heads.plan(0, &first).unwrap();
        heads.commit(plan);
        let next = [event(2, "project/A", 2)];
        assert!(heads.to_look_up(&next).is_empty());
        assert_eq!(heads.plan(1, &next).unwrap().numbers, [1]);
    }
}
