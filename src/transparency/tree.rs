//! The Merkle tree of RFC 6962 section 2.1, built leaf by leaf.

use sha2::{Digest as _, Sha256};

use crate::values::Digest;

/// The hash of a leaf: SHA-256 over the octet 0 and the bytes of the leaf.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    Digest(Sha256::new_with_prefix([0]).chain_update(leaf).finalize().into())
}

/// The hash of a node: SHA-256 over the octet 1 and the hashes of its children.
pub(super) fn node_hash(left: Digest, right: Digest) -> Digest {
    let hash = Sha256::new_with_prefix([1]);
    Digest(hash.chain_update(left.0).chain_update(right.0).finalize().into())
}

/// `MTH` of RFC 6962 section 2.1. The head of the empty tree is the SHA-256 of the empty string.
#[must_use]
pub fn tree_head<L: AsRef<[u8]>>(leaves: &[L]) -> Digest {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(leaf_hash(leaf.as_ref()));
    }
    frontier.root()
}

/// The right edge of a growing tree: the heads of its perfect subtrees, at most 64. A tree of any size needs no more memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// From the largest subtree to the smallest.
    heads: Vec<Digest>,
}

impl Frontier {
    /// Adds a leaf by its [hash](leaf_hash).
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        // Each trailing one bit of the size is a subtree as large as the one just completed.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.heads.pop() {
                hash = node_hash(left, hash);
            }
        }
        self.heads.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The head of the whole tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        let from_the_right = self.heads.iter().rev().copied();
        let root = from_the_right.reduce(|right, left| node_hash(left, right));
        root.unwrap_or_else(|| Digest::of(b""))
    }
}
