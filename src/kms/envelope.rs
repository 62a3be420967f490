//! `CiphertextForRecipient`: what KMS answers in place of the plaintext when the request has a `Recipient`.
//!
//! It is a CMS EnvelopedData (RFC 5652 section 6) in BER: a fresh AES key, encrypted to the recipient's RSA key, and the
//! plaintext under it. Neither key is known here. What is read is handed to the token, so everything that the token would take
//! for granted (which algorithms, which lengths) is checked first, and one shape is accepted: that which KMS makes.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::DB;
use const_oid::db::rfc5911::{ID_AES_256_CBC, ID_DATA, ID_ENVELOPED_DATA};
use const_oid::db::rfc5912::{ID_MGF_1, ID_P_SPECIFIED, ID_RSAES_OAEP, ID_SHA_256};

use super::ber::{BerError, Element, Reader, Tag};
use crate::signer::Hex;

/// KMS API, `Decrypt`: `CiphertextForRecipient` has at most this many bytes.
const LONGEST: usize = 6144;

/// The moduli of RSA 2048, 3072 and 4096: the keys that a recipient may have (aws-nitro-enclaves-sdk-c, `attestation.h`).
const ENCRYPTED_KEY_LENGTHS: [usize; 3] = [256, 384, 512];

/// AES works on blocks of this many bytes, and its initialization vector is one of them (FIPS 197, SP 800-38A section 6.2).
const BLOCK: usize = 16;

/// The shortest private key of a key pair that KMS generates is Ed25519 as a PKCS#8 `PrivateKeyInfo`: 48 bytes (RFC 8410
/// section 7), and 64 with the padding of CBC. Less holds no private key, whatever it decrypts to.
const SHORTEST_CONTENT: usize = 64;

/// The two ciphertexts in a `CiphertextForRecipient`, and whom they are for.
///
/// That it was read says that it has the one shape accepted here. It says nothing about who made it: CMS EnvelopedData has no
/// signature, and CBC no integrity. What is imported from it has to prove that it is the key that was meant.
#[derive(Clone, PartialEq, Eq)]
pub struct RecipientEnvelope {
    recipient: Vec<u8>,
    encrypted_key: Vec<u8>,
    initialization_vector: [u8; BLOCK],
    encrypted_content: Vec<u8>,
}

/// Why a `CiphertextForRecipient` is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Empty, or longer than the KMS API allows.
    Size {
        /// How many bytes it has.
        found: usize,
        /// How many it may have.
        longest: usize,
    },
    /// A field is not the BER that it should be.
    Malformed {
        /// The field, by its name in the RFC.
        field: &'static str,
        /// What is wrong with it.
        cause: BerError,
    },
    /// `ContentInfo.contentType` is not id-envelopedData.
    ContentType {
        /// The object identifier.
        found: String,
        /// The one that belongs there.
        expected: String,
    },
    /// `EnvelopedData.version` is not 2.
    Version {
        /// The version.
        found: i64,
        /// The one that belongs there.
        expected: i64,
    },
    /// It has `originatorInfo`, which is for key agreement.
    OriginatorInfo,
    /// There is no recipient, or more than one.
    Recipients {
        /// How many there are.
        found: usize,
    },
    /// The recipient is not a `KeyTransRecipientInfo`.
    RecipientKind {
        /// The tag of the alternative that it is.
        found: String,
    },
    /// The recipient is named by a certificate's issuer and serial number.
    IssuerAndSerialNumber {
        /// `KeyTransRecipientInfo.version`
        version: i64,
    },
    /// The recipient is named by neither a key identifier nor a certificate.
    RecipientIdentifier {
        /// The tag of what names it.
        found: String,
    },
    /// `KeyTransRecipientInfo.version` is not 2.
    RecipientVersion {
        /// The version.
        found: i64,
        /// The one that belongs there.
        expected: i64,
    },
    /// `subjectKeyIdentifier` is empty.
    NoKeyIdentifier,
    /// `keyEncryptionAlgorithm` is not id-RSAES-OAEP.
    KeyEncryption {
        /// The object identifier.
        found: String,
        /// The one that belongs there.
        expected: String,
    },
    /// `RSAES-OAEP-params.hashFunc` is not SHA-256.
    OaepHash {
        /// The object identifier, or `None` for the default, which is SHA-1.
        found: Option<String>,
        /// The one that belongs there.
        expected: String,
    },
    /// `RSAES-OAEP-params.maskGenFunc` is not MGF1.
    OaepMask {
        /// The object identifier.
        found: String,
        /// The one that belongs there.
        expected: String,
    },
    /// The hash of MGF1 is not SHA-256.
    OaepMaskHash {
        /// The object identifier, or `None` for the default, which is SHA-1.
        found: Option<String>,
        /// The one that belongs there.
        expected: String,
    },
    /// `RSAES-OAEP-params.pSourceFunc` is not id-pSpecified.
    OaepLabelSource {
        /// The object identifier.
        found: String,
        /// The one that belongs there.
        expected: String,
    },
    /// `RSAES-OAEP-params.pSourceFunc` has a label.
    OaepLabel {
        /// How many bytes it has.
        length: usize,
    },
    /// `encryptedKey` is not as long as the modulus of an RSA key that a recipient may have.
    EncryptedKeyLength {
        /// How many bytes it has.
        found: usize,
    },
    /// `EncryptedContentInfo.contentType` is not id-data.
    EncryptedContentType {
        /// The object identifier.
        found: String,
        /// The one that belongs there.
        expected: String,
    },
    /// `contentEncryptionAlgorithm` is not aes256-CBC.
    ContentEncryption {
        /// The object identifier.
        found: String,
        /// The one that belongs there.
        expected: String,
    },
    /// The initialization vector is not one block.
    InitializationVector {
        /// How many bytes it has.
        found: usize,
    },
    /// `encryptedContent` is left out.
    NoContent,
    /// `encryptedContent` is not a number of whole blocks, or too short for a private key.
    ContentLength {
        /// How many bytes it has.
        found: usize,
        /// How many the shortest private key takes.
        shortest: usize,
    },
    /// It has `unprotectedAttrs`.
    UnprotectedAttributes,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CiphertextForRecipient: ")?;
        match self {
            Self::Size { found, longest } => write!(f, "it has {found} bytes, KMS makes 1 to {longest}"),
            Self::Malformed { field, cause } => write!(f, "{field}: {cause}"),
            Self::ContentType { found, expected } => {
                write!(f, "ContentInfo.contentType is {found}, not {expected}")
            }
            Self::Version { found, expected } => {
                write!(f, "EnvelopedData.version is {found}, not {expected}")
            }
            Self::OriginatorInfo => write!(f, "it has originatorInfo, which KMS does not make"),
            Self::Recipients { found } => write!(f, "it is for {found} recipients, not for one"),
            Self::RecipientKind { found } => write!(
                f,
                "its recipient is a {found}, not a KeyTransRecipientInfo (SEQUENCE)"
            ),
            Self::IssuerAndSerialNumber { version } => write!(
                f,
                "its recipient is named by a certificate's issuer and serial number (KeyTransRecipientInfo version {version}); \
                 KMS knows no certificate and names the key itself (subjectKeyIdentifier, version 2), so KMS did not make this"
            ),
            Self::RecipientIdentifier { found } => {
                write!(
                    f,
                    "its recipient is named by {found}, not by subjectKeyIdentifier ([0])"
                )
            }
            Self::RecipientVersion { found, expected } => {
                write!(f, "KeyTransRecipientInfo.version is {found}, not {expected}")
            }
            Self::NoKeyIdentifier => write!(f, "subjectKeyIdentifier is empty"),
            Self::KeyEncryption { found, expected } => {
                write!(f, "keyEncryptionAlgorithm is {found}, not {expected}")
            }
            Self::OaepHash { found, expected } => {
                write!(f, "the hash of RSAES-OAEP is {}, not {expected}", or_sha1(found))
            }
            Self::OaepMask { found, expected } => {
                write!(
                    f,
                    "the mask generation function of RSAES-OAEP is {found}, not {expected}"
                )
            }
            Self::OaepMaskHash { found, expected } => {
                write!(f, "the hash of MGF1 is {}, not {expected}", or_sha1(found))
            }
            Self::OaepLabelSource { found, expected } => {
                write!(f, "the label source of RSAES-OAEP is {found}, not {expected}")
            }
            Self::OaepLabel { length } => {
                write!(f, "RSAES-OAEP has a label of {length} bytes, where KMS uses none")
            }
            Self::EncryptedKeyLength { found } => write!(
                f,
                "encryptedKey has {found} bytes; RSA 2048, 3072 and 4096 give 256, 384 and 512"
            ),
            Self::EncryptedContentType { found, expected } => {
                write!(f, "EncryptedContentInfo.contentType is {found}, not {expected}")
            }
            Self::ContentEncryption { found, expected } => {
                write!(f, "contentEncryptionAlgorithm is {found}, not {expected}")
            }
            Self::InitializationVector { found } => {
                write!(f, "the initialization vector has {found} bytes, not {BLOCK}")
            }
            Self::NoContent => write!(f, "it has no encryptedContent"),
            Self::ContentLength { found, shortest } => write!(
                f,
                "encryptedContent has {found} bytes; an encrypted private key has {shortest} or more, in blocks of {BLOCK}"
            ),
            Self::UnprotectedAttributes => write!(f, "it has unprotectedAttrs, which KMS does not make"),
        }
    }
}

impl std::error::Error for EnvelopeError {}

fn or_sha1(found: &Option<String>) -> &str {
    found.as_deref().unwrap_or("the default, SHA-1")
}

impl fmt::Debug for RecipientEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecipientEnvelope")
            .field("recipient", &format_args!("{}", Hex(&self.recipient)))
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

/// An object identifier for a person: with its name, where it has one.
fn text(oid: &ObjectIdentifier) -> String {
    match DB.by_oid(oid) {
        Some(name) => format!("{oid} ({name})"),
        None => oid.to_string(),
    }
}

/// Puts the name of the field to what is wrong with it.
fn at(field: &'static str) -> impl FnOnce(BerError) -> EnvelopeError {
    move |cause| EnvelopeError::Malformed { field, cause }
}

/// The elements of the SEQUENCE, SET or EXPLICIT tag that comes next.
fn open<'a>(reader: &mut Reader<'a>, tag: Tag, field: &'static str) -> Result<Reader<'a>, EnvelopeError> {
    reader
        .expect(tag)
        .and_then(|element| element.inside())
        .map_err(at(field))
}

/// The elements of the only element that is left.
fn open_only<'a>(mut reader: Reader<'a>, tag: Tag, field: &'static str) -> Result<Reader<'a>, EnvelopeError> {
    let inside = open(&mut reader, tag, field)?;
    reader.finish().map_err(at(field))?;
    Ok(inside)
}

fn take_oid(reader: &mut Reader<'_>, field: &'static str) -> Result<ObjectIdentifier, EnvelopeError> {
    reader
        .expect(Tag::OBJECT_IDENTIFIER)
        .and_then(|element| element.object_identifier())
        .map_err(at(field))
}

fn take_integer(reader: &mut Reader<'_>, field: &'static str) -> Result<i64, EnvelopeError> {
    reader
        .expect(Tag::INTEGER)
        .and_then(|element| element.integer())
        .map_err(at(field))
}

fn take_octets(reader: &mut Reader<'_>, tag: Tag, field: &'static str) -> Result<Vec<u8>, EnvelopeError> {
    let element = reader.expect(tag).map_err(at(field))?;
    Ok(element.octets().map_err(at(field))?.into_owned())
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
        let content_type = take_oid(&mut info, "ContentInfo.contentType")?;
        if content_type != ID_ENVELOPED_DATA {
            return Err(EnvelopeError::ContentType {
                found: text(&content_type),
                expected: text(&ID_ENVELOPED_DATA),
            });
        }
        let content = open_only(info, Tag::context(0), "ContentInfo.content")?;
        Self::enveloped_data(open_only(content, Tag::SEQUENCE, "EnvelopedData")?)
    }

    /// RFC 5652 section 6.1: EnvelopedData.
    fn enveloped_data(mut data: Reader<'_>) -> Result<Self, EnvelopeError> {
        let version = take_integer(&mut data, "EnvelopedData.version")?;
        // RFC 5652 section 6.1: originatorInfo [0] IMPLICIT OPTIONAL is there "only if required by the key management
        // algorithm", which key transport is not.
        if data.is_next(Tag::context(0)) {
            return Err(EnvelopeError::OriginatorInfo);
        }
        let recipients = open(&mut data, Tag::SET, "EnvelopedData.recipientInfos")?;
        let (recipient, encrypted_key) = only_recipient(recipients)?;
        // RFC 5652 section 6.1: 2, because the one RecipientInfo has a version other than 0. The version follows from what
        // else is there, so it is checked after that: the error then names the cause.
        if version != 2 {
            return Err(EnvelopeError::Version {
                found: version,
                expected: 2,
            });
        }
        let content = open(&mut data, Tag::SEQUENCE, "EnvelopedData.encryptedContentInfo")?;
        let (initialization_vector, encrypted_content) = encrypted_content_info(content)?;
        // RFC 5652 section 6.1: unprotectedAttrs [1] IMPLICIT OPTIONAL. Nobody reads them here.
        if data.is_next(Tag::context(1)) {
            return Err(EnvelopeError::UnprotectedAttributes);
        }
        data.finish().map_err(at("EnvelopedData"))?;
        Ok(Self {
            recipient,
            encrypted_key,
            initialization_vector,
            encrypted_content,
        })
    }

    /// `subjectKeyIdentifier`: how KMS names the public key. AWS does not document how it is made; in the one answer of KMS that
    /// is published together with its key (a test of enclaver) it is the SHA-256 of the DER `SubjectPublicKeyInfo`. openssl takes
    /// what the certificate says.
    #[must_use]
    pub fn recipient(&self) -> &[u8] {
        &self.recipient
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

    /// `encryptedContent`: the plaintext under that AES key, AES-256-CBC with the padding of RFC 5652 section 6.3. Whole blocks,
    /// in one piece, however many it came in.
    #[must_use]
    pub fn encrypted_content(&self) -> &[u8] {
        &self.encrypted_content
    }
}

/// RFC 5652 section 6.1: `RecipientInfos ::= SET SIZE (1..MAX) OF RecipientInfo`; KMS encrypts to one.
fn only_recipient(mut recipients: Reader<'_>) -> Result<(Vec<u8>, Vec<u8>), EnvelopeError> {
    const FIELD: &str = "EnvelopedData.recipientInfos";
    if recipients.is_empty() {
        return Err(EnvelopeError::Recipients { found: 0 });
    }
    let recipient = recipients.element().map_err(at(FIELD))?;
    let mut found = 1;
    while !recipients.is_empty() {
        recipients.element().map_err(at(FIELD))?;
        found += 1;
    }
    if found != 1 {
        return Err(EnvelopeError::Recipients { found });
    }
    key_transport(&recipient)
}

/// RFC 5652 section 6.2.1: KeyTransRecipientInfo.
fn key_transport(recipient: &Element<'_>) -> Result<(Vec<u8>, Vec<u8>), EnvelopeError> {
    const FIELD: &str = "KeyTransRecipientInfo";
    // RFC 5652 section 6.2: of the alternatives of RecipientInfo, only ktri has no tag of its own.
    if recipient.tag() != Tag::SEQUENCE {
        return Err(EnvelopeError::RecipientKind {
            found: recipient.tag().to_string(),
        });
    }
    let mut info = recipient.inside().map_err(at(FIELD))?;
    let version = take_integer(&mut info, "KeyTransRecipientInfo.version")?;
    // RFC 5652 section 6.2.1: RecipientIdentifier ::= CHOICE { issuerAndSerialNumber, subjectKeyIdentifier [0] IMPLICIT }
    let rid = info.element().map_err(at("KeyTransRecipientInfo.rid"))?;
    if rid.tag() == Tag::SEQUENCE {
        return Err(EnvelopeError::IssuerAndSerialNumber { version });
    }
    if rid.tag() != Tag::context(0) {
        return Err(EnvelopeError::RecipientIdentifier {
            found: rid.tag().to_string(),
        });
    }
    // RFC 5652 section 6.2.1: "If the RecipientIdentifier is subjectKeyIdentifier, then the version MUST be 2."
    if version != 2 {
        return Err(EnvelopeError::RecipientVersion {
            found: version,
            expected: 2,
        });
    }
    let identifier = rid.octets().map_err(at("subjectKeyIdentifier"))?.into_owned();
    if identifier.is_empty() {
        return Err(EnvelopeError::NoKeyIdentifier);
    }
    key_encryption_algorithm(open(
        &mut info,
        Tag::SEQUENCE,
        "KeyTransRecipientInfo.keyEncryptionAlgorithm",
    )?)?;
    let encrypted_key = take_octets(&mut info, Tag::OCTET_STRING, "KeyTransRecipientInfo.encryptedKey")?;
    // RFC 8017 section 7.1.1: the ciphertext is as long as the modulus.
    if !ENCRYPTED_KEY_LENGTHS.contains(&encrypted_key.len()) {
        return Err(EnvelopeError::EncryptedKeyLength {
            found: encrypted_key.len(),
        });
    }
    info.finish().map_err(at(FIELD))?;
    Ok((identifier, encrypted_key))
}

/// RFC 4055 section 4.1: id-RSAES-OAEP and its parameters, which are those of `RSAES_OAEP_SHA_256` in the KMS API.
fn key_encryption_algorithm(mut algorithm: Reader<'_>) -> Result<(), EnvelopeError> {
    let oid = take_oid(&mut algorithm, "keyEncryptionAlgorithm.algorithm")?;
    if oid != ID_RSAES_OAEP {
        return Err(EnvelopeError::KeyEncryption {
            found: text(&oid),
            expected: text(&ID_RSAES_OAEP),
        });
    }
    let mut params = open_only(algorithm, Tag::SEQUENCE, "RSAES-OAEP-params")?;
    // RFC 4055 section 4.1: hashFunc [0] EXPLICIT, by default SHA-1.
    const HASH: &str = "RSAES-OAEP-params.hashFunc";
    let hash = if params.is_next(Tag::context(0)) {
        let tagged = open(&mut params, Tag::context(0), HASH)?;
        Some(hash_algorithm(open_only(tagged, Tag::SEQUENCE, HASH)?, HASH)?)
    } else {
        None
    };
    if hash != Some(ID_SHA_256) {
        return Err(EnvelopeError::OaepHash {
            found: hash.as_ref().map(text),
            expected: text(&ID_SHA_256),
        });
    }
    // RFC 4055 section 4.1: maskGenFunc [1] EXPLICIT, by default MGF1 with SHA-1.
    const MASK: &str = "RSAES-OAEP-params.maskGenFunc";
    let mask_hash = if params.is_next(Tag::context(1)) {
        let tagged = open(&mut params, Tag::context(1), MASK)?;
        let mut mask = open_only(tagged, Tag::SEQUENCE, MASK)?;
        let function = take_oid(&mut mask, MASK)?;
        // RFC 4055 section 2.2: MGF1 is the only one, and its parameter is the AlgorithmIdentifier of a hash.
        if function != ID_MGF_1 {
            return Err(EnvelopeError::OaepMask {
                found: text(&function),
                expected: text(&ID_MGF_1),
            });
        }
        Some(hash_algorithm(open_only(mask, Tag::SEQUENCE, MASK)?, MASK)?)
    } else {
        None
    };
    if mask_hash != Some(ID_SHA_256) {
        return Err(EnvelopeError::OaepMaskHash {
            found: mask_hash.as_ref().map(text),
            expected: text(&ID_SHA_256),
        });
    }
    // RFC 4055 section 4.1: pSourceFunc [2] EXPLICIT, by default id-pSpecified with an empty label.
    const LABEL: &str = "RSAES-OAEP-params.pSourceFunc";
    if params.is_next(Tag::context(2)) {
        let tagged = open(&mut params, Tag::context(2), LABEL)?;
        let mut source = open_only(tagged, Tag::SEQUENCE, LABEL)?;
        let oid = take_oid(&mut source, LABEL)?;
        if oid != ID_P_SPECIFIED {
            return Err(EnvelopeError::OaepLabelSource {
                found: text(&oid),
                expected: text(&ID_P_SPECIFIED),
            });
        }
        let label = take_octets(&mut source, Tag::OCTET_STRING, LABEL)?;
        if !label.is_empty() {
            return Err(EnvelopeError::OaepLabel { length: label.len() });
        }
        source.finish().map_err(at(LABEL))?;
    }
    params.finish().map_err(at("RSAES-OAEP-params"))
}

/// RFC 4055 section 2.1: the parameters of a SHA-2 hash are NULL or absent, and "implementations MUST accept" both.
fn hash_algorithm(mut algorithm: Reader<'_>, field: &'static str) -> Result<ObjectIdentifier, EnvelopeError> {
    let oid = take_oid(&mut algorithm, field)?;
    if !algorithm.is_empty() {
        algorithm
            .expect(Tag::NULL)
            .and_then(|parameters| parameters.null())
            .map_err(at(field))?;
    }
    algorithm.finish().map_err(at(field))?;
    Ok(oid)
}

/// RFC 5652 section 6.1: EncryptedContentInfo.
fn encrypted_content_info(mut info: Reader<'_>) -> Result<([u8; BLOCK], Vec<u8>), EnvelopeError> {
    const ALGORITHM: &str = "EncryptedContentInfo.contentEncryptionAlgorithm";
    let content_type = take_oid(&mut info, "EncryptedContentInfo.contentType")?;
    if content_type != ID_DATA {
        return Err(EnvelopeError::EncryptedContentType {
            found: text(&content_type),
            expected: text(&ID_DATA),
        });
    }
    let mut algorithm = open(&mut info, Tag::SEQUENCE, ALGORITHM)?;
    let oid = take_oid(&mut algorithm, ALGORITHM)?;
    if oid != ID_AES_256_CBC {
        return Err(EnvelopeError::ContentEncryption {
            found: text(&oid),
            expected: text(&ID_AES_256_CBC),
        });
    }
    // RFC 3565 section 2.3: AES-IV ::= OCTET STRING (SIZE(16))
    let vector = take_octets(&mut algorithm, Tag::OCTET_STRING, ALGORITHM)?;
    let vector = <[u8; BLOCK]>::try_from(vector.as_slice())
        .map_err(|_| EnvelopeError::InitializationVector { found: vector.len() })?;
    algorithm.finish().map_err(at(ALGORITHM))?;
    // RFC 5652 section 6.1: encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL; left out where the content is elsewhere.
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
