//! The keys on a token: listing and finding.

use std::collections::BTreeSet;
use std::fmt;

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};

use super::dialect::ED25519_PARAMS;
use super::public_half::{PUBLIC_HALF, curve_of, ml_dsa_parameters, public_half_in, public_key_values};
use super::{KeyAttributes, KeySelector, Session, TokenError};
use crate::signer::{Hex, KeyAlgorithm, PublicKey};

/// `CKA_CLASS`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyClass {
    /// `CKO_PRIVATE_KEY`
    Private,
    /// `CKO_PUBLIC_KEY`
    Public,
    /// `CKO_SECRET_KEY`
    Secret,
}

impl fmt::Display for KeyClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "private",
            Self::Public => "public",
            Self::Secret => "secret",
        })
    }
}

/// A key object, as far as the token tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// `CKA_CLASS`
    pub class: KeyClass,
    /// `CKA_LABEL`
    pub label: String,
    /// `CKA_ID`
    pub id: Vec<u8>,
    /// Kind and size, as "RSA 2048".
    pub kind: String,
    /// What may be done with it.
    pub attributes: KeyAttributes,
}

impl fmt::Display for KeyDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({}, id {})", self.label, self.kind, Hex(&self.id))
    }
}

/// A private key that was found, and its public half.
#[derive(Clone, Debug)]
pub struct PrivateKey {
    pub(super) handle: ObjectHandle,
    /// What the token says of it.
    pub description: KeyDescription,
    /// Its public key.
    pub public_key: PublicKey,
}

impl Session {
    /// Every key object, in the order private, public, secret.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn keys(&self) -> Result<Vec<KeyDescription>, TokenError> {
        let mut keys = Vec::new();
        for class in [KeyClass::Private, KeyClass::Public, KeyClass::Secret] {
            for handle in self.find("listing keys", &[Attribute::Class(class.into())])? {
                keys.push(self.describe_key(class, handle)?);
            }
        }
        Ok(keys)
    }

    /// The private keys that fit.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn private_keys(&self, selector: &KeySelector) -> Result<Vec<KeyDescription>, TokenError> {
        let found = self.find_private(selector)?;
        found
            .into_iter()
            .map(|handle| self.describe_key(KeyClass::Private, handle))
            .collect()
    }

    /// The one private key that fits, with its public half.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::SeveralKeys`], [`TokenError::NoPublicKey`], [`TokenError::Call`]
    pub fn private_key(&self, selector: &KeySelector) -> Result<PrivateKey, TokenError> {
        let found = self.find_private(selector)?;
        let handle = self.only_one(selector.to_string(), &found)?;
        self.describe_private(handle)
    }

    /// A private key that stands alone, taken for the one of `public_key`: what it signs will tell.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::SeveralKeys`], [`TokenError::Call`]
    pub fn private_key_with_public(
        &self,
        description: &KeyDescription,
        public_key: &PublicKey,
    ) -> Result<PrivateKey, TokenError> {
        let selector = KeySelector::with_id(&description.id);
        let handle = self.only_one(selector.to_string(), &self.find_private(&selector)?)?;
        Ok(PrivateKey {
            handle,
            description: description.clone(),
            public_key: public_key.clone(),
        })
    }

    /// The one private key that belongs to `public_key`, found by its value: labels and ids can lie.
    ///
    /// # Errors
    /// As [`private_key`](Self::private_key).
    pub fn private_key_for(&self, public_key: &PublicKey) -> Result<PrivateKey, TokenError> {
        const DOING: &str = "looking for a private key by its public key";
        let mut found = match (public_key.algorithm(), public_key.rsa_integers()) {
            (KeyAlgorithm::Ec(_) | KeyAlgorithm::Ed25519 | KeyAlgorithm::MlDsa(_), _) | (_, None) => {
                let mut found = Vec::new();
                for public in self.find(DOING, &public_key_values(self.dialect(), public_key))? {
                    let id = self
                        .read(DOING, public, &[AttributeType::Id])?
                        .into_iter()
                        .find_map(id_of);
                    let id = id.unwrap_or_default();
                    // Without an id nothing says which private key it goes with.
                    if !id.is_empty() {
                        found.extend(self.find_private(&KeySelector::with_id(&id))?);
                    }
                }
                found
            }
            (KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. }, Some((modulus, _))) => self.find(
                DOING,
                &[
                    Attribute::Class(ObjectClass::PRIVATE_KEY),
                    Attribute::Modulus(modulus.to_vec()),
                ],
            )?,
        };
        if found.is_empty() {
            // A token that cannot search by value, or a key without a public object under its id.
            for handle in self.find(DOING, &[Attribute::Class(ObjectClass::PRIVATE_KEY)])? {
                match self.describe_private(handle) {
                    Ok(key) if key.public_key.has_numbers_of(public_key) => found.push(handle),
                    Ok(_) | Err(TokenError::NoPublicKey { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        // Two public-key objects may lead to one private key.
        let mut seen = BTreeSet::new();
        found.retain(|handle| seen.insert(handle.handle()));
        let wanted = format!(
            "belongs to the public key with id {}",
            Hex(&public_key.key_identifier())
        );
        let handle = self.only_one(wanted, &found)?;
        let (description, told) = self.read_private(handle)?;
        // What the private key itself tells must agree: it could have the modulus with another exponent. No token tells that an
        // RSA key is for RSASSA-PSS only.
        match told {
            Some(told) if !told.has_numbers_of(public_key) => Err(TokenError::NoKey {
                wanted: "belongs to this public key".to_owned(),
                found: vec![description],
            }),
            _ => Ok(PrivateKey {
                handle,
                description,
                public_key: public_key.clone(),
            }),
        }
    }

    pub(super) fn find_private(&self, selector: &KeySelector) -> Result<Vec<ObjectHandle>, TokenError> {
        // An object of this session is not on the token.
        let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)];
        template.extend(
            selector
                .label
                .clone()
                .map(|label| Attribute::Label(label.into_bytes())),
        );
        template.extend(selector.id.clone().map(Attribute::Id));
        self.find(&format!("looking for a private key {selector}"), &template)
    }

    pub(super) fn only_one(
        &self,
        wanted: String,
        found: &[ObjectHandle],
    ) -> Result<ObjectHandle, TokenError> {
        match found {
            [one] => Ok(*one),
            [] => Err(self.no_key(wanted)?),
            several => Err(TokenError::SeveralKeys {
                wanted,
                found: self.describe_all(several)?,
            }),
        }
    }

    /// That there is none, with the private keys that there are.
    pub(super) fn no_key(&self, wanted: String) -> Result<TokenError, TokenError> {
        let all = self.find("listing keys", &[Attribute::Class(ObjectClass::PRIVATE_KEY)])?;
        Ok(TokenError::NoKey {
            wanted,
            found: self.describe_all(&all)?,
        })
    }

    fn describe_all(&self, private: &[ObjectHandle]) -> Result<Vec<KeyDescription>, TokenError> {
        private
            .iter()
            .map(|handle| self.describe_key(KeyClass::Private, *handle))
            .collect()
    }

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

    /// What a private key tells of itself and of its public half, in one request: each is a way to the HSM and back.
    fn read_private(&self, handle: ObjectHandle) -> Result<(KeyDescription, Option<PublicKey>), TokenError> {
        let read = self.read_key(KeyClass::Private, handle)?;
        let description = describe(KeyClass::Private, &read);
        let told = public_half_in(&read, &description.label)?;
        Ok((description, told))
    }

    pub(super) fn describe_key(
        &self,
        class: KeyClass,
        handle: ObjectHandle,
    ) -> Result<KeyDescription, TokenError> {
        Ok(describe(class, &self.read_key(class, handle)?))
    }

    fn read_key(&self, class: KeyClass, handle: ObjectHandle) -> Result<Vec<Attribute>, TokenError> {
        let mut wanted = vec![AttributeType::Label, AttributeType::Id, AttributeType::KeyType];
        wanted.extend(PUBLIC_HALF);
        wanted.push(AttributeType::ValueLen);
        wanted.extend(KeyAttributes::TYPES);
        let doing = format!("reading a {class} key");
        let mut read = self.read(&doing, handle, &wanted)?;
        if read.contains(&Attribute::KeyType(KeyType::ML_DSA)) {
            read.extend(self.read(&doing, handle, &[AttributeType::ParameterSet])?);
        }
        Ok(read)
    }
}

fn describe(class: KeyClass, read: &[Attribute]) -> KeyDescription {
    let (mut label, mut id, mut kind) = (String::new(), Vec::new(), "unknown".to_owned());
    for attribute in read {
        match attribute {
            Attribute::Label(value) => label = String::from_utf8_lossy(value).into_owned(),
            Attribute::Id(value) => id.clone_from(value),
            Attribute::KeyType(key_type) => kind = key_kind(*key_type, read),
            _ => {}
        }
    }
    KeyDescription {
        class,
        label,
        id,
        kind,
        attributes: KeyAttributes::from_read(read),
    }
}

fn id_of(attribute: Attribute) -> Option<Vec<u8>> {
    match attribute {
        Attribute::Id(id) => Some(id),
        _ => None,
    }
}

/// "RSA 2048", "EC P-256", "Ed25519", "ML-DSA-65", "AES 256".
fn key_kind(key_type: KeyType, attributes: &[Attribute]) -> String {
    let name = key_type.to_string();
    let name = name.strip_prefix("CKK_").unwrap_or(&name);
    let ml_dsa = attributes.iter().find_map(|attribute| match attribute {
        Attribute::ParameterSet(set) if key_type == KeyType::ML_DSA => ml_dsa_parameters(*set),
        _ => None,
    });
    if let Some(parameters) = ml_dsa {
        return parameters.to_string();
    }
    let size = attributes.iter().find_map(|attribute| match attribute {
        Attribute::Modulus(modulus) if !modulus.is_empty() => Some((modulus.len() * 8).to_string()),
        Attribute::EcParams(params) if !params.is_empty() => {
            Some(curve_of(params).map_or_else(|| Hex(params).to_string(), |curve| curve.to_string()))
        }
        Attribute::ValueLen(length) if key_type == KeyType::AES => Some((**length * 8).to_string()),
        _ => None,
    });
    let is_ed25519 = attributes.iter().any(
        |attribute| matches!(attribute, Attribute::EcParams(params) if ED25519_PARAMS.contains(&params.as_slice())),
    );
    match size {
        _ if is_ed25519 => "Ed25519".to_owned(),
        Some(size) => format!("{name} {size}"),
        None => name.to_owned(),
    }
}
