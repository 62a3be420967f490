//! `CiphertextForRecipient`: what KMS answers instead of the plaintext when the request has a `Recipient`.
//!
//! It is a CMS EnvelopedData (RFC 5652 section 6) in BER: a fresh AES key, encrypted to the recipient's RSA key, and the plaintext encrypted under
//! it. Neither key is known here. The content is passed to the token, so everything that the token would take for granted (which algorithms, which
//! lengths) is checked first, and only the shape that KMS makes is accepted.

mod error;
mod field;
mod oaep;
mod recipient;

use std::fmt;

use const_oid::db::rfc5911::{ID_AES_256_CBC, ID_DATA, ID_ENVELOPED_DATA};

pub use error::EnvelopeError;
use field::{at, expect_oid, open, open_only, take_integer, take_octets};
use recipient::only_recipient;

use super::ber::{Reader, Tag};
use crate::signer::Hex;

/// KMS API, `Decrypt`: `CiphertextForRecipient` has at most this many bytes.
const LONGEST: usize = 6144;

/// AES works on blocks of this many bytes, and its initialization vector is one of them (FIPS 197, SP 800-38A section 6.2).
const BLOCK: usize = 16;

/// The shortest private key of a key pair that KMS generates is Ed25519 as a PKCS#8 `PrivateKeyInfo`: 48 bytes (RFC 8410 section 7), and 64 with
/// the padding of CBC. A shorter content cannot hold a private key.
const SHORTEST_CONTENT: usize = 64;

/// The two ciphertexts in a `CiphertextForRecipient`, and the recipient.
///
/// Reading it shows that it has the one shape accepted here, and nothing about its author: CMS EnvelopedData has no signature, and CBC no
/// integrity. A key imported from it must prove that it is the intended one.
#[derive(Clone, PartialEq, Eq)]
pub struct RecipientEnvelope {
    recipient: Option<Vec<u8>>,
    encrypted_key: Vec<u8>,
    initialization_vector: [u8; BLOCK],
    encrypted_content: Vec<u8>,
}

impl RecipientEnvelope {
    /// Reads a `CiphertextForRecipient`; nothing may follow it, outside or in any of its parts.
    ///
    /// # Errors
    /// [`EnvelopeError`]
    pub fn parse(ber: &[u8]) -> Result<Self, EnvelopeError> {
        if ber.is_empty() || ber.len() > LONGEST {
            return Err(EnvelopeError::Size {
                found: ber.len(),
                longest: LONGEST,
            });
        }
        // RFC 5652 section 3: ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT }
        let mut info = open_only(Reader::new(ber), Tag::SEQUENCE, "ContentInfo")?;
        expect_oid(
            &mut info,
            "ContentInfo.contentType",
            ID_ENVELOPED_DATA,
            |found, expected| EnvelopeError::ContentType { found, expected },
        )?;
        let content = open_only(info, Tag::context(0), "ContentInfo.content")?;
        Self::enveloped_data(open_only(content, Tag::SEQUENCE, "EnvelopedData")?)
    }

    /// RFC 5652 section 6.1: EnvelopedData.
    fn enveloped_data(mut data: Reader<'_>) -> Result<Self, EnvelopeError> {
        let version = take_integer(&mut data, "EnvelopedData.version")?;
        // RFC 5652 section 6.1: originatorInfo [0] IMPLICIT OPTIONAL is present "only if required by the key management algorithm", and key
        // transport does not require it.
        if data.is_next(Tag::context(0)) {
            return Err(EnvelopeError::OriginatorInfo);
        }
        let recipients = open(&mut data, Tag::SET, "EnvelopedData.recipientInfos")?;
        let recipient = only_recipient(recipients)?;
        // RFC 5652 section 6.1: 2 if the one RecipientInfo has a version other than 0, else 0. The version depends on the other fields, so it is
        // checked after them: the error then names the cause.
        if version != recipient.version {
            return Err(EnvelopeError::Version {
                found: version,
                expected: recipient.version,
            });
        }
        let content = open(&mut data, Tag::SEQUENCE, "EnvelopedData.encryptedContentInfo")?;
        let (initialization_vector, encrypted_content) = encrypted_content_info(content)?;
        // RFC 5652 section 6.1: unprotectedAttrs [1] IMPLICIT OPTIONAL. They are not read here.
        if data.is_next(Tag::context(1)) {
            return Err(EnvelopeError::UnprotectedAttributes);
        }
        data.finish().map_err(at("EnvelopedData"))?;
        Ok(Self {
            recipient: recipient.key_identifier,
            encrypted_key: recipient.encrypted_key,
            initialization_vector,
            encrypted_content,
        })
    }

    /// `subjectKeyIdentifier`: how KMS names the public key. AWS does not document how it is made; in the one answer of KMS that is published
    /// together with its key (a test of enclaver) it is the SHA-256 of the DER `SubjectPublicKeyInfo`. openssl copies the one in the certificate.
    /// `None` if the recipient is named by a certificate's issuer and serial number, which RFC 5652 section 6.2.1 also allows.
    #[must_use]
    pub fn recipient(&self) -> Option<&[u8]> {
        self.recipient.as_deref()
    }

    /// `encryptedKey`: the AES-256 key, encrypted to the recipient's RSA key with RSAES-OAEP, SHA-256 and MGF1 with SHA-256,
    /// without a label. 256, 384 or 512 bytes.
    #[must_use]
    pub fn encrypted_key(&self) -> &[u8] {
        &self.encrypted_key
    }

    /// The initialization vector of AES-CBC.
    #[must_use]
    pub const fn initialization_vector(&self) -> &[u8; 16] {
        &self.initialization_vector
    }

    /// `encryptedContent`: the plaintext encrypted under that AES key, AES-256-CBC with the padding of RFC 5652 section 6.3. Whole blocks, joined
    /// from the pieces that were received.
    #[must_use]
    pub fn encrypted_content(&self) -> &[u8] {
        &self.encrypted_content
    }
}

impl fmt::Debug for RecipientEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecipientEnvelope")
            .field(
                "recipient",
                &format_args!("{}", Hex(self.recipient().unwrap_or_default())),
            )
            .field(
                "encrypted_key",
                &format_args!("{} bytes", self.encrypted_key.len()),
            )
            .field(
                "encrypted_content",
                &format_args!("{} bytes", self.encrypted_content.len()),
            )
            .finish_non_exhaustive()
    }
}

/// RFC 5652 section 6.1: EncryptedContentInfo.
fn encrypted_content_info(mut info: Reader<'_>) -> Result<([u8; BLOCK], Vec<u8>), EnvelopeError> {
    const ALGORITHM: &str = "EncryptedContentInfo.contentEncryptionAlgorithm";
    expect_oid(
        &mut info,
        "EncryptedContentInfo.contentType",
        ID_DATA,
        |found, expected| EnvelopeError::EncryptedContentType { found, expected },
    )?;
    let mut algorithm = open(&mut info, Tag::SEQUENCE, ALGORITHM)?;
    expect_oid(&mut algorithm, ALGORITHM, ID_AES_256_CBC, |found, expected| {
        EnvelopeError::ContentEncryption { found, expected }
    })?;
    // RFC 3565 section 2.3: AES-IV ::= OCTET STRING (SIZE(16))
    let vector = take_octets(&mut algorithm, Tag::OCTET_STRING, ALGORITHM)?;
    let vector = <[u8; BLOCK]>::try_from(vector.as_slice())
        .map_err(|_| EnvelopeError::InitializationVector { found: vector.len() })?;
    algorithm.finish().map_err(at(ALGORITHM))?;
    // RFC 5652 section 6.1: encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL; left out if the content is elsewhere.
    if info.is_empty() {
        return Err(EnvelopeError::NoContent);
    }
    let content = take_octets(
        &mut info,
        Tag::context(0),
        "EncryptedContentInfo.encryptedContent",
    )?;
    // RFC 5652 section 6.3: the content is padded to whole blocks.
    if content.len() < SHORTEST_CONTENT || content.len() % BLOCK != 0 {
        return Err(EnvelopeError::ContentLength {
            found: content.len(),
            shortest: SHORTEST_CONTENT,
        });
    }
    info.finish().map_err(at("EncryptedContentInfo"))?;
    Ok((vector, content))
}

#[cfg(test)]
mod tests;
