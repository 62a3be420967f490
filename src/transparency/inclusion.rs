//! Proves that an event is in a log (C2SP tlog-proof).

use std::fmt;

use super::checkpoint::same_again;
use super::lines::{base64_of, digests_of, number_of, text_of, to_base64};
use super::{SignedCheckpoint, TransparencyError, leaf_hash, root_of_inclusion};
use crate::output::{Encoding, Sealed, Verified};
use crate::values::Digest;

const PROOF: &str = "an inclusion proof (c2sp.org/tlog-proof@v1)";

/// The first line of the file.
const HEADER: &str = "c2sp.org/tlog-proof@v1\n";

/// A leaf, and the proof that it is in the tree of a checkpoint. Making the value checks the proof, but not the checkpoint's signatures.
///
/// The file's `extra` contains the bytes of the leaf. They need no trust, because the hash of the leaf is computed from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    leaf: Vec<u8>,
    index: u64,
    hashes: Vec<Digest>,
    checkpoint: SignedCheckpoint,
}

impl InclusionProof {
    /// The proof that `leaf` has this index, counted from 0.
    ///
    /// # Errors
    /// [`TransparencyError::NotIncluded`]
    pub fn new(
        leaf: Vec<u8>,
        index: u64,
        hashes: Vec<Digest>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, TransparencyError> {
        let head = checkpoint.checkpoint();
        let root = root_of_inclusion(leaf_hash(&leaf), index, head.size(), &hashes);
        match root == Some(head.root()) {
            true => Ok(Self {
                leaf,
                index,
                hashes,
                checkpoint,
            }),
            false => Err(TransparencyError::NotIncluded),
        }
    }

    /// Whether a file begins like such a proof.
    #[must_use]
    pub fn is_in(file: &[u8]) -> bool {
        file.starts_with(b"c2sp.org/tlog-proof@")
    }

    /// Reads a proof and checks it against the checkpoint in the file.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`], [`TransparencyError::NotIncluded`]
    pub fn read(bytes: &[u8]) -> Result<Self, TransparencyError> {
        let wrong = |reason: &str| TransparencyError::malformed(PROOF, reason);
        let text = text_of(PROOF, bytes)?;
        let rest = text
            .strip_prefix(HEADER)
            .ok_or_else(|| wrong("its first line is not c2sp.org/tlog-proof@v1"))?;
        let (proof, checkpoint) = rest
            .split_once("\n\n")
            .ok_or_else(|| wrong("it has no checkpoint after an empty line"))?;
        let (extra, proof) = proof.split_once('\n').unwrap_or((proof, ""));
        let (index, hashes) = proof.split_once('\n').unwrap_or((proof, ""));
        let leaf = extra.strip_prefix("extra ").and_then(base64_of);
        let leaf = leaf.ok_or_else(|| wrong("its second line is not `extra` with the event in base64"))?;
        let index = index.strip_prefix("index ").and_then(number_of);
        let index = index.ok_or_else(|| wrong("its third line is not `index` with a number"))?;
        let checkpoint = SignedCheckpoint::read(checkpoint.as_bytes())?;
        let read = Self::new(leaf, index, digests_of(PROOF, hashes)?, checkpoint)?;
        match read.to_string() == text {
            true => Ok(read),
            false => Err(wrong("it has an extra empty line")),
        }
    }

    /// The bytes of the leaf.
    #[must_use]
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// The index of the leaf, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The checkpoint whose tree contains the leaf.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }
}

/// The form that [`read`](InclusionProof::read) accepts.
impl fmt::Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let leaf = to_base64(&self.leaf);
        write!(f, "{HEADER}extra {leaf}\nindex {}\n", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", to_base64(&hash.0))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl Sealed for InclusionProof {}

impl Verified for InclusionProof {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        same_again(self, Self::read(written))
    }
}
