//! Key and signature algorithms, and which hash fits which key.

use std::fmt;

use aws_lc_rs::digest;

use super::Pss;

/// A curve of ECDSA: those of FIPS 186-5 and SP 800-186, and the one of SEC 2 that KMS offers besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
    /// secp256k1 (SEC 2 section 2.4.1), which no NIST document has.
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

    /// The weakest hash that does not weaken the curve (FIPS 186-5 section 6.1.1). CloudHSM in FIPS mode
    /// refuses anything weaker from Client SDK 5.16 on.
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

/// What kind of key it is, and how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        /// The only parameters, the salt's length being the least; without them any.
        only: Option<Pss>,
    },
    /// An elliptic curve key.
    Ec(Curve),
    /// Ed25519 (RFC 8032 section 5.1).
    Ed25519,
}

impl KeyAlgorithm {
    /// The signature algorithm that fits the key: SHA-256 for RSA, the curve's own strength for ECDSA.
    #[must_use]
    pub const fn default_signature(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa { .. } => SignatureAlgorithm::RsaPkcs1(Hash::Sha256),
            Self::RsaPss { only: Some(pss), .. } => SignatureAlgorithm::RsaPss(pss),
            Self::RsaPss { only: None, .. } => SignatureAlgorithm::RsaPss(Pss {
                hash: Hash::Sha256,
                salt_bytes: 32,
            }),
            Self::Ec(curve) => SignatureAlgorithm::Ecdsa(curve.weakest_hash()),
            Self::Ed25519 => SignatureAlgorithm::Ed25519,
        }
    }

    /// The signature algorithm of this key with `hash`, or `None` where the hash is weaker than the key
    /// (see [`Curve::weakest_hash`]), where the key has its own hash (Ed25519), or where no signature is made with the key (RSASSA-PSS).
    #[must_use]
    pub fn signature_with(self, hash: Hash) -> Option<SignatureAlgorithm> {
        match self {
            // SHA-224 is read, not written: no key here is as weak as it.
            Self::Rsa { .. } => (hash >= Hash::Sha256).then_some(SignatureAlgorithm::RsaPkcs1(hash)),
            // The one pairing with this curve that the verification in software has.
            Self::Ec(Curve::Secp256k1) => (hash == Hash::Sha256).then_some(SignatureAlgorithm::Ecdsa(hash)),
            Self::Ec(curve) => (hash >= curve.weakest_hash()).then_some(SignatureAlgorithm::Ecdsa(hash)),
            Self::RsaPss { .. } | Self::Ed25519 => None,
        }
    }

    /// Bits of the modulus; `None` for a key that is none of RSA.
    #[must_use]
    pub const fn rsa_bits(self) -> Option<usize> {
        match self {
            Self::Rsa { bits } | Self::RsaPss { bits, .. } => Some(bits),
            Self::Ec(_) | Self::Ed25519 => None,
        }
    }

    /// Whether a key of this kind makes signatures of `algorithm`, with a hash that does not weaken it.
    #[must_use]
    pub fn makes(self, algorithm: SignatureAlgorithm) -> bool {
        let fitting = algorithm.hash().map_or_else(
            || Some(self.default_signature()),
            |hash| self.signature_with(hash),
        );
        fitting == Some(algorithm)
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::RsaPss { bits, .. } => write!(f, "RSA-PSS {bits}"),
            Self::Ec(curve) => write!(f, "EC {curve}"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

/// A hash of FIPS 180-4, ordered by strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hash {
    /// SHA-224, which is verified and never made.
    Sha224,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Hash {
    /// Every hash.
    pub const ALL: [Self; 4] = [Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// Hashes `message` in software.
    #[must_use]
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message).as_ref().to_vec()
    }

    /// The DER of `DigestInfo` up to the digest: RFC 8017 section 9.2, note 1.
    pub(crate) const fn digest_info_prefix(self) -> &'static [u8] {
        match self {
            Self::Sha224 => b"\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c",
            Self::Sha256 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
            Self::Sha384 => b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
            Self::Sha512 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// A signature algorithm that this program verifies; [`KeyAlgorithm::makes`] says which it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2)
    RsaPkcs1(Hash),
    /// RSASSA-PSS (RFC 8017 section 8.1)
    RsaPss(Pss),
    /// ECDSA (FIPS 186-5 section 6)
    Ecdsa(Hash),
    /// Ed25519 without prehashing (RFC 8032 section 5.1)
    Ed25519,
}

impl SignatureAlgorithm {
    /// The hash of the message that is signed; `None` where the message itself is.
    #[must_use]
    pub const fn hash(self) -> Option<Hash> {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss(Pss { hash, .. }) | Self::Ecdsa(hash) => Some(hash),
            Self::Ed25519 => None,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    /// The names that openssl prints, which is what people search for.
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
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_weaker_than_the_curve_is_no_choice() {
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
    fn neither_pss_nor_sha_224_is_made() {
        let rsa = KeyAlgorithm::Rsa { bits: 2048 };
        let p256 = KeyAlgorithm::Ec(Curve::P256);
        assert!(!rsa.makes(SignatureAlgorithm::RsaPkcs1(Hash::Sha224)));
        assert!(!p256.makes(SignatureAlgorithm::Ecdsa(Hash::Sha224)));
        let pss = Pss {
            hash: Hash::Sha256,
            salt_bytes: 32,
        };
        for key in [None, Some(pss)].map(|only| KeyAlgorithm::RsaPss { bits: 2048, only }) {
            assert!(!key.makes(SignatureAlgorithm::RsaPss(pss)));
            assert!(!key.makes(key.default_signature()));
            assert!(!key.makes(SignatureAlgorithm::RsaPkcs1(Hash::Sha256)));
        }
        assert!(!rsa.makes(SignatureAlgorithm::RsaPss(pss)));
    }
}
