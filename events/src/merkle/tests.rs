use std::ops::Range;

use proptest::prelude::*;
use tlog_tiles::{Hash as Theirs, HashReader, stored_hash_index, stored_hashes, tree_hash};

use super::*;

const ALGORITHMS: [HashAlgorithm; 2] = [HashAlgorithm::Sha256, HashAlgorithm::Sm3];

fn chain(size: u64) -> Vec<Hash> {
    let algorithm = HashAlgorithm::Sha256;
    (0..size)
        .map(|index| hash_of(algorithm, &[&index.to_be_bytes()]))
        .collect()
}

fn tree(algorithm: HashAlgorithm, chain: &[Hash]) -> Tree {
    let mut tree = Tree::new(algorithm);
    for hash in chain {
        tree.push(hash);
    }
    tree
}

/// The roots of the subtrees of a path.
fn proof(tree: &Tree, chain: &[Hash], path: &[Range<u64>]) -> Vec<Hash> {
    let place = |at: u64| usize::try_from(at).unwrap();
    let root = |leaves: &Range<u64>| {
        let unkept = Tree::unkept(leaves);
        tree.root_of(leaves, &chain[place(unkept.start)..place(unkept.end)])
            .unwrap()
    };
    path.iter().map(root).collect()
}

/// The tree as another program builds it.
struct Stored(Vec<Theirs>);

impl Stored {
    fn of(chain: &[Hash]) -> Self {
        let mut stored = Self(Vec::new());
        for (index, hash) in (0..).zip(chain) {
            let added = stored_hashes(index, &hash.0, &stored).unwrap();
            stored.0.extend(added);
        }
        stored
    }
}

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Theirs>, tlog_tiles::Error> {
        let at = |index: &u64| self.0[usize::try_from(*index).unwrap()];
        Ok(indexes.iter().map(at).collect())
    }
}

#[test]
fn roots_and_proofs_are_those_of_another_program_at_every_size() {
    let chain = chain(1_100);
    let stored = Stored::of(&chain);
    assert_eq!(
        stored.0[usize::try_from(stored_hash_index(0, 0)).unwrap()].0,
        leaf(HashAlgorithm::Sha256, &chain[0]).0
    );
    let mut growing = Tree::new(HashAlgorithm::Sha256);
    let full = tree(HashAlgorithm::Sha256, &chain);
    for (size, hash) in (1_u64..).zip(&chain) {
        growing.push(hash);
        assert_eq!(growing.root().0, tree_hash(size, &stored).unwrap().0, "{size}");
        let bytes = |hashes: Vec<Theirs>| hashes.into_iter().map(|hash| Hash(hash.0)).collect::<Vec<_>>();
        let index = size * 7 % size.max(3) % size;
        let theirs = tlog_tiles::prove_record(size, index, &stored).unwrap();
        let path = inclusion_path(index, size).unwrap();
        assert_eq!(proof(&full, &chain, &path), bytes(theirs), "{index} of {size}");
        let old = size.div_ceil(3);
        let theirs = tlog_tiles::prove_tree(size, old, &stored).unwrap();
        let path = consistency_path(old, size).unwrap();
        assert_eq!(proof(&full, &chain, &path), bytes(theirs), "{old} to {size}");
    }
}

#[test]
fn a_tree_of_nothing_has_the_root_of_nothing() {
    let empty = Tree::new(HashAlgorithm::Sha256);
    assert_eq!(
        empty.root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(inclusion_path(0, 0), None);
    assert_eq!(consistency_path(2, 1), None);
}

proptest! {
    #[test]
    fn what_is_proved_is_accepted_and_nothing_else(
        size in 1_u64..900, at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(),
        torn in any::<prop::sample::Index>(), algorithm in prop::sample::select(&ALGORITHMS[..]),
    ) {
        let chain = chain(size);
        let tree = tree(algorithm, &chain);
        let count = usize::try_from(size).unwrap();
        let index = at.index(count) as u64;
        let leaf_there = leaf(algorithm, &chain[at.index(count)]);
        let shown = proof(&tree, &chain, &inclusion_path(index, size).unwrap());
        let holds = |leaf: &Hash, index, proof: &[Hash], root: &Hash| verify_inclusion(algorithm, leaf, (index, size), proof, root);
        prop_assert!(holds(&leaf_there, index, &shown, &tree.root()));
        prop_assert!(!holds(&leaf_there, index, &shown, &leaf(algorithm, &tree.root())));
        prop_assert!(!holds(&leaf(algorithm, &leaf_there), index, &shown, &tree.root()));
        prop_assert!(!holds(&leaf_there, size, &shown, &tree.root()));
        prop_assert!(!holds(&leaf_there, index, &[&shown[..], &[leaf_there]].concat(), &tree.root()));
        if !shown.is_empty() {
            let mut altered = shown.clone();
            altered[torn.index(shown.len())].0[0] ^= 1;
            prop_assert!(!holds(&leaf_there, index, &altered, &tree.root()));
            prop_assert!(!holds(&leaf_there, index, &shown[1..], &tree.root()));
        }

        let old = from.index(count) as u64 + 1;
        let old_root = proof(&tree, &chain, std::slice::from_ref(&(0..old)))[0];
        prop_assert_eq!(old_root, self::tree(algorithm, &chain[..=from.index(count)]).root());
        let shown = proof(&tree, &chain, &consistency_path(old, size).unwrap());
        let goes_on = |old_root: &Hash, proof: &[Hash]| verify_consistency(algorithm, (old, old_root), (size, &tree.root()), proof);
        prop_assert!(goes_on(&old_root, &shown));
        prop_assert!(!goes_on(&leaf_there, &shown) || old_root == leaf_there);
        prop_assert!(!goes_on(&old_root, &[&shown[..], &[old_root]].concat()));
        if !shown.is_empty() {
            let mut altered = shown.clone();
            altered[torn.index(shown.len())].0[0] ^= 1;
            prop_assert!(!goes_on(&old_root, &altered));
        }
    }
}
