//! The rows for certificates, requests and CRLs.

use hsm_ca::signer::PublicKeyError;
use hsm_ca::x509::X509Error;
use hsm_ca::x509::rules::{ADOPTED_PATH, CROSS_ORIGINAL, SAME_NAME_OTHER_KEY, SECOND_CERTIFICATE};

use super::row::Row;
use super::signer_table::explain_signer;
use super::{FAILED, REFUSED, USAGE};

pub(super) fn explain_x509(error: &X509Error) -> Row {
    match error {
        X509Error::Signer(error) => explain_signer(error),
        X509Error::TokenSignature => (
            "token-signature",
            FAILED,
            Some(
                "do not simply try again: a faulty signature can reveal the key; first find the fault of the token or the KMS endpoint",
            ),
        ),
        X509Error::Subject { .. } => ("subject", USAGE, None),
        X509Error::UnknownProfile { .. } => ("profile", USAGE, None),
        X509Error::OtherRole {
            self_signed: true, ..
        } => ("profile", USAGE, Some("`hsm-ca csr sign` takes it")),
        X509Error::OtherRole { .. } => ("profile", USAGE, Some("`hsm-ca ca create` takes it")),
        X509Error::Profile { .. } => (
            "profile-file",
            USAGE,
            Some("`hsm-ca cert rules` lists what can be waived; docs/profiles.md has every field"),
        ),
        X509Error::Calendar | X509Error::EndsBeforeItBegins { .. } | X509Error::OverWhenIssued { .. } => {
            ("validity", USAGE, None)
        }
        X509Error::OutlivesIssuer { .. } => (
            "outlives-ca",
            REFUSED,
            Some("omit --days and --not-after: the certificate then expires no later than its CA"),
        ),
        X509Error::IssuerNotValid { .. } => ("ca-not-valid", REFUSED, None),
        X509Error::NotAnAuthority { .. } => ("not-a-ca", REFUSED, None),
        X509Error::Empty => ("empty", REFUSED, None),
        X509Error::SeveralPem { .. } => (
            "several-pem",
            REFUSED,
            Some("put each into a separate file (for `cert verify`, name each CA certificate with --ca)"),
        ),
        X509Error::TooManyCertificates { .. } => ("too-many-certificates", REFUSED, None),
        X509Error::EarlyDate { .. } => ("early-date", REFUSED, None),
        X509Error::TrailingBytes { .. } => ("trailing-bytes", REFUSED, None),
        X509Error::Signature { .. } => ("bad-signature", REFUSED, None),
        X509Error::WeakSignature { .. } => ("weak-signature", REFUSED, None),
        X509Error::SignatureParameters { .. } => ("signature-parameters", REFUSED, None),
        X509Error::Key(PublicKeyError::Pss(_)) => ("key-parameters", REFUSED, None),
        X509Error::WeakKey { .. } => ("weak-key", REFUSED, None),
        X509Error::NoOriginalIssuer { .. } => (
            "rule",
            REFUSED,
            Some("name the certificate of its issuer with --original-issuer"),
        ),
        X509Error::Rule { rule, .. } if *rule == CROSS_ORIGINAL.name => (
            "rule",
            REFUSED,
            Some(
                "a cross-certificate would repeat it: ask the other CA for a certificate without this fault",
            ),
        ),
        X509Error::Rule { rule, .. } if *rule == SECOND_CERTIFICATE.name => (
            "rule",
            REFUSED,
            Some(
                "`hsm-ca ledger deliver '#N' --out FILE` writes the recorded one, if entry #N was signed; --second-certificate makes another, and the ledger records that",
            ),
        ),
        X509Error::Rule { rule, .. } if *rule == SAME_NAME_OTHER_KEY.name => (
            "rule",
            REFUSED,
            Some(
                "give the new CA another name; --same-name-other-key keeps this one, and the ledger records that",
            ),
        ),
        X509Error::Rule { rule, .. } if *rule == ADOPTED_PATH.name => (
            "rule",
            REFUSED,
            Some("name every certificate up to the root with --issuer; nothing was recorded"),
        ),
        X509Error::Rule { .. } => ("rule", REFUSED, None),
        X509Error::Throwaway => ("throwaway-key", FAILED, None),
        X509Error::Index { .. } => (
            "index",
            REFUSED,
            Some("it must be the index.txt of `openssl ca`, with one line for each certificate"),
        ),
        _ => ("malformed", REFUSED, None),
    }
}
