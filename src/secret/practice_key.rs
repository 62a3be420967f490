//! A key pair that this process generates for a rehearsal, in place of the real one: in locked memory, never written, never printed.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::private_key::signing;
use super::{LockedBytes, MemoryError, MemoryGuard, PrivateKeyDer};
use crate::signer::{KeyAlgorithm, PublicKey};

/// A key pair of a rehearsal. Its private half is in locked memory and wiped when it is dropped.
pub(crate) struct PracticeKeyPair {
    private_key: LockedBytes,
    public_key: PublicKey,
}

/// Why a rehearsal key cannot be made.
#[derive(Debug)]
pub(crate) enum PracticeKeyError {
    /// No key of this kind is made here: a token generates it, and it cannot be imported.
    Kind(KeyAlgorithm),
    /// The library did not generate one, or returned one that cannot be read.
    Failed,
    /// No memory can be locked for it.
    Memory(MemoryError),
}

impl PracticeKeyPair {
    /// A new pair of a kind that KMS generates. The guard shows that dumps are off.
    ///
    /// # Errors
    /// [`PracticeKeyError`]
    pub(crate) fn generate(_guard: &MemoryGuard, kind: KeyAlgorithm) -> Result<Self, PracticeKeyError> {
        let failed = |Unspecified| PracticeKeyError::Failed;
        match kind {
            KeyAlgorithm::Rsa { bits } => {
                let size = match bits {
                    2048 => KeySize::Rsa2048,
                    3072 => KeySize::Rsa3072,
                    4096 => KeySize::Rsa4096,
                    _ => return Err(PracticeKeyError::Kind(kind)),
                };
                let pair = RsaKeyPair::generate(size).map_err(failed)?;
                let public_key = PublicKey::from_rsa_public_key(pair.public_key().as_ref());
                Self::keep(pair.as_der().map_err(failed)?.as_ref(), public_key)
            }
            KeyAlgorithm::Ec(curve) => {
                let pair = EcdsaKeyPair::generate(signing(curve)).map_err(failed)?;
                let public_key = PublicKey::from_ec_point(curve, pair.public_key().as_ref());
                Self::keep(pair.to_pkcs8v1().map_err(failed)?.as_ref(), public_key)
            }
            KeyAlgorithm::Ed25519 => {
                let pair = Ed25519KeyPair::generate().map_err(failed)?;
                let public_key = PublicKey::from_ed25519(pair.public_key().as_ref());
                Self::keep(pair.to_pkcs8v1().map_err(failed)?.as_ref(), public_key)
            }
            KeyAlgorithm::RsaPss { .. } | KeyAlgorithm::MlDsa(_) => Err(PracticeKeyError::Kind(kind)),
        }
    }

    /// The crate's own buffer is wiped when it is dropped.
    fn keep<E>(pkcs8: &[u8], public_key: Result<PublicKey, E>) -> Result<Self, PracticeKeyError> {
        let mut private_key = LockedBytes::zeroed(pkcs8.len()).map_err(PracticeKeyError::Memory)?;
        private_key.expose_mut().copy_from_slice(pkcs8);
        Ok(Self {
            private_key,
            public_key: public_key.map_err(|_| PracticeKeyError::Failed)?,
        })
    }

    /// Its public half.
    pub(crate) const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Its private half, as KMS would return it: for an import, which checks it and wipes it.
    ///
    /// # Errors
    /// [`MemoryError`] when no memory can be locked.
    pub(crate) fn private_key(&self, guard: &MemoryGuard) -> Result<PrivateKeyDer, MemoryError> {
        PrivateKeyDer::copy(guard, &self.private_key)
    }
}

impl fmt::Debug for PracticeKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PracticeKeyPair")
            .field("public_key", &self.public_key)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PracticeKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "no {kind} key can be made for a rehearsal"),
            Self::Failed => f.write_str("no key could be made for a rehearsal"),
            Self::Memory(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PracticeKeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Memory(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::{Curve, MlDsaParameterSet};

    #[test]
    fn each_kind_that_kms_generates_is_made_anew_and_passes_the_check_of_an_import() {
        let guard = MemoryGuard::engage().unwrap();
        for kind in [
            KeyAlgorithm::Rsa { bits: 2048 },
            KeyAlgorithm::Ec(Curve::P256),
            KeyAlgorithm::Ec(Curve::P384),
            KeyAlgorithm::Ec(Curve::P521),
            KeyAlgorithm::Ec(Curve::Secp256k1),
            KeyAlgorithm::Ed25519,
        ] {
            let [one, other] = [0, 1].map(|_| PracticeKeyPair::generate(&guard, kind).unwrap());
            assert_eq!(one.public_key().algorithm(), kind);
            assert_ne!(one.public_key(), other.public_key(), "{kind}");
            // It can be read repeatedly.
            for _ in 0..2 {
                let private = one.private_key(&guard).unwrap();
                private.check(one.public_key()).unwrap();
            }
            let private = one.private_key(&guard).unwrap();
            assert!(private.check(other.public_key()).is_err(), "{kind}");
            let shown = format!("{one:?}");
            assert!(!shown.contains("private_key"), "{shown}");
        }
    }

    #[test]
    fn a_kind_that_cannot_be_imported_is_refused() {
        let guard = MemoryGuard::engage().unwrap();
        for kind in [
            KeyAlgorithm::Rsa { bits: 2304 },
            KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa65),
        ] {
            let refused = PracticeKeyPair::generate(&guard, kind).unwrap_err();
            assert!(matches!(refused, PracticeKeyError::Kind(found) if found == kind));
        }
    }
}
