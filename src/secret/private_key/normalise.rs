//! The one encoding of a private key, made from those that are allowed.

use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use der::asn1::{BitStringRef, OctetStringRef};
use der::{Decode, Encode};
use spki::AlgorithmIdentifierRef;

use super::{PrivateKeyError, signing};
use crate::secret::pkcs8::{EcPrivateKey, PrivateKeyInfo, RsaPrivateKey};
use crate::secret::{LockedBytes, MemoryError};
use crate::signer::{Curve, KeyAlgorithm, PublicKey, curve_oid};

pub(super) fn normalise_rsa(
    info: &PrivateKeyInfo<'_>,
    public_key: &PublicKey,
) -> Result<LockedBytes, PrivateKeyError> {
    let expected = public_key.algorithm();
    let malformed = |what| PrivateKeyError::Malformed { expected, what };
    let inconsistent = |what: String| PrivateKeyError::Inconsistent { expected, what };
    // Two primes: version 0 (RFC 8017 appendix A.1.2).
    let key = RsaPrivateKey::from_der(info.private_key)
        .ok()
        .filter(|key| key.version == 0)
        .ok_or_else(|| malformed("not an RSAPrivateKey with two primes"))?;
    let pkcs8 = encode(info, expected, info.private_key)?;
    // AWS-LC's RSA_check_key: n = p·q, d·e = 1 modulo p - 1 and q - 1, and the three CRT values.
    let pair = RsaKeyPair::from_pkcs8(pkcs8.expose()).map_err(|error| {
        inconsistent(format!(
            "n, e, d, p, q, dP, dQ and qInv are inconsistent ({error})"
        ))
    })?;
    let derived = PublicKey::from_rsa_public_key(pair.public_key().as_ref())
        .map_err(|error| inconsistent(error.to_string()))?;
    let told = PublicKey::from_rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes());
    if told.as_ref() != Ok(&derived) {
        return Err(inconsistent(
            "the modulus is not the product of the primes".to_owned(),
        ));
    }
    if derived != *public_key {
        return Err(PrivateKeyError::OtherKey);
    }
    Ok(pkcs8)
}

pub(super) fn normalise_ec(
    info: &PrivateKeyInfo<'_>,
    curve: Curve,
    public_key: &PublicKey,
) -> Result<LockedBytes, PrivateKeyError> {
    let expected = public_key.algorithm();
    let malformed = |what| PrivateKeyError::Malformed { expected, what };
    // RFC 5915 section 3: version 1.
    let key = EcPrivateKey::from_der(info.private_key)
        .ok()
        .filter(|key| key.version == 1)
        .ok_or_else(|| malformed("not an ECPrivateKey"))?;
    if key
        .parameters
        .is_some_and(|parameters| parameters != curve_oid(curve))
    {
        return Err(PrivateKeyError::Algorithm {
            expected,
            found: "its ECPrivateKey names a different curve".to_owned(),
        });
    }
    let scalar = scalar_of(key.private_key.as_bytes(), curve)
        .ok_or_else(|| malformed("its scalar is longer than the curve's field"))??;
    // The public key's own point is checked first. The scalar 0, or one not below the order, has no point at all.
    let pair = |point| EcdsaKeyPair::from_private_key_and_public_key(signing(curve), scalar.expose(), point);
    let point = public_key.subject_public_key();
    pair(point).map_err(|error| match error.to_string().as_str() {
        "InconsistentComponents" => PrivateKeyError::OtherKey,
        other => PrivateKeyError::Inconsistent {
            expected,
            what: format!("its scalar is not a valid private key: it is 0, or not below the order ({other})"),
        },
    })?;
    let inner = key.public_key.as_ref().map(BitStringRef::raw_bytes);
    for told in inner.into_iter().chain(info.public_key) {
        pair(told).map_err(|_| PrivateKeyError::Inconsistent {
            expected,
            what: "its publicKey is not d·G".to_owned(),
        })?;
    }

    let failed = |_| malformed("it cannot be re-encoded");
    let normal = EcPrivateKey {
        version: 1,
        private_key: OctetStringRef::new(scalar.expose()).map_err(failed)?,
        parameters: None,
        public_key: Some(BitStringRef::from_bytes(point).map_err(failed)?),
    };
    let mut inner = LockedBytes::zeroed(normal.encoded_len().and_then(usize::try_from).map_err(failed)?)?;
    normal.encode_to_slice(inner.expose_mut()).map_err(failed)?;
    encode(info, expected, inner.expose())
}

/// RFC 5915 section 3: as long as the order. Some programs write fewer octets, others add leading zeros.
fn scalar_of(bytes: &[u8], curve: Curve) -> Option<Result<LockedBytes, MemoryError>> {
    let length = curve.field_bytes();
    let significant = bytes
        .iter()
        .position(|byte| *byte != 0)
        .map_or(&[][..], |first| &bytes[first..]);
    let padding = length.checked_sub(significant.len())?;
    Some(LockedBytes::zeroed(length).map(|mut scalar| {
        scalar.expose_mut()[padding..].copy_from_slice(significant);
        scalar
    }))
}
pub(super) fn normalise_ed25519(
    info: &PrivateKeyInfo<'_>,
    public_key: &PublicKey,
) -> Result<LockedBytes, PrivateKeyError> {
    let expected = public_key.algorithm();
    // RFC 8410 section 7: `CurvePrivateKey ::= OCTET STRING`, 32 octets.
    let seed = <&OctetStringRef>::from_der(info.private_key)
        .ok()
        .map(|seed| seed.as_bytes())
        .filter(|seed| seed.len() == 32)
        .ok_or(PrivateKeyError::Malformed {
            expected,
            what: "not a seed of 32 bytes in an OCTET STRING",
        })?;
    if info
        .public_key
        .is_some_and(|told| Ed25519KeyPair::from_seed_and_public_key(seed, told).is_err())
    {
        return Err(PrivateKeyError::Inconsistent {
            expected,
            what: "its publicKey does not belong to its seed".to_owned(),
        });
    }
    Ed25519KeyPair::from_seed_and_public_key(seed, public_key.subject_public_key())
        .map_err(|_| PrivateKeyError::OtherKey)?;
    encode(info, expected, info.private_key)
}

/// Version v1 with the expected algorithm, and nothing else around `private_key`.
fn encode(
    info: &PrivateKeyInfo<'_>,
    expected: KeyAlgorithm,
    private_key: &[u8],
) -> Result<LockedBytes, PrivateKeyError> {
    let failed = |_| PrivateKeyError::Malformed {
        expected,
        what: "it cannot be re-encoded",
    };
    let normal = PrivateKeyInfo {
        version: 0,
        algorithm: AlgorithmIdentifierRef {
            oid: info.algorithm.oid,
            parameters: info.algorithm.parameters,
        },
        private_key,
        public_key: None,
    };
    let mut pkcs8 = LockedBytes::zeroed(normal.encoded_len().and_then(usize::try_from).map_err(failed)?)?;
    normal.encode_to_slice(pkcs8.expose_mut()).map_err(failed)?;
    Ok(pkcs8)
}
