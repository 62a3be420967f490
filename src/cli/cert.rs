//! `cert`, and how an issued certificate is reported.

mod chain;
mod cross_sign;
pub(super) mod details;
mod revoke;
mod rules;
mod show;
mod verify;

use std::path::Path;
use std::time::SystemTime;

use clap::Subcommand;
use hsm_ca::workflow::IssueSummary;
use hsm_ca::x509::{Certificate, ExtensionText, UnixTime};
use serde_json::Value;

use cross_sign::CrossSign;
pub(super) use show::ShowCertificate;
use verify::VerifyCertificate;

use super::exit::CliError;
use super::global::Settings;
use super::json::certificate::Issued;
use super::output_file::split;
use super::report::{Fields, Report, printable};
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum CertCommand {
    /// Show a certificate, or several as a chain
    Show(ShowCertificate),
    /// Verify a certificate up to a self-signed CA certificate, step by step
    ///
    /// A certificate that the ledger or a CRL revokes fails. If neither has an answer, the result says so.
    Verify(VerifyCertificate),
    /// Cross-sign another CA's certificate with the CA's key
    ///
    /// Subject, key, key identifier and the extensions about the subject are carried over byte for byte, and checked against the original
    /// before the token signs. Clients that trust this CA then accept what the other one issued.
    CrossSign(Box<CrossSign>),
    /// Revoke a certificate in the ledger, or end its hold; the next CRL publishes it
    Revoke(revoke::RevokeCertificate),
    /// List the rules that every certificate, CRL and OCSP response must meet before it is signed
    Rules(rules::ListRules),
}

impl CertCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::Revoke(revoke) => revoke.run(settings),
            Self::Show(show) => show.run(ui),
            Self::Verify(verify) => verify.run(settings),
            Self::CrossSign(sign) => sign.run(settings, ui),
            Self::Rules(rules) => Ok(rules.run()),
        }
    }
}

fn fields(certificate: &Certificate) -> Fields {
    let now = UnixTime::from_system(SystemTime::now());
    let validity = certificate.validity();
    let mut fields = Fields::default();
    fields
        .add("subject", certificate.subject())
        .add(
            "issuer",
            if certificate.is_self_issued() {
                "itself".to_owned()
            } else {
                certificate.issuer().to_string()
            },
        )
        .add("serial", certificate.serial_number())
        .add("valid from", validity.not_before)
        .add(
            "valid until",
            format!(
                "{} ({})",
                validity.not_after,
                details::describe_end(certificate, now)
            ),
        )
        .add("key", certificate.describe_key())
        .add("signed with", certificate.describe_signature())
        .add("version", format!("v{}", certificate.version()));
    for extension in certificate.describe_extensions() {
        let critical = if extension.critical { "critical, " } else { "" };
        fields.add(extension.name, format!("{critical}{}", extension.value));
    }
    fields.add("SHA-256", certificate.fingerprint());
    fields
}

/// The report about certificates that were just issued. `next` gives the next command for a file, and `document` is the JSON for all of
/// them.
pub(super) fn report_issued(
    issued: Vec<IssueSummary>,
    headline: &str,
    next: impl Fn(&Path) -> Option<String>,
    document: impl FnOnce(Vec<Issued>) -> Value,
) -> Report {
    let mut report = Report::new(String::new(), Value::Null);
    let mut certificates = Vec::new();
    for summary in issued {
        certificates.push(Issued::of(&summary));
        let (path, content) = split(summary.delivered);
        let shown = path
            .as_ref()
            .map_or_else(|| "to stdout".to_owned(), |path| path.display().to_string());
        let headline = match summary.retried {
            true => format!(
                "Delivered again without signing: entry {} of the ledger is for the same request",
                summary.entry
            ),
            false => headline.to_owned(),
        };
        let mut told = fields(&summary.certificate);
        if let Some(renewed) = &summary.renews {
            let words = format!(
                "{}, entry {}, valid until {}",
                renewed.serial, renewed.entry, renewed.not_after
            );
            told.add("renews", words);
        }
        report
            .text
            .push_str(&format!("{headline}: {}\n{}", printable(&shown), told.render(2)));
        report.next = path.as_deref().and_then(&next);
        if !summary.dropped.is_empty() {
            let words: Vec<_> = summary.dropped.iter().map(describe_dropped).collect();
            report.warnings.push(format!(
                "the request asks for {}, which the profile does not give",
                words.join(", ")
            ));
        }
        // Faults of the subject that the profile accepts.
        let faults = summary.certificate.subject().type_faults().into_iter();
        report.warnings.extend(faults.map(|fault| {
            format!(
                "the subject breaks the rule {}: {}; it was signed anyway, because the profile accepts the subject from the request",
                fault.rule.name,
                printable(&fault.found)
            )
        }));
        if let Some(content) = content {
            report.content.get_or_insert_default().extend(content);
        }
    }
    report.json = document(certificates);
    report
}

/// Lists names one by one, and other extensions by kind.
pub(super) fn describe_dropped(extension: &ExtensionText) -> String {
    match extension.name.as_str() {
        "subjectAltName" | "extensionRequest" => {
            format!("{} ({})", extension.name, printable(&extension.value))
        }
        other => other.to_owned(),
    }
}
