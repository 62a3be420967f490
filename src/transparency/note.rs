//! The Ed25519 signatures of a note (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use super::TransparencyError;
use super::lines::{base64_of, to_base64};
use crate::signer::{KeyAlgorithm, PublicKey, SignatureAlgorithm, Signer, sha256};

/// The signature type of Ed25519.
const ED25519: u8 = 1;

/// The start of a signature line: an em dash and a space.
pub(super) const SIGNATURE: &str = "\u{2014} ";

/// Refuses an invalid key name: one that is empty or contains spaces, control characters or a plus sign.
pub(super) fn check_name(name: &str) -> Result<(), TransparencyError> {
    let is_wrong = |character: char| character.is_whitespace() || character.is_control() || character == '+';
    match name.is_empty() || name.contains(is_wrong) {
        true => Err(TransparencyError::Name {
            name: name.to_owned(),
        }),
        false => Ok(()),
    }
}

/// The public key of a note signer, with the name under which it signs. Its text is `NAME+ID+KEY`, as in Go's `sumdb/note`: the ID in hex, and the
/// signature type and the key in base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public_key: PublicKey,
}

impl VerifierKey {
    /// An Ed25519 key under this name.
    ///
    /// # Errors
    /// [`TransparencyError::Name`], [`TransparencyError::KeyKind`]
    pub fn new(name: &str, public_key: &PublicKey) -> Result<Self, TransparencyError> {
        check_name(name)?;
        match public_key.algorithm() {
            KeyAlgorithm::Ed25519 => Ok(Self {
                name: name.to_owned(),
                public_key: public_key.clone(),
            }),
            other => Err(TransparencyError::KeyKind {
                found: other.to_string(),
            }),
        }
    }

    /// The name under which the key signs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The signature type and the 32 bytes of the key (RFC 8032).
    fn typed_key(&self) -> Vec<u8> {
        [&[ED25519][..], self.public_key.subject_public_key()].concat()
    }

    /// The first four bytes of SHA-256 over the name, a newline, the signature type and the key.
    fn id(&self) -> [u8; 4] {
        let hash = sha256(&[self.name.as_bytes(), b"\n", &self.typed_key()].concat());
        let [first, second, third, fourth, ..] = hash;
        [first, second, third, fourth]
    }

    /// Signs `text` once, and verifies the signature.
    pub(super) fn sign(&self, signer: &dyn Signer, text: &str) -> Result<NoteSignature, TransparencyError> {
        let signature = NoteSignature {
            name: self.name.clone(),
            id: self.id(),
            signature: signer.sign(SignatureAlgorithm::Ed25519, text.as_bytes())?,
        };
        self.verify(&signature, text)?;
        Ok(signature)
    }

    pub(super) fn has_made(&self, signature: &NoteSignature) -> bool {
        signature.name == self.name && signature.id == self.id()
    }

    pub(super) fn verify(&self, signature: &NoteSignature, text: &str) -> Result<(), TransparencyError> {
        self.public_key
            .verify(SignatureAlgorithm::Ed25519, text.as_bytes(), &signature.signature)
            .map_err(TransparencyError::bad_signature(&self.name))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, key) = (hex::encode(self.id()), to_base64(&self.typed_key()));
        write!(f, "{}+{id}+{key}", self.name)
    }
}

impl FromStr for VerifierKey {
    type Err = TransparencyError;

    fn from_str(text: &str) -> Result<Self, TransparencyError> {
        let wrong = |reason: &str| TransparencyError::malformed("a verifier key", reason);
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it must be NAME+ID+KEY"));
        };
        let key = base64_of(key).ok_or_else(|| wrong("its key is not base64"))?;
        let Some((&ED25519, key)) = key.split_first() else {
            return Err(wrong("it is not of an Ed25519 key"));
        };
        let public_key = PublicKey::from_ed25519(key).map_err(|error| wrong(&error.to_string()))?;
        let read = Self::new(name, &public_key)?;
        match read.to_string() == text {
            true => Ok(read),
            false => Err(wrong("its ID is not that of its name and key")),
        }
    }
}

/// One signature of a note, by any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl NoteSignature {
    /// The name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn read(line: &str) -> Option<Self> {
        let (name, signature) = line.strip_prefix(SIGNATURE)?.split_once(' ')?;
        check_name(name).ok()?;
        let bytes = base64_of(signature)?;
        let (id, signature) = bytes.split_first_chunk()?;
        (!signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: *id,
            signature: signature.to_vec(),
        })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signature = [&self.id[..], &self.signature].concat();
        write!(f, "{SIGNATURE}{} {}", self.name, to_base64(&signature))
    }
}
