//! Path validation from a certificate to a self-signed one (RFC 5280 section 6), with every step named.

use super::{Certificate, UnixTime, X509Error, extension};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainStep {
    /// The subject of the certificate it is about.
    pub subject: String,
    /// What was looked at.
    pub what: &'static str,
    /// Empty when it is as it should be, else what is wrong.
    pub problem: Option<String>,
}

/// Every step from the certificate to the root, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// The steps.
    pub steps: Vec<ChainStep>,
}

impl ChainReport {
    /// True if no step has a problem.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.problem.is_none())
    }

    fn note(&mut self, of: &Certificate, what: &'static str, result: Result<(), String>) {
        self.steps.push(ChainStep {
            subject: of.subject().to_string(),
            what,
            problem: result.err(),
        });
    }
}

/// Longer chains exist only in tests of other people's verifiers.
const LONGEST_PATH: usize = 8;

/// Verifies `leaf` up to a self-signed certificate among `authorities`, which are trusted because they were named. Signatures,
/// names, key identifiers, validity, CA flags, key usage and path length are judged; purposes, policies and name constraints are
/// not, and a critical extension about them fails the path.
#[must_use]
pub fn verify_chain(leaf: &Certificate, authorities: &[Certificate], now: UnixTime) -> ChainReport {
    let mut report = ChainReport { steps: Vec::new() };
    let mut current = leaf;
    // Non-self-issued intermediates below the certificate at hand: RFC 5280 section 4.2.1.9 counts those.
    let mut below = 0;
    for _ in 0..LONGEST_PATH {
        report.note(current, "validity", check_time(current, now));
        report.note(current, "critical extensions", check_critical(current));
        let is_trusted = authorities
            .iter()
            .any(|authority| authority.der() == current.der());
        if is_trusted && current.is_self_issued() {
            report.note(current, "self-signature", check_signature(current, current));
            return report;
        }
        let named = || {
            authorities
                .iter()
                .filter(|authority| authority.subject() == current.issuer())
        };
        let Some(issuer) = named()
            .find(|issuer| check_signature(current, issuer).is_ok())
            .or_else(|| named().next())
        else {
            report.note(
                current,
                "issuer",
                Err(format!(
                    "no --ca certificate has the name \"{}\"",
                    current.issuer()
                )),
            );
            return report;
        };
        report.note(current, "signature", check_signature(current, issuer));
        report.note(current, "key identifiers", check_identifiers(current, issuer));
        report.note(issuer, "CA certificate", check_authority(issuer, below, now));
        if !issuer.is_self_issued() {
            below += 1;
        }
        current = issuer;
    }
    report.note(
        current,
        "path length",
        Err(format!("more than {LONGEST_PATH} certificates")),
    );
    report
}

fn check_time(certificate: &Certificate, now: UnixTime) -> Result<(), String> {
    let validity = certificate.validity();
    if now < validity.not_before {
        return Err(format!("not valid before {}", validity.not_before));
    }
    if now > validity.not_after {
        return Err(format!("expired on {}", validity.not_after));
    }
    Ok(())
}

/// RFC 5280 section 6.1.4 (o) and 6.1.5 (f); nameConstraints and the policy extensions are not processed here.
fn check_critical(certificate: &Certificate) -> Result<(), String> {
    match certificate.unprocessed_critical_extensions().as_slice() {
        [] => Ok(()),
        names => Err(format!("not processed here: {}", names.join(", "))),
    }
}

fn check_signature(certificate: &Certificate, issuer: &Certificate) -> Result<(), String> {
    let key = issuer.public_key().map_err(|error| error.to_string())?;
    certificate
        .verify_signature(&key)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// RFC 5280 section 4.2.1.1: they help to find the issuer; where both are there, they agree.
fn check_identifiers(certificate: &Certificate, issuer: &Certificate) -> Result<(), String> {
    let wanted = extension::find_authority_key_identifier(certificate.extensions());
    match (wanted, issuer.subject_key_identifier()) {
        (Ok(Some(wanted)), Ok(Some(found))) if wanted != found => {
            Err("authorityKeyIdentifier is not the issuer's subjectKeyIdentifier".to_owned())
        }
        (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn check_authority(issuer: &Certificate, below: u8, now: UnixTime) -> Result<(), String> {
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
