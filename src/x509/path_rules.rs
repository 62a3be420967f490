//! The checks of a certificate, and of a certificate and its issuer, on any path, with their results in words.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_OCSP_SIGNING};

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
            "it says X.509 v{version}, but has {field}, which that version lacks"
        )),
    }
}

/// RFC 5280 section 6.1.4 (o) and 6.1.5 (f); the policy extensions are not processed here.
pub(super) fn check_critical(certificate: &Certificate) -> Result<(), String> {
    match certificate.unprocessed_critical_extensions().as_slice() {
        [] => Ok(()),
        names => Err(format!("not supported: {}", names.join(", "))),
    }
}

pub(super) fn check_signature(certificate: &Certificate, issuer: &Certificate) -> Result<(), String> {
    let key = issuer.public_key().map_err(|error| error.to_string())?;
    certificate
        .verify_signature(&key)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// RFC 5280 section 4.2.1.1: they help to find the issuer; if both are present, they agree.
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
        // Its own validity is a separate step.
        Ok(()) | Err(X509Error::IssuerNotValid { .. }) => {}
        Err(error) => return Err(error.to_string()),
    }
    check_path_length(issuer, below)
}

/// RFC 5280 section 6.1.4 (l), (m): how many CA certificates may be below it.
pub(super) fn check_path_length(issuer: &Certificate, below: u8) -> Result<(), String> {
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

/// RFC 5280 sections 6.1.3 (b), (c) and 6.1.4 (g): the constraints of `issuer` apply to every certificate below it, except self-issued ones other
/// than the first of the path. A root's constraints count, too. `None` if it has no constraints.
pub(super) fn check_names(issuer: &Certificate, below: &[&Certificate]) -> Option<Result<(), String>> {
    let constraints = match extension::find_name_constraints(issuer.extensions()) {
        Ok(None) => return None,
        Ok(Some(constraints)) => constraints,
        Err(error) => return Some(Err(error.to_string())),
    };
    let mut constrained = below
        .iter()
        .enumerate()
        .filter(|(index, certificate)| *index == 0 || !certificate.is_self_issued())
        .map(|(_, certificate)| certificate);
    Some(constrained.try_for_each(|certificate| {
        let names = extension::find_general_names(certificate.extensions());
        let names = names.map_err(|error| error.to_string())?;
        constraints.check(certificate.subject(), &names)
    }))
}

/// The purposes that remain on a path. RFC 5280 section 4.2.1.12 does not define what those of a CA certificate mean; verifiers, and CA/B BR
/// 7.1.2.10.6, treat them as limits for the certificates below.
#[derive(Clone, Debug)]
pub(super) struct Purposes(Option<Vec<ObjectIdentifier>>);

impl Purposes {
    /// The purposes of the first certificate.
    pub(super) fn of(certificate: &Certificate) -> Result<Self, String> {
        purposes_of(certificate).map(Self)
    }

    /// Limits them to those of a CA certificate above. `None` if it sets no limit. id-kp-OCSPSigning is for the CA that issued the certificate (RFC
    /// 6960 section 4.2.2.2), whatever that CA's own purposes are.
    pub(super) fn bound_by(&mut self, issuer: &Certificate) -> Option<Result<(), String>> {
        let bounds = match purposes_of(issuer) {
            Ok(bounds) => bounds?,
            Err(problem) => return Some(Err(problem)),
        };
        let left = match self.0.take() {
            None => bounds,
            Some(purposes) => purposes
                .into_iter()
                .filter(|purpose| *purpose == ID_KP_OCSP_SIGNING || bounds.contains(purpose))
                .collect(),
        };
        let nothing_is_left = left.is_empty();
        self.0 = Some(left);
        Some(match nothing_is_left {
            true => {
                Err("it has none of the purposes (extendedKeyUsage) of the certificates below it".to_owned())
            }
            false => Ok(()),
        })
    }
}

/// `None` for every purpose.
fn purposes_of(certificate: &Certificate) -> Result<Option<Vec<ObjectIdentifier>>, String> {
    let purposes = extension::find_purposes(certificate.extensions()).map_err(|error| error.to_string())?;
    Ok(purposes.filter(|purposes| !purposes.contains(&ANY_EXTENDED_KEY_USAGE)))
}
