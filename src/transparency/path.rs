//! The hashes of a proof: selecting them, and computing heads from them.

use super::tree::{Frontier, node_hash};
use crate::values::Digest;

/// Collects the hashes of one proof as the leaves of the tree are pushed. It keeps only the proof in memory.
#[derive(Clone, Debug)]
pub struct PathBuilder {
    /// Start and end of each subtree whose head is needed, with its index in the proof. They are sorted by start, and do not overlap.
    subtrees: Vec<(u64, u64, usize)>,
    /// How many subtrees are complete.
    complete: usize,
    /// How many leaves were pushed.
    seen: u64,
    frontier: Frontier,
    hashes: Vec<Option<Digest>>,
}

impl PathBuilder {
    /// `PATH(index, D[size])` of RFC 6962 section 2.1.1: proves that the leaf is in the tree. `None` if the tree has no such leaf.
    #[must_use]
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let (mut first, mut end) = (0, size);
        let mut siblings = Vec::new();
        while end - first > 1 {
            let middle = first + split(end - first);
            if index < middle {
                siblings.push((middle, end));
                end = middle;
            } else {
                siblings.push((first, middle));
                first = middle;
            }
        }
        // From the leaf's sibling to the root's child.
        siblings.reverse();
        Some(Self::of(siblings))
    }

    /// `PROOF(old, D[new])` of RFC 6962 section 2.1.2: proves that the new tree extends the old one. `None` unless `0 < old <= new`: every tree
    /// extends the empty tree, so that would prove nothing.
    #[must_use]
    pub fn consistency(old: u64, new: u64) -> Option<Self> {
        if old == 0 || old > new {
            return None;
        }
        let (mut first, mut end) = (0, new);
        let mut subtrees = Vec::new();
        // Descend until the old tree and the subtree end at the same leaf.
        while old < end {
            let middle = first + split(end - first);
            if old <= middle {
                subtrees.push((middle, end));
                end = middle;
            } else {
                subtrees.push((first, middle));
                first = middle;
            }
        }
        // The verifier already knows the head of the whole old tree.
        if first != 0 {
            subtrees.push((first, end));
        }
        subtrees.reverse();
        Some(Self::of(subtrees))
    }

    fn of(in_order: Vec<(u64, u64)>) -> Self {
        let hashes = vec![None; in_order.len()];
        let numbered = in_order.into_iter().enumerate();
        let mut subtrees: Vec<_> = numbered
            .map(|(place, (first, end))| (first, end, place))
            .collect();
        subtrees.sort_unstable();
        Self {
            subtrees,
            complete: 0,
            seen: 0,
            frontier: Frontier::default(),
            hashes,
        }
    }

    /// Adds the hash of the next leaf of the tree.
    pub fn push(&mut self, leaf: Digest) {
        let index = self.seen;
        self.seen = index.saturating_add(1);
        let Some((first, end, place)) = self.subtrees.get(self.complete).copied() else {
            return;
        };
        if index < first {
            return;
        }
        self.frontier.push(leaf);
        if self.seen == end {
            if let Some(hash) = self.hashes.get_mut(place) {
                *hash = Some(self.frontier.root());
            }
            self.frontier = Frontier::default();
            self.complete += 1;
        }
    }

    /// The hashes, in the order of the proof. `None` if too few leaves were pushed.
    #[must_use]
    pub fn finish(self) -> Option<Vec<Digest>> {
        self.hashes.into_iter().collect()
    }
}

/// The largest power of two that is smaller than `size`. `size` is at least 2.
const fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// Computes the head of a tree of this size from a leaf and its inclusion proof: RFC 9162 section 2.1.3.2. `None` if the proof does not have the form
/// for this leaf and tree size.
#[must_use]
pub fn root_of_inclusion(leaf: Digest, index: u64, size: u64, proof: &[Digest]) -> Option<Digest> {
    if index >= size {
        return None;
    }
    let (mut node, mut last, mut root) = (index, size - 1, leaf);
    for hash in proof {
        if last == 0 {
            return None;
        }
        if node % 2 == 1 || node == last {
            root = node_hash(*hash, root);
            climb(&mut node, &mut last);
        } else {
            root = node_hash(root, *hash);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// Whether the proof shows that the tree `new` extends the tree `old`. Each is given by size and head: RFC 9162 section 2.1.4.2.
#[must_use]
pub fn check_consistency(old: (u64, Digest), new: (u64, Digest), proof: &[Digest]) -> bool {
    consistent_heads(old, new, proof) == Some((old.1, new.1))
}

/// Computes the heads of both trees from the proof.
fn consistent_heads(old: (u64, Digest), new: (u64, Digest), proof: &[Digest]) -> Option<(Digest, Digest)> {
    let ((old_size, old_head), (new_size, new_head)) = (old, new);
    if old_size == 0 || old_size > new_size {
        return None;
    }
    if old_size == new_size {
        return (proof.is_empty() && old_head == new_head).then_some((old_head, new_head));
    }
    let (first, rest) = match old_size.is_power_of_two() {
        // The old tree is a perfect subtree of the new one, so the proof starts from its head.
        true if proof.is_empty() => return None,
        true => (old_head, proof),
        false => proof.split_first().map(|(first, rest)| (*first, rest))?,
    };
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    let odd = node.trailing_ones();
    node >>= odd;
    last >>= odd;
    let (mut old_root, mut new_root) = (first, first);
    for hash in rest {
        if last == 0 {
            return None;
        }
        if node % 2 == 1 || node == last {
            old_root = node_hash(*hash, old_root);
            new_root = node_hash(*hash, new_root);
            climb(&mut node, &mut last);
        } else {
            new_root = node_hash(new_root, *hash);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some((old_root, new_root))
}

/// Moves up until the node is a right child or the root.
const fn climb(node: &mut u64, last: &mut u64) {
    while node.is_multiple_of(2) && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}
