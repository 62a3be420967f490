//! Detached SSH signatures (PROTOCOL.sshsig of OpenSSH), as made by `ssh-keygen -Y sign`.
//!
//! This is stricter than `ssh-keygen -Y verify`: a signature has exactly one valid file. The armour is decoded, encoded again and compared, so other
//! line breaks and any text before or after it are refused. ECDSA still allows two signatures: without the key, anyone can turn (r, s) into (r, n -
//! s). So signatures are never counted by their bytes.

mod armour;
#[cfg(test)]
mod tests;

use std::fmt;

use der::asn1::UintRef;
use der::{Encode, Sequence};

pub(in crate::ceremony) use armour::encode as encode_armour;

use super::ssh_key::{SshKey, SshKeyError, SshKeyKind};
use super::ssh_wire::{Reader, put_string};
use crate::signer::{Hash, SignatureAlgorithm, sha256};

const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;

/// The flags of a security key's signature (WebAuthn section 6.1; PROTOCOL.u2f).
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;

/// A verified signature: its key, and the flags of a security key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshSignature {
    key: SshKey,
    flags: Option<u8>,
}

impl SshSignature {
    /// Reads an armoured signature and verifies it over `message` and for `namespace`.
    ///
    /// # Errors
    /// [`SshSignatureError`]
    pub fn verify(armoured: &[u8], namespace: &str, message: &[u8]) -> Result<Self, SshSignatureError> {
        let blob = armour::decode(armoured).ok_or(SshSignatureError::Armour)?;
        let parts = Parts::read(&blob).ok_or(SshSignatureError::Malformed)?;
        if parts.version != VERSION {
            return Err(SshSignatureError::Version {
                version: parts.version,
            });
        }
        let key = SshKey::from_blob(parts.key).map_err(SshSignatureError::Key)?;
        if parts.namespace != namespace.as_bytes() {
            return Err(SshSignatureError::Namespace {
                found: String::from_utf8_lossy(parts.namespace).into_owned(),
                expected: namespace.to_owned(),
            });
        }
        let hash = match parts.hash {
            b"sha512" => Hash::Sha512,
            b"sha256" => Hash::Sha256,
            other => {
                return Err(SshSignatureError::Hash {
                    name: String::from_utf8_lossy(other).into_owned(),
                });
            }
        };
        let signed = signed_data(parts.namespace, parts.hash, &hash.digest(message));
        let flags = verify_signature(&key, parts.signature, &signed)?;
        Ok(Self { key, flags })
    }

    /// The key that signed.
    #[must_use]
    pub const fn key(&self) -> &SshKey {
        &self.key
    }

    /// Whether the security key was touched.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.flags.is_some_and(|flags| flags & USER_PRESENT != 0)
    }

    /// Whether the security key checked its PIN or a fingerprint.
    #[must_use]
    pub fn is_pin_entered(&self) -> bool {
        self.flags.is_some_and(|flags| flags & USER_VERIFIED != 0)
    }
}

/// The bytes that are signed: PROTOCOL.sshsig section 3.
fn signed_data(namespace: &[u8], hash: &[u8], digest: &[u8]) -> Vec<u8> {
    let mut signed = MAGIC.to_vec();
    for part in [namespace, b"", hash, digest] {
        put_string(&mut signed, part);
    }
    signed
}

/// Makes an armoured signature. `sign` signs its argument like a key of this type outside a security key.
pub(in crate::ceremony) fn armoured_signature(
    key: &SshKey,
    namespace: &str,
    message: &[u8],
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    const HASH: &[u8] = b"sha512";
    let signed = signed_data(namespace.as_bytes(), HASH, &Hash::Sha512.digest(message));
    let mut signature = Vec::new();
    put_string(&mut signature, key.kind().name().as_bytes());
    put_string(&mut signature, &sign(&signed));
    let mut blob = MAGIC.to_vec();
    blob.extend(VERSION.to_be_bytes());
    for part in [key.blob(), namespace.as_bytes(), b"", HASH, &signature] {
        put_string(&mut blob, part);
    }
    encode_armour(&blob).into_bytes()
}

/// The blob of the signature: PROTOCOL.sshsig section 1.
struct Parts<'a> {
    version: u32,
    key: &'a [u8],
    namespace: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(blob: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(blob.strip_prefix(MAGIC)?);
        let version = reader.uint32()?;
        let key = reader.string()?;
        let namespace = reader.string()?;
        // "reserved" must be empty: nothing uses it, and any content would be signed unseen.
        reader.string().filter(|reserved| reserved.is_empty())?;
        let hash = reader.string()?;
        let signature = reader.string()?;
        reader.end()?;
        Some(Self {
            version,
            key,
            namespace,
            hash,
            signature,
        })
    }
}

/// The flags of a security key, or `None` for another key.
fn verify_signature(key: &SshKey, signature: &[u8], signed: &[u8]) -> Result<Option<u8>, SshSignatureError> {
    let mut reader = Reader(signature);
    let malformed = || SshSignatureError::Malformed;
    let name = reader.text().ok_or_else(malformed)?;
    let octets = reader.string().ok_or_else(malformed)?;
    let device = match key.kind().is_security_key() {
        true => Some((
            reader.byte().ok_or_else(malformed)?,
            reader.uint32().ok_or_else(malformed)?,
        )),
        false => None,
    };
    reader.end().ok_or_else(malformed)?;
    let algorithm = algorithm(key.kind(), name).ok_or_else(|| SshSignatureError::Algorithm {
        name: name.to_owned(),
        key: key.kind().name(),
    })?;
    let octets = match algorithm {
        SignatureAlgorithm::Ecdsa(_) => ecdsa_der(octets).ok_or_else(malformed)?,
        _ => octets.to_vec(),
    };
    let message = match (device, key.application()) {
        (Some((flags, counter)), Some(application)) => {
            let mut message = sha256(application.as_bytes()).to_vec();
            message.push(flags);
            message.extend(counter.to_be_bytes());
            message.extend(sha256(signed));
            message
        }
        _ => signed.to_vec(),
    };
    let verified = key.public_key().verify(algorithm, &message, &octets);
    verified.map_err(|_| SshSignatureError::Signature)?;
    Ok(device.map(|(flags, _)| flags))
}

/// `None` if a key of this type does not make such signatures. `ssh-rsa` (SHA-1) is never accepted.
fn algorithm(kind: SshKeyKind, name: &str) -> Option<SignatureAlgorithm> {
    match (kind, name) {
        (SshKeyKind::Rsa, "rsa-sha2-512") => Some(SignatureAlgorithm::RsaPkcs1(Hash::Sha512)),
        (SshKeyKind::Rsa, "rsa-sha2-256") => Some(SignatureAlgorithm::RsaPkcs1(Hash::Sha256)),
        (SshKeyKind::Rsa, _) => None,
        (_, name) if name != kind.name() => None,
        (SshKeyKind::Ed25519 | SshKeyKind::SkEd25519, _) => Some(SignatureAlgorithm::Ed25519),
        (SshKeyKind::SkEcdsaP256, _) => Some(SignatureAlgorithm::Ecdsa(Hash::Sha256)),
        // RFC 5656 section 6.2.1
        (SshKeyKind::Ecdsa(curve), _) => Some(SignatureAlgorithm::Ecdsa(curve.weakest_hash())),
    }
}

/// `Ecdsa-Sig-Value` of RFC 3279 section 2.2.3.
#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Converts the two `mpint`s of RFC 5656 section 3.1.2 to DER.
fn ecdsa_der(octets: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader(octets);
    let r = UintRef::new(reader.positive_mpint()?).ok()?;
    let s = UintRef::new(reader.positive_mpint()?).ok()?;
    reader.end()?;
    EcdsaSignature { r, s }.to_der().ok()
}

/// Why a signature is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SshSignatureError {
    /// The file is not exactly one armoured signature as `ssh-keygen` writes it.
    Armour,
    /// The armour does not contain a valid signature.
    Malformed,
    /// The version is not supported.
    Version {
        /// The version.
        version: u32,
    },
    /// The key in the signature is not accepted.
    Key(SshKeyError),
    /// The signature was made for another namespace.
    Namespace {
        /// Its namespace.
        found: String,
        /// The expected namespace.
        expected: String,
    },
    /// The message was hashed with an algorithm other than SHA-512 or SHA-256.
    Hash {
        /// The name in the signature.
        name: String,
    },
    /// The signature algorithm does not belong to the key, or is too weak.
    Algorithm {
        /// The name in the signature.
        name: String,
        /// The key's type.
        key: &'static str,
    },
    /// The signature does not verify: the message is another one, or the signature was changed.
    Signature,
}

impl fmt::Display for SshSignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Armour => f.write_str(
                "not exactly one SSH signature as `ssh-keygen -Y sign` writes it: lines of 70 characters, nothing before or after it",
            ),
            Self::Malformed => f.write_str("the armour does not hold an SSH signature"),
            Self::Version { version } => write!(f, "an SSH signature of version {version}; only version 1 is known"),
            Self::Key(cause) => cause.fmt(f),
            Self::Namespace { found, expected } => write!(
                f,
                "the SSH signature was made for the namespace {found:?} and not for {expected:?}"
            ),
            Self::Hash { name } => write!(
                f,
                "the SSH signature has the hash {name:?}; it can be sha512 or sha256"
            ),
            Self::Algorithm { name, key } => write!(
                f,
                "the SSH signature has the algorithm {name:?}, which is not accepted for a key of type {key}"
            ),
            Self::Signature => f.write_str("the SSH signature does not verify: it is over other bytes, or it was changed"),
        }
    }
}

impl std::error::Error for SshSignatureError {}
