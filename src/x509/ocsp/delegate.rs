//! The certificate of a delegated signer (RFC 6960 section 4.2.2.2).

use const_oid::db::rfc5280::ID_KP_OCSP_SIGNING;
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;

use crate::x509::{Certificate, Rule, UnixTime, X509Error, extension, rules};

fn broken<T>(rule: &Rule, found: impl Into<String>) -> Result<T, X509Error> {
    Err(X509Error::broken(rule, found))
}

/// The checks of a client: "issued directly by the CA that is identified in the request", for this purpose, and with the key that also issued the
/// certificates (section 4.2.2.2: "signed by the same key").
pub(super) fn check_authorized(
    delegate: &Certificate,
    authority: &Certificate,
    now: UnixTime,
) -> Result<(), X509Error> {
    if !delegate.issuer().is_like(authority.subject()) {
        return broken(
            rules::OCSP_SIGNER,
            format!("the signer's certificate was issued by \"{}\"", delegate.issuer()),
        );
    }
    if let Err(error) = delegate.verify_signature(&authority.public_key()?) {
        return broken(
            rules::OCSP_SIGNER,
            format!("the signer's certificate was not signed by this CA's key: {error}"),
        );
    }
    if let [unknown, ..] = delegate.unprocessed_critical_extensions().as_slice() {
        return broken(
            rules::OCSP_SIGNER,
            format!("the signer's certificate has a critical {unknown}"),
        );
    }
    // Another CA, below this one or cross-certified, would answer for this CA's certificates.
    if delegate.is_authority() {
        return broken(rules::OCSP_SIGNER_PURPOSE, "the signer's certificate is a CA's");
    }
    // Section 4.2.2.2 requires id-kp-OCSPSigning itself; anyExtendedKeyUsage does not count.
    let purposes = extension::find_purposes(delegate.extensions())?.unwrap_or_default();
    if !purposes.contains(&ID_KP_OCSP_SIGNING) {
        return broken(
            rules::OCSP_SIGNER_PURPOSE,
            "the signer's extendedKeyUsage does not include OCSPSigning",
        );
    }
    let usage = extension::find_key_usage(delegate.extensions())?;
    if usage.is_some_and(|usage| !usage.digital_signature()) {
        return broken(
            rules::OCSP_SIGNER_PURPOSE,
            "the signer's keyUsage does not include digitalSignature",
        );
    }
    let validity = delegate.validity();
    if !validity.covers(now) {
        return broken(
            rules::OCSP_SIGNER_VALIDITY,
            format!(
                "the signer's certificate is valid from {} to {}, not now",
                validity.not_before, validity.not_after
            ),
        );
    }
    Ok(())
}

/// A further check of our own signer: without id-pkix-ocsp-nocheck a client also asks for the signer's status, from the signer (section 4.2.2.2.1).
pub(super) fn check_no_check(delegate: &Certificate) -> Result<(), X509Error> {
    let has = |extension: &x509_cert::ext::Extension| extension.extn_id == ID_PKIX_OCSP_NOCHECK;
    if delegate.extensions().iter().any(has) {
        return Ok(());
    }
    broken(
        rules::OCSP_NOCHECK,
        "the signer's certificate has no ocsp-nocheck",
    )
}
