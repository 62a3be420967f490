//! The cluster certificate, which the HSM shows in the inner TLS connection.

use super::evidence::TlsEvidence;
use super::path::{Issued, check_path};
use super::report::{StepState, TlsReport};
use super::{Missing, TlsRole};
use crate::x509::TlsEnd;

const ROLE: TlsRole = TlsRole::Cluster;
const ISSUED: &str = "issued by customerCA";

pub(super) fn check(evidence: &TlsEvidence, report: &mut TlsReport) {
    let found = match &evidence.cluster {
        Ok(found) => found,
        Err(missing) => return report.not_checked(ROLE, None, "certificate", missing.clone()),
    };
    let certificate = &found.certificate;
    let at = report.add_certificate(ROLE, &found.source, certificate);
    match &evidence.authority {
        Err(missing) => {
            let why = "no customerCA.crt was given to check it against".to_owned();
            let obtain = missing.obtain.clone();
            report.not_checked(ROLE, Some(at), ISSUED, Missing { why, obtain });
        }
        Ok(file) => match check_path(certificate, &found.source, &[], file, report.now) {
            Issued::By(subject) => {
                report.step(
                    ROLE,
                    Some(at),
                    ISSUED,
                    StepState::Passed,
                    format!("\"{subject}\""),
                );
            }
            Issued::Not(problem) => report.step(ROLE, Some(at), ISSUED, StepState::Failed, problem),
            Issued::Unknown(missing) => report.not_checked(ROLE, Some(at), ISSUED, missing),
        },
    }
    // AWS CloudHSM User Guide, "Initialize the cluster", verifies it with `openssl verify -purpose sslserver`.
    if let Err(problem) = certificate.check_purpose(TlsEnd::Server) {
        report.step(ROLE, Some(at), "purpose", StepState::Failed, problem);
    }
    report.check_validity(at);
}
