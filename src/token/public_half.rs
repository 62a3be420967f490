//! The public half of a key, from the attributes of either object; and the attributes that make one.

use cryptoki::object::{
    Attribute, AttributeType, KeyType, MlDsaParameterSetType, ObjectClass, ObjectHandle, ParameterSetType,
};
use der::asn1::OctetStringRef;
use der::{Decode, Encode};

use super::dialect::{Dialect, ED25519_PARAMS};
use super::key::kind_fits;
use super::template::key_type;
use super::{KeyClass, KeyDescription, KeySelector, PrivateKey, Session, TokenError};
use crate::signer::{Curve, Hex, KeyAlgorithm, MlDsaParameterSet, PublicKey, PublicKeyError, curve_oid};

/// What [`public_half_in`] looks for.
pub(super) const PUBLIC_HALF: [AttributeType; 5] = [
    AttributeType::PublicKeyInfo,
    AttributeType::Modulus,
    AttributeType::PublicExponent,
    AttributeType::EcParams,
    AttributeType::EcPoint,
];

/// The public key that these attributes of one object tell, if they tell one.
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

impl Session {
    /// From the object's own attributes: an RSA private key has modulus and exponent, a public key of RSA or on a curve everything.
    pub(super) fn public_half(
        &self,
        handle: ObjectHandle,
        label: &str,
    ) -> Result<Option<PublicKey>, TokenError> {
        let read = self.read(
            &format!("reading the public key of \"{label}\""),
            handle,
            &PUBLIC_HALF,
        )?;
        public_half_in(&read, label)
    }

    /// From a public-key object: for ML-DSA its `CKA_VALUE` (PKCS#11 v3.2 section 6.67.2), which no private key is asked for.
    pub(super) fn public_key_of(
        &self,
        object: ObjectHandle,
        label: &str,
    ) -> Result<Option<PublicKey>, TokenError> {
        const WANTED: [AttributeType; 3] = [
            AttributeType::KeyType,
            AttributeType::ParameterSet,
            AttributeType::Value,
        ];
        if let Some(found) = self.public_half(object, label)? {
            return Ok(Some(found));
        }
        let (mut is_ml_dsa, mut parameters, mut value) = (false, None, None);
        for attribute in self.read(&format!("reading the public key of \"{label}\""), object, &WANTED)? {
            match attribute {
                Attribute::KeyType(kind) => is_ml_dsa = kind == KeyType::ML_DSA,
                Attribute::ParameterSet(set) => parameters = ml_dsa_parameters(set),
                Attribute::Value(bytes) => value = Some(bytes),
                _ => {}
            }
        }
        match (is_ml_dsa, parameters, value) {
            (true, Some(parameters), Some(value)) => PublicKey::from_ml_dsa(parameters, &value)
                .map(Some)
                .map_err(|error| TokenError::NoPublicKey {
                    key: label.to_owned(),
                    reason: error.to_string(),
                }),
            _ => Ok(None),
        }
    }

    /// As far as the names tell: from the private key's own attributes, or from the public-key object with the same `CKA_ID`, since an EC
    /// private key need not tell its point. Where several keys are under the id, see [`own_of`]; then the label decides.
    pub(super) fn describe_private(&self, handle: ObjectHandle) -> Result<PrivateKey, TokenError> {
        let (description, told) = self.read_private(handle)?;
        let public_key = match told {
            Some(public_key) => public_key,
            None => self.public_object(&description)?,
        };
        Ok(PrivateKey {
            handle,
            description,
            public_key,
        })
    }

    fn public_object(&self, private: &KeyDescription) -> Result<PublicKey, TokenError> {
        let held = self.held_under(private)?;
        if held.is_empty() {
            return Err(no_public_object(private));
        }
        if let Some(public_key) = own_of(&private.id, &held) {
            return Ok(public_key.clone());
        }
        let mut labelled = Vec::new();
        for (handle, key) in &held {
            if self.describe_key(KeyClass::Public, *handle)?.label == private.label {
                labelled.push((*handle, key.clone()));
            }
        }
        match own_of(&private.id, &labelled) {
            Some(public_key) => Ok(public_key.clone()),
            None => Err(self.several_public(&private.id, &held)?),
        }
    }

    /// The public-key objects under the id of a private key that hold a key of its kind.
    pub(super) fn held_under(&self, private: &KeyDescription) -> Result<Vec<Held>, TokenError> {
        let mut template = vec![Attribute::Class(ObjectClass::PUBLIC_KEY)];
        // Not every token finds the objects without an id by an empty one.
        if !private.id.is_empty() {
            template.push(Attribute::Id(private.id.clone()));
        }
        let (mut held, mut unusable) = (Vec::new(), None);
        for handle in self.find("looking for the public-key object", &template)? {
            if private.id.is_empty() && !self.describe_key(KeyClass::Public, handle)?.id.is_empty() {
                continue;
            }
            match self.public_key_of(handle, &private.label) {
                Ok(Some(key)) if kind_fits(&private.kind, key.algorithm()) => held.push((handle, Some(key))),
                Err(error @ TokenError::NoPublicKey { .. }) => unusable = Some(error),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        match unusable {
            Some(error) if held.is_empty() => Err(error),
            _ => Ok(held),
        }
    }

    /// Several keys under one id, and nothing says which is the private key's.
    pub(super) fn several_public(&self, id: &[u8], held: &[Held]) -> Result<TokenError, TokenError> {
        let described = held
            .iter()
            .map(|(handle, _)| self.describe_key(KeyClass::Public, *handle));
        Ok(TokenError::SeveralKeys {
            wanted: KeySelector::with_id(id).to_string(),
            found: described.collect::<Result<_, _>>()?,
        })
    }
}

/// That nothing on the token tells the public half of a private key.
pub(super) fn no_public_object(private: &KeyDescription) -> TokenError {
    let reason = match private.id.as_slice() {
        [] => "it has no id, and no public-key object without one is of its kind".to_owned(),
        id => format!("no public-key object with id {} is beside it", Hex(id)),
    };
    TokenError::NoPublicKey {
        key: private.label.clone(),
        reason,
    }
}

/// A public-key object and the key that it holds, as far as it tells one.
pub(super) type Held = (ObjectHandle, Option<PublicKey>);

/// Of the keys under a private key's id its own, where it does not tell it itself: the only one there is, or the one whose key identifier
/// the id is. A stranger's public key can be stored under any id; which came first says nothing.
pub(super) fn own_of<'a>(id: &[u8], held: &'a [Held]) -> Option<&'a PublicKey> {
    let first = held.first()?.1.as_ref();
    if held.iter().all(|(_, key)| key.as_ref() == first) {
        return first;
    }
    let mut keys = held.iter().filter_map(|(_, key)| key.as_ref());
    keys.find(|key| key.key_identifier() == id)
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
        // Kryoptic tells the 32 bytes as they are; in their OCTET STRING they have 34.
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

/// The attributes that make a public-key object that key and no other.
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
