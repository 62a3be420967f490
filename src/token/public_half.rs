//! The public half of a key, from the attributes of one of its objects.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};

use super::key::kind_fits;
use super::public_key_attributes::{PUBLIC_HALF, ml_dsa_parameters, public_half_in};
use super::{KeyClass, KeyDescription, KeySelector, PrivateKey, Session, TokenError};
use crate::signer::{Hex, PublicKey};

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

    /// From a public-key object: for ML-DSA its `CKA_VALUE` (PKCS#11 v3.2 section 6.67.2), which is never read from a private key.
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

    /// As far as the names show it: from the private key's own attributes, or from the public-key object with the same `CKA_ID`, since an EC
    /// private key need not report its point. If several keys are under the id, see [`own_of`]; then the label decides.
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
        // Some tokens do not find the objects without an id by an empty one.
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

    /// The error that several keys are under one id, and nothing shows which is the private key's.
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

/// The error that nothing on the token shows the public half of a private key.
pub(super) fn no_public_object(private: &KeyDescription) -> TokenError {
    let reason = match private.id.as_slice() {
        [] => "it has no id, and the token has no public-key object of its kind without an id".to_owned(),
        id => format!("the token has no public-key object with id {}", Hex(id)),
    };
    TokenError::NoPublicKey {
        key: private.label.clone(),
        reason,
    }
}

/// A public-key object and the key that it holds, if it reports one.
pub(super) type Held = (ObjectHandle, Option<PublicKey>);

/// A private key's own public half among the keys under its id, if it does not report it itself: the only one, or the one whose key identifier
/// equals the id. A stranger's public key can be stored under any id, and the order of creation proves nothing.
pub(super) fn own_of<'a>(id: &[u8], held: &'a [Held]) -> Option<&'a PublicKey> {
    let first = held.first()?.1.as_ref();
    if held.iter().all(|(_, key)| key.as_ref() == first) {
        return first;
    }
    let mut keys = held.iter().filter_map(|(_, key)| key.as_ref());
    keys.find(|key| key.key_identifier() == id)
}
