//! Which project booked each invoice or document first: one mark for each, since there are as many as postings.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use karez_events::HashAlgorithm;
use karez_events::chain::hash_of;

use crate::projects::ProjectNumber;

/// An invoice number, or the hash of a document, in short: the first 16 bytes of its SHA-256. Two with the same are taken
/// to be one.
pub type PaperMark = u128;

/// By the first byte of their marks, so that growing moves a small part of them and nobody waits for it. Marks are kept as
/// bytes: an entry then takes 20 bytes where one with a number takes 32.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Papers(BTreeMap<u8, HashMap<[u8; 16], ProjectNumber>>);

impl Papers {
    /// The project that booked a paper before; where none did, it is this one's from now on.
    pub(crate) fn booked_before(&mut self, paper: &str, by: ProjectNumber) -> Option<ProjectNumber> {
        match self.place(mark_of(paper)) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(by);
                None
            }
        }
    }

    fn place(&mut self, mark: [u8; 16]) -> Entry<'_, [u8; 16], ProjectNumber> {
        self.0.entry(mark[0]).or_default().entry(mark)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (PaperMark, ProjectNumber)> {
        let marks = self.0.values().flatten();
        marks.map(|(mark, number)| (PaperMark::from_be_bytes(*mark), *number))
    }
}

impl FromIterator<(PaperMark, ProjectNumber)> for Papers {
    fn from_iter<All: IntoIterator<Item = (PaperMark, ProjectNumber)>>(all: All) -> Self {
        let mut papers = Self::default();
        for (mark, number) in all {
            papers.place(mark.to_be_bytes()).or_insert(number);
        }
        papers
    }
}

fn mark_of(paper: &str) -> [u8; 16] {
    let hash = hash_of(HashAlgorithm::Sha256, &[paper.as_bytes()]);
    hash.0.first_chunk().copied().unwrap_or_default()
}
