//! A public key as its `SubjectPublicKeyInfo`.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{
    ID_EC_PUBLIC_KEY, ID_RSASSA_PSS, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1, SECP_521_R_1,
};
use const_oid::db::rfc8410::ID_ED_25519;
use der::asn1::{Any, BitString, Null, UintRef};
use der::{Decode, Encode, Sequence};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::{Curve, KeyAlgorithm, MlDsaParameterSet, Pss, PssError, sha1};

/// A public key of a supported kind: the DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7) and its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
    bits: Vec<u8>,
    algorithm: KeyAlgorithm,
}

/// `RSAPublicKey` of RFC 8017 appendix A.1.1.
#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

/// Why bytes are not a usable public key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// Not a DER `SubjectPublicKeyInfo`, or one whose key does not decode.
    Malformed {
        /// What did not decode.
        what: &'static str,
    },
    /// A valid form that this program does not take.
    NotSupported {
        /// The form.
        what: &'static str,
    },
    /// A key algorithm or curve outside RSA, P-256, P-384, P-521, secp256k1, Ed25519 and ML-DSA.
    Unsupported {
        /// The object identifier of the algorithm or of the curve.
        oid: String,
    },
    /// A key for RSASSA-PSS only, restricted to refused parameters.
    Pss(PssError),
}

impl fmt::Display for PublicKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { what } => write!(f, "the public key is malformed: {what}"),
            Self::NotSupported { what } => write!(f, "the public key is not supported: it has {what}"),
            Self::Pss(error) => write!(f, "the public key is restricted to {error}"),
            Self::Unsupported { oid } => {
                write!(
                    f,
                    "the public key is of a kind that is not supported ({oid}); supported: RSA, P-256, P-384, P-521, secp256k1, Ed25519, ML-DSA"
                )
            }
        }
    }
}

impl std::error::Error for PublicKeyError {}

/// The signature is not this key's over this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature;

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not verify under the public key")
    }
}

impl std::error::Error for BadSignature {}

impl PublicKey {
    /// Reads a DER `SubjectPublicKeyInfo`; nothing may follow it.
    ///
    /// # Errors
    /// [`PublicKeyError`]
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        let info = SubjectPublicKeyInfoOwned::from_der(der).map_err(|_| PublicKeyError::Malformed {
            what: "not a DER SubjectPublicKeyInfo",
        })?;
        Self::from_info(&info)
    }

    /// Takes a decoded `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`PublicKeyError`]
    pub(crate) fn from_info(info: &SubjectPublicKeyInfoOwned) -> Result<Self, PublicKeyError> {
        let bits = info
            .subject_public_key
            .as_bytes()
            .ok_or(PublicKeyError::Malformed {
                what: "subjectPublicKey has unused bits",
            })?;
        let mut info = info.clone();
        let algorithm = match info.algorithm.oid {
            RSA_ENCRYPTION => {
                // RFC 3279 section 2.3.1: "MUST be NULL". If they could be omitted, one key would have two encodings.
                let null = Any::from(Null);
                if info
                    .algorithm
                    .parameters
                    .as_ref()
                    .is_some_and(|parameters| *parameters != null)
                {
                    return Err(PublicKeyError::Malformed {
                        what: "rsaEncryption with parameters",
                    });
                }
                info.algorithm.parameters = Some(null);
                KeyAlgorithm::Rsa {
                    bits: rsa_modulus_bits(bits)?,
                }
            }
            // RFC 4055 section 1.2: for RSASSA-PSS only; with parameters (section 3.3), for those only.
            ID_RSASSA_PSS => KeyAlgorithm::RsaPss {
                bits: rsa_modulus_bits(bits)?,
                only: info
                    .algorithm
                    .parameters
                    .as_ref()
                    .map(Pss::from_any)
                    .transpose()
                    .map_err(PublicKeyError::Pss)?,
            },
            ID_EC_PUBLIC_KEY => KeyAlgorithm::Ec(ec_curve(&info.algorithm, bits)?),
            ID_ED_25519 => {
                // RFC 8410 section 3: "the parameters MUST be absent"; RFC 8032 section 5.1.5: 32 octets.
                if info.algorithm.parameters.is_some() || bits.len() != ED25519_BYTES {
                    return Err(PublicKeyError::Malformed {
                        what: "not an Ed25519 key of 32 bytes without parameters",
                    });
                }
                KeyAlgorithm::Ed25519
            }
            oid => match MlDsaParameterSet::from_oid(oid) {
                Some(set) => ml_dsa_key(&info.algorithm, set, bits)?,
                None => return Err(PublicKeyError::Unsupported { oid: oid.to_string() }),
            },
        };
        let der = info.to_der().map_err(|_| PublicKeyError::Malformed {
            what: "cannot be encoded",
        })?;
        Ok(Self {
            der,
            bits: bits.to_vec(),
            algorithm,
        })
    }

    /// True for the same key, even if its algorithms differ (RFC 4055 section 1.2: an RSA key for RSASSA-PSS only).
    #[must_use]
    pub fn has_numbers_of(&self, other: &Self) -> bool {
        self.bits == other.bits
    }

    /// From the big-endian integers that PKCS#11 returns as `CKA_MODULUS` and `CKA_PUBLIC_EXPONENT`.
    ///
    /// # Errors
    /// [`PublicKeyError`]
    pub fn from_rsa(modulus: &[u8], public_exponent: &[u8]) -> Result<Self, PublicKeyError> {
        let malformed = |_| PublicKeyError::Malformed { what: "RSA integers" };
        let key = RsaPublicKey {
            modulus: UintRef::new(modulus).map_err(malformed)?,
            public_exponent: UintRef::new(public_exponent).map_err(malformed)?,
        };
        Self::from_rsa_public_key(&key.to_der().map_err(malformed)?)
    }

    /// From a DER `RSAPublicKey`.
    ///
    /// # Errors
    /// [`PublicKeyError`]
    pub fn from_rsa_public_key(der: &[u8]) -> Result<Self, PublicKeyError> {
        // RFC 3279 section 2.3.1: the parameters of rsaEncryption are NULL.
        Self::assemble(RSA_ENCRYPTION, Some(Any::from(Null)), der)
    }

    /// From an uncompressed point `04 ‖ x ‖ y` on `curve` (SEC 1 section 2.3.3).
    ///
    /// # Errors
    /// [`PublicKeyError`]
    pub fn from_ec_point(curve: Curve, point: &[u8]) -> Result<Self, PublicKeyError> {
        Self::assemble(ID_EC_PUBLIC_KEY, Some(Any::from(&curve_oid(curve))), point)
    }

    /// From the 32 bytes of an Ed25519 public key (RFC 8032 section 5.1.5).
    ///
    /// # Errors
    /// [`PublicKeyError`]
    pub fn from_ed25519(key: &[u8]) -> Result<Self, PublicKeyError> {
        Self::assemble(ID_ED_25519, None, key)
    }

    /// From the bytes of an ML-DSA public key (FIPS 204 algorithm 22).
    ///
    /// # Errors
    /// [`PublicKeyError`]
    pub fn from_ml_dsa(parameters: MlDsaParameterSet, key: &[u8]) -> Result<Self, PublicKeyError> {
        Self::assemble(parameters.oid(), None, key)
    }

    fn assemble(oid: ObjectIdentifier, parameters: Option<Any>, bits: &[u8]) -> Result<Self, PublicKeyError> {
        let subject_public_key =
            BitString::from_bytes(bits).map_err(|_| PublicKeyError::Malformed { what: "too long" })?;
        Self::from_info(&SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned { oid, parameters },
            subject_public_key,
        })
    }

    /// The DER `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The kind of key.
    #[must_use]
    pub const fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The value of the `subjectPublicKey` BIT STRING: a DER `RSAPublicKey`, an uncompressed point, or
    /// the bytes of an Ed25519 or ML-DSA key.
    #[must_use]
    pub fn subject_public_key(&self) -> &[u8] {
        &self.bits
    }

    /// The octets that differ between keys of one kind: the modulus of an RSA key without a leading zero, the coordinates of an EC point, the
    /// whole of every other key. With the exponent 65537, every other octet of [`der`](Self::der) follows from the kind.
    #[must_use]
    pub fn own_octets(&self) -> &[u8] {
        let bits = self.subject_public_key();
        match self.algorithm {
            // The first octet marks the point as uncompressed (SEC 1 section 2.3.3).
            KeyAlgorithm::Ec(_) => bits.get(1..).unwrap_or_default(),
            KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => {
                self.rsa_integers().map_or(bits, |(modulus, _)| modulus)
            }
            _ => bits,
        }
    }

    /// Modulus and public exponent, big-endian without leading zeros; `None` for any other key.
    #[must_use]
    pub fn rsa_integers(&self) -> Option<(&[u8], &[u8])> {
        let key = RsaPublicKey::from_der(&self.bits).ok()?;
        Some((key.modulus.as_bytes(), key.public_exponent.as_bytes()))
    }

    /// `keyIdentifier` by method (1) of RFC 5280 section 4.2.1.2: SHA-1 of the BIT STRING's value. It is a name, not a protection. openssl
    /// computes the same for `hash`, and `CKA_ID` holds it for keys imported here.
    #[must_use]
    pub fn key_identifier(&self) -> Vec<u8> {
        sha1(&self.bits).to_vec()
    }
}

/// The bits of the modulus of a usable `RSAPublicKey`.
fn rsa_modulus_bits(bits: &[u8]) -> Result<usize, PublicKeyError> {
    let key = RsaPublicKey::from_der(bits).map_err(|_| PublicKeyError::Malformed { what: "RSAPublicKey" })?;
    let modulus = key.modulus.as_bytes();
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let exponent_is_odd = key
        .public_exponent
        .as_bytes()
        .last()
        .is_some_and(|byte| byte % 2 == 1);
    if key.public_exponent.as_bytes() == [1] || !exponent_is_odd {
        return Err(PublicKeyError::Malformed {
            what: "the RSA public exponent is 1 or even",
        });
    }
    if modulus.last().is_none_or(|byte| byte % 2 == 0) {
        return Err(PublicKeyError::Malformed {
            what: "the RSA modulus is even",
        });
    }
    let bits = modulus.len() * 8 - usize::try_from(leading).unwrap_or(0);
    // The limits of the software verification. Larger keys would only be slow.
    if bits > 8192 {
        return Err(PublicKeyError::NotSupported {
            what: "an RSA modulus above 8192 bits",
        });
    }
    if key.public_exponent.as_bytes().len() > 4 {
        return Err(PublicKeyError::NotSupported {
            what: "an RSA public exponent above 32 bits",
        });
    }
    Ok(bits)
}

/// RFC 5480 section 2.1.1: `namedCurve` only, and section 2.2: an uncompressed point.
fn ec_curve(algorithm: &AlgorithmIdentifierOwned, point: &[u8]) -> Result<Curve, PublicKeyError> {
    let oid = algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
        .ok_or(PublicKeyError::Malformed {
            what: "an EC key without namedCurve",
        })?;
    let curve = Curve::ALL
        .into_iter()
        .find(|curve| curve_oid(*curve) == oid)
        .ok_or_else(|| PublicKeyError::Unsupported { oid: oid.to_string() })?;
    if point.len() == 1 + curve.field_bytes() && matches!(point.first(), Some(2 | 3)) {
        return Err(PublicKeyError::NotSupported {
            what: "a compressed point",
        });
    }
    if point.len() != 1 + 2 * curve.field_bytes() || point.first() != Some(&4) {
        return Err(PublicKeyError::Malformed {
            what: "not an uncompressed point of its curve",
        });
    }
    Ok(curve)
}

/// RFC 9881 section 2: "the parameters component MUST be absent"; section 4: the key as FIPS 204 encodes it, without a wrapping.
fn ml_dsa_key(
    algorithm: &AlgorithmIdentifierOwned,
    parameters: MlDsaParameterSet,
    bits: &[u8],
) -> Result<KeyAlgorithm, PublicKeyError> {
    if algorithm.parameters.is_some() || bits.len() != parameters.public_key_bytes() {
        return Err(PublicKeyError::Malformed {
            what: "not an ML-DSA key of its parameter set's length, without parameters",
        });
    }
    Ok(KeyAlgorithm::MlDsa(parameters))
}

/// SEC 2 section A.2.1; RFC 5480 does not list the curve.
const SECP_256_K_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");

/// RFC 8032 section 5.1.5.
const ED25519_BYTES: usize = 32;

/// RFC 5480 section 2.1.1.1.
pub(crate) const fn curve_oid(curve: Curve) -> ObjectIdentifier {
    match curve {
        Curve::P256 => SECP_256_R_1,
        Curve::P384 => SECP_384_R_1,
        Curve::P521 => SECP_521_R_1,
        Curve::Secp256k1 => SECP_256_K_1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_an_exponent_of_one_is_refused() {
        let mut modulus = vec![0xff; 256];
        modulus[255] = 0x0d;
        assert!(matches!(
            PublicKey::from_rsa(&modulus, &[1]),
            Err(PublicKeyError::Malformed { .. })
        ));
        let key = PublicKey::from_rsa(&modulus, &[1, 0, 1]).unwrap();
        assert_eq!(key.algorithm(), KeyAlgorithm::Rsa { bits: 2048 });
        assert_eq!(key.rsa_integers(), Some((&modulus[..], &[1, 0, 1][..])));
    }

    #[test]
    fn a_compressed_or_short_point_is_refused() {
        assert!(PublicKey::from_ec_point(Curve::P256, &[2; 33]).is_err());
        assert!(PublicKey::from_ec_point(Curve::P384, &[4; 65]).is_err());
    }

    #[test]
    fn an_ed25519_key_has_44_bytes_and_no_parameters() {
        let key = PublicKey::from_ed25519(&[7; 32]).unwrap();
        assert_eq!(key.der().len(), 44);
        assert_eq!(PublicKey::from_der(key.der()).unwrap(), key);
        assert!(PublicKey::from_ed25519(&[7; 31]).is_err());
    }

    #[test]
    fn an_ml_dsa_key_is_its_bytes_and_no_parameters() {
        for set in MlDsaParameterSet::ALL {
            let bytes = vec![7; set.public_key_bytes()];
            let key = PublicKey::from_ml_dsa(set, &bytes).unwrap();
            assert_eq!(key.algorithm(), KeyAlgorithm::MlDsa(set));
            assert_eq!(key.subject_public_key(), bytes);
            assert_eq!(PublicKey::from_der(key.der()).unwrap(), key);
            assert!(PublicKey::from_ml_dsa(set, &bytes[1..]).is_err());
            let null = AlgorithmIdentifierOwned {
                oid: set.oid(),
                parameters: Some(Any::from(Null)),
            };
            assert!(ml_dsa_key(&null, set, &bytes).is_err());
        }
    }
}
