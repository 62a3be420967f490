//! Attribute templates, and what a key's attributes must be when they are read back.

use std::fmt;

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::types::Ulong;

use super::dialect::{Dialect, Flags};
use super::public_half::{ec_params, public_key_values};
use crate::secret::PrivateKeyParts;
use crate::signer::{KeyAlgorithm, PublicKey};

/// The wrapping key's size: RSA-3072 has the 128 bits of strength of P-256, and takes a third of RSA-4096's time to generate.
pub(super) const WRAPPING_RSA_BITS: u64 = 3072;

/// `CKA_LABEL` of the wrapping pair of the sealed route, by which it is found again.
pub(super) const RECIPIENT_LABEL: &str = "hsm-ca recipient key";

fn flags(flags: Flags) -> impl Iterator<Item = Attribute> {
    flags.iter().copied().map(Attribute::from)
}

/// The two halves of the wrapping pair (PKCS#11 v2.40 mechanisms section 2.1.2); `CKA_PUBLIC_EXPONENT` 65537. Session objects,
/// unless they are for the sealed route: that key has to be there when the operator comes back with an attestation document.
pub(super) fn wrapping_pair(dialect: &Dialect, recipient: bool) -> (Vec<Attribute>, Vec<Attribute>) {
    let mut public = vec![
        Attribute::ModulusBits(Ulong::from(WRAPPING_RSA_BITS)),
        Attribute::PublicExponent(vec![1, 0, 1]),
    ];
    public.extend(flags(dialect.wrapping_public));
    let mut private = vec![Attribute::Token(recipient)];
    private.extend(flags(dialect.wrapping_private));
    if recipient {
        private.push(Attribute::Label(RECIPIENT_LABEL.as_bytes().to_vec()));
    }
    (public, private)
}

/// The AES key that carries the private key.
pub(super) fn wrapping_secret(dialect: &Dialect) -> Vec<Attribute> {
    let mut template = vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
    ];
    template.extend(flags(dialect.wrapping_secret));
    template
}

/// The imported private key: it signs, and does nothing else (PKCS#11 v2.40 section 5.13 `C_UnwrapKey`, section 4.9).
pub(super) fn imported_private_key(dialect: &Dialect, public_key: &PublicKey, label: &str) -> Vec<Attribute> {
    let algorithm = public_key.algorithm();
    let mut template = vec![
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(key_type(dialect, algorithm)),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(public_key.key_identifier()),
    ];
    template.extend(flags(match algorithm {
        KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => dialect.private_rsa,
        KeyAlgorithm::Ec(_) | KeyAlgorithm::Ed25519 | KeyAlgorithm::MlDsa(_) => dialect.private_ec,
    }));
    if let (Some(attribute), KeyAlgorithm::Ec(_)) = (dialect.public_point_attribute, algorithm) {
        let point = public_key.subject_public_key().to_vec();
        template.push(Attribute::VendorDefined((
            AttributeType::VendorDefined(attribute),
            point,
        )));
    }
    template
}

/// The same template for an object that ends with the session.
pub(super) fn make_session_object(template: &mut [Attribute]) {
    for attribute in template {
        if matches!(attribute, Attribute::Token(_)) {
            *attribute = Attribute::Token(false);
        }
    }
}

/// What a private key may be used for, out of a template.
pub(super) fn usages(template: &[Attribute]) -> Vec<Attribute> {
    let is_usage = |attribute: &&Attribute| {
        matches!(
            attribute,
            Attribute::Sign(_)
                | Attribute::SignRecover(_)
                | Attribute::Decrypt(_)
                | Attribute::Unwrap(_)
                | Attribute::Derive(_)
        )
    };
    template.iter().filter(is_usage).cloned().collect()
}

/// What `C_CreateObject` needs besides: PKCS#11 v2.40 mechanisms sections 2.1.3 and 2.3.4. The values are copies on the heap, which
/// the program's allocator wipes.
pub(super) fn private_key_values(dialect: &Dialect, parts: &PrivateKeyParts<'_>) -> Vec<Attribute> {
    match parts {
        PrivateKeyParts::Rsa(
            [
                modulus,
                public,
                private,
                prime1,
                prime2,
                exponent1,
                exponent2,
                coefficient,
            ],
        ) => {
            vec![
                Attribute::Modulus(modulus.to_vec()),
                Attribute::PublicExponent(public.to_vec()),
                Attribute::PrivateExponent(private.to_vec()),
                Attribute::Prime1(prime1.to_vec()),
                Attribute::Prime2(prime2.to_vec()),
                Attribute::Exponent1(exponent1.to_vec()),
                Attribute::Exponent2(exponent2.to_vec()),
                Attribute::Coefficient(coefficient.to_vec()),
            ]
        }
        PrivateKeyParts::Ec(curve, scalar) => vec![
            Attribute::EcParams(ec_params(*curve)),
            Attribute::Value(scalar.to_vec()),
        ],
        PrivateKeyParts::Ed25519(seed) => vec![
            Attribute::EcParams(dialect.ed25519_params.to_vec()),
            Attribute::Value(seed.to_vec()),
        ],
    }
}

pub(super) fn key_type(dialect: &Dialect, algorithm: KeyAlgorithm) -> KeyType {
    match algorithm {
        KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => KeyType::RSA,
        KeyAlgorithm::Ec(_) => KeyType::EC,
        KeyAlgorithm::Ed25519 => dialect.ed25519_type,
        KeyAlgorithm::MlDsa(_) => KeyType::ML_DSA,
    }
}

/// The public-key object beside it, for programs that look for one.
pub(super) fn imported_public_key(
    dialect: &Dialect,
    public_key: &PublicKey,
    label: &str,
    id: &[u8],
) -> Vec<Attribute> {
    let mut template = public_key_values(dialect, public_key);
    template.extend([
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ]);
    template.extend(flags(dialect.public));
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

    /// Finds the first attribute that the wrapping key of the sealed route must not have as it is: whoever can decrypt with it, or
    /// take it out, can read what KMS encrypts to it.
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
            // CKM_RSA_X_509 decrypts, whatever the call is named.
            ("CKA_SIGN_RECOVER", self.sign_recover, false, false),
            ("CKA_DERIVE", self.derive, false, false),
        ])
    }

    /// Finds the first attribute that a CA's private key must not have as it is. What the token must tell is marked;
    /// of the other usages, silence counts as no (CloudHSM knows no `CKA_DECRYPT` on EC keys).
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
}

/// The first rule that is broken: name, what the token tells, what it must be, and whether it must be told.
fn unfit<const N: usize>(rules: [(&'static str, Option<bool>, bool, bool); N]) -> Option<UnfitAttribute> {
    rules.into_iter().find_map(|(name, found, wanted, must_be_told)| {
        let fits = found.map_or(!must_be_told, |found| found == wanted);
        (!fits).then_some(UnfitAttribute { name, wanted, found })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::dialect::STANDARD;

    fn fit() -> KeyAttributes {
        let key = PublicKey::from_ed25519(&[7; 32]).unwrap();
        KeyAttributes::from_read(&imported_private_key(&STANDARD, &key, "ca"))
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

    #[test]
    fn a_recipient_key_may_unwrap_and_nothing_else() {
        let (_, template) = wrapping_pair(&STANDARD, true);
        // What the token adds to a key that it generates.
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
