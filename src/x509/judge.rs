//! What is asked of a certificate, and of a certificate and its issuer, on any path: each question answered in words.

use super::{Certificate, UnixTime, X509Error, extension};

pub(super) fn check_time(certificate: &Certificate, now: UnixTime) -> Result<(), String> {
    let validity = certificate.validity();
    if now < validity.not_before {
        return Err(format!("not valid before {}", validity.not_before));
    }
    if now > validity.not_after {
        return Err(format!("expired on {}", validity.not_after));
    }
    Ok(())
}

/// RFC 5280 section 4.1.2.8: unique identifiers "MUST NOT appear if the version is 1"; 4.1.2.9: extensions "MUST only appear if the
/// version is 3".
pub(super) fn check_version(certificate: &Certificate) -> Result<String, String> {
    let version = certificate.version();
    match certificate.field_of_later_version() {
        None => Ok(format!("X.509 v{version}")),
        Some(field) => Err(format!(
            "it says X.509 v{version}, and has {field}, which that version has not"
        )),
    }
}

/// RFC 5280 section 6.1.4 (o) and 6.1.5 (f); nameConstraints and the policy extensions are not processed here.
pub(super) fn check_critical(certificate: &Certificate) -> Result<(), String> {
    match certificate.unprocessed_critical_extensions().as_slice() {
        [] => Ok(()),
        names => Err(format!("not processed here: {}", names.join(", "))),
    }
}

pub(super) fn check_signature(certificate: &Certificate, issuer: &Certificate) -> Result<(), String> {
    let key = issuer.public_key().map_err(|error| error.to_string())?;
    certificate
        .verify_signature(&key)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// RFC 5280 section 4.2.1.1: they help to find the issuer; where both are there, they agree.
pub(super) fn check_identifiers(
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<&'static str, String> {
    let wanted = extension::find_authority_key_identifier(certificate.extensions());
    match (wanted, issuer.subject_key_identifier()) {
        (Ok(Some(wanted)), Ok(Some(found))) if wanted == found => Ok("they agree"),
        (Ok(Some(_)), Ok(Some(_))) => {
            Err("authorityKeyIdentifier is not the issuer's subjectKeyIdentifier".to_owned())
        }
        (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        _ => Ok("not in both"),
    }
}

pub(super) fn check_authority(issuer: &Certificate, below: u8, now: UnixTime) -> Result<(), String> {
    match issuer.check_authority(now) {
        // Its own validity is a step of its own.
        Ok(()) | Err(X509Error::IssuerNotValid { .. }) => {}
        Err(error) => return Err(error.to_string()),
    }
    let limit = extension::find_basic_constraints(issuer.extensions())
        .ok()
        .flatten()
        .and_then(|constraints| constraints.path_len_constraint);
    match limit {
        Some(limit) if below > limit => Err(format!(
            "pathLenConstraint {limit}, but {below} CA certificates follow"
        )),
        _ => Ok(()),
    }
}
