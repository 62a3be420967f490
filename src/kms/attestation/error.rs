//! Why an attestation document is refused.

use std::fmt;

use crate::signer::{KeyAlgorithm, PublicKeyError};

/// Why a document is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttestationError {
    /// Empty, or longer than the KMS API allows.
    Size {
        /// How many bytes it has.
        found: usize,
        /// How many it may have.
        longest: usize,
    },
    /// Text, but not base64.
    Base64,
    /// Not the expected CBOR.
    Cbor {
        /// Where.
        part: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// Arrays, maps and tags are nested too deep.
    TooDeep {
        /// Where.
        part: &'static str,
        /// How many levels are read.
        deepest: usize,
    },
    /// CBOR, but not a `COSE_Sign1`.
    NotCoseSign1 {
        /// What it is.
        found: String,
    },
    /// Bytes follow.
    Trailing {
        /// What they follow.
        part: &'static str,
        /// How many bytes.
        count: usize,
    },
    /// A map has one key twice.
    Duplicate {
        /// The map.
        part: &'static str,
        /// The key, where it is text.
        key: Option<String>,
    },
    /// A field is missing.
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field has an invalid value.
    Value {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The document has no public key.
    NoPublicKey,
    /// One of the two public keys cannot be read.
    PublicKey {
        /// Its owner.
        whose: KeyOwner,
        /// Why.
        cause: PublicKeyError,
    },
    /// One of the two public keys is not in DER as RFC 3279 requires.
    NotDer {
        /// Its owner.
        whose: KeyOwner,
    },
    /// One of the two public keys is not RSA, the only kind that KMS encrypts to.
    NotRsa {
        /// Its owner.
        whose: KeyOwner,
        /// What it is.
        algorithm: KeyAlgorithm,
    },
    /// The document is for another key.
    OtherKey {
        /// SHA-256 of the key in the document.
        document: String,
        /// SHA-256 of the key on the token.
        token: String,
    },
}

/// Whose public key could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOwner {
    /// The one in the attestation document.
    Document,
    /// The wrapping key on the token.
    Token,
}

impl fmt::Display for KeyOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Document => "the public key in the attestation document",
            Self::Token => "the public key of the wrapping key",
        })
    }
}

impl fmt::Display for AttestationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { found, longest } => write!(
                f,
                "the attestation document has {found} bytes; KMS accepts 1 to {longest}"
            ),
            Self::Base64 => write!(f, "the attestation document is neither CBOR nor base64"),
            Self::Cbor { part, reason } => write!(f, "attestation document: {part}: {reason}"),
            Self::TooDeep { part, deepest } => {
                write!(
                    f,
                    "attestation document: {part} is nested more than {deepest} levels deep"
                )
            }
            Self::NotCoseSign1 { found } => {
                write!(
                    f,
                    "the attestation document is not a COSE_Sign1 (an array of 4): it is {found}"
                )
            }
            Self::Trailing { part, count } => {
                write!(f, "attestation document: {count} bytes follow {part}")
            }
            Self::Duplicate { part, key: Some(key) } => {
                write!(f, "attestation document: {part} has {key:?} twice")
            }
            Self::Duplicate { part, key: None } => {
                write!(f, "attestation document: {part} has one key twice")
            }
            Self::Missing { field } => write!(f, "the attestation document has no {field}"),
            Self::Value { field, reason } => write!(f, "attestation document: {field} {reason}"),
            Self::NoPublicKey => write!(
                f,
                "the attestation document has no public_key, so KMS has no key to encrypt to"
            ),
            Self::PublicKey { whose, cause } => write!(f, "{whose}: {cause}"),
            Self::NotDer { whose } => write!(f, "{whose} is not a DER SubjectPublicKeyInfo"),
            Self::NotRsa { whose, algorithm } => {
                write!(f, "{whose} is {algorithm}; KMS encrypts only to RSA keys")
            }
            Self::OtherKey { document, token } => write!(
                f,
                "the attestation document is for another key: SHA-256 of its public key is {document}, of the wrapping key's \
                 {token}"
            ),
        }
    }
}

impl std::error::Error for AttestationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::PublicKey { cause, .. } => cause.source(),
            _ => None,
        }
    }
}
