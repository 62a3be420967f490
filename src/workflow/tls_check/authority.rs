//! `customerCA.crt`: whether it is a CA that clients accept.

use super::evidence::TlsEvidence;
use super::path::{Doubt, check_signature, issuers, rivals};
use super::report::{StepState, TlsReport};
use super::{Missing, TlsRole};
use crate::signer::{Curve, KeyAlgorithm};
use crate::x509::{Certificate, X509Error};

const ROLE: TlsRole = TlsRole::CustomerAuthority;

pub(super) fn check(evidence: &TlsEvidence, report: &mut TlsReport) {
    let file = match &evidence.authority {
        Ok(file) => file,
        Err(missing) => return report.not_checked(ROLE, None, "certificate", missing.clone()),
    };
    let all: Vec<_> = file.certificates.iter().collect();
    // Of several, those that the cluster certificate leads to; without one of those, all.
    let leaf = evidence.cluster.as_ref().ok().map(|found| &found.certificate);
    let path = leaf.map_or_else(Vec::new, |leaf| issuers(leaf, &file.certificates));
    if let (Some(leaf), [fitting, ..], true) = (leaf, path.as_slice(), all.len() > 1) {
        let mut found = format!(
            "{} in the file; \"{}\" (SHA-256 {}) has the name of the cluster certificate's issuer",
            all.len(),
            fitting.subject(),
            fitting.fingerprint()
        );
        let mut state = StepState::Noted;
        if rivals(leaf, fitting, &file.certificates).next().is_some() {
            found.push_str(", and another has the same name: remove that one, because OpenSSL may choose it");
            state = StepState::Warning;
        }
        report.step(ROLE, None, "several certificates", state, found);
    }
    for certificate in if path.is_empty() { all } else { path } {
        let at = report.add_certificate(ROLE, &file.source, certificate);
        check_kind(certificate, at, &file.source, report);
        check_key(certificate, at, report);
        report.check_validity(at);
    }
}

/// AWS CloudHSM User Guide, "Initialize the cluster": the trust anchor "must be a self-signed certificate", and with extensions it
/// must have basicConstraints.
fn check_kind(certificate: &Certificate, at: usize, source: &str, report: &mut TlsReport) {
    const NAME: &str = "CA certificate";
    if !certificate.is_self_issued() {
        let found = format!("an intermediate: issued by \"{}\"", certificate.issuer());
        report.step(ROLE, Some(at), "self-signed", StepState::Noted, found);
    } else {
        check_self_signature(certificate, at, source, report);
    }
    let critical = certificate.unprocessed_critical_extensions();
    if !critical.is_empty() {
        let why = format!(
            "a critical extension that hsm-ca does not check: {}",
            critical.join(", ")
        );
        let obtain = format!("openssl verify -CAfile {source} {source}");
        return report.not_checked(ROLE, Some(at), NAME, Missing { why, obtain });
    }
    let (state, found) = match certificate.check_authority(report.now) {
        Ok(()) | Err(X509Error::IssuerNotValid { .. }) => (StepState::Passed, "CA:TRUE".to_owned()),
        // OpenSSL takes a self-signed one as a root, having no better way to know.
        Err(_) if certificate.version() < 3 && certificate.is_self_issued() => (
            StepState::Warning,
            "an X.509 v1 certificate, which cannot say that it is a CA: OpenSSL accepts it, others may not"
                .to_owned(),
        ),
        Err(X509Error::NotAnAuthority { reason, .. }) => (StepState::Failed, reason.to_owned()),
        Err(error) => (StepState::Failed, error.to_string()),
    };
    report.step(ROLE, Some(at), NAME, state, found);
}

fn check_self_signature(certificate: &Certificate, at: usize, source: &str, report: &mut TlsReport) {
    const NAME: &str = "self-signed";
    match check_signature(certificate, certificate) {
        Ok(()) => report.step(ROLE, Some(at), NAME, StepState::Passed, "by its own key"),
        Err(Doubt::Wrong(found)) => report.step(ROLE, Some(at), NAME, StepState::Failed, found),
        Err(Doubt::Unknown(why)) => {
            let obtain = format!("openssl verify -check_ss_sig -CAfile {source} {source}");
            report.not_checked(ROLE, Some(at), NAME, Missing { why, obtain });
        }
    }
}

/// The kinds that AWS names for the certificates of a cluster; and AWS CloudHSM User Guide, "Known issues for all HSM instances",
/// 15: with an RSA key below 2048 bits, clients of 5.17.0 and 5.17.1 do not connect.
fn check_key(certificate: &Certificate, at: usize, report: &mut TlsReport) {
    let kind = certificate.describe_key();
    let (state, found) = match certificate.public_key().map(|key| key.algorithm()) {
        Ok(KeyAlgorithm::Rsa { bits }) if bits < 2048 => (
            StepState::Warning,
            format!(
                "{kind}: Client SDK 5.17.0 and 5.17.1 refuse it (\"CA certificate key too weak\"), 5.17.2 and others connect"
            ),
        ),
        Ok(KeyAlgorithm::Rsa { .. } | KeyAlgorithm::Ec(Curve::P256 | Curve::P384 | Curve::P521)) => {
            (StepState::Passed, kind)
        }
        _ => (
            StepState::Warning,
            format!("{kind}, which AWS does not list as supported: RSA 2048 to 4096, P-256, P-384, P-521"),
        ),
    };
    report.step(ROLE, Some(at), "key", state, found);
}
