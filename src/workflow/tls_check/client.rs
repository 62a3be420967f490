//! The client certificate, the default one or the customer's own.

use super::evidence::{ClientEvidence, TlsEvidence};
use super::path::{Issued, check_path};
use super::report::{StepState, TlsReport};
use super::{AuthorityFile, Missing, TlsRole};
use crate::x509::{Certificate, TlsEnd};

const ROLE: TlsRole = TlsRole::Client;
const KIND: &str = "kind";
const ISSUED: &str = "issued by the CA";

/// AWS CloudHSM User Guide, "Set up mutual TLS between client and AWS CloudHSM".
const LONGEST_CHAIN: usize = 6980;

pub(super) fn check(evidence: &TlsEvidence, report: &mut TlsReport) {
    let client = match &evidence.client {
        Ok(client) => client,
        Err(missing) => return report.not_checked(ROLE, None, "certificate", missing.clone()),
    };
    let Some((leaf, between)) = client.chain.split_first() else {
        return;
    };
    let at = report.add_certificate(ROLE, &client.source, leaf);
    let authority = client.authority.as_ref().or(evidence.authority.as_ref().ok());
    let issued = authority.map(|file| check_path(leaf, &client.source, between, file, report.now));
    let is_own = !client.from_package || matches!(issued, Some(Issued::By(_)));
    if is_own {
        check_own(client, leaf, at, authority, issued, report);
    } else {
        check_default(at, report);
    }
    report.check_validity(at);
}

/// AWS re:Post (see [`super`]): the server takes the certificate that comes with the client library, or one that customerCA issued.
/// AWS CloudHSM User Guide, "Known issues for all HSM instances", 14: that the default one has expired has no effect.
fn check_default(at: usize, report: &mut TlsReport) {
    report.certificates[at].may_expire = true;
    let found = "the default of the client package, which every client has: it says nothing about who \
                 connects, and is fine if mutual TLS is not enforced";
    report.step(ROLE, Some(at), KIND, StepState::Noted, found);
}

fn check_own(
    client: &ClientEvidence,
    leaf: &Certificate,
    at: usize,
    authority: Option<&AuthorityFile>,
    issued: Option<Issued>,
    report: &mut TlsReport,
) {
    report.step(ROLE, Some(at), KIND, StepState::Noted, "your own");
    match issued {
        Some(Issued::By(subject)) => {
            let file = authority.map_or("", |file| file.source.as_str());
            let found = format!("\"{subject}\" in {file}");
            report.step(ROLE, Some(at), ISSUED, StepState::Passed, found);
        }
        Some(Issued::Not(problem)) => report.step(ROLE, Some(at), ISSUED, StepState::Failed, problem),
        Some(Issued::Unknown(missing)) => report.not_checked(ROLE, Some(at), ISSUED, missing),
        None => {
            let why = "no CA certificate was given to check it against".to_owned();
            let obtain = "name the certificate of the CA that issued it".to_owned();
            report.not_checked(ROLE, Some(at), ISSUED, Missing { why, obtain });
        }
    }
    match leaf.check_purpose(TlsEnd::Client) {
        Ok(()) => report.step(ROLE, Some(at), "purpose", StepState::Passed, "a TLS client's"),
        Err(problem) => report.step(ROLE, Some(at), "purpose", StepState::Failed, problem),
    }
    if client.length > LONGEST_CHAIN {
        let found = format!(
            "{} has {} bytes; the limit for mutual TLS with the HSM is {LONGEST_CHAIN}",
            client.source, client.length
        );
        report.step(ROLE, Some(at), "chain length", StepState::Warning, found);
    }
}
