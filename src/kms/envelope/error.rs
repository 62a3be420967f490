//! Why a `CiphertextForRecipient` is refused.

use std::fmt;

use super::BLOCK;
use crate::kms::ber::BerError;

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
    /// A field is not the expected BER.
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
        /// The expected one.
        expected: String,
    },
    /// `EnvelopedData.version` is not 2.
    Version {
        /// The version.
        found: i64,
        /// The expected one.
        expected: i64,
    },
    /// It has `originatorInfo`, which is for key agreement.
    OriginatorInfo,
    /// It has no recipient, or more than one.
    Recipients {
        /// How many there are.
        found: usize,
    },
    /// The recipient is not a `KeyTransRecipientInfo`.
    RecipientKind {
        /// The tag of its alternative.
        found: String,
    },
    /// The recipient is named by neither a key identifier nor a certificate.
    RecipientIdentifier {
        /// The tag of its identifier.
        found: String,
    },
    /// `KeyTransRecipientInfo.version` does not fit its identifier.
    RecipientVersion {
        /// The version.
        found: i64,
        /// The expected one.
        expected: i64,
    },
    /// `subjectKeyIdentifier` is empty.
    NoKeyIdentifier,
    /// `keyEncryptionAlgorithm` is not id-RSAES-OAEP.
    KeyEncryption {
        /// The object identifier.
        found: String,
        /// The expected one.
        expected: String,
    },
    /// `RSAES-OAEP-params.hashFunc` is not SHA-256.
    OaepHash {
        /// The object identifier, or `None` for the default, which is SHA-1.
        found: Option<String>,
        /// The expected one.
        expected: String,
    },
    /// `RSAES-OAEP-params.maskGenFunc` is not MGF1.
    OaepMask {
        /// The object identifier.
        found: String,
        /// The expected one.
        expected: String,
    },
    /// The hash of MGF1 is not SHA-256.
    OaepMaskHash {
        /// The object identifier, or `None` for the default, which is SHA-1.
        found: Option<String>,
        /// The expected one.
        expected: String,
    },
    /// `RSAES-OAEP-params.pSourceFunc` is not id-pSpecified.
    OaepLabelSource {
        /// The object identifier.
        found: String,
        /// The expected one.
        expected: String,
    },
    /// `RSAES-OAEP-params.pSourceFunc` has a label.
    OaepLabel {
        /// How many bytes it has.
        length: usize,
    },
    /// `encryptedKey` does not have the length of an RSA modulus that a recipient may have.
    EncryptedKeyLength {
        /// How many bytes it has.
        found: usize,
    },
    /// `EncryptedContentInfo.contentType` is not id-data.
    EncryptedContentType {
        /// The object identifier.
        found: String,
        /// The expected one.
        expected: String,
    },
    /// `contentEncryptionAlgorithm` is not aes256-CBC.
    ContentEncryption {
        /// The object identifier.
        found: String,
        /// The expected one.
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
        /// The length with the shortest private key.
        shortest: usize,
    },
    /// It has `unprotectedAttrs`.
    UnprotectedAttributes,
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CiphertextForRecipient: ")?;
        match self {
            Self::Size { found, longest } => write!(f, "it has {found} bytes; KMS makes 1 to {longest}"),
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
            Self::RecipientIdentifier { found } => {
                write!(
                    f,
                    "its recipient is named by {found}, not by subjectKeyIdentifier ([0]) or issuerAndSerialNumber"
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
                write!(f, "RSAES-OAEP has a label of {length} bytes; KMS uses none")
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
