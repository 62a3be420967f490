//! What the operator can choose about a signature. The rest follows from the key.

use std::fmt;

use super::{Curve, Hash, KeyAlgorithm, SignatureAlgorithm};

/// The operator's choices for a signature. The key decides the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignatureChoice {
    /// The hash; without one, a hash that fits the key.
    pub hash: Option<Hash>,
    /// RSASSA-PSS. An RSA key otherwise signs with PKCS#1 v1.5.
    pub pss: bool,
}

/// Why a key cannot sign as requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnfitChoice {
    /// The hash is weaker than the key, or the key has another one.
    Hash {
        /// The key.
        key: KeyAlgorithm,
        /// The hash that was requested.
        hash: Hash,
    },
    /// RSASSA-PSS with a key that is not RSA.
    Pss {
        /// The key.
        key: KeyAlgorithm,
    },
    /// The key is restricted to parameters that this program does not sign with.
    Restricted {
        /// The key.
        key: KeyAlgorithm,
        /// What it is restricted to.
        signature: SignatureAlgorithm,
    },
}

impl fmt::Display for UnfitChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Hash {
                key: key @ (KeyAlgorithm::Ed25519 | KeyAlgorithm::MlDsa(_)),
                ..
            } => write!(f, "an {key} key has a fixed hash: leave the hash out"),
            Self::Hash {
                key: key @ KeyAlgorithm::Ec(Curve::Secp256k1),
                hash,
            } => write!(f, "hsm-ca signs with SHA-256 under an {key} key, not with {hash}"),
            Self::Hash {
                key: key @ KeyAlgorithm::RsaPss { only: Some(only), .. },
                hash,
            } if hash != only.hash => {
                write!(
                    f,
                    "this {key} key is restricted to {}; it does not sign with {hash}",
                    only.hash
                )
            }
            Self::Hash {
                key: key @ KeyAlgorithm::Ec(_),
                hash,
            } => write!(f, "{hash} is weaker than an {key} key (FIPS 186-5 section 6.1.1)"),
            Self::Hash { key, hash } => write!(f, "an {key} key does not sign with {hash}"),
            Self::Pss { key } => write!(f, "RSASSA-PSS needs an RSA key; this is an {key} key"),
            Self::Restricted { key, signature } => write!(
                f,
                "this {key} key is restricted to {signature}, which hsm-ca verifies but does not make"
            ),
        }
    }
}

impl std::error::Error for UnfitChoice {}

impl KeyAlgorithm {
    /// The chosen signature algorithm of this key.
    ///
    /// # Errors
    /// [`UnfitChoice`]
    pub fn choose(self, choice: SignatureChoice) -> Result<SignatureAlgorithm, UnfitChoice> {
        let default = self.default_signature();
        if choice.pss && self.rsa_bits().is_none() {
            return Err(UnfitChoice::Pss { key: self });
        }
        let Some(hash) = choice.hash.or(default.hash().filter(|_| choice.pss)) else {
            return if self.makes(default) {
                Ok(default)
            } else {
                Err(UnfitChoice::Restricted {
                    key: self,
                    signature: default,
                })
            };
        };
        let chosen = if choice.pss {
            self.pss_with(hash)
        } else {
            self.signature_with(hash)
        };
        chosen.ok_or(UnfitChoice::Hash { key: self, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::{MlDsaParameterSet, Pss};

    const fn choice(hash: Option<Hash>, pss: bool) -> SignatureChoice {
        SignatureChoice { hash, pss }
    }

    #[test]
    fn an_rsa_key_signs_with_pss_when_that_is_requested() {
        let rsa = KeyAlgorithm::Rsa { bits: 2048 };
        let pss = |hash| SignatureAlgorithm::RsaPss(Pss::with(hash, None));
        assert_eq!(
            rsa.choose(SignatureChoice::default()),
            Ok(SignatureAlgorithm::RsaPkcs1(Hash::Sha256))
        );
        assert_eq!(
            rsa.choose(choice(Some(Hash::Sha384), false)),
            Ok(SignatureAlgorithm::RsaPkcs1(Hash::Sha384))
        );
        assert_eq!(rsa.choose(choice(None, true)), Ok(pss(Hash::Sha256)));
        assert_eq!(
            rsa.choose(choice(Some(Hash::Sha512), true)),
            Ok(pss(Hash::Sha512))
        );
    }

    #[test]
    fn a_signature_that_a_key_does_not_make_is_refused_by_name() {
        let refusal = |key: KeyAlgorithm, choice| key.choose(choice).unwrap_err().to_string();
        let p384 = KeyAlgorithm::Ec(Curve::P384);
        assert_eq!(
            refusal(p384, choice(Some(Hash::Sha256), false)),
            "SHA-256 is weaker than an EC P-384 key (FIPS 186-5 section 6.1.1)"
        );
        assert_eq!(
            refusal(p384, choice(None, true)),
            "RSASSA-PSS needs an RSA key; this is an EC P-384 key"
        );
        for key in [
            KeyAlgorithm::Ed25519,
            KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa65),
        ] {
            assert_eq!(
                refusal(key, choice(Some(Hash::Sha512), false)),
                format!("an {key} key has a fixed hash: leave the hash out")
            );
            assert!(key.choose(SignatureChoice::default()).is_ok());
        }
        let restricted = |hash| KeyAlgorithm::RsaPss {
            bits: 2048,
            only: Some(Pss::with(hash, None)),
        };
        assert_eq!(
            refusal(restricted(Hash::Sha384), choice(Some(Hash::Sha256), true)),
            "this RSA-PSS 2048 key is restricted to SHA-384; it does not sign with SHA-256"
        );
        assert_eq!(
            refusal(restricted(Hash::Sha224), SignatureChoice::default()),
            "this RSA-PSS 2048 key is restricted to rsassaPss with SHA-224 and a salt of 28 bytes, which hsm-ca verifies but does not make"
        );
    }
}
