//! The self-signed certificate of the server that hosts the HSM, the end of the outer TLS connection.

use super::evidence::TlsEvidence;
use super::path::{Doubt, check_signature};
use super::report::{StepState, TlsReport};
use super::store::Search;
use super::{Missing, TlsRole};
use crate::x509::{Certificate, TlsEnd};

const ROLE: TlsRole = TlsRole::Server;
const KNOWN: &str = "known to the client";

pub(super) fn check(evidence: &TlsEvidence, report: &mut TlsReport) {
    let servers = match &evidence.servers {
        Ok(servers) => servers,
        Err(missing) => return report.not_checked(ROLE, None, "certificate", missing.clone()),
    };
    for server in servers {
        let certificate = match &server.certificate {
            Ok(certificate) => certificate,
            Err(missing) => {
                report.not_checked(ROLE, None, "certificate", missing.clone());
                continue;
            }
        };
        let at = report.add_certificate(ROLE, &server.name, certificate);
        if server.asked {
            let found = format!("only what {} answered just now", server.name);
            report.step(ROLE, Some(at), "asked", StepState::Noted, found);
        }
        let is_self_signed = check_self_signature(certificate, at, report);
        if let Err(problem) = certificate.check_purpose(TlsEnd::Server) {
            report.step(ROLE, Some(at), "purpose", StepState::Failed, problem);
        }
        check_known(evidence, certificate, is_self_signed, at, report);
        report.check_validity(at);
    }
}

/// AWS re:Post (see [`super`]): "The server sends a self-signed certificate."
fn check_self_signature(certificate: &Certificate, at: usize, report: &mut TlsReport) -> bool {
    let (state, found) = if certificate.is_self_issued() {
        match check_signature(certificate, certificate) {
            Ok(()) => (StepState::Passed, "by its own key".to_owned()),
            Err(Doubt::Wrong(problem)) => (StepState::Warning, problem),
            // The signature proves nothing if the certificate is already trusted.
            Err(Doubt::Unknown(why)) => (StepState::Noted, why),
        }
    } else {
        let found = format!(
            "issued by \"{}\": AWS's servers show self-signed certificates, so this may be something else",
            certificate.issuer()
        );
        (StepState::Failed, found)
    };
    report.step(ROLE, Some(at), "self-signed", state, found);
    certificate.is_self_issued()
}

fn check_known(
    evidence: &TlsEvidence,
    certificate: &Certificate,
    is_self_signed: bool,
    at: usize,
    report: &mut TlsReport,
) {
    let store = match &evidence.store {
        Ok(store) => store,
        Err(missing) => return report.not_checked(ROLE, Some(at), KNOWN, missing.clone()),
    };
    if !is_self_signed {
        let why = "only for a self-signed certificate".to_owned();
        let obtain = String::new();
        return report.not_checked(ROLE, Some(at), KNOWN, Missing { why, obtain });
    }
    match store.search(certificate) {
        Search::Found { file } => report.step(ROLE, Some(at), KNOWN, StepState::Passed, file),
        Search::NotFound { problem } => report.step(ROLE, Some(at), KNOWN, StepState::Failed, problem),
        Search::Unclear { why } => {
            let obtain = format!("openssl verify -CApath {} SERVER.crt", store.path());
            report.not_checked(ROLE, Some(at), KNOWN, Missing { why, obtain });
        }
    }
}
