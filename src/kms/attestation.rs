//! The attestation document: what says to KMS whose public key the answer is to be encrypted to.
//!
//! It is made and signed where the key is (AWS Nitro Enclaves and NitroTPM do so), and carried here as a file. The fields and
//! their limits are those of `docs/attestation_process.md` in aws/aws-nitro-enclaves-nsm-api.

use std::collections::BTreeSet;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64, Encoding as _};
use minicbor::data::Type;
use minicbor::decode::{Decoder, Error};

use crate::signer::{Hex, KeyAlgorithm, PublicKey, PublicKeyError};

/// KMS API, `RecipientInfo`: `AttestationDocument` has at most this many bytes.
const LONGEST: usize = 262_144;

/// The same as base64, with room for white space.
const LONGEST_TEXT: usize = 2 * LONGEST;

/// RFC 9052 section 2: the CBOR tag of a `COSE_Sign1`.
const COSE_SIGN1: u64 = 18;

/// How many arrays, maps and tags may lie in each other. A document has two or three.
const DEEPEST: usize = 16;

/// attestation_process.md, section 3.2.2.2: the length of `public_key`.
const LONGEST_PUBLIC_KEY: usize = 1024;

/// An attestation document as the operator has it, and what it says.
///
/// **Its signature is not verified here**: KMS verifies it, with the chain of certificates in it, and answers to no other
/// document. What is read here is read to fail early and to name the fault, above all where the document is for another key
/// ([`carries`](Self::carries)); nothing may be concluded from it before KMS has answered.
#[derive(Clone, PartialEq, Eq)]
pub struct AttestationDocument {
    bytes: Vec<u8>,
    module_id: String,
    timestamp: u64,
    digest: String,
    public_key: Option<Vec<u8>>,
}

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
    /// Not the CBOR that belongs there.
    Cbor {
        /// Where.
        part: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// More arrays, maps and tags in each other than are read.
    TooDeep {
        /// Where.
        part: &'static str,
        /// How many are read.
        deepest: usize,
    },
    /// CBOR, but not a `COSE_Sign1`.
    NotCoseSign1 {
        /// What it is.
        found: String,
    },
    /// Something follows.
    Trailing {
        /// What it follows.
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
    /// A field has a value that it may not have.
    Value {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The document is for no key.
    NoPublicKey,
    /// One of the two public keys cannot be read.
    PublicKey {
        /// Whose it is.
        whose: KeyOwner,
        /// Why.
        cause: PublicKeyError,
    },
    /// One of the two public keys is not in DER as RFC 3279 has it.
    NotDer {
        /// Whose it is.
        whose: KeyOwner,
    },
    /// One of the two public keys is not RSA, to which alone KMS encrypts.
    NotRsa {
        /// Whose it is.
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
                "the attestation document has {found} bytes, KMS takes 1 to {longest}"
            ),
            Self::Base64 => write!(f, "the attestation document is neither CBOR nor base64"),
            Self::Cbor { part, reason } => write!(f, "attestation document: {part}: {reason}"),
            Self::TooDeep { part, deepest } => {
                write!(
                    f,
                    "attestation document: {part} has more than {deepest} values in each other"
                )
            }
            Self::NotCoseSign1 { found } => {
                write!(
                    f,
                    "the attestation document is no COSE_Sign1 (an array of 4): it is {found}"
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
                write!(f, "{whose} is {algorithm}; KMS encrypts to RSA keys only")
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
            Self::PublicKey { cause, .. } => Some(cause),
            _ => None,
        }
    }
}

impl fmt::Debug for AttestationDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttestationDocument")
            .field("bytes", &format_args!("{} bytes", self.bytes.len()))
            .field("module_id", &self.module_id)
            .field("timestamp", &self.timestamp)
            .field("digest", &self.digest)
            .field("public_key", &self.public_key.as_deref().map(fingerprint))
            .finish()
    }
}

fn fingerprint(public_key: &[u8]) -> String {
    Hex(digest(&SHA256, public_key).as_ref()).to_string()
}

impl AttestationDocument {
    /// Reads a document: the CBOR that the Nitro Secure Module gives, or base64 of it, in one line or in many. The signature
    /// is not verified.
    ///
    /// # Errors
    /// [`AttestationError`]
    pub fn read(input: &[u8]) -> Result<Self, AttestationError> {
        // Every array and every tag in CBOR begins with a byte above those of ASCII.
        let bytes = match input.first() {
            Some(0x80..) => input.to_vec(),
            _ => decode_text(input)?,
        };
        if bytes.is_empty() || bytes.len() > LONGEST {
            return Err(AttestationError::Size {
                found: bytes.len(),
                longest: LONGEST,
            });
        }
        let fields = Fields::read(cose_payload(&bytes)?)?;
        let missing = |field| AttestationError::Missing { field };
        Ok(Self {
            module_id: fields.module_id.ok_or(missing("module_id"))?,
            timestamp: fields.timestamp.ok_or(missing("timestamp"))?,
            digest: fields.digest.ok_or(missing("digest"))?,
            public_key: fields.public_key,
            bytes,
        })
    }

    /// Whether the document is for the key whose DER `SubjectPublicKeyInfo` this is: to no other will KMS encrypt. Both have to
    /// be RSA keys in DER, and equal byte for byte.
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

    /// The document as KMS takes it: CBOR, as it was read, never encoded anew.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `module_id`: what made the document. Printable ASCII without spaces.
    #[must_use]
    pub fn module_id(&self) -> &str {
        &self.module_id
    }

    /// `timestamp`: when it was made, in milliseconds since 1970.
    #[must_use]
    pub const fn timestamp(&self) -> u64 {
        self.timestamp
    }

    /// `digest`: the hash of the PCRs; `SHA384`.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// `public_key`: the key that KMS encrypts to, which should be a DER `SubjectPublicKeyInfo`; as yet unchecked.
    #[must_use]
    pub fn public_key(&self) -> Option<&[u8]> {
        self.public_key.as_deref()
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
    // `PublicKey` puts in the NULL that RFC 3279 section 2.3.1 wants and some leave out.
    if key.der() != der {
        return Err(AttestationError::NotDer { whose });
    }
    Ok(())
}

fn decode_text(input: &[u8]) -> Result<Vec<u8>, AttestationError> {
    if input.len() > LONGEST_TEXT {
        return Err(AttestationError::Size {
            found: input.len(),
            longest: LONGEST,
        });
    }
    let text = std::str::from_utf8(input).map_err(|_| AttestationError::Base64)?;
    let compact: String = text.split_ascii_whitespace().collect();
    Base64::decode_vec(&compact).map_err(|_| AttestationError::Base64)
}

/// Puts the name of the part to what the decoder says; it names types and positions, never values.
fn at(part: &'static str) -> impl FnOnce(Error) -> AttestationError {
    move |error| AttestationError::Cbor {
        part,
        reason: error.to_string(),
    }
}

fn finish(decoder: &Decoder<'_>, part: &'static str) -> Result<(), AttestationError> {
    match decoder.input().len().saturating_sub(decoder.position()) {
        0 => Ok(()),
        count => Err(AttestationError::Trailing { part, count }),
    }
}

/// RFC 9052 section 4.2: `COSE_Sign1 = [ Headers, payload : bstr / nil, signature : bstr ]`, where Headers are two entries.
fn cose_payload(bytes: &[u8]) -> Result<&[u8], AttestationError> {
    const WHOLE: &str = "COSE_Sign1";
    const PROTECTED: &str = "the protected header";
    const UNPROTECTED: &str = "the unprotected header";
    const PAYLOAD: &str = "the payload";
    let mut decoder = Decoder::new(bytes);
    let kind = |decoder: &Decoder<'_>| decoder.datatype().map_err(at(WHOLE));
    // RFC 9052 section 2: tagged or not. The Nitro Secure Module does not tag it.
    if kind(&decoder)? == Type::Tag {
        let tag = decoder.tag().map_err(at(WHOLE))?.as_u64();
        if tag != COSE_SIGN1 {
            return Err(AttestationError::NotCoseSign1 {
                found: format!("CBOR tag {tag}"),
            });
        }
    }
    match kind(&decoder)? {
        Type::Array => {}
        other => {
            return Err(AttestationError::NotCoseSign1 {
                found: other.to_string(),
            });
        }
    }
    match decoder.array().map_err(at(WHOLE))? {
        Some(4) => {}
        length => {
            return Err(AttestationError::NotCoseSign1 {
                found: format!("an array of {}", length.unwrap_or_default()),
            });
        }
    }
    // RFC 9052 section 3: empty_or_serialized_map, which is to be a byte string either way.
    let protected = decoder.bytes().map_err(at(PROTECTED))?;
    if !protected.is_empty() {
        let mut header = Decoder::new(protected);
        skip_map(&mut header, PROTECTED)?;
        finish(&header, PROTECTED)?;
    }
    skip_map(&mut decoder, UNPROTECTED)?;
    // `nil` is for a payload that is elsewhere.
    let payload = decoder.bytes().map_err(at(PAYLOAD))?;
    let signature = decoder.bytes().map_err(at("the signature"))?;
    if signature.is_empty() {
        return Err(AttestationError::Missing { field: "signature" });
    }
    finish(&decoder, WHOLE)?;
    Ok(payload)
}

/// What is read of the document, before it is known whether it is all there.
#[derive(Default)]
struct Fields {
    module_id: Option<String>,
    timestamp: Option<u64>,
    digest: Option<String>,
    public_key: Option<Vec<u8>>,
}

const DOCUMENT: &str = "the document";

impl Fields {
    /// attestation_process.md, section 2.2.
    fn read(payload: &[u8]) -> Result<Self, AttestationError> {
        let mut decoder = Decoder::new(payload);
        let mut fields = Self::default();
        let mut seen = BTreeSet::new();
        // Both are in use: `a9` and `bf`.
        let mut entries = Entries(decoder.map().map_err(at(DOCUMENT))?);
        while entries.has_next(&mut decoder, DOCUMENT)? {
            let key = decoder.str().map_err(at(DOCUMENT))?;
            // RFC 8949 section 5.6: a map with a key twice is not valid, and readers differ in which value they take.
            if !seen.insert(key) {
                return Err(AttestationError::Duplicate {
                    part: DOCUMENT,
                    key: Some(key.chars().take(40).collect()),
                });
            }
            fields.field(key, &mut decoder)?;
        }
        finish(&decoder, DOCUMENT)?;
        Ok(fields)
    }

    /// The value of the field `key`: section 3.2.2.2 of attestation_process.md has the limits. Certificates and PCRs are for KMS.
    fn field(&mut self, key: &str, decoder: &mut Decoder<'_>) -> Result<(), AttestationError> {
        let wrong = |field, reason: &str| AttestationError::Value {
            field,
            reason: reason.to_owned(),
        };
        match key {
            "module_id" => {
                let value = decoder.str().map_err(at("module_id"))?;
                // It is shown to a person: nothing that moves a cursor.
                if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(wrong("module_id", "is empty, or has more than printable ASCII"));
                }
                self.module_id = Some(value.to_owned());
            }
            "timestamp" => {
                let value = decoder.u64().map_err(at("timestamp"))?;
                if value == 0 {
                    return Err(wrong("timestamp", "is 0"));
                }
                self.timestamp = Some(value);
            }
            "digest" => {
                let value = decoder.str().map_err(at("digest"))?;
                if value != "SHA384" {
                    return Err(wrong("digest", "is not SHA384"));
                }
                self.digest = Some(value.to_owned());
            }
            // The module writes null for what was not asked for, although the document says "No field content can be null".
            "public_key" if decoder.datatype().map_err(at("public_key"))? == Type::Null => {
                decoder.null().map_err(at("public_key"))?;
            }
            "public_key" => {
                let value = decoder.bytes().map_err(at("public_key"))?;
                if value.is_empty() || value.len() > LONGEST_PUBLIC_KEY {
                    let reason = format!("has {} bytes, not 1 to {LONGEST_PUBLIC_KEY}", value.len());
                    return Err(wrong("public_key", &reason));
                }
                self.public_key = Some(value.to_vec());
            }
            _ => skip_value(decoder, DOCUMENT, 1)?,
        }
        Ok(())
    }
}

/// Counts the entries of an array or map; `None` is one that ends with a break.
struct Entries(Option<u64>);

impl Entries {
    /// Whether one more entry begins here; the break is passed over. A length beyond the input ends with the input, as every
    /// entry takes a byte or more.
    fn has_next(&mut self, decoder: &mut Decoder<'_>, part: &'static str) -> Result<bool, AttestationError> {
        if let Some(left) = self.0 {
            self.0 = Some(left.saturating_sub(1));
            return Ok(left > 0);
        }
        let ends = decoder.datatype().map_err(at(part))? == Type::Break;
        if ends {
            decoder.set_position(decoder.position().saturating_add(1));
        }
        Ok(!ends)
    }
}

fn skip_map(decoder: &mut Decoder<'_>, part: &'static str) -> Result<(), AttestationError> {
    match decoder.datatype().map_err(at(part))? {
        Type::Map | Type::MapIndef => skip_value(decoder, part, 0),
        other => Err(AttestationError::Cbor {
            part,
            reason: format!("{other} where a map belongs"),
        }),
    }
}

/// Passes over one value, whatever it is, as long as it is CBOR and no map in it has a key twice. Keys are told apart by their
/// encoding. `depth` counts what the value lies in.
fn skip_value(decoder: &mut Decoder<'_>, part: &'static str, depth: usize) -> Result<(), AttestationError> {
    if depth >= DEEPEST {
        return Err(AttestationError::TooDeep {
            part,
            deepest: DEEPEST,
        });
    }
    match decoder.datatype().map_err(at(part))? {
        Type::Array | Type::ArrayIndef => {
            let mut entries = Entries(decoder.array().map_err(at(part))?);
            while entries.has_next(decoder, part)? {
                skip_value(decoder, part, depth + 1)?;
            }
        }
        Type::Map | Type::MapIndef => {
            let mut entries = Entries(decoder.map().map_err(at(part))?);
            let mut seen = BTreeSet::new();
            while entries.has_next(decoder, part)? {
                let begin = decoder.position();
                skip_value(decoder, part, depth + 1)?;
                if !seen.insert(decoder.input().get(begin..decoder.position())) {
                    return Err(AttestationError::Duplicate { part, key: None });
                }
                skip_value(decoder, part, depth + 1)?;
            }
        }
        Type::Tag => {
            decoder.tag().map_err(at(part))?;
            skip_value(decoder, part, depth + 1)?;
        }
        Type::Break => {
            return Err(AttestationError::Cbor {
                part,
                reason: format!("a break out of place at position {}", decoder.position()),
            });
        }
        _ => decoder.skip().map_err(at(part))?,
    }
    Ok(())
}

#[cfg(test)]
mod tests;
