//! Merkle trees, checkpoints and proofs in the forms that transparency logs share, so that other programs read what this one writes.
//!
//! The tree is that of RFC 6962 section 2.1. A checkpoint is a [`Checkpoint`] of C2SP tlog-checkpoint, signed as a C2SP signed-note
//! ([`SignedCheckpoint`]). An [`InclusionProof`] is a C2SP tlog-proof, and a [`ConsistencyProof`] is the request that a C2SP tlog-witness
//! takes. This room knows no ledger and no ceremony: its leaves are bytes.

mod checkpoint;
mod consistency;
mod error;
mod inclusion;
mod lines;
mod note;
mod path;
#[cfg(test)]
mod tests;
mod tree;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use consistency::ConsistencyProof;
pub use error::TransparencyError;
pub use inclusion::InclusionProof;
pub use note::{NoteSignature, VerifierKey};
pub use path::{PathBuilder, check_consistency, root_of_inclusion};
pub use tree::{Frontier, leaf_hash, tree_head};
