//! Which event ids are recorded, in two to five bytes each: an id that is not here is in no table.
//!
//! Nearly every submission has an id that nobody has met. Without this each of them would be looked for in every part of the
//! index before it is recorded.

use fastbloom::BloomFilter;
use foldhash::quality::RandomState;
use uuid::Uuid;

/// The share of ids that are looked for in vain.
const MISTAKEN: f64 = 0.000_1;
/// Room for more ids at the beginning.
const LEAST_ROOM: usize = 100_000;

/// Ids, of which it is known for certain that others are not among them.
#[derive(Debug)]
pub(crate) struct KnownIds {
    /// Each with room for as many as are in all before it together.
    filters: Vec<BloomFilter<RandomState>>,
    count: usize,
    room: usize,
}

impl KnownIds {
    /// None yet, with room for so many and some more.
    pub(crate) fn expecting(count: usize) -> Self {
        let room = count.saturating_add(count / 4).saturating_add(LEAST_ROOM);
        Self {
            filters: vec![filter(room)],
            count: 0,
            room,
        }
    }

    pub(crate) fn insert(&mut self, event_id: &Uuid) {
        if self.room == 0 {
            self.room = self.count;
            self.filters.push(filter(self.room));
        }
        if let Some(newest) = self.filters.last_mut() {
            newest.insert(event_id);
        }
        self.count = self.count.saturating_add(1);
        self.room = self.room.saturating_sub(1);
    }

    /// Whether an id may be among them; what is, always may.
    pub(crate) fn may_have(&self, event_id: &Uuid) -> bool {
        self.filters.iter().any(|filter| filter.contains(event_id))
    }
}

fn filter(room: usize) -> BloomFilter<RandomState> {
    BloomFilter::with_false_pos(MISTAKEN)
        .hasher(RandomState::default())
        .expected_items(room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_be_bytes())
    }

    #[test]
    fn what_was_taken_in_is_known_and_hardly_anything_else() {
        let many = u32::try_from(LEAST_ROOM).unwrap() * 5;
        let mut known = KnownIds::expecting(0);
        (0..many).for_each(|number| known.insert(&id(number)));
        assert!(known.filters.len() > 2, "it has grown");
        assert!((0..many).all(|number| known.may_have(&id(number))));
        let mistaken = (many..2 * many)
            .filter(|number| known.may_have(&id(*number)))
            .count();
        assert!(mistaken < 500, "{mistaken} of {many}");
    }
}
