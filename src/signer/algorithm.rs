//! Key and signature algorithms, and which of them fit together.

use std::fmt;
use std::str::FromStr;

use super::{Hash, MlDsaParameterSet, Pss};

/// An ECDSA curve: those of FIPS 186-5 and SP 800-186, and one of SEC 2 that KMS also supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Curve {
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
    /// secp256k1 (SEC 2 section 2.4.1), which is in no NIST standard.
    Secp256k1,
}

impl Curve {
    /// Every curve.
    pub const ALL: [Self; 4] = [Self::P256, Self::P384, Self::P521, Self::Secp256k1];

    /// Length in bytes of a coordinate, and of each half of the PKCS#11 signature `r ‖ s`.
    #[must_use]
    pub const fn field_bytes(self) -> usize {
        match self {
            Self::P256 | Self::Secp256k1 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The weakest hash that does not weaken the curve (FIPS 186-5 section 6.1.1). CloudHSM in FIPS mode refuses a weaker one from Client SDK
    /// 5.16 on.
    #[must_use]
    pub const fn weakest_hash(self) -> Hash {
        match self {
            Self::P256 | Self::Secp256k1 => Hash::Sha256,
            Self::P384 => Hash::Sha384,
            Self::P521 => Hash::Sha512,
        }
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Secp256k1 => "secp256k1",
        })
    }
}

/// The kind and size of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// RSA; the length of the modulus in bits.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
    /// RSA, for RSASSA-PSS signatures only (RFC 4055 section 1.2).
    RsaPss {
        /// Bits of the modulus.
        bits: usize,
        /// The only parameters allowed, with the salt length as a minimum; `None` allows any.
        only: Option<Pss>,
    },
    /// An elliptic curve key.
    Ec(Curve),
    /// Ed25519 (RFC 8032 section 5.1).
    Ed25519,
    /// ML-DSA (FIPS 204).
    MlDsa(MlDsaParameterSet),
}

impl KeyAlgorithm {
    /// The default signature algorithm of the key: SHA-256 for RSA, a hash of the curve's strength for ECDSA.
    #[must_use]
    pub fn default_signature(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa { .. } => SignatureAlgorithm::RsaPkcs1(Hash::Sha256),
            Self::RsaPss { only, .. } => {
                let hash = only.map_or(Hash::Sha256, |only| only.hash);
                SignatureAlgorithm::RsaPss(Pss::with(hash, only))
            }
            Self::Ec(curve) => SignatureAlgorithm::Ecdsa(curve.weakest_hash()),
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
            Self::MlDsa(parameters) => SignatureAlgorithm::MlDsa(parameters),
        }
    }

    /// The signature algorithm of this key with `hash`. `None` if the hash is weaker than the key (see [`Curve::weakest_hash`]), if the key is
    /// restricted to another hash, or if the key has its own hash (Ed25519, ML-DSA).
    #[must_use]
    pub fn signature_with(self, hash: Hash) -> Option<SignatureAlgorithm> {
        match self {
            // SHA-224 is only verified: every key here is stronger.
            Self::Rsa { .. } => (hash >= Hash::Sha256).then_some(SignatureAlgorithm::RsaPkcs1(hash)),
            Self::RsaPss { .. } => self.pss_with(hash),
            // The only hash with which the software can verify this curve.
            Self::Ec(Curve::Secp256k1) => (hash == Hash::Sha256).then_some(SignatureAlgorithm::Ecdsa(hash)),
            Self::Ec(curve) => (hash >= curve.weakest_hash()).then_some(SignatureAlgorithm::Ecdsa(hash)),
            Self::Ed25519 | Self::MlDsa(_) => None,
        }
    }

    /// RSASSA-PSS of this key with `hash`, or `None` if the key cannot make it.
    pub(super) fn pss_with(self, hash: Hash) -> Option<SignatureAlgorithm> {
        let (bits, only) = match self {
            Self::Rsa { bits } => (bits, None),
            Self::RsaPss { bits, only } => (bits, only),
            Self::Ec(_) | Self::Ed25519 | Self::MlDsa(_) => return None,
        };
        let pss = Pss::with(hash, only);
        let is_fit = hash >= Hash::Sha256 && pss.fits(bits) && only.is_none_or(|only| only.permits(pss));
        is_fit.then_some(SignatureAlgorithm::RsaPss(pss))
    }

    /// The bits of the modulus; `None` unless the key is RSA.
    #[must_use]
    pub const fn rsa_bits(self) -> Option<usize> {
        match self {
            Self::Rsa { bits } | Self::RsaPss { bits, .. } => Some(bits),
            Self::Ec(_) | Self::Ed25519 | Self::MlDsa(_) => None,
        }
    }

    /// Whether a key of this kind can make signatures of `algorithm`, with a hash that does not weaken the key.
    #[must_use]
    pub fn makes(self, algorithm: SignatureAlgorithm) -> bool {
        let fitting = match (algorithm, algorithm.hash()) {
            (SignatureAlgorithm::RsaPss(pss), _) => self.pss_with(pss.hash),
            (_, Some(hash)) => self.signature_with(hash),
            (_, None) => Some(self.default_signature()),
        };
        fitting == Some(algorithm)
    }
}

/// The keys that a token can generate, by their names on the command line and in files.
const NAMED: [(&str, KeyAlgorithm); 10] = [
    ("rsa:2048", KeyAlgorithm::Rsa { bits: 2048 }),
    ("rsa:3072", KeyAlgorithm::Rsa { bits: 3072 }),
    ("rsa:4096", KeyAlgorithm::Rsa { bits: 4096 }),
    ("ec:p256", KeyAlgorithm::Ec(Curve::P256)),
    ("ec:p384", KeyAlgorithm::Ec(Curve::P384)),
    ("ec:p521", KeyAlgorithm::Ec(Curve::P521)),
    ("ed25519", KeyAlgorithm::Ed25519),
    ("ml-dsa-44", KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa44)),
    ("ml-dsa-65", KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa65)),
    ("ml-dsa-87", KeyAlgorithm::MlDsa(MlDsaParameterSet::MlDsa87)),
];

impl KeyAlgorithm {
    /// The names that [`from_str`](Self::from_str) accepts.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(name, _)| *name)
    }
}

/// The text names no kind of key that a token can generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKeyType;

impl fmt::Display for UnknownKeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it must be one of {}",
            KeyAlgorithm::names().collect::<Vec<_>>().join(", ")
        )
    }
}

impl std::error::Error for UnknownKeyType {}

impl FromStr for KeyAlgorithm {
    type Err = UnknownKeyType;

    /// `rsa:3072`, `ec:p384`, `ed25519`, `ml-dsa-65` and the like.
    fn from_str(text: &str) -> Result<Self, UnknownKeyType> {
        let found = NAMED.iter().find(|(name, _)| *name == text);
        found.map(|(_, algorithm)| *algorithm).ok_or(UnknownKeyType)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::RsaPss { bits, .. } => write!(f, "RSA-PSS {bits}"),
            Self::Ec(curve) => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::MlDsa(parameters) => parameters.fmt(f),
        }
    }
}

/// A signature algorithm that this program verifies; [`KeyAlgorithm::makes`] says which it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2)
    RsaPkcs1(Hash),
    /// RSASSA-PSS (RFC 8017 section 8.1)
    RsaPss(Pss),
    /// ECDSA (FIPS 186-5 section 6)
    Ecdsa(Hash),
    /// Ed25519 without prehashing (RFC 8032 section 5.1)
    Ed25519,
    /// ML-DSA without prehashing, with an empty context (FIPS 204 section 5.2; RFC 9881 section 3)
    MlDsa(MlDsaParameterSet),
}

impl SignatureAlgorithm {
    /// The hash of the signed message; `None` if the message itself is signed.
    #[must_use]
    pub const fn hash(self) -> Option<Hash> {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss(Pss { hash, .. }) | Self::Ecdsa(hash) => Some(hash),
            Self::Ed25519 | Self::MlDsa(_) => None,
        }
    }

    /// Whether the same key always makes the same signature of the same message (RFC 8017 section 8.2, RFC 8032 section 5.1). With the others, a
    /// token makes a different signature each time: ECDSA without RFC 6979, PSS with its salt, hedged ML-DSA.
    #[must_use]
    pub const fn is_deterministic(self) -> bool {
        matches!(self, Self::RsaPkcs1(_) | Self::Ed25519)
    }
}

impl fmt::Display for SignatureAlgorithm {
    /// The names that openssl prints; people search for them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RsaPss(Pss { hash, salt_bytes }) => {
                return write!(f, "rsassaPss with {hash} and a salt of {salt_bytes} bytes");
            }
            Self::RsaPkcs1(Hash::Sha224) => "sha224WithRSAEncryption",
            Self::RsaPkcs1(Hash::Sha256) => "sha256WithRSAEncryption",
            Self::RsaPkcs1(Hash::Sha384) => "sha384WithRSAEncryption",
            Self::RsaPkcs1(Hash::Sha512) => "sha512WithRSAEncryption",
            Self::Ecdsa(Hash::Sha224) => "ecdsa-with-SHA224",
            Self::Ecdsa(Hash::Sha256) => "ecdsa-with-SHA256",
            Self::Ecdsa(Hash::Sha384) => "ecdsa-with-SHA384",
            Self::Ecdsa(Hash::Sha512) => "ecdsa-with-SHA512",
            Self::Ed25519 => "ED25519",
            Self::MlDsa(parameters) => parameters.name(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_weaker_than_the_curve_is_not_offered() {
        let p384 = KeyAlgorithm::Ec(Curve::P384);
        assert_eq!(p384.signature_with(Hash::Sha256), None);
        assert_eq!(
            p384.signature_with(Hash::Sha512),
            Some(SignatureAlgorithm::Ecdsa(Hash::Sha512))
        );
        assert_eq!(p384.default_signature(), SignatureAlgorithm::Ecdsa(Hash::Sha384));
        let rsa = KeyAlgorithm::Rsa { bits: 2048 };
        assert_eq!(
            rsa.default_signature(),
            SignatureAlgorithm::RsaPkcs1(Hash::Sha256)
        );
    }

    #[test]
    fn a_key_makes_its_own_kind_of_signature() {
        let p256 = KeyAlgorithm::Ec(Curve::P256);
        assert!(p256.makes(SignatureAlgorithm::Ecdsa(Hash::Sha384)));
        assert!(!p256.makes(SignatureAlgorithm::Ed25519));
        assert!(!p256.makes(SignatureAlgorithm::RsaPkcs1(Hash::Sha256)));
        assert!(KeyAlgorithm::Ed25519.makes(SignatureAlgorithm::Ed25519));
        assert!(!KeyAlgorithm::Ed25519.makes(SignatureAlgorithm::Ecdsa(Hash::Sha256)));
    }

    #[test]
    fn sha_224_is_not_made() {
        let rsa = KeyAlgorithm::Rsa { bits: 2048 };
        let p256 = KeyAlgorithm::Ec(Curve::P256);
        let weak = pss(Hash::Sha224, 28);
        assert!(!rsa.makes(SignatureAlgorithm::RsaPkcs1(Hash::Sha224)));
        assert!(!rsa.makes(weak));
        assert!(!p256.makes(SignatureAlgorithm::Ecdsa(Hash::Sha224)));
        let only = restricted(Hash::Sha224, 28);
        assert!(!only.makes(weak));
        assert!(!only.makes(only.default_signature()));
    }

    const fn pss(hash: Hash, salt_bytes: u16) -> SignatureAlgorithm {
        SignatureAlgorithm::RsaPss(Pss { hash, salt_bytes })
    }

    fn restricted(hash: Hash, salt_bytes: u16) -> KeyAlgorithm {
        KeyAlgorithm::RsaPss {
            bits: 2048,
            only: Some(Pss { hash, salt_bytes }),
        }
    }

    #[test]
    fn pss_is_made_with_a_salt_as_long_as_the_hash() {
        let rsa = KeyAlgorithm::Rsa { bits: 2048 };
        let free = KeyAlgorithm::RsaPss {
            bits: 2048,
            only: None,
        };
        for key in [rsa, free] {
            for (hash, bytes) in [(Hash::Sha256, 32), (Hash::Sha384, 48), (Hash::Sha512, 64)] {
                assert!(key.makes(pss(hash, bytes)), "{key} {hash}");
                assert!(!key.makes(pss(hash, bytes - 1)) && !key.makes(pss(hash, bytes + 1)));
            }
        }
        assert_eq!(free.default_signature(), pss(Hash::Sha256, 32));
        assert!(!free.makes(SignatureAlgorithm::RsaPkcs1(Hash::Sha256)));
        assert!(!KeyAlgorithm::Ec(Curve::P256).makes(pss(Hash::Sha256, 32)));
        // 1024 bits are 128 bytes; SHA-512 and a salt of the same length need 130 (RFC 8017 section 9.1.1).
        assert!(!KeyAlgorithm::Rsa { bits: 1024 }.makes(pss(Hash::Sha512, 64)));
    }

    #[test]
    fn a_restricted_key_keeps_its_parameters() {
        let key = restricted(Hash::Sha384, 20);
        assert_eq!(key.default_signature(), pss(Hash::Sha384, 48));
        assert_eq!(key.signature_with(Hash::Sha384), Some(pss(Hash::Sha384, 48)));
        assert_eq!(key.signature_with(Hash::Sha256), None);
        assert_eq!(key.signature_with(Hash::Sha512), None);
        // RFC 4055 section 3.3: the salt is not shorter.
        let key = restricted(Hash::Sha256, 100);
        assert_eq!(key.default_signature(), pss(Hash::Sha256, 100));
        assert!(key.makes(pss(Hash::Sha256, 100)) && !key.makes(pss(Hash::Sha256, 32)));
        // 256 bytes less 32 and 2.
        let key = restricted(Hash::Sha256, 223);
        assert!(!key.makes(key.default_signature()));
    }

    #[test]
    fn ml_dsa_makes_its_own_parameter_set_only() {
        for set in MlDsaParameterSet::ALL {
            let key = KeyAlgorithm::MlDsa(set);
            assert_eq!(key.default_signature(), SignatureAlgorithm::MlDsa(set));
            for other in MlDsaParameterSet::ALL {
                assert_eq!(key.makes(SignatureAlgorithm::MlDsa(other)), set == other);
            }
            assert!(Hash::ALL.iter().all(|hash| key.signature_with(*hash).is_none()));
            assert!(!key.makes(SignatureAlgorithm::Ed25519));
        }
    }
}
