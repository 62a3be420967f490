//! Several certificates together: which of them issued which, and whether that is true.

use super::{Certificate, Name, judge};

/// Where a certificate stands among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The place of the certificate that issued it; `None` for one that is its own issuer, or whose issuer is not among them.
    pub issuer: Option<usize>,
    /// What this certificate is, or how it hangs on its issuer.
    pub state: LinkState,
    /// What is wrong between them, and between this certificate and those above.
    pub problems: Vec<String>,
}

/// What a certificate is among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Its own issuer.
    SelfSigned,
    /// Issued by one of the others.
    Issued,
    /// Issued by somebody who is not among them.
    IssuerMissing,
    /// The same certificate stands before it.
    Repeated,
}

/// Finds the issuer of each certificate: by name, and of several of that name the one whose key made the signature.
#[must_use]
pub fn link(certificates: &[Certificate]) -> Vec<Link> {
    let mut issuers: Vec<Option<usize>> = vec![None; certificates.len()];
    for index in 0..certificates.len() {
        issuers[index] = find_issuer(certificates, &issuers, index);
    }
    let authorities = count_authorities(certificates, &issuers);
    let judged = authorities.into_iter().enumerate();
    judged
        .map(|(index, below)| judge_link(certificates, &issuers, index, below))
        .collect()
}

fn is_repeated(certificates: &[Certificate], index: usize) -> bool {
    let der = certificates[index].der();
    certificates[..index].iter().any(|before| before.der() == der)
}

fn is_self_signed(certificate: &Certificate) -> bool {
    certificate.is_self_issued() && judge::check_signature(certificate, certificate).is_ok()
}

fn find_issuer(certificates: &[Certificate], issuers: &[Option<usize>], index: usize) -> Option<usize> {
    let certificate = &certificates[index];
    if is_self_signed(certificate) || is_repeated(certificates, index) {
        return None;
    }
    // The next one in the file first, as TLS has them.
    let others = || (index + 1..certificates.len()).chain(0..index);
    let named = |is_named: fn(&Name, &Name) -> bool| -> Vec<usize> {
        let named = others().filter(|other| is_named(certificates[*other].subject(), certificate.issuer()));
        let fits = |other: &usize| {
            !is_repeated(certificates, *other) && !path(issuers, *other).any(|above| above == index)
        };
        named.filter(fits).collect()
    };
    let mut candidates = named(|subject, issuer| subject == issuer);
    if candidates.is_empty() {
        candidates = named(Name::is_like);
    }
    let signed = |other: &&usize| judge::check_signature(certificate, &certificates[**other]).is_ok();
    candidates.iter().find(signed).or(candidates.first()).copied()
}

/// From a place to the top.
fn path(issuers: &[Option<usize>], from: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(from), |at| issuers[*at])
}

fn judge_link(certificates: &[Certificate], issuers: &[Option<usize>], index: usize, below: u8) -> Link {
    let certificate = &certificates[index];
    let mut problems = Vec::new();
    let state = match issuers[index] {
        Some(issuer) => {
            let issuer = &certificates[issuer];
            problems.extend(judge::check_signature(certificate, issuer).err());
            problems.extend(judge::check_identifiers(certificate, issuer).err());
            problems.extend(
                issuer
                    .check_authority_flags()
                    .err()
                    .map(|error| error.to_string()),
            );
            problems.extend(judge::check_path_length(issuer, below).err());
            LinkState::Issued
        }
        None if is_repeated(certificates, index) => LinkState::Repeated,
        None if is_self_signed(certificate) => LinkState::SelfSigned,
        None if certificate.is_self_issued() => {
            problems.extend(judge::check_signature(certificate, certificate).err());
            LinkState::SelfSigned
        }
        None => LinkState::IssuerMissing,
    };
    for above in path(issuers, index).skip(1) {
        let names = judge::check_names(&certificates[above], &[certificate]);
        problems.extend(names.and_then(Result::err));
    }
    Link {
        issuer: issuers[index],
        state,
        problems,
    }
}

/// How many CA certificates are on the longest way down from each place, itself included: RFC 5280 section 4.2.1.9 does not count
/// self-issued ones.
fn count_authorities(certificates: &[Certificate], issuers: &[Option<usize>]) -> Vec<u8> {
    let mut most = vec![0_u8; certificates.len()];
    for start in 0..certificates.len() {
        let mut count = 0_u8;
        for at in path(issuers, start) {
            let certificate = &certificates[at];
            let counts = certificate.is_authority() && !certificate.is_self_issued();
            count = count.saturating_add(u8::from(counts));
            most[at] = most[at].max(count);
        }
    }
    most
}
