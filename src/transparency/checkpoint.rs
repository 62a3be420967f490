//! Checkpoints (C2SP tlog-checkpoint), with and without signatures.

use std::fmt;

use super::lines::{digest_of, number_of, text_of, to_base64};
use super::note::{NoteSignature, VerifierKey, check_name};
use super::{Frontier, TransparencyError};
use crate::output::{Encoding, Sealed, Verified};
use crate::signer::Signer;
use crate::values::Digest;

pub(super) const CHECKPOINT: &str = "a checkpoint";

/// The state of a log: its origin, the number of leaves in its tree, and the root hash of the tree. Signatures cover its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Digest,
}

impl Checkpoint {
    /// `origin` must be unique among all logs. It is a URL without a scheme: `pki.example/ceremony/root-r1-2026`.
    ///
    /// # Errors
    /// [`TransparencyError::Name`]. The key of a signed note has the same name, so the origin must not contain spaces or plus signs.
    pub fn new(origin: &str, size: u64, root: Digest) -> Result<Self, TransparencyError> {
        check_name(origin)?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }

    /// The checkpoint of a tree.
    ///
    /// # Errors
    /// [`TransparencyError::Name`]
    pub fn of(origin: &str, tree: &Frontier) -> Result<Self, TransparencyError> {
        Self::new(origin, tree.size(), tree.root())
    }

    /// The origin of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root hash of the tree.
    #[must_use]
    pub const fn root(&self) -> Digest {
        self.root
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let checkpoint = Self::new(origin, number_of(size)?, digest_of(root)?).ok()?;
        (checkpoint.to_string() == text).then_some(checkpoint)
    }

    /// Signs the checkpoint once with an Ed25519 key, under the name of the origin, and verifies the signature.
    ///
    /// # Errors
    /// [`TransparencyError::KeyKind`], [`TransparencyError::Signer`], [`TransparencyError::BadSignature`]
    pub fn sign(&self, signer: &dyn Signer) -> Result<SignedCheckpoint, TransparencyError> {
        let key = VerifierKey::new(&self.origin, signer.public_key())?;
        Ok(SignedCheckpoint {
            signatures: vec![key.sign(signer, &self.to_string())?],
            checkpoint: self.clone(),
        })
    }

    /// The checkpoint without signatures.
    #[must_use]
    pub fn unsigned(&self) -> SignedCheckpoint {
        SignedCheckpoint {
            checkpoint: self.clone(),
            signatures: Vec::new(),
        }
    }
}

/// Origin, size and base64 root hash, each followed by a newline.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = to_base64(&self.root.0);
        write!(f, "{}\n{}\n{root}\n", self.origin, self.size)
    }
}

/// A checkpoint with the signatures found in its file, verified or not. There may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    signatures: Vec<NoteSignature>,
}

impl SignedCheckpoint {
    /// Reads a checkpoint: a signed note, or only its text. Extension lines are refused, because their meaning cannot be checked.
    ///
    /// # Errors
    /// [`TransparencyError::Malformed`]
    pub fn read(bytes: &[u8]) -> Result<Self, TransparencyError> {
        let wrong = |reason: &str| TransparencyError::malformed(CHECKPOINT, reason);
        let text = text_of(CHECKPOINT, bytes)?;
        let (body, signatures) = match text.split_once("\n\n") {
            Some((_, "")) => return Err(wrong("no signature follows its empty line")),
            Some((body, signatures)) => (&text[..=body.len()], Some(signatures)),
            None => (text, None),
        };
        let checkpoint = Checkpoint::read(body).ok_or_else(|| {
            wrong("it must have three lines before the signatures: origin, size, root hash in base64")
        })?;
        let signatures: Option<Vec<_>> = signatures
            .into_iter()
            .flat_map(str::lines)
            .map(NoteSignature::read)
            .collect();
        let signatures = signatures.ok_or_else(|| wrong("a line after the empty line is not a signature"))?;
        Ok(Self {
            checkpoint,
            signatures,
        })
    }

    /// The checkpoint. Only [`verify`](Self::verify) shows who signed it.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The signatures found with it.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Verifies that the key signed the checkpoint. Signatures by other keys are ignored, as the specification requires. The key must have the name
    /// of the origin, so that a checkpoint of another log is not accepted.
    ///
    /// # Errors
    /// [`TransparencyError::OtherKey`], [`TransparencyError::Unsigned`], [`TransparencyError::BadSignature`]
    pub fn verify(&self, key: &VerifierKey) -> Result<(), TransparencyError> {
        if key.name() != self.checkpoint.origin {
            return Err(TransparencyError::OtherKey {
                key: key.name().to_owned(),
                origin: self.checkpoint.origin.clone(),
            });
        }
        let text = self.checkpoint.to_string();
        let mut own = self.signatures.iter().filter(|one| key.has_made(one)).peekable();
        if own.peek().is_none() {
            return Err(TransparencyError::Unsigned {
                key: key.to_string(),
                found: self.signatures.iter().map(|one| one.name().to_owned()).collect(),
            });
        }
        own.try_for_each(|signature| key.verify(signature, &text))
    }
}

/// The form that [`read`](SignedCheckpoint::read) accepts.
impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.checkpoint.fmt(f)?;
        if !self.signatures.is_empty() {
            f.write_str("\n")?;
        }
        self.signatures
            .iter()
            .try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

impl Sealed for SignedCheckpoint {}

impl Verified for SignedCheckpoint {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        same_again(self, Self::read(written))
    }
}

/// Refuses a value that differs from the one read back.
pub(super) fn same_again<T: PartialEq>(
    written: &T,
    read: Result<T, TransparencyError>,
) -> Result<(), String> {
    match read {
        Ok(read) if read == *written => Ok(()),
        Ok(_) => Err("it reads back differently".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
