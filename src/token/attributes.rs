//! What a key may be used for, by its attributes, and what those must be.

use std::fmt;

use cryptoki::object::{Attribute, AttributeType};

/// What a key may be used for, as the token reports it; `None` if it does not report the attribute.
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
    /// `CKA_ALWAYS_AUTHENTICATE`: each use needs the PIN.
    pub always_authenticate: Option<bool>,
}

/// An attribute without the required value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnfitAttribute {
    /// The attribute, as `CKA_EXTRACTABLE`.
    pub name: &'static str,
    /// The required value.
    pub wanted: bool,
    /// The token's value; `None` if it reports none.
    pub found: Option<bool>,
}

impl fmt::Display for UnfitAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = match self.found {
            Some(true) => "true",
            Some(false) => "false",
            None => "not reported by the token",
        };
        write!(f, "{} is {found}; it must be {}", self.name, self.wanted)
    }
}

impl KeyAttributes {
    pub(super) const TYPES: [AttributeType; 13] = [
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
        AttributeType::AlwaysAuthenticate,
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
                Attribute::AlwaysAuthenticate(value) => attributes.always_authenticate = Some(*value),
                _ => {}
            }
        }
        attributes
    }

    /// The attributes by their standard names, in a fixed order, without those that the token does not report.
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
            // Reported only if it matters: it is false for nearly every key.
            (
                "CKA_ALWAYS_AUTHENTICATE",
                self.always_authenticate.filter(|always| *always),
            ),
        ];
        all.into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, value)))
            .collect()
    }

    /// Finds the first attribute that disqualifies a wrapping key of the sealed route: anyone who can decrypt with the key, or extract it, can read
    /// what KMS encrypts to it.
    #[must_use]
    pub fn unfit_for_unwrapping_only(&self) -> Option<UnfitAttribute> {
        unfit([
            ("CKA_TOKEN", self.token, true, true),
            ("CKA_PRIVATE", self.private, true, true),
            ("CKA_SENSITIVE", self.sensitive, true, true),
            ("CKA_EXTRACTABLE", self.extractable, false, true),
            ("CKA_NEVER_EXTRACTABLE", self.never_extractable, true, true),
            ("CKA_LOCAL", self.local, true, true),
            ("CKA_UNWRAP", self.unwrap, true, true),
            ("CKA_DECRYPT", self.decrypt, false, true),
            ("CKA_SIGN", self.sign, false, true),
            // CKM_RSA_X_509 decrypts, whatever the name of the call.
            ("CKA_SIGN_RECOVER", self.sign_recover, false, false),
            ("CKA_DERIVE", self.derive, false, false),
        ])
    }

    /// Finds the first attribute whose value disqualifies a CA's private key. The attributes that the token must report are marked; for the other
    /// usages, a missing attribute counts as no (CloudHSM knows no `CKA_DECRYPT` on EC keys).
    #[must_use]
    pub fn unfit_for_signing_only(&self) -> Option<UnfitAttribute> {
        unfit([
            ("CKA_TOKEN", self.token, true, true),
            ("CKA_PRIVATE", self.private, true, true),
            ("CKA_SENSITIVE", self.sensitive, true, true),
            ("CKA_EXTRACTABLE", self.extractable, false, true),
            ("CKA_SIGN", self.sign, true, true),
            ("CKA_SIGN_RECOVER", self.sign_recover, false, false),
            ("CKA_DECRYPT", self.decrypt, false, false),
            ("CKA_UNWRAP", self.unwrap, false, false),
            ("CKA_DERIVE", self.derive, false, false),
        ])
    }

    /// Finds the first attribute that a private key generated on the token, and never outside it, must not have.
    pub(super) fn unfit_for_a_generated_key(&self, tells_local: bool) -> Option<UnfitAttribute> {
        unfit([
            ("CKA_LOCAL", self.local.filter(|_| tells_local), true, tells_local),
            ("CKA_ALWAYS_SENSITIVE", self.always_sensitive, true, true),
            ("CKA_NEVER_EXTRACTABLE", self.never_extractable, true, true),
        ])
    }
}

/// The first rule that is broken. A rule is a name, the token's value, the required value, and whether the token must report it.
fn unfit<const N: usize>(rules: [(&'static str, Option<bool>, bool, bool); N]) -> Option<UnfitAttribute> {
    rules.into_iter().find_map(|(name, found, wanted, must_be_told)| {
        let fits = found.map_or(!must_be_told, |found| found == wanted);
        (!fits).then_some(UnfitAttribute { name, wanted, found })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::PublicKey;
    use crate::token::dialect::STANDARD;
    use crate::token::template::{imported_private_key, wrapping_pair};

    fn fit() -> KeyAttributes {
        let key = PublicKey::from_ed25519(&[7; 32]).unwrap();
        KeyAttributes::from_read(&imported_private_key(&STANDARD, &key, "ca"))
    }

    #[test]
    fn the_template_is_what_is_checked_on_reading_back() {
        assert_eq!(fit().unfit_for_signing_only(), None);
    }

    #[test]
    fn every_unfit_attribute_is_named() {
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

    #[test]
    fn a_recipient_key_may_only_unwrap() {
        let (_, template) = wrapping_pair(&STANDARD, true);
        // The token adds these to a key that it generates.
        let fit = KeyAttributes {
            never_extractable: Some(true),
            local: Some(true),
            ..KeyAttributes::from_read(&template)
        };
        assert_eq!(fit.unfit_for_unwrapping_only(), None);
        let yes = Some(true);
        for (name, more) in [
            ("CKA_DECRYPT", KeyAttributes { decrypt: yes, ..fit }),
            ("CKA_SIGN", KeyAttributes { sign: yes, ..fit }),
            (
                "CKA_SIGN_RECOVER",
                KeyAttributes {
                    sign_recover: yes,
                    ..fit
                },
            ),
            ("CKA_DERIVE", KeyAttributes { derive: yes, ..fit }),
        ] {
            assert_eq!(more.unfit_for_unwrapping_only().unwrap().name, name);
        }
    }
}
