//! A tree that grows with the log and stays small: it keeps the roots of complete subtrees of at least [`TILE`] leaves.

use std::ops::Range;

use super::{leaf, node};
use crate::chain::{Hash, HashAlgorithm, hash_of};

/// A subtree of 2^8 leaves is the smallest whose root is kept: a quarter of a byte for each event of the log.
const TILE_LEVEL: u32 = 8;
const TILE: u64 = 1 << TILE_LEVEL;

/// The Merkle tree of a log up to where it was pushed.
#[derive(Debug, Clone)]
pub struct Tree {
    algorithm: HashAlgorithm,
    size: u64,
    /// The complete subtrees that the leaves so far fall into, the largest first, each with its level.
    peaks: Vec<(u32, Hash)>,
    /// The roots of every complete subtree from [`TILE_LEVEL`] upwards, by level and order.
    kept: Vec<Vec<Hash>>,
}

impl Tree {
    /// The tree of no leaf.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self {
            algorithm,
            size: 0,
            peaks: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the next event, by the chain's hash there.
    pub fn push(&mut self, chain: &Hash) {
        let (mut level, mut root) = (0, leaf(self.algorithm, chain));
        while let Some((_, left)) = self.peaks.pop_if(|(of, _)| *of == level) {
            root = node(self.algorithm, &left, &root);
            level += 1;
            self.keep(level, root);
        }
        self.peaks.push((level, root));
        self.size += 1;
    }

    fn keep(&mut self, level: u32, root: Hash) {
        let Some(kept) = level.checked_sub(TILE_LEVEL) else {
            return;
        };
        // Levels come one by one: the first root of a level is made of the first two of the level below.
        if self.kept.len() == kept as usize {
            self.kept.push(Vec::new());
        }
        if let Some(roots) = self.kept.get_mut(kept as usize) {
            roots.push(root);
        }
    }

    /// The root of all leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        root_of_peaks(self.algorithm, &self.peaks)
    }

    /// The leaves of a subtree that [`Tree::root_of`] must be given, because nothing is kept about them.
    #[must_use]
    pub fn unkept(leaves: &Range<u64>) -> Range<u64> {
        if leaves.end - leaves.start < TILE {
            leaves.clone()
        } else {
            leaves.end / TILE * TILE..leaves.end
        }
    }

    /// The root of one of the subtrees that a path names, or of the first `n` leaves. `unkept` are the chain's hashes of
    /// the leaves that [`Tree::unkept`] names. `None` where the tree does not reach so far or others were given.
    #[must_use]
    pub fn root_of(&self, leaves: &Range<u64>, unkept: &[Hash]) -> Option<Hash> {
        let missing = Self::unkept(leaves);
        if leaves.end > self.size || missing.end - missing.start != unkept.len() as u64 {
            return None;
        }
        let mut rest = Self::new(self.algorithm);
        let mut at = leaves.start;
        while at < missing.start {
            let fits = (missing.start - at).checked_ilog2()?;
            let level = fits.min(at.trailing_zeros());
            let roots = self.kept.get(level.checked_sub(TILE_LEVEL)? as usize)?;
            let root = roots.get(usize::try_from(at >> level).ok()?)?;
            rest.peaks.push((level, *root));
            at += 1 << level;
        }
        for chain in unkept {
            rest.push(chain);
        }
        Some(rest.root())
    }
}

fn root_of_peaks(algorithm: HashAlgorithm, peaks: &[(u32, Hash)]) -> Hash {
    let roots = peaks.iter().rev().map(|(_, root)| *root);
    roots
        .reduce(|right, left| node(algorithm, &left, &right))
        .unwrap_or_else(|| hash_of(algorithm, &[]))
}
