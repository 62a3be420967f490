//! `cert verify`.

use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::ledger::Ledger;
use hsm_ca::workflow::{RecordedStatus, recorded_status};
use hsm_ca::x509::{
    Certificate, CertificateRevocationList, ChainReport, HostName, ListedStatus, Purpose, UnixTime,
    check_path_purpose, listed_status, verify_chain,
};

use super::super::exit::CliError;
use super::super::global::Settings;
use super::super::input;
use super::super::json::Output as _;
use super::super::json::certificate::{
    self as output, CertVerify, PathCheck, Revocation, RevocationSource, RevocationStatus,
};
use super::super::json::check::Check;
use super::super::report::{Report, printable};

#[derive(Debug, Args)]
pub(in super::super) struct VerifyCertificate {
    /// The certificate, PEM or DER, or - for stdin
    file: PathBuf,
    /// Trusted CA certificates; may be given more than once, and each file may have several. Their order does not matter: one valid path is
    /// enough
    #[arg(long, value_name = "FILE", required = true)]
    ca: Vec<PathBuf>,
    /// A CRL, complete or delta; may be given more than once. A CRL of its issuer must cover the certificate
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// The host that the certificate must be valid for: a DNS name or an IP address (RFC 9525)
    #[arg(long, value_name = "NAME", value_parser = HostName::parse)]
    host: Option<HostName>,
    /// The purpose that it must be valid for: serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, or an object
    /// identifier
    #[arg(long, value_name = "PURPOSE", value_parser = Purpose::parse)]
    purpose: Option<Purpose>,
}

/// A CRL and its file.
type FileList<'a> = (&'a PathBuf, CertificateRevocationList);

impl VerifyCertificate {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let now = settings.clock.now();
        let certificate = input::certificate(&self.file)?;
        let mut authorities = Vec::new();
        for file in &self.ca {
            authorities.extend(input::certificates(file)?);
        }
        let mut lists = Vec::new();
        for file in &self.crl {
            lists.push((file, input::revocation_list(file)?));
        }
        let ledger = settings.open_ledger_if_any()?;
        let verify = |authorities: &[Certificate]| {
            self.verify(&certificate, authorities, ledger.as_deref(), &lists, now)
        };
        let (mut chain, mut verdict) = verify(&authorities)?;
        let mut refused = verdict.refused.clone();
        // A CA certificate that is revoked or not for the purpose excludes its own paths, not the others.
        while !refused.is_empty() {
            authorities.retain(|authority| !refused.iter().any(|one| one == authority.der()));
            let (other_chain, other) = verify(&authorities)?;
            if other.passed() {
                (chain, verdict) = (other_chain, other);
                break;
            }
            refused.clone_from(&other.refused);
        }
        let mut report = verdict.report(&self.file, ledger.is_some(), chain.tried);
        report.warnings.extend(unused(&chain.path, &lists));
        Ok(report)
    }

    fn verify(
        &self,
        certificate: &Certificate,
        authorities: &[Certificate],
        ledger: Option<&dyn Ledger>,
        lists: &[FileList<'_>],
        now: UnixTime,
    ) -> Result<(ChainReport, Verdict), CliError> {
        let chain = verify_chain(certificate, authorities, now);
        let mut verdict = Verdict::default();
        for step in &chain.steps {
            verdict.note(
                &step.subject,
                step.what.name(),
                step.problem.clone().map_or_else(ok, Err),
            );
        }
        if let Some(purpose) = self.purpose {
            for (of, answer) in check_path_purpose(&chain.path, purpose) {
                if answer.is_err() {
                    verdict.refuse(of, certificate);
                }
                verdict.note(&of.subject().to_string(), "purpose", answer.and_then(|()| ok()));
            }
        }
        if let Some(host) = &self.host {
            let answer = certificate.check_host(host);
            verdict.note(
                &certificate.subject().to_string(),
                "host",
                answer.and_then(|()| ok()),
            );
        }
        for place in 0..chain.path.len() {
            verdict.revocation(&chain.path, place, ledger, lists, now)?;
        }
        Ok((chain, verdict))
    }
}

/// A warning about a CRL that covers none of the certificates: it must not be mistaken for a check.
fn unused(path: &[Certificate], lists: &[FileList<'_>]) -> Vec<String> {
    let is_unused = |list: &CertificateRevocationList| {
        !path
            .iter()
            .any(|certificate| list.issuer().is_like(certificate.issuer()))
    };
    let unused = lists.iter().filter(|(_, list)| is_unused(list));
    let warnings = unused.map(|(file, list)| {
        format!(
            "{}: the issuer of this CRL, \"{}\", issued none of these certificates; it was not used",
            file.display(),
            list.issuer()
        )
    });
    warnings.collect()
}

fn ok() -> Result<String, String> {
    Ok("ok".to_owned())
}

struct Step {
    subject: String,
    what: &'static str,
    outcome: Result<String, String>,
}

/// The revocation status of one certificate of the path.
struct Standing {
    subject: String,
    serial: String,
    status: RevocationStatus,
    sources: Vec<RevocationSource>,
}

#[derive(Default)]
struct Verdict {
    steps: Vec<Step>,
    standings: Vec<Standing>,
    /// CA certificates that are refused for reasons outside the path, in DER.
    refused: Vec<Vec<u8>>,
}

impl Verdict {
    fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.is_ok())
    }

    fn refuse(&mut self, authority: &Certificate, leaf: &Certificate) {
        if authority.der() != leaf.der() {
            self.refused.push(authority.der().to_vec());
        }
    }

    fn note(&mut self, subject: &str, what: &'static str, outcome: Result<String, String>) {
        self.steps.push(Step {
            subject: subject.to_owned(),
            what,
            outcome,
        });
    }

    /// Looks up the ledger and the CRLs. A root without a status is not a gap, because it is trusted directly.
    fn revocation(
        &mut self,
        path: &[Certificate],
        place: usize,
        ledger: Option<&dyn Ledger>,
        lists: &[FileList<'_>],
        now: UnixTime,
    ) -> Result<(), CliError> {
        let certificate = &path[place];
        let is_root = path.len() == place + 1 && certificate.is_self_issued();
        let (mut good, mut bad, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        let recorded = ledger.map(|ledger| recorded_status(ledger, certificate));
        match recorded.transpose()? {
            Some(RecordedStatus::Good { entry }) => {
                sources.push(RevocationSource::Ledger);
                good.push(format!("not revoked in the ledger (entry {entry})"));
            }
            Some(RecordedStatus::Revoked {
                entry,
                revoked_at,
                reason,
            }) => {
                sources.push(RevocationSource::Ledger);
                bad.push(format!(
                    "revoked on {revoked_at}, {reason} (entry {entry} of the ledger)"
                ));
            }
            Some(RecordedStatus::CompromisedKey { entry }) => {
                sources.push(RevocationSource::Ledger);
                bad.push(format!(
                    "its key is recorded as compromised: entry {entry} of the ledger was revoked for that reason"
                ));
            }
            Some(RecordedStatus::Unknown) | None => {}
        }
        let issuer = path.get(place + 1).or(is_root.then_some(certificate));
        let listed = issuer.map(|issuer| {
            listed_status(certificate, issuer, lists.iter().map(|(_, list)| list), now)
                .unwrap_or_else(|error| ListedStatus::Unusable(vec![error.to_string()]))
        });
        match listed {
            Some(ListedStatus::NotListed { until }) => {
                sources.push(RevocationSource::Crl);
                good.push(format!("not on the CRL, which is valid until {until}"));
            }
            Some(ListedStatus::Revoked { revoked_at, reason }) => {
                sources.push(RevocationSource::Crl);
                bad.push(format!("revoked on {revoked_at}, {reason} (CRL)"));
            }
            // The certificates below the root are covered by its CRLs, and are refused.
            Some(ListedStatus::Unusable(_)) if is_root && place > 0 => {}
            Some(ListedStatus::Unusable(problems)) => {
                bad.push(format!("no usable CRL: {}", problems.join("; ")));
            }
            Some(ListedStatus::OutOfScope(problems)) if place == 0 => {
                bad.push(format!("no CRL covers it: {}", problems.join("; ")));
            }
            // Like `openssl verify -crl_check`: if a CRL is given, it must cover the certificate.
            Some(ListedStatus::NoList) if place == 0 && !lists.is_empty() => {
                bad.push(format!(
                    "no --crl is from its issuer, \"{}\"",
                    certificate.issuer()
                ));
            }
            Some(ListedStatus::NoList | ListedStatus::OutOfScope(_)) | None => {}
        }
        if is_root && good.is_empty() && bad.is_empty() {
            return Ok(());
        }
        let subject = certificate.subject().to_string();
        let status = match (bad.is_empty(), good.is_empty()) {
            (false, _) => RevocationStatus::Refused,
            (true, false) => RevocationStatus::Good,
            (true, true) => RevocationStatus::Unknown,
        };
        self.standings.push(Standing {
            serial: certificate.serial_number().to_string(),
            subject: subject.clone(),
            status,
            sources,
        });
        if let (RevocationStatus::Refused, Some(leaf)) = (status, path.first()) {
            self.refuse(certificate, leaf);
        }
        if status != RevocationStatus::Unknown {
            let outcome = match bad.is_empty() {
                true => Ok(good.join("; ")),
                false => Err(bad.join("; ")),
            };
            self.note(&subject, "revocation", outcome);
        }
        Ok(())
    }

    /// The first check that failed, with the certificate that it is about.
    fn first_failure(&self) -> Option<String> {
        self.steps.iter().find_map(|step| {
            let problem = step.outcome.as_ref().err()?;
            Some(format!("{}: {}: {problem}", step.subject, step.what))
        })
    }

    fn report(&self, file: &Path, has_ledger: bool, paths_tried: usize) -> Report {
        let passed = self.passed();
        let mut text = String::new();
        let mut subject = "";
        for step in &self.steps {
            if step.subject != subject {
                text.push_str(&format!("{}\n", printable(&step.subject)));
                subject = &step.subject;
            }
            let outcome = match &step.outcome {
                Ok(found) => found.clone(),
                Err(problem) => format!("FAILED: {problem}"),
            };
            text.push_str(&format!("  {:20} {}\n", step.what, printable(&outcome)));
        }
        let unknown: Vec<_> = self
            .standings
            .iter()
            .filter(|one| one.status == RevocationStatus::Unknown)
            .collect();
        let is_checked = unknown.is_empty() && !self.standings.is_empty();
        text.push_str(&match (passed, is_checked) {
            (false, _) => "NOT verified.\n".to_owned(),
            (true, true) => "Verified.\n".to_owned(),
            (true, false) if unknown.is_empty() => {
                "Verified; revocation was NOT checked: it is its own issuer.\n".to_owned()
            }
            (true, false) => {
                let names: Vec<_> = unknown.iter().map(|one| format!("\"{}\"", one.subject)).collect();
                let ledger = match has_ledger {
                    true => "it is not in the ledger",
                    false => "no ledger was found",
                };
                format!(
                    "Verified; revocation was NOT checked for {}: {ledger}, and no --crl of its issuer was given.\n",
                    printable(&names.join(", "))
                )
            }
        });
        if !passed && paths_tried > 1 {
            text.push_str(&format!(
                "{paths_tried} paths were tried, and none is valid. This is the best one.\n"
            ));
        }
        let checks = self.steps.iter().map(|step| PathCheck {
            subject: step.subject.clone(),
            check: Check::of(step.what, &step.outcome),
        });
        let json = CertVerify {
            verified: passed,
            checks: checks.collect(),
            paths_tried,
            revocation: Revocation {
                checked: is_checked,
                certificates: self.standings.iter().map(Standing::to_json).collect(),
            },
        };
        Report {
            failure: self
                .first_failure()
                .map(|problem| CliError::not_verified(file.display(), problem)),
            ..Report::new(text, json.document())
        }
    }
}

impl Standing {
    fn to_json(&self) -> output::Standing {
        output::Standing {
            subject: self.subject.clone(),
            serial_number: self.serial.clone(),
            status: self.status,
            sources: self.sources.clone(),
        }
    }
}
