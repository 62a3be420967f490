//! A decrypted private key, for the milliseconds between KMS and the token: checked against its public key, and put into the one
//! encoding that every token reads.

mod normalise;

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaSigningAlgorithm,
};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_EC_PUBLIC_KEY, RSA_ENCRYPTION};
use const_oid::db::rfc8410::ID_ED_25519;
use der::Decode;
use der::asn1::{AnyRef, OctetStringRef};

use normalise::{normalise_ec, normalise_ed25519, normalise_rsa};

use super::pkcs8::{EcPrivateKey, PrivateKeyInfo, RsaPrivateKey};
use super::{LockedBytes, MemoryError, MemoryGuard};
use crate::signer::{Curve, KeyAlgorithm, PublicKey, curve_oid};

/// What KMS decrypted, not checked yet: locked, wiped, never printed.
#[derive(Debug)]
pub struct PrivateKeyDer(LockedBytes);

/// A private key that belongs to a known public key, as a DER `PrivateKeyInfo` of version v1 (RFC 5208 section 5, RFC 5958
/// section 2): for EC with `publicKey` and without `parameters` in the `ECPrivateKey`, as openssl writes it; for Ed25519 the
/// seed alone. Locked, wiped, never printed.
#[derive(Debug)]
pub struct CheckedPrivateKey {
    pkcs8: LockedBytes,
    algorithm: KeyAlgorithm,
}

/// The numbers of a private key, for the one route that hands them to the token as they are.
#[allow(missing_debug_implementations, reason = "a secret")]
pub enum PrivateKeyParts<'a> {
    /// RFC 8017 appendix A.1.2, in that order, from the modulus on; big-endian, without leading zeros.
    Rsa([&'a [u8]; 8]),
    /// The scalar, as long as the curve's field.
    Ec(Curve, &'a [u8]),
    /// The seed, 32 bytes.
    Ed25519(&'a [u8]),
}

/// Why the decrypted bytes are not the expected private key. It names the fault, never the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// Not a DER `PrivateKeyInfo`, or something follows it.
    Malformed {
        /// The kind that was expected.
        expected: KeyAlgorithm,
        /// What does not decode.
        what: &'static str,
    },
    /// A key of another kind, or one whose kind is not encoded as its standard says.
    Algorithm {
        /// The kind that was expected.
        expected: KeyAlgorithm,
        /// What is there.
        found: String,
    },
    /// The numbers are inconsistent.
    Inconsistent {
        /// The kind that was expected.
        expected: KeyAlgorithm,
        /// Which ones.
        what: String,
    },
    /// A valid private key that belongs to another public key.
    OtherKey,
    /// No memory can be locked for it.
    Memory {
        /// What the system said.
        reason: String,
    },
}

impl fmt::Display for PrivateKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NOT: &str = "the decrypted bytes are not a consistent";
        match self {
            Self::Malformed { expected, what } => {
                write!(f, "{NOT} {expected} private key in PKCS#8: {what}")
            }
            Self::Algorithm { expected, found } => {
                write!(f, "{NOT} {expected} private key in PKCS#8: {found}")
            }
            Self::Inconsistent { expected, what } => {
                write!(f, "{NOT} {expected} private key in PKCS#8: {what}")
            }
            Self::OtherKey => f.write_str("the decrypted private key belongs to another public key"),
            Self::Memory { reason } => f.write_str(reason),
        }
    }
}

impl std::error::Error for PrivateKeyError {}

impl From<MemoryError> for PrivateKeyError {
    fn from(error: MemoryError) -> Self {
        Self::Memory {
            reason: error.to_string(),
        }
    }
}

impl PrivateKeyDer {
    /// Takes the bytes and wipes the source. The guard shows that dumps are off.
    ///
    /// # Errors
    /// [`MemoryError`] when no memory can be locked.
    pub fn take(_guard: &MemoryGuard, bytes: &mut [u8]) -> Result<Self, MemoryError> {
        LockedBytes::take(bytes).map(Self)
    }

    /// A copy of bytes that stay where they are. The guard shows that dumps are off.
    ///
    /// # Errors
    /// [`MemoryError`] when no memory can be locked.
    pub(super) fn copy(_guard: &MemoryGuard, bytes: &LockedBytes) -> Result<Self, MemoryError> {
        let bytes = bytes.expose();
        let mut copy = LockedBytes::zeroed(bytes.len())?;
        copy.expose_mut().copy_from_slice(bytes);
        Ok(Self(copy))
    }

    /// Checks that the bytes are the private key of `public_key`, and normalises them. For RSA n = p·q and the CRT values are
    /// checked, for EC that the point is d·G, for Ed25519 that the public key comes from the seed.
    ///
    /// # Errors
    /// [`PrivateKeyError`]; the bytes are wiped in any case.
    pub fn check(self, public_key: &PublicKey) -> Result<CheckedPrivateKey, PrivateKeyError> {
        let expected = public_key.algorithm();
        let malformed = |what| PrivateKeyError::Malformed { expected, what };
        let info = PrivateKeyInfo::from_der(self.0.expose())
            .map_err(|_| malformed("not a DER PrivateKeyInfo, or something follows it"))?;
        // RFC 5958 section 2: v1(0), v2(1).
        if info.version > 1 {
            return Err(malformed("its version is neither v1 nor v2"));
        }
        // The same section: with publicKey it is v2.
        if info.version == 0 && info.public_key.is_some() {
            return Err(malformed("its version is v1, but it has the publicKey of v2"));
        }
        check_algorithm(&info, expected)?;
        let pkcs8 = match expected {
            KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => normalise_rsa(&info, public_key)?,
            KeyAlgorithm::Ec(curve) => normalise_ec(&info, curve, public_key)?,
            KeyAlgorithm::Ed25519 => normalise_ed25519(&info, public_key)?,
            KeyAlgorithm::MlDsa(_) => {
                return Err(PrivateKeyError::Algorithm {
                    expected,
                    found: "such a key must be generated on the token; it cannot be imported".to_owned(),
                });
            }
        };
        Ok(CheckedPrivateKey {
            pkcs8,
            algorithm: expected,
        })
    }
}

impl CheckedPrivateKey {
    /// The DER `PrivateKeyInfo`.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.pkcs8.expose()
    }

    /// Its numbers; never `None` for a key that [`PrivateKeyDer::check`] returned.
    #[must_use]
    pub fn parts(&self) -> Option<PrivateKeyParts<'_>> {
        let info = PrivateKeyInfo::from_der(self.expose()).ok()?;
        match self.algorithm {
            KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => {
                let key = RsaPrivateKey::from_der(info.private_key).ok()?;
                let integers = [
                    key.modulus,
                    key.public_exponent,
                    key.private_exponent,
                    key.prime1,
                    key.prime2,
                    key.exponent1,
                    key.exponent2,
                    key.coefficient,
                ];
                Some(PrivateKeyParts::Rsa(integers.map(|integer| integer.as_bytes())))
            }
            KeyAlgorithm::Ec(curve) => {
                let key = EcPrivateKey::from_der(info.private_key).ok()?;
                Some(PrivateKeyParts::Ec(curve, key.private_key.as_bytes()))
            }
            KeyAlgorithm::Ed25519 => {
                let seed = <&OctetStringRef>::from_der(info.private_key).ok()?;
                Some(PrivateKeyParts::Ed25519(seed.as_bytes()))
            }
            KeyAlgorithm::MlDsa(_) => None,
        }
    }
}

/// RFC 8017 appendix A.1 (`rsaEncryption`, NULL), RFC 5915 section 3 with RFC 5480 (`id-ecPublicKey`, the named curve), RFC 8410
/// section 3 (`id-Ed25519`, absent).
fn check_algorithm(info: &PrivateKeyInfo<'_>, expected: KeyAlgorithm) -> Result<(), PrivateKeyError> {
    let (oid, parameters) = identifier_of(expected);
    let wrong = |found: String| PrivateKeyError::Algorithm { expected, found };
    if info.algorithm.oid != oid {
        return Err(wrong(format!(
            "its algorithm is {}, not {oid}",
            info.algorithm.oid
        )));
    }
    let found = info.algorithm.parameters;
    let fits = match parameters {
        Parameters::Null => found == Some(AnyRef::NULL),
        Parameters::Absent => found.is_none(),
        Parameters::Curve(curve) => {
            found.and_then(|found| found.decode_as::<ObjectIdentifier>().ok()) == Some(curve)
        }
    };
    if fits {
        return Ok(());
    }
    Err(wrong(match (found, parameters) {
        (None, _) => "the parameters of its algorithm are missing".to_owned(),
        (Some(_), Parameters::Absent) => "its algorithm has parameters".to_owned(),
        (Some(_), _) => "its algorithm has other parameters".to_owned(),
    }))
}

enum Parameters {
    Null,
    Absent,
    Curve(ObjectIdentifier),
}

const fn identifier_of(algorithm: KeyAlgorithm) -> (ObjectIdentifier, Parameters) {
    match algorithm {
        KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => (RSA_ENCRYPTION, Parameters::Null),
        KeyAlgorithm::Ec(curve) => (ID_EC_PUBLIC_KEY, Parameters::Curve(curve_oid(curve))),
        KeyAlgorithm::Ed25519 => (ID_ED_25519, Parameters::Absent),
        KeyAlgorithm::MlDsa(parameters) => (parameters.oid(), Parameters::Absent),
    }
}

pub(super) fn signing(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
        Curve::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        Curve::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        Curve::Secp256k1 => &ECDSA_P256K1_SHA256_ASN1_SIGNING,
    }
}

#[cfg(test)]
mod tests;
