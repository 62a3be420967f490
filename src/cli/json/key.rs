//! `key`.

use std::collections::BTreeMap;

use hsm_ca::ceremony::hash_words;
#[cfg(feature = "aws")]
use hsm_ca::kms::SigningKey;
use hsm_ca::signer::PublicKey;
use hsm_ca::token::{KeyClass, KeyDescription};
use serde::Serialize;

use super::Output;
use super::common::{FileName, Fingerprint, Hex, Proof, PublicKeyPem};

/// A key object on the token.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct TokenKey {
    class: Class,
    label: String,
    /// CKA_ID.
    id: Hex,
    /// For example "RSA 2048" or "EC P-256".
    key_type: String,
    /// The attributes that the token reports, by CKA_ name.
    attributes: BTreeMap<&'static str, bool>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Class {
    Private,
    Public,
    Secret,
    Other,
}

impl TokenKey {
    pub(in crate::cli) fn of(key: &KeyDescription) -> Self {
        Self {
            class: match key.class {
                KeyClass::Private => Class::Private,
                KeyClass::Public => Class::Public,
                KeyClass::Secret => Class::Secret,
                _ => Class::Other,
            },
            label: key.label.clone(),
            id: Hex::of(&key.id),
            key_type: key.kind.clone(),
            attributes: key.attributes.named().into_iter().collect(),
        }
    }
}

/// A signing key in KMS.
#[derive(Debug, Serialize)]
#[cfg_attr(
    not(feature = "aws"),
    allow(dead_code, reason = "a build without KMS has none")
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KmsKey {
    /// The name as given.
    name: String,
    kms_key_arn: String,
    /// The key type, as KMS names it.
    key_spec: String,
    key_usage: &'static str,
    /// For example "RSA 2048" or "EC P-256".
    key_type: String,
    signing_algorithms: Vec<String>,
    public_key: PublicKeyPem,
    /// The SHA-1 of the public key, as in certificates.
    key_identifier: Hex,
    /// The SHA-256 of its SubjectPublicKeyInfo.
    public_key_sha256: Fingerprint,
    /// The first 24 octets of that in words of the PGP word list, as the script of a ceremony has them.
    public_key_sha256_words: String,
}

#[cfg(feature = "aws")]
impl KmsKey {
    pub(in crate::cli) fn of(name: &str, key: &SigningKey) -> Self {
        Self {
            name: name.to_owned(),
            kms_key_arn: key.arn.clone(),
            key_spec: key.spec.clone(),
            key_usage: "SIGN_VERIFY",
            key_type: key.public_key.algorithm().to_string(),
            signing_algorithms: key.algorithms.clone(),
            public_key: PublicKeyPem::of(&key.public_key),
            key_identifier: Hex::of(&key.public_key.key_identifier()),
            public_key_sha256: Fingerprint::new(key.public_key.fingerprint()),
            public_key_sha256_words: hash_words(key.public_key.fingerprint().as_bytes()),
        }
    }
}

/// `key list`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KeyList {
    pub(in crate::cli) keys: Vec<TokenKey>,
    /// The data objects with a ledger's head; null if they cannot be read.
    pub(in crate::cli) kept_heads: Option<Vec<String>>,
}

impl Output for KeyList {
    const NAME: &'static str = "key-list";
}

/// `key show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
#[cfg_attr(
    not(feature = "aws"),
    allow(dead_code, reason = "a build without KMS has only keys on tokens")
)]
pub(in crate::cli) enum KeyShow {
    /// A private key on the token.
    Token(Box<ShownKey>),
    /// A key in KMS.
    Kms(Box<KmsKey>),
}

/// A private key on the token.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ShownKey {
    #[serde(flatten)]
    key: TokenKey,
    /// Null if the token does not show which public key belongs to it.
    public_key: Option<PublicKeyPem>,
    /// The SHA-1 of the public key, as in certificates.
    key_identifier: Option<Hex>,
    /// The SHA-256 of the public key's SubjectPublicKeyInfo.
    public_key_sha256: Option<Fingerprint>,
    /// The first 24 octets of that in words of the PGP word list, as the script of a ceremony has them.
    public_key_sha256_words: Option<String>,
    /// Whether its attributes allow it only to sign.
    signs_only: bool,
}

impl ShownKey {
    pub(in crate::cli) fn new(key: &KeyDescription, public_key: Option<&PublicKey>) -> Self {
        let fingerprint = public_key.map(PublicKey::fingerprint);
        Self {
            key: TokenKey::of(key),
            public_key: public_key.map(PublicKeyPem::of),
            key_identifier: public_key.map(|key| Hex::of(&key.key_identifier())),
            public_key_sha256: fingerprint.map(Fingerprint::new),
            public_key_sha256_words: fingerprint.map(|fingerprint| hash_words(fingerprint.as_bytes())),
            signs_only: key.attributes.unfit_for_signing_only().is_none(),
        }
    }
}

impl Output for KeyShow {
    const NAME: &'static str = "key-show";
}

/// `key generate`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KeyGenerate {
    #[serde(flatten)]
    pub(in crate::cli) key: TokenKey,
    pub(in crate::cli) public_key: PublicKeyPem,
    /// The SHA-1 of the public key, as in certificates.
    pub(in crate::cli) key_identifier: Hex,
    pub(in crate::cli) proofs: [Proof; 3],
    /// The number of the ledger's entry; null without a ledger.
    pub(in crate::cli) entry: Option<u64>,
}

impl Output for KeyGenerate {
    const NAME: &'static str = "key-generate";
}

/// `key verify`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KeyVerify {
    #[serde(flatten)]
    pub(in crate::cli) key: AnyKey,
    /// `public-key` only if one was given for comparison.
    pub(in crate::cli) proofs: Vec<Proof>,
    /// The file that was given for comparison; null without one.
    pub(in crate::cli) compared_with: Option<FileName>,
}

/// A key on a token or in KMS.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
#[cfg_attr(
    not(feature = "aws"),
    allow(dead_code, reason = "a build without KMS has only keys on tokens")
)]
pub(in crate::cli) enum AnyKey {
    /// A private key on the token.
    Token(Box<IdentifiedKey>),
    /// A key in KMS.
    Kms(Box<KmsKey>),
}

/// A private key on the token.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct IdentifiedKey {
    #[serde(flatten)]
    key: TokenKey,
    /// The SHA-1 of the public key, as in certificates.
    key_identifier: Hex,
    /// The SHA-256 of its SubjectPublicKeyInfo.
    public_key_sha256: Fingerprint,
    /// The first 24 octets of that in words of the PGP word list, as the script of a ceremony has them.
    public_key_sha256_words: String,
}

impl AnyKey {
    pub(in crate::cli) fn on_token(key: &KeyDescription, public_key: &PublicKey) -> Self {
        Self::Token(Box::new(IdentifiedKey {
            key: TokenKey::of(key),
            key_identifier: Hex::of(&public_key.key_identifier()),
            public_key_sha256: Fingerprint::new(public_key.fingerprint()),
            public_key_sha256_words: hash_words(public_key.fingerprint().as_bytes()),
        }))
    }

    #[cfg(feature = "aws")]
    pub(in crate::cli) fn in_kms(name: &str, key: &SigningKey) -> Self {
        Self::Kms(Box::new(KmsKey::of(name, key)))
    }
}

impl Output for KeyVerify {
    const NAME: &'static str = "key-verify";
}

/// `key export-public`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KeyExportPublic {
    #[serde(flatten)]
    pub(in crate::cli) key: AnyKey,
    /// Null if the key went to stdout.
    pub(in crate::cli) file: Option<FileName>,
}

impl Output for KeyExportPublic {
    const NAME: &'static str = "key-export-public";
    const HAS_CONTENT: bool = true;
}

/// `key delete`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KeyDelete {
    pub(in crate::cli) deleted: Vec<TokenKey>,
    /// The subject of the CA that used the key, according to the ledger.
    pub(in crate::cli) authority: Option<String>,
    /// The number of the ledger's entry; null without a ledger.
    pub(in crate::cli) entry: Option<u64>,
}

impl Output for KeyDelete {
    const NAME: &'static str = "key-delete";
}
