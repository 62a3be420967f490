//! Path validation from a certificate to a self-signed one (RFC 5280 section 6), with every step named.

mod search;

use super::path_rules::{
    Purposes, check_authority, check_critical, check_identifiers, check_names, check_signature, check_time,
};
use super::{Certificate, UnixTime};
use search::{Search, is_self_signed};

/// What a step checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainCheck {
    /// The signature, under the issuer's key.
    Signature,
    /// authorityKeyIdentifier and the issuer's subjectKeyIdentifier.
    KeyIdentifiers,
    /// Whether the issuer is a CA that may sign certificates.
    Authority,
    /// The names below a CA with name constraints.
    NameConstraints,
    /// extendedKeyUsage: whether a purpose remains.
    Purposes,
    /// The dates.
    Validity,
    /// Whether every critical extension is known.
    CriticalExtensions,
    /// The root's signature, under its own key.
    SelfSignature,
    /// Why the path has no next certificate.
    Issuer,
    /// The limit on the length of a path.
    PathLength,
    /// Whether every path was tried.
    Search,
}

impl ChainCheck {
    /// Its name, as results show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::KeyIdentifiers => "key identifiers",
            Self::Authority => "CA certificate",
            Self::NameConstraints => "name constraints",
            Self::Purposes => "purposes",
            Self::Validity => "validity",
            Self::CriticalExtensions => "critical extensions",
            Self::SelfSignature => "self-signature",
            Self::Issuer => "issuer",
            Self::PathLength => "path length",
            Self::Search => "search",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainStep {
    /// The subject of the certificate it is about.
    pub subject: String,
    /// What was checked.
    pub what: ChainCheck,
    /// What is wrong; `None` if nothing is.
    pub problem: Option<String>,
}

/// Every step from the certificate to the root, in order.
#[derive(Clone, Debug)]
pub struct ChainReport {
    /// The steps: of the valid path, or of the best of the invalid ones.
    pub steps: Vec<ChainStep>,
    /// The certificates that the steps are about, from the first up, as far as the path goes.
    pub path: Vec<Certificate>,
    /// How many paths were checked; 1 if the first was valid, or the only one.
    pub tried: usize,
}

impl ChainReport {
    /// True if no step has a problem.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.problem.is_none())
    }

    fn note(&mut self, of: &Certificate, what: ChainCheck, result: Result<(), String>) {
        self.steps.push(ChainStep {
            subject: of.subject().to_string(),
            what,
            problem: result.err(),
        });
    }

    /// Of two paths that fail, the better one is more useful: every signature verifies, it ends at a root, and it has few faults.
    fn faults(&self) -> (usize, bool, usize) {
        let failed = || self.steps.iter().filter(|step| step.problem.is_some());
        let is_complete = self
            .steps
            .last()
            .is_some_and(|step| step.what == ChainCheck::SelfSignature);
        let forged = failed().filter(|step| step.what == ChainCheck::Signature).count();
        (forged, !is_complete, failed().count())
    }
}

/// Longer paths exist only in tests of other people's verifiers.
const LONGEST_PATH: usize = 8;

/// Verifies `leaf` up to a self-signed certificate among `authorities`, which are trusted because they were named. One valid path is enough,
/// whatever the order of `authorities` (RFC 4158 section 2): if several certificates could be the issuer, each is tried. Signatures, names, key
/// identifiers, validity, CA flags, key usage, path length and name constraints are checked, and that a purpose remains; policies are not, and a
/// critical extension about them fails the path.
///
/// The work is bounded: a step "search" fails if the bound ended the search.
#[must_use]
pub fn verify_chain(leaf: &Certificate, authorities: &[Certificate], now: UnixTime) -> ChainReport {
    let mut search = Search::new(leaf, authorities, now);
    if let Some(path) = search.find_valid() {
        let report = check_path(leaf, authorities, &path, now);
        if report.passed() {
            return report;
        }
    }
    let paths = search.find_all();
    let tried = paths.len();
    let checked = paths
        .into_iter()
        .map(|path| check_path(leaf, authorities, &path, now));
    let mut best = checked.min_by_key(ChainReport::faults).unwrap_or(ChainReport {
        steps: Vec::new(),
        path: Vec::new(),
        tried,
    });
    best.tried = tried;
    // The second search may find a valid path that the first did not reach.
    if let Some(bound) = search.bound()
        && !best.passed()
    {
        best.note(
            leaf,
            ChainCheck::Search,
            Err(format!("not every path was tried: {bound}")),
        );
    }
    best
}

/// Checks one path. A failure does not end the checks: every step is reported.
fn check_path(leaf: &Certificate, authorities: &[Certificate], path: &[usize], now: UnixTime) -> ChainReport {
    let mut report = ChainReport {
        steps: Vec::new(),
        path: vec![leaf.clone()],
        tried: 1,
    };
    let mut purposes = match Purposes::of(leaf) {
        Ok(purposes) => purposes,
        Err(problem) => {
            report.note(leaf, ChainCheck::Purposes, Err(problem));
            return report;
        }
    };
    let issuers = path.iter().filter_map(|place| authorities.get(*place));
    let mut current = leaf;
    let mut below = Vec::new();
    // Non-self-issued intermediates below the current certificate, which RFC 5280 section 4.2.1.9 counts.
    let mut authorities_below = 0;
    for issuer in issuers {
        note_itself(&mut report, current, now);
        report.note(current, ChainCheck::Signature, check_signature(current, issuer));
        report.note(
            current,
            ChainCheck::KeyIdentifiers,
            check_identifiers(current, issuer).map(drop),
        );
        report.note(
            issuer,
            ChainCheck::Authority,
            check_authority(issuer, authorities_below, now),
        );
        below.push(current);
        if let Some(result) = check_names(issuer, &below) {
            report.note(issuer, ChainCheck::NameConstraints, result);
        }
        if let Some(result) = purposes.bound_by(issuer) {
            report.note(issuer, ChainCheck::Purposes, result);
        }
        if !issuer.is_self_issued() {
            authorities_below += 1;
        }
        report.path.push(issuer.clone());
        current = issuer;
    }
    note_itself(&mut report, current, now);
    let (what, end) = check_end(current, authorities, path.len());
    report.note(current, what, end);
    report
}

fn note_itself(report: &mut ChainReport, certificate: &Certificate, now: UnixTime) {
    report.note(certificate, ChainCheck::Validity, check_time(certificate, now));
    report.note(
        certificate,
        ChainCheck::CriticalExtensions,
        check_critical(certificate),
    );
}

/// Where a path ends: at a root that was named, at its greatest length, or because the issuer of the last certificate is missing.
fn check_end(
    last: &Certificate,
    authorities: &[Certificate],
    issuers: usize,
) -> (ChainCheck, Result<(), String>) {
    let is_trusted = authorities.iter().any(|authority| authority.der() == last.der());
    if is_trusted && last.is_self_issued() {
        return (ChainCheck::SelfSignature, check_signature(last, last));
    }
    if issuers + 1 >= LONGEST_PATH {
        let problem = format!("more than {LONGEST_PATH} certificates");
        return (ChainCheck::PathLength, Err(problem));
    }
    let mut named = authorities
        .iter()
        .filter(|authority| authority.subject().is_like(last.issuer()));
    let problem = match named.next() {
        None => format!("no given CA certificate has the name \"{}\"", last.issuer()),
        Some(_) if is_self_signed(last) => {
            "it is self-signed, and not one of the given CA certificates".to_owned()
        }
        Some(_) => format!(
            "the certificates of \"{}\" only lead back into this path",
            last.issuer()
        ),
    };
    (ChainCheck::Issuer, Err(problem))
}

#[cfg(test)]
mod tests;
