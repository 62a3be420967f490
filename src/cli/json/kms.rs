//! `kms`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Output;
use super::common::{FileName, Hex, Proof, PublicKeyDigest};
use super::key::TokenKey;

/// `kms create-key`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KmsCreateKey {
    pub(in crate::cli) kms_key_arn: String,
    /// The alias, as alias/NAME.
    pub(in crate::cli) alias: Option<String>,
    pub(in crate::cli) region: String,
}

impl Output for KmsCreateKey {
    const NAME: &'static str = "kms-create-key";
}

/// `kms generate-key-pair`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KmsGenerateKeyPair {
    /// The pair file; null where it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
    /// The key that the private half is encrypted under.
    pub(in crate::cli) kms_key_arn: String,
    /// The AWS account of that key.
    pub(in crate::cli) kms_key_account: String,
    /// The key type, as KMS names it.
    pub(in crate::cli) key_spec: String,
    /// The SHA-1 of the public key, as in certificates.
    pub(in crate::cli) key_identifier: Hex,
    pub(in crate::cli) key_material_id: Option<String>,
    pub(in crate::cli) encryption_context: BTreeMap<String, String>,
    #[serde(flatten)]
    pub(in crate::cli) fingerprint: PublicKeyDigest,
    /// With `--out -`: the pair file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) pair: Option<Value>,
}

impl Output for KmsGenerateKeyPair {
    const NAME: &'static str = "kms-generate-key-pair";
    const HAS_CONTENT: bool = true;
}

/// `kms import`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KmsImport {
    #[serde(flatten)]
    pub(in crate::cli) key: TokenKey,
    pub(in crate::cli) outcome: ImportOutcome,
    /// How the key got into the token; null if it was already there.
    pub(in crate::cli) route: Option<String>,
    /// What had the private key in plaintext, besides KMS and the token.
    pub(in crate::cli) plaintext_seen_by: Option<Vec<&'static str>>,
    /// The key that the private half is encrypted under.
    pub(in crate::cli) kms_key_arn: String,
    /// The AWS account of that key.
    pub(in crate::cli) kms_key_account: String,
    /// Whether --expect named this fingerprint.
    pub(in crate::cli) fingerprint_expected: bool,
    #[serde(flatten)]
    pub(in crate::cli) fingerprint: PublicKeyDigest,
    /// The number of the ledger's entry; null without a ledger.
    pub(in crate::cli) entry: Option<u64>,
    pub(in crate::cli) proofs: [Proof; 3],
    pub(in crate::cli) recipient_key_destroyed: bool,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum ImportOutcome {
    Imported,
    /// The key was already on the token. It was checked again, and nothing was decrypted.
    AlreadyThere,
    /// The same, but its missing public-key object was added.
    Completed,
}

impl Output for KmsImport {
    const NAME: &'static str = "kms-import";
}

/// `kms recipient-key --out`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KmsRecipientKey {
    /// The file of its public half; null if it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
    /// Whether it was generated now.
    pub(in crate::cli) generated: bool,
    pub(in crate::cli) key_type: String,
    pub(in crate::cli) label: String,
    /// The SHA-1 of the public key, as in certificates.
    pub(in crate::cli) key_identifier: Hex,
    /// The DER of its SubjectPublicKeyInfo.
    pub(in crate::cli) public_key_der: Hex,
}

impl Output for KmsRecipientKey {
    const NAME: &'static str = "kms-recipient-key";
    const HAS_CONTENT: bool = true;
}

/// `kms recipient-key --delete`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KmsRecipientKeyDelete {
    /// Whether the token had one.
    pub(in crate::cli) deleted: bool,
}

impl Output for KmsRecipientKeyDelete {
    const NAME: &'static str = "kms-recipient-key-delete";
}

/// `kms attest`.
#[cfg(any(test, feature = "nitro-enclave"))]
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(not(feature = "nitro-enclave"), allow(dead_code, reason = "for its schema"))]
pub(in crate::cli) struct KmsAttest {
    /// The attestation document; null if it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
    pub(in crate::cli) module_id: String,
}

#[cfg(any(test, feature = "nitro-enclave"))]
impl Output for KmsAttest {
    const NAME: &'static str = "kms-attest";
    const HAS_CONTENT: bool = true;
}
