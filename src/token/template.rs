//! Attribute templates.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::types::Ulong;

use super::dialect::{Dialect, Flags};
use super::public_key_attributes::{ec_params, key_type, parameter_set, public_key_values};
use crate::secret::PrivateKeyParts;
use crate::signer::{KeyAlgorithm, PublicKey};

/// The wrapping key's size: RSA-3072 has 128 bits of strength, like P-256, and takes a third of RSA-4096's time to generate.
pub(super) const WRAPPING_RSA_BITS: u64 = 3072;

/// `CKA_LABEL` of the wrapping pair of the sealed route, by which it is found again.
pub const RECIPIENT_LABEL: &str = "hsm-ca recipient key";

fn flags(flags: Flags) -> impl Iterator<Item = Attribute> {
    flags.iter().copied().map(Attribute::from)
}

/// The two halves of the wrapping pair (PKCS#11 v2.40 mechanisms section 2.1.2); `CKA_PUBLIC_EXPONENT` 65537. Session objects, except for the
/// sealed route: that key must still exist when the operator returns with an attestation document.
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

/// The imported private key, which only signs (PKCS#11 v2.40 section 5.13 `C_UnwrapKey`, section 4.9).
pub(super) fn imported_private_key(dialect: &Dialect, public_key: &PublicKey, label: &str) -> Vec<Attribute> {
    let algorithm = public_key.algorithm();
    let mut template = vec![
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::KeyType(key_type(dialect, algorithm)),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(public_key.key_identifier()),
    ];
    template.extend(flags(private_flags(dialect, algorithm)));
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

/// The attributes of a template that keep a private key inside and limit its usage.
pub(super) fn protections(template: &[Attribute]) -> Vec<Attribute> {
    let protects = |attribute: &&Attribute| {
        matches!(
            attribute,
            Attribute::Sensitive(_)
                | Attribute::Extractable(_)
                | Attribute::Sign(_)
                | Attribute::SignRecover(_)
                | Attribute::Decrypt(_)
                | Attribute::Unwrap(_)
                | Attribute::Derive(_)
        )
    };
    template.iter().filter(protects).cloned().collect()
}

/// The further attributes that `C_CreateObject` needs: PKCS#11 v2.40 mechanisms sections 2.1.3 and 2.3.4. The values are copies on the heap, which
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

/// The two halves of a pair that is generated on the token, and stays there: the private one only signs (PKCS#11 v2.40 section 5.13
/// `C_GenerateKeyPair`). Label and id come first, because they identify the pair if the token fails half-way.
pub(super) fn generated_pair(
    dialect: &Dialect,
    algorithm: KeyAlgorithm,
    label: &str,
    id: &[u8],
) -> (Vec<Attribute>, Vec<Attribute>) {
    let names = [
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
    ];
    let (mut public, mut private) = (names.to_vec(), names.to_vec());
    match algorithm {
        KeyAlgorithm::Rsa { bits } | KeyAlgorithm::RsaPss { bits, .. } => public.extend([
            Attribute::ModulusBits(Ulong::from(u64::try_from(bits).unwrap_or_default())),
            // 65537. Not in the private template: CloudHSM would make a key without a usage.
            Attribute::PublicExponent(vec![1, 0, 1]),
        ]),
        KeyAlgorithm::Ec(curve) => public.push(Attribute::EcParams(ec_params(curve))),
        KeyAlgorithm::Ed25519 => public.push(Attribute::EcParams(dialect.ed25519_params.to_vec())),
        // PKCS#11 v3.2 section 6.67.4.
        KeyAlgorithm::MlDsa(set) => public.push(Attribute::ParameterSet(parameter_set(set))),
    }
    public.extend(flags(dialect.public));
    private.extend(flags(private_flags(dialect, algorithm)));
    (public, private)
}

const fn private_flags(dialect: &Dialect, algorithm: KeyAlgorithm) -> Flags {
    match algorithm {
        KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => dialect.private_rsa,
        KeyAlgorithm::Ec(_) | KeyAlgorithm::Ed25519 | KeyAlgorithm::MlDsa(_) => dialect.private_ec,
    }
}
