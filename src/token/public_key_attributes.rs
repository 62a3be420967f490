//! The attributes that describe a public key, read and written.

use cryptoki::object::{
    Attribute, AttributeType, KeyType, MlDsaParameterSetType, ObjectClass, ParameterSetType,
};
use der::asn1::OctetStringRef;
use der::{Decode, Encode};

use super::TokenError;
use super::dialect::{Dialect, ED25519_PARAMS};
use crate::signer::{Curve, Hex, KeyAlgorithm, MlDsaParameterSet, PublicKey, PublicKeyError, curve_oid};

/// The attributes that [`public_half_in`] needs.
pub(super) const PUBLIC_HALF: [AttributeType; 5] = [
    AttributeType::PublicKeyInfo,
    AttributeType::Modulus,
    AttributeType::PublicExponent,
    AttributeType::EcParams,
    AttributeType::EcPoint,
];

/// The public key that these attributes of one object describe, if they do.
pub(super) fn public_half_in(read: &[Attribute], label: &str) -> Result<Option<PublicKey>, TokenError> {
    let (mut modulus, mut exponent, mut params, mut point) = (None, None, None, None);
    let mut info = None;
    for attribute in read {
        match attribute {
            // PKCS#11 v2.40 section 4.9: it may be empty.
            Attribute::PublicKeyInfo(value) => info = PublicKey::from_der(value).ok(),
            Attribute::Modulus(value) if !value.is_empty() => modulus = Some(value),
            Attribute::PublicExponent(value) if !value.is_empty() => exponent = Some(value),
            Attribute::EcParams(value) if !value.is_empty() => params = Some(value),
            Attribute::EcPoint(value) if !value.is_empty() => point = Some(value),
            _ => {}
        }
    }
    let unusable = |error: PublicKeyError| TokenError::NoPublicKey {
        key: label.to_owned(),
        reason: error.to_string(),
    };
    match (modulus, exponent, params, point) {
        (Some(modulus), Some(exponent), _, _) => {
            PublicKey::from_rsa(modulus, exponent).map(Some).map_err(unusable)
        }
        (_, _, Some(params), Some(point)) => ec_public_key(params, point).map(Some).map_err(unusable),
        _ => Ok(info),
    }
}

/// `CKA_EC_PARAMS`: the DER of the curve's object identifier (PKCS#11 v2.40 mechanisms, section 2.3.3).
pub(super) fn ec_params(curve: Curve) -> Vec<u8> {
    curve_oid(curve).to_der().unwrap_or_default()
}

/// `CKA_EC_POINT`: the point in a DER OCTET STRING (same section).
pub(super) fn ec_point(point: &[u8]) -> Vec<u8> {
    OctetStringRef::new(point)
        .and_then(|octets| octets.to_der())
        .unwrap_or_default()
}

pub(super) fn curve_of(params: &[u8]) -> Option<Curve> {
    Curve::ALL.into_iter().find(|curve| ec_params(*curve) == params)
}

fn ec_public_key(params: &[u8], point: &[u8]) -> Result<PublicKey, PublicKeyError> {
    if ED25519_PARAMS.contains(&params) {
        // Kryoptic returns the 32 bytes alone; in their OCTET STRING they have 34.
        let wrapped = (point.len() == 34).then(|| <&OctetStringRef>::from_der(point).ok());
        return PublicKey::from_ed25519(wrapped.flatten().map_or(point, |octets| octets.as_bytes()));
    }
    let curve = curve_of(params).ok_or_else(|| PublicKeyError::Unsupported {
        oid: Hex(params).to_string(),
    })?;
    // Some tokens leave the OCTET STRING out; a bare point has another length, so the two cannot be confused.
    let bare = point.len() == 1 + 2 * curve.field_bytes();
    let point = if bare {
        point
    } else {
        <&OctetStringRef>::from_der(point).map_or(point, |octets| octets.as_bytes())
    };
    PublicKey::from_ec_point(curve, point)
}

/// `CKA_PARAMETER_SET` (PKCS#11 v3.2 section 6.67.2).
pub(super) fn parameter_set(parameters: MlDsaParameterSet) -> ParameterSetType {
    ParameterSetType::from(match parameters {
        MlDsaParameterSet::MlDsa44 => MlDsaParameterSetType::ML_DSA_44,
        MlDsaParameterSet::MlDsa65 => MlDsaParameterSetType::ML_DSA_65,
        MlDsaParameterSet::MlDsa87 => MlDsaParameterSetType::ML_DSA_87,
    })
}

pub(super) fn ml_dsa_parameters(found: ParameterSetType) -> Option<MlDsaParameterSet> {
    MlDsaParameterSet::ALL
        .into_iter()
        .find(|known| parameter_set(*known) == found)
}

pub(super) fn key_type(dialect: &Dialect, algorithm: KeyAlgorithm) -> KeyType {
    match algorithm {
        KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => KeyType::RSA,
        KeyAlgorithm::Ec(_) => KeyType::EC,
        KeyAlgorithm::Ed25519 => dialect.ed25519_type,
        KeyAlgorithm::MlDsa(_) => KeyType::ML_DSA,
    }
}

/// The attributes that give a public-key object its key.
pub(super) fn public_key_values(dialect: &Dialect, public_key: &PublicKey) -> Vec<Attribute> {
    let algorithm = public_key.algorithm();
    let mut values = vec![
        Attribute::Class(ObjectClass::PUBLIC_KEY),
        Attribute::KeyType(key_type(dialect, algorithm)),
    ];
    match (algorithm, public_key.rsa_integers()) {
        (KeyAlgorithm::Ed25519, _) => values.extend([
            Attribute::EcParams(dialect.ed25519_params.to_vec()),
            Attribute::EcPoint(ec_point(public_key.subject_public_key())),
        ]),
        (KeyAlgorithm::Ec(curve), _) => values.extend([
            Attribute::EcParams(ec_params(curve)),
            Attribute::EcPoint(ec_point(public_key.subject_public_key())),
        ]),
        (KeyAlgorithm::MlDsa(parameters), _) => values.extend([
            Attribute::ParameterSet(parameter_set(parameters)),
            Attribute::Value(public_key.subject_public_key().to_vec()),
        ]),
        (KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. }, integers) => {
            let (modulus, exponent) = integers.unwrap_or_default();
            values.extend([
                Attribute::Modulus(modulus.to_vec()),
                Attribute::PublicExponent(exponent.to_vec()),
            ]);
        }
    }
    values
}
