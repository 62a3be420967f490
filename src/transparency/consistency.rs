//! A proof that one checkpoint extends another: the `add-checkpoint` request of C2SP tlog-witness.

use std::fmt;

use super::checkpoint::same_again;
use super::lines::{digests_of, number_of, text_of, to_base64};
use super::{Checkpoint, SignedCheckpoint, TransparencyError, check_consistency};
use crate::output::{Encoding, Sealed, Verified};
use crate::values::Digest;

const PROOF: &str = "a consistency proof (the add-checkpoint request of c2sp.org/tlog-witness)";

/// Proves that a newer tree begins with the leaves of an older one. Making the value checks the proof, but not the signatures of the newer
/// checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    old: Checkpoint,
    hashes: Vec<Digest>,
    new: SignedCheckpoint,
}

impl ConsistencyProof {
    /// The proof that `new` extends `old`.
    ///
    /// # Errors
    /// [`TransparencyError::OtherOrigin`], [`TransparencyError::NotConsistent`]
    pub fn new(
        old: &Checkpoint,
        hashes: Vec<Digest>,
        new: SignedCheckpoint,
    ) -> Result<Self, TransparencyError> {
        let head = new.checkpoint();
        if head.origin() != old.origin() {
            return Err(TransparencyError::OtherOrigin {
                found: head.origin().to_owned(),
                expected: old.origin().to_owned(),
            });
        }
        let sizes_and_heads = ((old.size(), old.root()), (head.size(), head.root()));
        match check_consistency(sizes_and_heads.0, sizes_and_heads.1, &hashes) {
            true => Ok(Self {
                old: old.clone(),
                hashes,
                new,
            }),
            false => Err(TransparencyError::NotConsistent {
                old: old.size(),
                new: head.size(),
            }),
        }
    }

    /// Whether a file begins like such a proof.
    #[must_use]
    pub fn is_in(file: &[u8]) -> bool {
        file.starts_with(b"old ")
    }

    /// Reads a proof and checks it against the older checkpoint, which is not in the file.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`], and the errors of [`new`](Self::new)
    pub fn read(bytes: &[u8], old: &Checkpoint) -> Result<Self, TransparencyError> {
        let text = text_of(PROOF, bytes)?;
        let (size, hashes, new) = parts_of(text)?;
        if size != old.size() {
            return Err(TransparencyError::OtherCheckpoint {
                kept: old.size(),
                found: size,
            });
        }
        let read = Self::new(old, digests_of(PROOF, hashes)?, new)?;
        match read.to_string() == text {
            true => Ok(read),
            false => Err(malformed("it has an extra empty line")),
        }
    }

    /// The size of the older checkpoint and the newer checkpoint, as a file claims. Nothing is checked: that needs the older checkpoint.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`]
    pub fn claim(bytes: &[u8]) -> Result<(u64, SignedCheckpoint), TransparencyError> {
        let (size, hashes, new) = parts_of(text_of(PROOF, bytes)?)?;
        digests_of(PROOF, hashes)?;
        Ok((size, new))
    }

    /// The older checkpoint.
    #[must_use]
    pub const fn old(&self) -> &Checkpoint {
        &self.old
    }

    /// The newer checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &SignedCheckpoint {
        &self.new
    }
}

fn malformed(reason: &str) -> TransparencyError {
    TransparencyError::malformed(PROOF, reason)
}

/// The size of the older checkpoint, the lines of hashes, and the newer checkpoint.
fn parts_of(text: &str) -> Result<(u64, &str, SignedCheckpoint), TransparencyError> {
    let (proof, checkpoint) = text
        .split_once("\n\n")
        .ok_or_else(|| malformed("it has no checkpoint after an empty line"))?;
    let (size, hashes) = proof.split_once('\n').unwrap_or((proof, ""));
    let size = size.strip_prefix("old ").and_then(number_of);
    let size = size.ok_or_else(|| malformed("its first line is not `old` with a number"))?;
    Ok((size, hashes, SignedCheckpoint::read(checkpoint.as_bytes())?))
}

/// The form that [`read`](ConsistencyProof::read) accepts.
impl fmt::Display for ConsistencyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old.size())?;
        for hash in &self.hashes {
            writeln!(f, "{}", to_base64(&hash.0))?;
        }
        write!(f, "\n{}", self.new)
    }
}

impl Sealed for ConsistencyProof {}

impl Verified for ConsistencyProof {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        same_again(self, Self::read(written, &self.old))
    }
}
