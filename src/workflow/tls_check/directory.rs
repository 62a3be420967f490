//! The directory of the client package as a whole: which of its certificates OpenSSL finds, and which it does not.

use std::collections::BTreeMap;

use super::evidence::TlsEvidence;
use super::report::{StepState, TlsReport};
use super::store::{Content, Search, TrustStore, split};
use super::{Missing, TlsRole};

const ROLE: TlsRole = TlsRole::ClientDirectory;
const CERTIFICATES: &str = "certificates";

pub(super) fn check(evidence: &TlsEvidence, report: &mut TlsReport) {
    let store = match &evidence.store {
        Ok(store) => store,
        Err(missing) => return report.not_checked(ROLE, None, CERTIFICATES, missing.clone()),
    };
    let warn = |report: &mut TlsReport, name, found| {
        report.step(ROLE, None, name, StepState::Warning, found);
    };
    // By their bytes: a certificate may be there under its own name and under OpenSSL's.
    let mut found_there = BTreeMap::new();
    let mut unclear = 0;
    for (file, content) in &store.files {
        match content {
            Content::Certificates(certificates) => {
                for certificate in certificates {
                    match store.search(certificate) {
                        Search::Found { file } => {
                            found_there.insert(certificate.der(), (file, certificate));
                        }
                        Search::NotFound { problem } => warn(report, "file name", problem),
                        Search::Unclear { .. } => unclear += 1,
                    }
                }
            }
            Content::Der(_) => warn(report, "file", format!("{file}: DER, but OpenSSL reads PEM here")),
            // A README, a directory, or a CRL (`HASH.r0`).
            Content::Strange(_) | Content::Unreadable(_) if split(file).is_none() => {}
            Content::Strange(reason) => {
                unclear += 1;
                warn(report, "file", format!("{file}: {reason}"));
            }
            Content::Unreadable(reason) => warn(report, "file", format!("{file}: {reason}")),
        }
    }
    report_count(found_there.len(), unclear, store, report);
    // If a server was reached, the dates of its certificate count.
    let is_shown = evidence
        .servers
        .iter()
        .flatten()
        .any(|server| server.certificate.is_ok());
    if !is_shown {
        for (file, certificate) in found_there.into_values() {
            report.add_certificate(ROLE, &format!("{}/{file}", store.path()), certificate);
        }
    }
}

fn report_count(count: usize, unclear: usize, store: &TrustStore, report: &mut TlsReport) {
    match (count, unclear) {
        (0, 0) => report.step(
            ROLE,
            None,
            CERTIFICATES,
            StepState::Failed,
            "none that OpenSSL finds",
        ),
        (0, _) => {
            let why = "none that every build of OpenSSL finds".to_owned();
            let obtain = format!("openssl verify -CApath {} SERVER.crt", store.path());
            report.not_checked(ROLE, None, CERTIFICATES, Missing { why, obtain });
        }
        _ => {
            let found = format!("{count} that OpenSSL finds");
            report.step(ROLE, None, CERTIFICATES, StepState::Passed, found);
        }
    }
}
