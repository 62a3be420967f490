//! The attestation document: it tells KMS to whose public key the answer is to be encrypted.
//!
//! It is made and signed where the key is (by an AWS Nitro Enclave or a NitroTPM), and carried here as a file.

mod cbor;
mod cose;
mod error;
mod fields;

use std::fmt;

use base64ct::{Base64, Encoding as _};

use cose::cose_payload;
pub use error::AttestationError;
use error::KeyOwner;
use fields::Fields;

use crate::signer::{Hex, KeyAlgorithm, PublicKey, sha256};

/// KMS API, `RecipientInfo`: `AttestationDocument` has at most this many bytes.
const LONGEST: usize = 262_144;

/// The same in base64, with room for white space.
const LONGEST_TEXT: usize = 2 * LONGEST;

/// An attestation document as the operator has it, and what it says.
///
/// **Its signature is not verified here**: KMS verifies it, with the chain of certificates in it, and answers no other document. This program reads
/// it to fail early and to name the fault, above all if the document is for another key ([`carries`](Self::carries)); nothing may be concluded from
/// it before KMS has answered.
#[derive(Clone, PartialEq, Eq)]
pub struct AttestationDocument {
    bytes: Vec<u8>,
    module_id: String,
    public_key: Option<Vec<u8>>,
}

impl fmt::Debug for AttestationDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttestationDocument")
            .field("bytes", &format_args!("{} bytes", self.bytes.len()))
            .field("module_id", &self.module_id)
            .field("public_key", &self.public_key.as_deref().map(fingerprint))
            .finish()
    }
}

fn fingerprint(public_key: &[u8]) -> String {
    Hex(&sha256(public_key)).to_string()
}

impl AttestationDocument {
    /// Reads a document: the CBOR that the Nitro Secure Module gives, or base64 of it, in one line or in many. The signature
    /// is not verified.
    ///
    /// # Errors
    /// [`AttestationError`]
    pub fn read(input: &[u8]) -> Result<Self, AttestationError> {
        let size = |found| AttestationError::Size {
            found,
            longest: LONGEST,
        };
        // Before anything is copied.
        if input.len() > LONGEST_TEXT {
            return Err(size(input.len()));
        }
        // Every array and every tag in CBOR begins with a byte above those of ASCII.
        let bytes = match input.first() {
            Some(0x80..) => input.to_vec(),
            _ => decode_text(input)?,
        };
        if bytes.is_empty() || bytes.len() > LONGEST {
            return Err(size(bytes.len()));
        }
        let fields = Fields::read(cose_payload(&bytes)?)?;
        Ok(Self {
            module_id: fields.module_id,
            public_key: fields.public_key,
            bytes,
        })
    }

    /// Whether the document is for the key with this DER `SubjectPublicKeyInfo`: KMS encrypts to no other. Both must be RSA keys in DER, and equal
    /// byte for byte.
    ///
    /// # Errors
    /// [`AttestationError::NoPublicKey`], [`AttestationError::OtherKey`]; [`AttestationError::PublicKey`],
    /// [`AttestationError::NotDer`] and [`AttestationError::NotRsa`] of either.
    pub fn carries(&self, public_key_spki_der: &[u8]) -> Result<(), AttestationError> {
        let in_document = self.public_key.as_deref().ok_or(AttestationError::NoPublicKey)?;
        check_key(KeyOwner::Token, public_key_spki_der)?;
        check_key(KeyOwner::Document, in_document)?;
        if in_document != public_key_spki_der {
            return Err(AttestationError::OtherKey {
                document: fingerprint(in_document),
                token: fingerprint(public_key_spki_der),
            });
        }
        Ok(())
    }

    /// The document as KMS expects it: CBOR, as it was read, never re-encoded.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `module_id`: the module that made the document. Printable ASCII without spaces.
    #[must_use]
    pub fn module_id(&self) -> &str {
        &self.module_id
    }
}

fn check_key(whose: KeyOwner, der: &[u8]) -> Result<(), AttestationError> {
    let key = PublicKey::from_der(der).map_err(|cause| AttestationError::PublicKey { whose, cause })?;
    let KeyAlgorithm::Rsa { .. } = key.algorithm() else {
        return Err(AttestationError::NotRsa {
            whose,
            algorithm: key.algorithm(),
        });
    };
    // `PublicKey` adds the NULL that RFC 3279 section 2.3.1 requires and some programs leave out.
    if key.der() != der {
        return Err(AttestationError::NotDer { whose });
    }
    Ok(())
}

fn decode_text(input: &[u8]) -> Result<Vec<u8>, AttestationError> {
    let text = std::str::from_utf8(input).map_err(|_| AttestationError::Base64)?;
    let compact: String = text.split_ascii_whitespace().collect();
    Base64::decode_vec(&compact).map_err(|_| AttestationError::Base64)
}

#[cfg(test)]
mod tests;
