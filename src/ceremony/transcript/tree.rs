//! The same lines as a Merkle tree, so that a witness or a log can co-sign the head.

use std::fmt;

use base64ct::{Base64, Encoding};

use super::Transcript;
use crate::ceremony::Digest;
use crate::signer::sha256;

/// `MTH` of RFC 6962 section 2.1. The tree of nothing has the SHA-256 of nothing.
#[must_use]
pub fn tree_head<L: AsRef<[u8]>>(leaves: &[L]) -> Digest {
    Digest(subtree(leaves))
}

fn subtree<L: AsRef<[u8]>>(leaves: &[L]) -> [u8; 32] {
    match leaves {
        [] => sha256(b""),
        [leaf] => sha256(&[&[0], leaf.as_ref()].concat()),
        // k is the largest power of two that is smaller than the number of leaves.
        leaves => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            sha256(&[&[1][..], &subtree(left), &subtree(right)].concat())
        }
    }
}

/// A checkpoint of C2SP tlog-checkpoint, without signatures: the text that a signed note has before its empty line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Digest,
}

impl Checkpoint {
    /// The checkpoint of a transcript. `origin` names the ceremony among all logs, as a URL without a scheme: `pki.example/ceremony/root-r1-2026`.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn of(transcript: &Transcript, origin: &str) -> Result<Self, CheckpointError> {
        let is_wrong =
            |character: char| character.is_whitespace() || character.is_control() || character == '+';
        if origin.is_empty() || origin.contains(is_wrong) {
            return Err(CheckpointError {
                origin: origin.to_owned(),
            });
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: transcript.head().n,
            root: transcript.tree_head(),
        })
    }
}

/// Origin, size, and root hash in base64, each with a newline.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = Base64::encode_string(&self.root.0);
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

/// The origin cannot be that of a checkpoint: a signed note's key has the same name, without spaces and plus signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointError {
    /// The origin.
    pub origin: String,
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = &self.origin;
        write!(
            f,
            "{origin:?} cannot be the origin of a checkpoint: it must have no spaces and no +, and not be empty"
        )
    }
}

impl std::error::Error for CheckpointError {}
