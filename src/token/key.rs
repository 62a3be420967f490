//! The keys on a token: listing and finding.

use std::fmt;

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki_sys::{CK_ULONG, CKK_VENDOR_DEFINED};

use super::dialect::ED25519_PARAMS;
use super::public_key_attributes::{PUBLIC_HALF, curve_of, ml_dsa_parameters, public_half_in};
use super::{KeyAttributes, KeySelector, Session, TokenError};
use crate::signer::{Hex, KeyAlgorithm, PublicKey};

/// `CKA_CLASS`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
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

/// A key object, as far as the token reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDescription {
    /// `CKA_CLASS`
    pub class: KeyClass,
    /// `CKA_LABEL`
    pub label: String,
    /// `CKA_ID`
    pub id: Vec<u8>,
    /// Kind and size, as "RSA 2048"; "unknown 0x35" for a `CKA_KEY_TYPE` that has no name here.
    pub kind: String,
    /// What it may be used for.
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
    /// What the token reports about it.
    pub description: KeyDescription,
    /// Its public key.
    pub public_key: PublicKey,
}

impl Session {
    /// Every key object, ordered by label, then id, then private, public, secret: tokens have orders of their own, and some a new one each time.
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
        keys.sort_by(|one: &KeyDescription, other| {
            let rank =
                |key: &KeyDescription| (key.label.clone(), key.id.clone(), key.class, key.kind.clone());
            rank(one).cmp(&rank(other))
        });
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

    /// A private key that stands alone, assumed to belong to `public_key`: its signatures will show whether it does.
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

    pub(super) fn find_private(&self, selector: &KeySelector) -> Result<Vec<ObjectHandle>, TokenError> {
        // Session objects are not on the token.
        let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)];
        template.extend(
            selector
                .label
                .clone()
                .map(|label| Attribute::Label(label.into_bytes())),
        );
        // Some tokens do not find the objects without an id by an empty one.
        let id = selector.id.clone().filter(|id| !id.is_empty());
        let without_id = selector.id.is_some() && id.is_none();
        template.extend(id.map(Attribute::Id));
        let mut found = self.find(&format!("looking for a private key {selector}"), &template)?;
        if without_id {
            let mut kept = Vec::new();
            for handle in found {
                if self.describe_key(KeyClass::Private, handle)?.id.is_empty() {
                    kept.push(handle);
                }
            }
            found = kept;
        }
        Ok(found)
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

    /// The error that no key fits, with the private keys that were found.
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

    /// What a private key reports about itself and its public half, in one request: each request is a round trip to the HSM.
    pub(super) fn read_private(
        &self,
        handle: ObjectHandle,
    ) -> Result<(KeyDescription, Option<PublicKey>), TokenError> {
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

/// The kind of a key that the token does not report.
const UNTOLD: &str = "unknown";

fn describe(class: KeyClass, read: &[Attribute]) -> KeyDescription {
    let (mut label, mut id, mut kind) = (String::new(), Vec::new(), UNTOLD.to_owned());
    for attribute in read {
        match attribute {
            Attribute::Label(value) => label = String::from_utf8_lossy(value).into_owned(),
            Attribute::Id(value) => id.clone_from(value),
            Attribute::KeyType(key_type) => kind = key_kind(*key_type, read),
            Attribute::VendorDefined((AttributeType::KeyType, value)) => kind = unknown_kind(value),
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

/// Whether a key that was described as `kind` may be one of `algorithm`: some tokens do not report the curve of a private key, or its parameter
/// set.
pub(super) fn kind_fits(kind: &str, algorithm: KeyAlgorithm) -> bool {
    let untold: &[&str] = match algorithm {
        KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => return kind.starts_with("RSA"),
        KeyAlgorithm::Ec(_) => &["EC"],
        KeyAlgorithm::Ed25519 => &["EC", "EC_EDWARDS"],
        KeyAlgorithm::MlDsa(_) => &["ML_DSA"],
    };
    kind == UNTOLD || untold.contains(&kind) || kind == algorithm.to_string()
}

/// "unknown 0x35": a type without a name here. The value is a `CK_ULONG` in the machine's own order, if the token is sound.
fn unknown_kind(value: &[u8]) -> String {
    match value.try_into().map(CK_ULONG::from_ne_bytes) {
        Ok(number) => format!("unknown 0x{number:X}"),
        Err(_) => format!("unknown, with a type of {} bytes", value.len()),
    }
}

/// "RSA 2048", "EC P-256", "Ed25519", "ML-DSA-65", "AES 256".
fn key_kind(key_type: KeyType, attributes: &[Attribute]) -> String {
    if *key_type >= CKK_VENDOR_DEFINED {
        return unknown_kind(&key_type.to_ne_bytes());
    }
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
