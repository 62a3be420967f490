//! Path validation from a certificate to a self-signed one (RFC 5280 section 6), with every step named.

use super::judge::{
    Purposes, check_authority, check_critical, check_identifiers, check_names, check_signature, check_time,
};
use super::{Certificate, UnixTime};

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
#[derive(Clone, Debug)]
pub struct ChainReport {
    /// The steps.
    pub steps: Vec<ChainStep>,
    /// The certificates that they are about, from the first up, as far as the path goes.
    pub path: Vec<Certificate>,
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
/// names, key identifiers, validity, CA flags, key usage, path length, name constraints, and that a purpose is left, are judged;
/// policies are not, and a critical extension about them fails the path.
#[must_use]
pub fn verify_chain(leaf: &Certificate, authorities: &[Certificate], now: UnixTime) -> ChainReport {
    let mut report = ChainReport {
        steps: Vec::new(),
        path: Vec::new(),
    };
    let mut current = leaf;
    let mut below = Vec::new();
    // Non-self-issued intermediates below the certificate at hand: RFC 5280 section 4.2.1.9 counts those.
    let mut authorities_below = 0;
    let mut purposes = match Purposes::of(leaf) {
        Ok(purposes) => purposes,
        Err(problem) => {
            report.note(leaf, "purposes", Err(problem));
            return report;
        }
    };
    for _ in 0..LONGEST_PATH {
        report.path.push(current.clone());
        report.note(current, "validity", check_time(current, now));
        report.note(current, "critical extensions", check_critical(current));
        let is_trusted = authorities
            .iter()
            .any(|authority| authority.der() == current.der());
        let named = || {
            authorities
                .iter()
                .filter(|authority| authority.subject() == current.issuer())
        };
        // One that its CA issued to its next key has the CA's name, too, and is no root.
        let is_issued = || {
            named().any(|issuer| issuer.der() != current.der() && check_signature(current, issuer).is_ok())
        };
        if is_trusted && current.is_self_issued() {
            let self_signature = check_signature(current, current);
            if self_signature.is_ok() || !is_issued() {
                report.note(current, "self-signature", self_signature);
                return report;
            }
        }
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
        report.note(
            current,
            "key identifiers",
            check_identifiers(current, issuer).map(drop),
        );
        report.note(
            issuer,
            "CA certificate",
            check_authority(issuer, authorities_below, now),
        );
        below.push(current);
        if let Some(result) = check_names(issuer, &below) {
            report.note(issuer, "name constraints", result);
        }
        if let Some(result) = purposes.bound_by(issuer) {
            report.note(issuer, "purposes", result);
        }
        if !issuer.is_self_issued() {
            authorities_below += 1;
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

#[cfg(test)]
mod tests;
