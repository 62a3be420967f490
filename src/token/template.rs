//! Attribute templates, and what a key's attributes must be when they are read back.

use std::fmt;

use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};

use super::key::public_key_values;
use crate::signer::{KeyAlgorithm, PublicKey};

/// The wrapping key's size: RSA-3072 has the 128 bits of strength of P-256, and takes a third of RSA-4096's time to generate.
const WRAPPING_RSA_BITS: u64 = 3072;

/// The public half of the wrapping pair: a session object of no use, since the encryption to it is done in software.
/// PKCS#11 v2.40 mechanisms section 2.1.2; `CKA_PUBLIC_EXPONENT` 65537.
pub(super) fn wrapping_public_key() -> Vec<Attribute> {
    vec![
        Attribute::Token(false),
        Attribute::ModulusBits(WRAPPING_RSA_BITS.into()),
        Attribute::PublicExponent(vec![1, 0, 1]),
        Attribute::Encrypt(false),
        Attribute::Verify(false),
        Attribute::Wrap(false),
    ]
}

/// The private half: it unwraps, and does nothing else.
pub(super) fn wrapping_private_key() -> Vec<Attribute> {
    vec![
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Unwrap(true),
        Attribute::Decrypt(false),
        Attribute::Sign(false),
    ]
}

/// The AES key that carries the private key. No `CKA_VALUE_LEN`: SoftHSM 2.6.1 answers `CKR_ATTRIBUTE_READ_ONLY` to it in
/// an unwrap template.
pub(super) fn wrapping_aes_key() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Unwrap(true),
        Attribute::Wrap(false),
        Attribute::Encrypt(false),
        Attribute::Decrypt(false),
    ]
}

/// The imported private key: it signs, and does nothing else (PKCS#11 v2.40 section 5.13 `C_UnwrapKey`, section 4.9).
///
/// The usages that are false are written out because SoftHSM's defaults are true. Usages that belong to public keys
/// (verify, encrypt, wrap) would be refused in the template of a private one.
pub(super) fn imported_private_key(algorithm: KeyAlgorithm, label: &str, id: &[u8]) -> Vec<Attribute> {
    let key_type = match algorithm {
        KeyAlgorithm::Rsa { .. } => KeyType::RSA,
        KeyAlgorithm::Ec(_) => KeyType::EC,
    };
    vec![
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(key_type),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        Attribute::Decrypt(false),
        Attribute::Unwrap(false),
        Attribute::SignRecover(false),
        Attribute::Derive(false),
    ]
}

/// The public-key object beside it, for programs that look for one.
pub(super) fn imported_public_key(public_key: &PublicKey, label: &str, id: &[u8]) -> Vec<Attribute> {
    let mut template = public_key_values(public_key);
    template.extend([
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Verify(true),
        Attribute::Encrypt(false),
        Attribute::Wrap(false),
        Attribute::VerifyRecover(false),
    ]);
    template
}

/// What may be done with a key, each as the token tells it; `None` where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyAttributes {
    /// `CKA_TOKEN`
    pub token: Option<bool>,
    /// `CKA_PRIVATE`
    pub private: Option<bool>,
    /// `CKA_SENSITIVE`
    pub sensitive: Option<bool>,
    /// `CKA_EXTRACTABLE`
    pub extractable: Option<bool>,
    /// `CKA_ALWAYS_SENSITIVE`: false for an imported key, which was once outside.
    pub always_sensitive: Option<bool>,
    /// `CKA_NEVER_EXTRACTABLE`: false for an imported key.
    pub never_extractable: Option<bool>,
    /// `CKA_LOCAL`: true for a key generated on the token.
    pub local: Option<bool>,
    /// `CKA_SIGN`
    pub sign: Option<bool>,
    /// `CKA_SIGN_RECOVER`
    pub sign_recover: Option<bool>,
    /// `CKA_DECRYPT`
    pub decrypt: Option<bool>,
    /// `CKA_UNWRAP`
    pub unwrap: Option<bool>,
    /// `CKA_DERIVE`
    pub derive: Option<bool>,
}

/// An attribute that is not as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnfitAttribute {
    /// The attribute, as `CKA_EXTRACTABLE`.
    pub name: &'static str,
    /// What it must be.
    pub wanted: bool,
    /// What the token says; `None` if nothing.
    pub found: Option<bool>,
}

impl fmt::Display for UnfitAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match self.found {
            Some(true) => "true",
            Some(false) => "false",
            None => "not told by the token",
        };
        write!(f, "{} is {found}, it must be {}", self.name, self.wanted)
    }
}

impl KeyAttributes {
    pub(super) const TYPES: [AttributeType; 12] = [
        AttributeType::Token,
        AttributeType::Private,
        AttributeType::Sensitive,
        AttributeType::Extractable,
        AttributeType::AlwaysSensitive,
        AttributeType::NeverExtractable,
        AttributeType::Local,
        AttributeType::Sign,
        AttributeType::SignRecover,
        AttributeType::Decrypt,
        AttributeType::Unwrap,
        AttributeType::Derive,
    ];

    pub(super) fn from_read(read: &[Attribute]) -> Self {
        let mut attributes = Self::default();
        for attribute in read {
            match attribute {
                Attribute::Token(value) => attributes.token = Some(*value),
                Attribute::Private(value) => attributes.private = Some(*value),
                Attribute::Sensitive(value) => attributes.sensitive = Some(*value),
                Attribute::Extractable(value) => attributes.extractable = Some(*value),
                Attribute::AlwaysSensitive(value) => attributes.always_sensitive = Some(*value),
                Attribute::NeverExtractable(value) => attributes.never_extractable = Some(*value),
                Attribute::Local(value) => attributes.local = Some(*value),
                Attribute::Sign(value) => attributes.sign = Some(*value),
                Attribute::SignRecover(value) => attributes.sign_recover = Some(*value),
                Attribute::Decrypt(value) => attributes.decrypt = Some(*value),
                Attribute::Unwrap(value) => attributes.unwrap = Some(*value),
                Attribute::Derive(value) => attributes.derive = Some(*value),
                _ => {}
            }
        }
        attributes
    }

    /// The attributes by their standard names, in a fixed order, without those the token does not tell.
    #[must_use]
    pub fn named(&self) -> Vec<(&'static str, bool)> {
        let all = [
            ("CKA_TOKEN", self.token),
            ("CKA_PRIVATE", self.private),
            ("CKA_SENSITIVE", self.sensitive),
            ("CKA_EXTRACTABLE", self.extractable),
            ("CKA_ALWAYS_SENSITIVE", self.always_sensitive),
            ("CKA_NEVER_EXTRACTABLE", self.never_extractable),
            ("CKA_LOCAL", self.local),
            ("CKA_SIGN", self.sign),
            ("CKA_SIGN_RECOVER", self.sign_recover),
            ("CKA_DECRYPT", self.decrypt),
            ("CKA_UNWRAP", self.unwrap),
            ("CKA_DERIVE", self.derive),
        ];
        all.into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, value)))
            .collect()
    }

    /// Finds the first attribute that a CA's private key must not have as it is. What the token must tell is marked;
    /// of the other usages, silence counts as no (CloudHSM knows no `CKA_DECRYPT` on EC keys).
    #[must_use]
    pub fn unfit_for_signing_only(&self) -> Option<UnfitAttribute> {
        let rules = [
            ("CKA_TOKEN", self.token, true, true),
            ("CKA_PRIVATE", self.private, true, true),
            ("CKA_SENSITIVE", self.sensitive, true, true),
            ("CKA_EXTRACTABLE", self.extractable, false, true),
            ("CKA_SIGN", self.sign, true, true),
            ("CKA_SIGN_RECOVER", self.sign_recover, false, false),
            ("CKA_DECRYPT", self.decrypt, false, false),
            ("CKA_UNWRAP", self.unwrap, false, false),
            ("CKA_DERIVE", self.derive, false, false),
        ];
        rules.into_iter().find_map(|(name, found, wanted, must_be_told)| {
            let fits = found.map_or(!must_be_told, |found| found == wanted);
            (!fits).then_some(UnfitAttribute { name, wanted, found })
        })
    }
}

/// What the route of the first slice needs of a token.
pub(super) const IMPORT_MECHANISMS: [MechanismType; 3] = [
    MechanismType::RSA_PKCS_KEY_PAIR_GEN,
    MechanismType::RSA_PKCS_OAEP,
    MechanismType::AES_KEY_WRAP_PAD,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn fit() -> KeyAttributes {
        KeyAttributes::from_read(&imported_private_key(
            KeyAlgorithm::Rsa { bits: 2048 },
            "ca",
            &[1],
        ))
    }

    #[test]
    fn the_template_is_what_is_checked_on_reading_back() {
        assert_eq!(fit().unfit_for_signing_only(), None);
    }

    #[test]
    fn each_unfit_attribute_is_named() {
        let extractable = KeyAttributes {
            extractable: Some(true),
            ..fit()
        };
        assert_eq!(
            extractable.unfit_for_signing_only().unwrap().name,
            "CKA_EXTRACTABLE"
        );
        let untold = KeyAttributes {
            sensitive: None,
            ..fit()
        };
        assert_eq!(untold.unfit_for_signing_only().unwrap().found, None);
        let decrypts = KeyAttributes {
            decrypt: Some(true),
            ..fit()
        };
        assert_eq!(decrypts.unfit_for_signing_only().unwrap().name, "CKA_DECRYPT");
        let silent = KeyAttributes {
            decrypt: None,
            derive: None,
            ..fit()
        };
        assert_eq!(silent.unfit_for_signing_only(), None);
    }
}
