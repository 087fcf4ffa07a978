//! Which project booked each invoice or document first: one mark for each, since there are as many as postings.

use std::collections::btree_map::{self, BTreeMap};
use std::collections::hash_map::Entry;

use foldhash::{HashMap, HashMapExt};
use karez_events::HashAlgorithm;
use karez_events::chain::hash_of;
use serde::{Deserialize, Serialize, Serializer};
use serde_bytes::{ByteBuf, Bytes};

use crate::fixed::Fixed;
use crate::projects::ProjectNumber;

/// An invoice number, or the hash of a document, in short: the first 16 bytes of its SHA-256. Two with the same are taken
/// to be one. Kept as bytes: an entry then takes 20 bytes where one with a number takes 32.
type Mark = [u8; 16];

/// Bytes of a paper as a snapshot has it: its mark, and the number of the project, its last byte first.
const PAPER: usize = 16 + 4;

/// By the first byte of their marks, so that growing moves a small part of them and nobody waits for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Papers(BTreeMap<u8, PaperShelf>);

/// The papers whose marks begin with the same byte, each with the project that booked it first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ByteBuf")]
pub struct PaperShelf(HashMap<Mark, ProjectNumber>);

impl Papers {
    /// The project that booked a paper before; where none did, it is this one's from now on.
    pub(crate) fn booked_before(&mut self, paper: &str, by: ProjectNumber) -> Option<ProjectNumber> {
        let mark = mark_of(paper);
        match self.0.entry(mark[0]).or_default().0.entry(mark) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(by);
                None
            }
        }
    }

    pub(crate) fn shelves(&self) -> impl Iterator<Item = &PaperShelf> {
        self.0.values()
    }
}

impl FromIterator<PaperShelf> for Papers {
    fn from_iter<All: IntoIterator<Item = PaperShelf>>(all: All) -> Self {
        let mut shelves: BTreeMap<u8, PaperShelf> = BTreeMap::new();
        for shelf in all {
            let Some(byte) = shelf.0.keys().next().map(|mark| mark[0]) else {
                continue;
            };
            match shelves.entry(byte) {
                btree_map::Entry::Vacant(place) => drop(place.insert(shelf)),
                btree_map::Entry::Occupied(place) => place.into_mut().add(shelf.0),
            }
        }
        Self(shelves)
    }
}

impl PaperShelf {
    /// How many papers are on it.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whoever booked a paper first stays.
    fn add(&mut self, papers: impl IntoIterator<Item = (Mark, ProjectNumber)>) {
        for (mark, project) in papers {
            self.0.entry(mark).or_insert(project);
        }
    }
}

impl Serialize for PaperShelf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut papers = Vec::with_capacity(self.count() * PAPER);
        for (mark, project) in &self.0 {
            papers.extend_from_slice(mark);
            papers.extend_from_slice(&project.to_le_bytes());
        }
        Bytes::new(&papers).serialize(serializer)
    }
}

impl TryFrom<ByteBuf> for PaperShelf {
    type Error = &'static str;

    fn try_from(bytes: ByteBuf) -> Result<Self, Self::Error> {
        let (papers, rest) = bytes.as_chunks::<PAPER>();
        if !rest.is_empty() {
            return Err("a shelf of papers ends within one");
        }
        if !papers.is_sorted_by(|one, next| one[0] == next[0]) {
            return Err("a shelf of papers holds marks of another one");
        }
        let mut shelf = Self(HashMap::with_capacity(papers.len()));
        shelf.add(papers.iter().filter_map(paper));
        Ok(shelf)
    }
}

fn paper(bytes: &[u8; PAPER]) -> Option<(Mark, ProjectNumber)> {
    let mut fixed = Fixed(bytes);
    Some((fixed.next()?, ProjectNumber::from_le_bytes(fixed.next()?)))
}

fn mark_of(paper: &str) -> Mark {
    let hash = hash_of(HashAlgorithm::Sha256, &[paper.as_bytes()]);
    hash.0.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = [7; 16];
    const NEAR: Mark = [7, 1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];

    fn shelf(papers: &[(Mark, ProjectNumber)]) -> Result<PaperShelf, &'static str> {
        let bytes = |(mark, project): &(Mark, ProjectNumber)| [&mark[..], &project.to_le_bytes()].concat();
        PaperShelf::try_from(ByteBuf::from(papers.iter().flat_map(bytes).collect::<Vec<u8>>()))
    }

    #[test]
    fn papers_that_belong_on_two_shelves_are_on_none() {
        assert_eq!(shelf(&[(MARK, 1), (NEAR, 2)]).unwrap().count(), 2);
        assert!(shelf(&[(MARK, 1), ([8; 16], 2)]).is_err());
        assert!(PaperShelf::try_from(ByteBuf::from([7; PAPER + 1])).is_err());
    }

    #[test]
    fn a_shelf_in_two_pieces_is_one_and_the_first_booking_stays() {
        let pieces = [
            shelf(&[]),
            shelf(&[(MARK, 1), (MARK, 9)]),
            shelf(&[(MARK, 8), (NEAR, 2)]),
        ];
        let papers: Papers = pieces.into_iter().map(Result::unwrap).collect();
        let whole = shelf(&[(MARK, 1), (NEAR, 2)]).unwrap();
        assert_eq!(papers, [whole].into_iter().collect());
    }

    #[test]
    fn whoever_books_a_paper_first_is_told_to_all_others() {
        let mut papers = Papers::default();
        assert_eq!(papers.booked_before("INV-1", 3), None);
        assert_eq!(papers.booked_before("INV-2", 4), None);
        let mut read: Papers = papers.shelves().cloned().collect();
        assert_eq!(read, papers);
        assert_eq!(read.booked_before("INV-1", 5), Some(3));
        assert_eq!(read.booked_before("INV-2", 5), Some(4));
    }
}
