//! The table: for each refusal its kind, its exit code, and what to try.

use hsm_ca::kms::KmsError;
use hsm_ca::output::OutputError;
use hsm_ca::signer::SignError;
use hsm_ca::token::{TokenError, UriError};
use hsm_ca::workflow::{LeftBehind, UnprovenReason, WorkflowError};
use hsm_ca::x509::X509Error;

use super::{FAILED, REFUSED, UNAVAILABLE, USAGE};

/// Kind, exit code, hint.
pub(super) type Row = (&'static str, u8, Option<&'static str>);

pub(super) fn explain_workflow(error: &WorkflowError) -> Row {
    match error {
        WorkflowError::Kms(error) => explain_kms(error),
        WorkflowError::Token(error) => explain_token(error),
        WorkflowError::X509(error) => explain_x509(error),
        WorkflowError::Output(error) => explain_output(error),
        WorkflowError::Memory(_) => (
            "memory",
            FAILED,
            Some(
                "raise the limit of locked memory (ulimit -l), two pages a secret, or run as a user who may lock memory",
            ),
        ),
        WorkflowError::PrivateKey(_) => ("private-key", REFUSED, None),
        WorkflowError::LabelTaken { .. } => (
            "label-taken",
            REFUSED,
            Some("choose another --label; nothing was decrypted"),
        ),
        WorkflowError::OtherLabel { .. } => (
            "other-label",
            REFUSED,
            Some("use the key under the label it has; nothing was decrypted"),
        ),
        WorkflowError::Unproven { unproven, left } => match (&unproven.reason, left) {
            // The token failed to answer, which says nothing about the key.
            (UnprovenReason::Token(error), _) => explain_signer(error),
            (_, LeftBehind::Untouched) => ("proof-failed", REFUSED, None),
            _ => (
                "proof-failed",
                REFUSED,
                Some("do not use this pair: find out who changed what, and generate another"),
            ),
        },
        WorkflowError::ImportedTwice { .. } => (
            "imported-twice",
            FAILED,
            Some("look with `hsm-ca key list`, and import once more"),
        ),
        WorkflowError::InRequest { cause, .. } | WorkflowError::Partly { cause, .. } => {
            explain_workflow(cause)
        }
        WorkflowError::Hash { .. } => (
            "weak-hash",
            REFUSED,
            Some("leave --hash out: the hash that fits the key is chosen"),
        ),
        WorkflowError::SameOutput { .. } => (
            "same-output",
            USAGE,
            Some("give the inputs different names, or sign them one by one with --out"),
        ),
        WorkflowError::Rig { .. } => ("rig", FAILED, None),
        WorkflowError::RigExists { .. } => (
            "output-exists",
            USAGE,
            Some("name a directory that does not exist yet"),
        ),
        WorkflowError::RigPath { .. } => ("rig-path", USAGE, None),
        WorkflowError::NoSoftHsm => (
            "no-softhsm",
            USAGE,
            Some("install it (Debian: apt-get install softhsm2), or name its module with --module"),
        ),
        WorkflowError::RigToken { .. } => ("rig-token", UNAVAILABLE, None),
        _ => ("failed", FAILED, None),
    }
}

fn explain_kms(error: &KmsError) -> Row {
    match error {
        KmsError::Pair { .. } => (
            "pair-file",
            REFUSED,
            Some(
                "it is what `hsm-ca kms generate-key-pair` or `aws kms generate-data-key-pair-without-plaintext` prints",
            ),
        ),
        KmsError::PlaintextInPair => (
            "plaintext-pair",
            REFUSED,
            Some("that key has been in the open: make another with `hsm-ca kms generate-key-pair`"),
        ),
        KmsError::PublicKey(_) => ("pair-file", REFUSED, None),
        KmsError::Spec { .. } => (
            "key-spec",
            REFUSED,
            Some("RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384 and ECC_NIST_P521 are"),
        ),
        KmsError::Context => (
            "encryption-context",
            REFUSED,
            Some("leave --encryption-context out: the pair file has it"),
        ),
        KmsError::Region { .. } => (
            "wrong-region",
            USAGE,
            Some("set AWS_REGION to the key's region, or unset it: the key's ARN names its region"),
        ),
        KmsError::NoRegion => (
            "no-region",
            USAGE,
            Some("set AWS_REGION, or a region in the AWS profile"),
        ),
        KmsError::Credentials { .. } => (
            "credentials",
            UNAVAILABLE,
            Some(
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` shows who you are",
            ),
        ),
        KmsError::PlaintextEndpoint { .. } => (
            "plaintext-endpoint",
            USAGE,
            Some(
                "the private key would cross the network in the clear: name an https endpoint (http is for this machine only)",
            ),
        ),
        KmsError::Unreachable { .. } => (
            "kms-unreachable",
            UNAVAILABLE,
            Some("look at the network, the proxy and AWS_ENDPOINT_URL_KMS; `hsm-ca doctor` tries again"),
        ),
        KmsError::AliasExists { .. } => (
            "alias-exists",
            REFUSED,
            Some("use that key, or name another --alias"),
        ),
        KmsError::AliasNotMade { .. } => (
            "alias-not-made",
            FAILED,
            Some("use the key by its ARN, or make the alias with `aws kms create-alias`"),
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
            Some("`aws kms cancel-key-deletion` and `enable-key` bring back a key pending deletion"),
        ),
        KmsError::AccessDenied { .. } => (
            "access-denied",
            UNAVAILABLE,
            Some("the key's policy or the IAM policy must allow this principal the action named above"),
        ),
        KmsError::NotFound { .. } => (
            "key-not-found",
            UNAVAILABLE,
            Some("look at account and region: `aws kms describe-key --key-id …`"),
        ),
        KmsError::Memory(_) => (
            "memory",
            FAILED,
            Some("raise the limit of locked memory (ulimit -l)"),
        ),
        _ => ("kms", UNAVAILABLE, None),
    }
}

fn explain_token(error: &TokenError) -> Row {
    match error {
        TokenError::Module { .. } => (
            "module",
            UNAVAILABLE,
            Some(
                "look at the path; SoftHSM is Debian's softhsm2, CloudHSM's is /opt/cloudhsm/lib/libcloudhsm_pkcs11.so",
            ),
        ),
        TokenError::NoToken { .. } => (
            "no-token",
            UNAVAILABLE,
            Some("`hsm-ca token list` shows the tokens; SoftHSM finds its own by SOFTHSM2_CONF"),
        ),
        TokenError::SeveralTokens { .. } => (
            "several-tokens",
            USAGE,
            Some("name one by its serial number: --token 'pkcs11:serial=…'"),
        ),
        TokenError::PinIncorrect { .. } => (
            "pin-incorrect",
            UNAVAILABLE,
            Some(
                "it was tried once and is not tried again; on CloudHSM the PIN is user:password of a crypto user",
            ),
        ),
        TokenError::PinLocked { .. } => (
            "pin-locked",
            UNAVAILABLE,
            Some("the security officer sets a new PIN"),
        ),
        TokenError::PinFinalTry { .. } => (
            "pin-final-try",
            UNAVAILABLE,
            Some("log in with another program first, with a PIN you are sure of"),
        ),
        TokenError::PinNotInitialised { .. } => {
            ("pin-not-set", UNAVAILABLE, Some("the security officer sets it"))
        }
        TokenError::PinLength { .. } => ("pin-incorrect", UNAVAILABLE, None),
        TokenError::WriteProtected { .. } => ("write-protected", UNAVAILABLE, None),
        TokenError::NoKey { .. } => ("no-key", REFUSED, Some("`hsm-ca key list` shows the keys")),
        TokenError::SeveralKeys { .. } => (
            "several-keys",
            REFUSED,
            Some("name one by its id: --key 'pkcs11:id=%…'"),
        ),
        TokenError::NotSoftHsm { .. } => (
            "not-softhsm",
            USAGE,
            Some("name SoftHSM's module with --module; a rig is never made on another token"),
        ),
        TokenError::Memory(_) => (
            "memory",
            FAILED,
            Some("raise the limit of locked memory (ulimit -l)"),
        ),
        TokenError::NoPublicKey { .. } => ("no-public-key", REFUSED, None),
        TokenError::NoMechanism { .. } => ("no-mechanism", REFUSED, None),
        _ => ("token", UNAVAILABLE, None),
    }
}

fn explain_x509(error: &X509Error) -> Row {
    match error {
        X509Error::Signer(error) => explain_signer(error),
        X509Error::TokenSignature => (
            "token-signature",
            FAILED,
            Some(
                "do not simply try again: a faulty signature can give a key away; find out what is wrong with the token",
            ),
        ),
        X509Error::Subject { .. } => ("subject", USAGE, None),
        X509Error::UnknownProfile { .. } => ("profile", USAGE, None),
        X509Error::Calendar => ("validity", USAGE, None),
        X509Error::OutlivesIssuer { .. } => (
            "outlives-ca",
            REFUSED,
            Some("leave --days out: the certificate then ends with its CA at the latest"),
        ),
        X509Error::IssuerNotValid { .. } => ("ca-not-valid", REFUSED, None),
        X509Error::NotAnAuthority { .. } => ("not-a-ca", REFUSED, None),
        X509Error::Empty => ("empty", REFUSED, None),
        X509Error::SeveralPem { .. } => ("several-pem", REFUSED, Some("put each into a file of its own")),
        X509Error::TrailingBytes { .. } => ("trailing-bytes", REFUSED, None),
        X509Error::Signature { .. } => ("bad-signature", REFUSED, None),
        X509Error::WeakSignature { .. } => ("weak-signature", REFUSED, None),
        X509Error::WeakKey { .. } => ("weak-key", REFUSED, None),
        X509Error::Rule { .. } => ("rule", REFUSED, None),
        _ => ("malformed", REFUSED, None),
    }
}

fn explain_output(error: &OutputError) -> Row {
    match error {
        OutputError::Exists { .. } => (
            "output-exists",
            USAGE,
            Some("name another file, or replace it with --force"),
        ),
        OutputError::NoDirectory { .. } => ("no-directory", USAGE, Some("make the directory first")),
        OutputError::NoSpace { .. } => ("disk-full", FAILED, None),
        OutputError::NotSynced { .. } => (
            "not-synced",
            FAILED,
            Some("the file is there and complete; a power failure right now could lose it"),
        ),
        OutputError::Recheck { .. } => (
            "recheck",
            FAILED,
            Some("the file was not given its name; look at the disk"),
        ),
        _ => ("output", FAILED, None),
    }
}

/// What a signer or a store said, which may be of any kind.
fn explain_signer(error: &SignError) -> Row {
    match (error.cause::<TokenError>(), error.cause::<UriError>()) {
        (Some(error), _) => explain_token(error),
        (None, Some(_)) => ("uri", USAGE, None),
        (None, None) => ("token", UNAVAILABLE, None),
    }
}
