//! A decrypted private key, for the milliseconds between KMS and the token.

use std::fmt;

use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, KeyPair,
};

use super::{LockedBytes, MemoryError, MemoryGuard};
use crate::signer::{Curve, KeyAlgorithm, PublicKey};

/// A PKCS#8 `PrivateKeyInfo` (RFC 5958) in DER, unencrypted: locked, wiped, never printed.
#[derive(Debug)]
pub struct PrivateKeyDer(LockedBytes);

/// The bytes are no private key of the kind that was promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateKeyError {
    /// The kind that was expected.
    pub expected: KeyAlgorithm,
    /// What the decoder said; it names the fault, never the bytes.
    pub reason: String,
}

impl fmt::Display for PrivateKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the decrypted bytes are no consistent {} private key in PKCS#8: {}",
            self.expected, self.reason
        )
    }
}

impl std::error::Error for PrivateKeyError {}

impl PrivateKeyDer {
    /// Takes the bytes over and wipes them where they came from. The guard shows that dumps are off.
    ///
    /// # Errors
    /// [`MemoryError`] when no memory can be locked.
    pub fn take(_guard: &MemoryGuard, bytes: &mut [u8]) -> Result<Self, MemoryError> {
        LockedBytes::take(bytes).map(Self)
    }

    /// The DER `PrivateKeyInfo`.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// Computes the public key from the private key, which is checked on the way: for RSA n = p·q and the CRT
    /// values, for EC that the point is on the curve and, where the key carries one, that it is d·G.
    ///
    /// # Errors
    /// [`PrivateKeyError`]
    pub fn derive_public_key(&self, expected: KeyAlgorithm) -> Result<PublicKey, PrivateKeyError> {
        let rejected = |reason: &dyn fmt::Display| PrivateKeyError {
            expected,
            reason: reason.to_string(),
        };
        match expected {
            KeyAlgorithm::Rsa { .. } => {
                let pair = RsaKeyPair::from_pkcs8(self.expose()).map_err(|error| rejected(&error))?;
                PublicKey::from_rsa_public_key(pair.public_key().as_ref()).map_err(|error| rejected(&error))
            }
            KeyAlgorithm::Ec(curve) => {
                let algorithm = match curve {
                    Curve::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
                    Curve::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
                    Curve::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
                };
                let pair =
                    EcdsaKeyPair::from_pkcs8(algorithm, self.expose()).map_err(|error| rejected(&error))?;
                PublicKey::from_ec_point(curve, pair.public_key().as_ref()).map_err(|error| rejected(&error))
            }
        }
    }
}
