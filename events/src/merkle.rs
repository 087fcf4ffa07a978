//! The Merkle tree over the chain (RFC 6962, section 2.1): one short root stands for the whole log, a few hashes show that
//! an event is in it ([`verify_inclusion`]) or that a later log goes on from an earlier one ([`verify_consistency`]).
//!
//! A leaf's data are the 32 bytes of the chain's hash at the event, not the event itself: the tree can then be made from
//! one column, and who has an event's bytes and the hash before it recomputes the leaf with [`crate::chain::link`]. The hash
//! function is the store's. `leaf = H(0x00 ‖ chain hash)`, `node = H(0x01 ‖ left ‖ right)`; the tree of no leaf is `H()`.
//! The event at position `p` is the leaf with index `p - 1`.

mod tree;

use std::ops::Range;

pub use tree::Tree;

use crate::chain::{Hash, HashAlgorithm, hash_of};

/// The leaf of an event, from the chain's hash there.
#[must_use]
pub fn leaf(algorithm: HashAlgorithm, chain: &Hash) -> Hash {
    hash_of(algorithm, &[&[0], &chain.0])
}

/// The node over two subtrees.
#[must_use]
pub fn node(algorithm: HashAlgorithm, left: &Hash, right: &Hash) -> Hash {
    hash_of(algorithm, &[&[1], &left.0, &right.0])
}

/// The subtrees whose roots show that a leaf is in a tree of `size` leaves, from the leaf upwards; `None` where the tree
/// has no such leaf.
#[must_use]
pub fn inclusion_path(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let (mut within, mut path) = (0..size, Vec::new());
    while within.end - within.start > 1 {
        let (left, right) = halves(&within);
        let (taken, beside) = if index < left.end {
            (left, right)
        } else {
            (right, left)
        };
        path.push(beside);
        within = taken;
    }
    path.reverse();
    Some(path)
}

/// The subtrees whose roots show that a tree of `new` leaves begins with the one of `old` leaves; `None` where it is
/// smaller. Of no leaf, and of the same tree, nothing need be shown.
#[must_use]
pub fn consistency_path(old: u64, new: u64) -> Option<Vec<Range<u64>>> {
    if old > new {
        return None;
    }
    if old == 0 {
        return Some(Vec::new());
    }
    let (mut within, mut path) = (0..new, Vec::new());
    while within.end != old {
        let (left, right) = halves(&within);
        let (taken, beside) = if old <= left.end {
            (left, right)
        } else {
            (right, left)
        };
        path.push(beside);
        within = taken;
    }
    if within.start != 0 {
        path.push(within);
    }
    path.reverse();
    Some(path)
}

/// The largest complete tree that is smaller than these leaves, and what is right of it.
fn halves(leaves: &Range<u64>) -> (Range<u64>, Range<u64>) {
    let last = leaves.end - leaves.start - 1;
    let middle = leaves.start + (1 << last.checked_ilog2().unwrap_or_default());
    (leaves.start..middle, middle..leaves.end)
}

/// Whether `proof` shows that the leaf at `index` is in the tree of `size` leaves with this root.
#[must_use]
pub fn verify_inclusion(
    algorithm: HashAlgorithm,
    leaf: &Hash,
    (index, size): (u64, u64),
    proof: &[Hash],
    root: &Hash,
) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            hash = node(algorithm, beside, &hash);
            (at, last) = up_while_left((at, last));
        } else {
            hash = node(algorithm, &hash, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of the second size and root begins with the tree of the first.
#[must_use]
pub fn verify_consistency(
    algorithm: HashAlgorithm,
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    proof: &[Hash],
) -> bool {
    if old == 0 {
        return proof.is_empty() && *old_root == hash_of(algorithm, &[]);
    }
    if old >= new {
        return old == new && proof.is_empty() && old_root == new_root;
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at % 2 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let mut proof = proof.iter();
    // Where the earlier tree is complete, it is itself the first subtree, and the proof leaves it out.
    let first = if old.is_power_of_two() {
        Some(old_root)
    } else {
        proof.next()
    };
    let Some(first) = first else { return false };
    let (mut before, mut after) = (*first, *first);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            before = node(algorithm, beside, &before);
            after = node(algorithm, beside, &after);
            (at, last) = up_while_left((at, last));
        } else {
            after = node(algorithm, &after, beside);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && before == *old_root && after == *new_root
}

/// Passes over the levels on which the last subtree has nothing beside it.
fn up_while_left((mut at, mut last): (u64, u64)) -> (u64, u64) {
    while at % 2 == 0 && at != 0 {
        (at, last) = (at >> 1, last >> 1);
    }
    (at, last)
}

#[cfg(test)]
mod tests;
