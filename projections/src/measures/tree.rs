//! Wholes and parts: a part is never added to its whole (domain.md §3; `ProjectApproved::parent`).

use super::amounts::Amounts;
use super::increments::Increments;
use super::project::Sums;
use super::rates::Incomplete;

/// Adds up a forest: for each group of amounts the whole's own where it has any, else the sum of its parts.
/// `parents` gives each node's place among the others. A circle of parents is opened at its first node.
pub(super) fn add_up<'a>(nodes: impl Iterator<Item = &'a Sums>, parents: &[Option<usize>]) -> Sums {
    let mut forest = Forest::new(nodes, parents);
    let mut leaves = forest.leaves();
    let mut next = 0;
    loop {
        while let Some(leaf) = leaves.pop() {
            leaves.extend(forest.close(leaf));
        }
        // Whatever is still open waits for itself: it stands on a circle.
        let Some(open) = forest.first_open_from(next) else {
            return forest.total;
        };
        next = open;
        leaves.extend(forest.cut(open));
    }
}

struct Forest<'a> {
    nodes: Vec<Node<'a>>,
    total: Sums,
}

struct Node<'a> {
    own: Option<&'a Sums>,
    parts: Option<Box<Sums>>,
    parent: Option<usize>,
    open_parts: usize,
}

impl<'a> Forest<'a> {
    fn new(sums: impl Iterator<Item = &'a Sums>, parents: &[Option<usize>]) -> Self {
        let parents = parents.iter().copied().chain(std::iter::repeat(None));
        let mut nodes: Vec<Node<'_>> = sums
            .zip(parents)
            .map(|(own, parent)| Node {
                own: Some(own),
                parts: None,
                parent,
                open_parts: 0,
            })
            .collect();
        let known: Vec<usize> = nodes.iter().filter_map(|node| node.parent).collect();
        for parent in known {
            if let Some(node) = nodes.get_mut(parent) {
                node.open_parts += 1;
            }
        }
        Self {
            nodes,
            total: Sums::default(),
        }
    }

    fn leaves(&self) -> Vec<usize> {
        let indexed = self.nodes.iter().enumerate();
        indexed
            .filter(|(_, node)| node.open_parts == 0)
            .map(|(index, _)| index)
            .collect()
    }

    /// Settles a node whose parts are all settled, and hands it to its parent or to the total. The parent,
    /// where this was its last part.
    fn close(&mut self, index: usize) -> Option<usize> {
        let node = self.nodes.get_mut(index)?;
        let own = node.own.take()?;
        let of_parts = node.parts.take();
        let with_parts = of_parts.map(|parts| own.clone().or_of_parts(&parts));
        let settled = with_parts.as_ref().unwrap_or(own);
        let parent_index = node.parent;
        let Some(parent) = parent_index.and_then(|parent| self.nodes.get_mut(parent)) else {
            self.total.add(settled);
            return None;
        };
        parent.parts.get_or_insert_default().add(settled);
        parent.open_parts = parent.open_parts.saturating_sub(1);
        parent_index.filter(|_| parent.open_parts == 0)
    }

    fn first_open_from(&self, index: usize) -> Option<usize> {
        let open = self
            .nodes
            .iter()
            .enumerate()
            .skip(index)
            .find(|(_, node)| node.own.is_some());
        open.map(|(index, _)| index)
    }

    /// Takes a node off its parent. The parent, where this was its last open part.
    fn cut(&mut self, index: usize) -> Option<usize> {
        let parent_index = self.nodes.get_mut(index)?.parent.take()?;
        let parent = self.nodes.get_mut(parent_index)?;
        parent.open_parts = parent.open_parts.saturating_sub(1);
        (parent.open_parts == 0).then_some(parent_index)
    }
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.amounts = self.amounts.plus(&other.amounts);
        self.increments.add_all(&other.increments);
        self.incomplete.year |= other.incomplete.year;
        self.incomplete.life |= other.incomplete.life;
    }

    /// Takes what a node that stands alone added before for what it adds now; `None` where only adding up anew tells:
    /// when it is no longer incomplete, others may be.
    pub(super) fn replace(&mut self, before: &Self, after: &Self) -> Option<()> {
        let is_completed = (before.incomplete.year && !after.incomplete.year)
            || (before.incomplete.life && !after.incomplete.life);
        if is_completed || before.increments != after.increments {
            return None;
        }
        self.amounts = self.amounts.replaced(&before.amounts, &after.amounts)?;
        self.incomplete.year |= after.incomplete.year;
        self.incomplete.life |= after.incomplete.life;
        Some(())
    }

    fn or_of_parts(mut self, parts: &Self) -> Self {
        let has_budget = !self.amounts.adjusted_budget.is_zero() || !self.amounts.life_budget.is_zero();
        if has_budget {
            self.incomplete = Incomplete::default();
        } else {
            self.increments = Increments::default();
            self.increments.add_all(&parts.increments);
            self.incomplete = parts.incomplete;
        }
        let own: Amounts = self.amounts;
        self.amounts = own.or_of_parts(&parts.amounts);
        let of_both = Incomplete::of_project(&self.amounts, self.amounts.life_budget.is_zero());
        self.incomplete.year |= of_both.year;
        self.incomplete.life |= of_both.life;
        self
    }
}
