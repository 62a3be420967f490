//! Key and signature algorithms, and which hash fits which key.

use std::fmt;

use aws_lc_rs::digest;

/// A NIST curve of FIPS 186-5 and SP 800-186.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// secp256r1
    P256,
    /// secp384r1
    P384,
    /// secp521r1
    P521,
}

impl Curve {
    /// Every curve, smallest first.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// Length in bytes of a coordinate, and of each half of the PKCS#11 signature `r ‖ s`.
    #[must_use]
    pub const fn field_bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The weakest hash that does not weaken the curve (FIPS 186-5 section 6.1.1). CloudHSM in FIPS mode
    /// refuses anything weaker from Client SDK 5.16 on.
    #[must_use]
    pub const fn weakest_hash(self) -> Hash {
        match self {
            Self::P256 => Hash::Sha256,
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
    /// An elliptic curve key.
    Ec(Curve),
}

impl KeyAlgorithm {
    /// The signature algorithm that fits the key: SHA-256 for RSA, the curve's own strength for ECDSA.
    #[must_use]
    pub const fn default_signature(self) -> SignatureAlgorithm {
        match self {
            Self::Rsa { .. } => SignatureAlgorithm::RsaPkcs1(Hash::Sha256),
            Self::Ec(curve) => SignatureAlgorithm::Ecdsa(curve.weakest_hash()),
        }
    }

    /// The signature algorithm of this key with `hash`, or `None` where the hash is weaker than the key
    /// (see [`Curve::weakest_hash`]).
    #[must_use]
    pub fn signature_with(self, hash: Hash) -> Option<SignatureAlgorithm> {
        match self {
            Self::Rsa { .. } => Some(SignatureAlgorithm::RsaPkcs1(hash)),
            Self::Ec(curve) => (hash >= curve.weakest_hash()).then_some(SignatureAlgorithm::Ecdsa(hash)),
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Ec(curve) => write!(f, "EC {curve}"),
        }
    }
}

/// A hash of FIPS 180-4, ordered by strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hash {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Hash {
    /// Hashes `message` in software.
    #[must_use]
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message).as_ref().to_vec()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

/// A signature algorithm that this program makes and verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2)
    RsaPkcs1(Hash),
    /// ECDSA (FIPS 186-5 section 6)
    Ecdsa(Hash),
}

impl SignatureAlgorithm {
    /// The hash that is signed.
    #[must_use]
    pub const fn hash(self) -> Hash {
        match self {
            Self::RsaPkcs1(hash) | Self::Ecdsa(hash) => hash,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    /// The names that openssl prints, which is what people search for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RsaPkcs1(Hash::Sha256) => "sha256WithRSAEncryption",
            Self::RsaPkcs1(Hash::Sha384) => "sha384WithRSAEncryption",
            Self::RsaPkcs1(Hash::Sha512) => "sha512WithRSAEncryption",
            Self::Ecdsa(Hash::Sha256) => "ecdsa-with-SHA256",
            Self::Ecdsa(Hash::Sha384) => "ecdsa-with-SHA384",
            Self::Ecdsa(Hash::Sha512) => "ecdsa-with-SHA512",
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
}
