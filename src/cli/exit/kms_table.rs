//! The rows for KMS.

use hsm_ca::kms::KmsError;

use super::aws_table::explain_aws;
use super::row::Row;
use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

pub(super) fn explain_kms(error: &KmsError) -> Row {
    match error {
        KmsError::Pair { .. } => (
            "pair-file",
            REFUSED,
            Some(
                "a pair file is the output of `hsm-ca kms generate-key-pair` or `aws kms generate-data-key-pair-without-plaintext`",
            ),
        ),
        KmsError::PlaintextInPair => (
            "plaintext-pair",
            REFUSED,
            Some("that key has been exposed: generate another with `hsm-ca kms generate-key-pair`"),
        ),
        KmsError::PublicKey(_) => ("pair-file", REFUSED, None),
        KmsError::WeakKey { .. } => (
            "weak-key",
            REFUSED,
            Some(
                "do not use that key; generate another with `hsm-ca kms generate-key-pair`, and find out who made this one",
            ),
        ),
        KmsError::OtherFingerprint { .. } => (
            "other-fingerprint",
            REFUSED,
            Some(
                "the pair file may have been replaced: get it again from where `hsm-ca kms generate-key-pair` wrote it, and compare",
            ),
        ),
        KmsError::OtherAccount { .. } => (
            "other-account",
            REFUSED,
            Some(
                "the pair file may have been replaced; if that account's key is meant, name its ARN with --key-id",
            ),
        ),
        KmsError::Spec { .. } => (
            "key-spec",
            REFUSED,
            Some(
                "supported: RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1 and ECC_NIST_EDWARDS25519",
            ),
        ),
        KmsError::Context => (
            "encryption-context",
            REFUSED,
            Some("omit --encryption-context: the pair file has it"),
        ),
        KmsError::Region { .. } => (
            "wrong-region",
            USAGE,
            Some("set AWS_REGION to the key's region, or unset it: the key's ARN names its region"),
        ),
        KmsError::Aws(error) => explain_aws(error),
        KmsError::AliasExists { .. } => (
            "alias-exists",
            USAGE,
            Some("use that key, or name another --alias"),
        ),
        KmsError::AliasNotMade { .. } => (
            "alias-not-made",
            FAILED,
            Some("name the key by its ARN, or create the alias with `aws kms create-alias`"),
        ),
        KmsError::IncorrectKey { .. } => (
            "incorrect-key",
            REFUSED,
            Some("compare the pair file's KeyId with --key-id"),
        ),
        KmsError::InvalidCiphertext { .. } => (
            "invalid-ciphertext",
            REFUSED,
            Some("give the --encryption-context that the pair was generated with"),
        ),
        KmsError::Disabled { .. } => (
            "key-disabled",
            UNAVAILABLE,
            Some("`aws kms enable-key` enables it"),
        ),
        KmsError::InvalidState { .. } => (
            "key-state",
            UNAVAILABLE,
            Some("`aws kms cancel-key-deletion` and `enable-key` restore a key that is pending deletion"),
        ),
        KmsError::AccessDenied { .. } => (
            "access-denied",
            UNAVAILABLE,
            Some("the key's policy or the IAM policy must allow this principal the action named above"),
        ),
        KmsError::NotFound { .. } => (
            "key-not-found",
            UNAVAILABLE,
            Some("check the account and the region: `aws kms describe-key --key-id …`"),
        ),
        KmsError::Service { code, .. } if code == "InvalidGrantTokenException" => (
            "grant-token",
            UNAVAILABLE,
            Some(
                "the grant may be revoked or retired: `aws kms list-grants --key-id …` shows the existing ones",
            ),
        ),
        KmsError::Attestation(_) => (
            "attestation-document",
            REFUSED,
            Some("write the key again with `hsm-ca kms recipient-key`, and have exactly that file attested"),
        ),
        KmsError::Envelope(_) => (
            "envelope",
            REFUSED,
            Some(
                "nothing was put on the token; if it happens again, find out what is between this machine and KMS",
            ),
        ),
        #[cfg(feature = "nitro-enclave")]
        KmsError::SecurityModule { .. } => (
            "security-module",
            UNAVAILABLE,
            Some(
                "this works only inside a Nitro Enclave; outside one, give the document with --attestation-document",
            ),
        ),
        KmsError::NotSealed => (
            "not-sealed",
            REFUSED,
            Some(
                "the server is not KMS, or an emulator that does not support Recipient; the answer was wiped",
            ),
        ),
        KmsError::KeyName { .. } => (
            "key-name",
            USAGE,
            Some("write kms:alias/NAME, or kms: and the key's id, its ARN, or the alias's ARN"),
        ),
        KmsError::UnfitKey { .. } => (
            "unfit-kms-key",
            REFUSED,
            Some("`aws kms create-key --key-usage SIGN_VERIFY --key-spec RSA_3072` makes one that signs"),
        ),
        KmsError::OtherPublicKey { .. } => (
            "other-key",
            REFUSED,
            Some(
                "name the key that made the CA certificate: `hsm-ca key verify kms:KEY --public-key FILE` compares",
            ),
        ),
        KmsError::SigningAlgorithm { .. } => (
            "key-algorithm",
            REFUSED,
            Some("omit --hash: hsm-ca chooses the hash for the key"),
        ),
        KmsError::MessageTooLong { .. } => (
            "message-too-long",
            REFUSED,
            Some(
                "use an RSA or ECDSA key in KMS: those sign a digest, so the message's length does not matter",
            ),
        ),
        KmsError::MayBeSigned { .. } => (
            "maybe-signed",
            UNAVAILABLE,
            Some(
                "nothing was written, and KMS was not asked again; the key's Sign events in CloudTrail show whether it signed",
            ),
        ),
        KmsError::AnsweredOtherwise { .. } => (
            "other-answer",
            REFUSED,
            Some("the answer was discarded; find out what is between this machine and KMS"),
        ),
        KmsError::Memory(_) => (
            "memory",
            FAILED,
            Some("raise the limit of locked memory (ulimit -l)"),
        ),
        _ => ("kms", UNAVAILABLE, None),
    }
}
