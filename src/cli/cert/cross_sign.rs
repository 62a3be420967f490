//! `cert cross-sign`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hsm_ca::workflow::{CrossJob, CrossRequest, CrossSummary};
use hsm_ca::x509::{Certificate, Change, Name, Original, UnixTime};

use super::details;
use crate::cli::connect::check_signing_key_name;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::certificate::{self as output, CertCrossSign, CrossCertificate, field_name};
use crate::cli::json::common::FileName;
use crate::cli::output_file::{OutputOptions, SignatureOptions, WaiverOptions, split};
use crate::cli::page::Page;
use crate::cli::profile;
use crate::cli::report::{Report, printable};
use crate::cli::ui::Ui;
use crate::cli::validity::{self, ValidityOptions};

#[derive(Debug, Args)]
pub(in crate::cli) struct CrossSign {
    /// The certificate of the other CA, PEM or DER, or - for stdin
    file: PathBuf,
    /// The CA certificate whose key signs
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// The cross-certificate, or - for stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    /// The issuer of the other CA's certificate, if that is not self-signed: the signature is verified
    #[arg(long, value_name = "FILE")]
    original_issuer: Option<PathBuf>,
    /// A profile file of your own for intermediates, as ./x.toml: its URLs, limits and linter, and its purposes, name constraints and
    /// policies if the other certificate has none
    #[arg(long, value_name = "FILE")]
    profile: Option<String>,
    /// The CA's key, if it cannot be found on the token by the CA certificate's public key: a label, a pkcs11: URI, or kms:KEY
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    validity: ValidityOptions,
    #[command(flatten)]
    waivers: WaiverOptions,
    #[command(flatten)]
    signature: SignatureOptions,
    #[command(flatten)]
    output: OutputOptions,
}

impl CrossSign {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let now = settings.clock.now();
        let profile = self.profile.as_deref().map(|text| profile::find(text, false));
        let authority = input::named(&self.ca, input::certificate)?;
        let original = input::named(&self.file, input::certificate)?;
        let issuer = self.original_issuer.as_deref().map(input::certificate);
        let issuer: Option<Certificate> = issuer.transpose()?;
        let original = original.try_map(|original| Original::verify(original, issuer.as_ref(), now))?;
        settings.refuse_own_file(&self.out)?;
        if let Some(key) = &self.key {
            check_signing_key_name(key)?;
        }
        let request = CrossRequest {
            original,
            authority: authority.clone(),
            key: self.key.clone(),
            profile: profile.transpose()?.map(Arc::new),
            refused_keys: settings.refused_keys()?,
            validity: self.validity.asked(),
            signature: self.signature.chosen(),
            waivers: self.waivers.chosen(),
            delivery: self.output.delivery(&self.out),
        };
        let job = CrossJob::prepare(request, &settings.clock)?;
        let warning = validity::warn(&job.validity(), now, ui);
        let mut recorder = settings.open_recorder_to_sign(&authority, self.key.as_deref())?;
        recorder.tell_unfinished(&authority.value, ui)?;
        let store = settings.open_store(self.key.as_deref())?;
        let summary = job.run(store.as_ref(), &mut recorder, ui)?;
        let mut report = report(summary, Page::new(ui.canvas()), now);
        report.warnings.extend(recorder.take_notices());
        report.warnings.extend(warning);
        Ok(report.with_receipt(recorder))
    }
}

fn report(summary: CrossSummary, mut page: Page, now: UnixTime) -> Report {
    let (path, content) = split(summary.delivered);
    let shown = path
        .as_ref()
        .map_or_else(|| "to stdout".to_owned(), |path| path.display().to_string());
    page.line(&format!("Cross-signed: {shown}")).blank();
    details::write(&mut page, &summary.certificate, now);
    let kept = ("the same".to_owned(), summary.kept.join(", "), None);
    let changes = summary.changes.iter();
    let rows: Vec<_> = changes
        .map(|change| (change.field.clone(), words(change), None))
        .chain([kept])
        .collect();
    page.blank().line("against the original").table(&rows);
    if let Some(path) = &path {
        page.blank().line(&how_to_use(&summary.certificate, path));
    }
    let json = CrossCertificate {
        certificate: output::Certificate::of(&summary.certificate),
        kept: summary.kept.into_iter().map(field_name).collect(),
        repairs: summary.repairs.clone(),
        changes: summary.changes.into_iter().map(output::Change::of).collect(),
        file: path.as_deref().map(FileName::of),
    };
    let json = CertCrossSign { certificates: [json] };
    let repaired = summary.repairs.into_iter();
    let repaired = repaired.map(|repair| format!("corrected as RFC 5280 requires: {repair}"));
    let faults = summary.subject_faults.into_iter().map(|fault| {
        format!(
            "the subject breaks the rule {}: {}; it was signed anyway, because it is the name in what this CA has issued",
            fault.rule.name,
            printable(&fault.found)
        )
    });
    Report {
        content,
        warnings: repaired.chain(faults).chain(warn(&summary.certificate)).collect(),
        ..Report::new(page.into_text(), json.document())
    }
}

/// CA/B BR 7.1.2.2.3 requires limits in the cross-certificate of another organisation's CA.
fn warn(cross: &Certificate) -> Option<String> {
    let organisations = |name: &Name| -> Vec<_> {
        let parts = name.parts().into_iter();
        parts.filter(|part| part.starts_with("O=")).collect()
    };
    let (theirs, ours) = (organisations(cross.subject()), organisations(cross.issuer()));
    let extensions = cross.describe_extensions();
    let is_bound = extensions
        .iter()
        .any(|extension| extension.name == "nameConstraints");
    (theirs != ours && !is_bound).then(|| {
        "this CA belongs to another organisation and has no name constraints, so it can issue for every name; a --profile can add constraints"
            .to_owned()
    })
}

fn words(change: &Change) -> String {
    match (&change.original, &change.cross) {
        (Some(original), Some(cross)) => format!("{cross}, was {original}"),
        (Some(original), None) => format!("DROPPED: {original}"),
        (None, Some(cross)) => format!("ADDED: {cross}"),
        (None, None) => String::new(),
    }
}

/// RFC 8446 section 4.4.2: a sender may omit the trust anchor that the peer has, and sends the rest.
fn how_to_use(cross: &Certificate, path: &Path) -> String {
    format!(
        "A peer that trusts only \"{}\" accepts what \"{}\" issued if {} is sent after it.",
        cross.issuer(),
        cross.subject(),
        path.display()
    )
}
