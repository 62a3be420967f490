//! Whether a certificate is issued by a certificate in a file of CA certificates.

use super::{AuthorityFile, Missing};
use crate::x509::{Certificate, ChainCheck, UnixTime, X509Error, verify_chain};

/// The result for a path. Dates are separate steps.
pub(super) enum Issued {
    /// Issued by this certificate of the file.
    By(String),
    /// Not issued by the file's certificates.
    Not(String),
    /// This program cannot decide.
    Unknown(Missing),
}

/// A certificate's issuers, in a list of CA certificates, up to one that is self-issued.
pub(super) fn issuers<'a>(leaf: &Certificate, authorities: &'a [Certificate]) -> Vec<&'a Certificate> {
    let mut path: Vec<&Certificate> = Vec::new();
    let mut current = leaf;
    while path.len() < authorities.len() {
        let named = || {
            authorities
                .iter()
                .filter(|authority| authority.subject().is_like(current.issuer()))
        };
        let Some(issuer) = named()
            .find(|issuer| check_signature(current, issuer).is_ok())
            .or_else(|| named().next())
        else {
            break;
        };
        if path.iter().any(|seen| seen.der() == issuer.der()) {
            break;
        }
        path.push(issuer);
        current = issuer;
    }
    path
}

/// Certificates that OpenSSL may choose as the issuer instead. It chooses by name, and by key identifiers if present, and does not try
/// another if the signature is wrong (`X509_STORE_CTX_get1_issuer`).
pub(super) fn rivals<'a>(
    certificate: &Certificate,
    issuer: &Certificate,
    authorities: &'a [Certificate],
) -> impl Iterator<Item = &'a Certificate> {
    let (name, key) = (certificate.issuer().clone(), issuer.public_key().ok());
    let wanted = certificate.authority_key_identifier().ok().flatten();
    authorities.iter().filter(move |one| {
        let own = one.subject_key_identifier().ok().flatten();
        let excluded = wanted.is_some() && own.is_some() && wanted != own;
        one.subject().is_like(&name) && one.public_key().ok() != key && !excluded
    })
}

/// Why a signature is not accepted.
pub(super) enum Doubt {
    /// It is wrong, or can be forged.
    Wrong(String),
    /// This program does not verify signatures of this kind.
    Unknown(String),
}

pub(super) fn check_signature(certificate: &Certificate, issuer: &Certificate) -> Result<(), Doubt> {
    let key = match issuer.public_key() {
        Ok(key) => key,
        Err(error) => return Err(Doubt::Unknown(error.to_string())),
    };
    if key.algorithm().rsa_bits().is_some_and(|bits| bits < 2048) {
        return Err(Doubt::Unknown(format!(
            "signatures of {} are not verified by hsm-ca, only RSA 2048 and above",
            key.algorithm()
        )));
    }
    match certificate.verify_signature(&key) {
        Ok(_) => Ok(()),
        Err(error @ X509Error::UnknownSignature { .. }) => Err(Doubt::Unknown(error.to_string())),
        Err(error) => Err(Doubt::Wrong(error.to_string())),
    }
}

/// Whether `leaf` is issued by a certificate in `file`. `between` are certificates that come with the leaf.
pub(super) fn check_path(
    leaf: &Certificate,
    leaf_source: &str,
    between: &[Certificate],
    file: &AuthorityFile,
    now: UnixTime,
) -> Issued {
    let AuthorityFile { source, certificates } = file;
    // A certificate that comes with the leaf is never an anchor, even if it is self-signed.
    let between = between.iter().filter(|certificate| !certificate.is_self_issued());
    let known: Vec<_> = certificates.iter().chain(between).cloned().collect();
    let report = verify_chain(leaf, &known, now);
    let issuers = match report.path.get(1..) {
        Some(found @ [_, ..]) => found.iter().collect(),
        _ => issuers(leaf, &known),
    };
    let unknown = |why| {
        let obtain = format!("openssl verify -CAfile {source} {leaf_source}");
        Issued::Unknown(Missing { why, obtain })
    };
    let Some(issuer) = issuers.first() else {
        return Issued::Not(format!(
            "it is issued by \"{}\", and {source} has only {}",
            leaf.issuer(),
            quote_subjects(certificates)
        ));
    };
    let path = || [leaf].into_iter().chain(issuers.iter().copied());
    if let Some(critical) = path()
        .flat_map(Certificate::unprocessed_critical_extensions)
        .next()
    {
        return unknown(format!(
            "a critical extension that hsm-ca does not check: {critical}"
        ));
    }
    for (certificate, issuer) in path().zip(&issuers) {
        if let Err(Doubt::Unknown(why)) = check_signature(certificate, issuer) {
            return unknown(why);
        }
    }
    // Whether an X.509 v1 root is acceptable is a separate step, like dates.
    let root = issuers
        .last()
        .filter(|last| last.is_self_issued() && last.version() < 3);
    let problem = report.steps.into_iter().find_map(|step| {
        let elsewhere = match step.what {
            ChainCheck::Validity | ChainCheck::SelfSignature => true,
            ChainCheck::Authority => root.is_some_and(|root| root.subject().to_string() == step.subject),
            _ => false,
        };
        step.problem
            .filter(|_| !elsewhere)
            .map(|problem| (step.what.name(), problem))
    });
    let shadowed = path().zip(&issuers).find_map(|(certificate, issuer)| {
        let first = rivals(certificate, issuer, certificates).next()?;
        let before = |one: &&Certificate| one.der() == first.der() || one.der() == issuer.der();
        certificates
            .iter()
            .find(before)
            .filter(|one| one.der() == first.der())
    });
    match problem {
        None if shadowed.is_some() => Issued::Not(format!(
            "{source} has its CA, after another certificate of the same name with a different key, which OpenSSL uses"
        )),
        None => Issued::By(issuer.subject().to_string()),
        Some(("signature", problem)) if check_signature(leaf, issuer).is_err() => Issued::Not(format!(
            "{source} has a CA with the right name, \"{}\", but a different key: {problem}",
            issuer.subject()
        )),
        Some(("issuer", _)) => Issued::Not(format!(
            "{source} does not lead to a self-signed certificate: the issuer of \"{}\" is not in it",
            issuers
                .last()
                .map_or_else(String::new, |last| last.subject().to_string())
        )),
        Some((what, problem)) => Issued::Not(format!("{what}: {problem}")),
    }
}

fn quote_subjects(certificates: &[Certificate]) -> String {
    let quoted: Vec<_> = certificates
        .iter()
        .map(|certificate| format!("\"{}\"", certificate.subject()))
        .collect();
    quoted.join(", ")
}
