//! `csr`.

mod create;
mod outcomes;
mod requests;
mod sign;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hsm_ca::ceremony::hash_words;
use hsm_ca::signer::{Hex, PublicKey};
use hsm_ca::x509::words;

use super::canvas::Tone;
use super::cert::details;
use super::exit::CliError;
use super::global::Settings;
use super::input;
use super::json::Output as _;
use super::json::certificate::Extension;
use super::json::common::Fingerprint;
use super::json::request::{Attribute, CsrShow};
use super::page::Page;
use super::report::Report;
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum CsrCommand {
    /// Show a certification request
    Show(ShowRequest),
    /// Create a certification request, signed by a key on the token
    Create(Box<create::CreateRequest>),
    /// Sign certification requests with the CA's key
    ///
    /// Each request's own signature is verified, its subject is copied byte for byte, and the CA key's signature is verified before
    /// a file is written. The key is found by the CA certificate's public key.
    ///
    /// With several requests, every one is checked before the first is signed. The same command continues a job that was interrupted:
    /// what the ledger has for these requests is delivered and not signed again.
    Sign(Box<sign::SignRequests>),
}

#[derive(Debug, Args)]
pub(super) struct ShowRequest {
    /// The request, PEM or DER, or - for stdin
    file: PathBuf,
}

impl CsrCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::Show(show) => show.run(settings, ui),
            Self::Create(create) => create.run(settings, ui),
            Self::Sign(sign) => sign.run(settings, ui),
        }
    }
}

impl ShowRequest {
    /// Shows `file`, without options.
    pub(in crate::cli) const fn of(file: PathBuf) -> Self {
        Self { file }
    }

    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let request = input::request(&self.file)?;
        let verified = request.clone().verify().map(|_| ());
        let refused_keys = settings.refused_keys()?;
        let key = request.key_summary(refused_keys.as_deref());
        let asked = request.requested_extensions();
        let attributes = request.other_attributes();
        let mut page = Page::new(ui.canvas());
        page.line("Certification request").blank();
        page.rows("subject", &details::parts(request.subject()));
        details::write_key(&mut page, &key);
        page.row("signed with", &request.describe_signature());
        match &verified {
            Ok(()) => page.toned_row(
                "signature",
                "valid: the requester has the private key",
                Some(Tone::Good),
            ),
            Err(error) => page.toned_row("signature", &format!("REFUSED: {error}"), Some(Tone::Bad)),
        };
        let name_faults = request.name_faults();
        for fault in &name_faults {
            page.toned_row(
                "names",
                &format!("`csr sign` refuses them: {fault}"),
                Some(Tone::Bad),
            );
        }
        details::write_extensions(&mut page, "asks for", &asked);
        if !attributes.is_empty() {
            let pairs: Vec<_> = attributes
                .iter()
                .map(|(name, value)| (name.clone(), value.clone(), None))
                .collect();
            page.blank().line("other attributes").table(&pairs);
        }
        page.blank().line("SHA-256 of the request (DER)");
        page.row("in hex", &Hex(&request.sha256()).to_string())
            .words("in words", &words(&request.sha256()));
        let fingerprint = request.public_key().ok().as_ref().map(PublicKey::fingerprint);
        let spoken = fingerprint.map(|fingerprint| hash_words(fingerprint.as_bytes()));
        if let (Some(fingerprint), Some(spoken)) = (fingerprint, &spoken) {
            let spoken: Vec<_> = spoken.split(' ').collect();
            page.blank()
                .line("SHA-256 of the key: compare these words in a ceremony")
                .row("in hex", &fingerprint.to_string())
                .words("in words", &spoken);
        }
        let attribute = |(name, value): &(String, String)| Attribute {
            name: name.clone(),
            value: value.clone(),
        };
        let json = CsrShow {
            subject: request.subject().to_string(),
            subject_parts: request.subject().parts(),
            key_type: key.kind,
            key_exponent: key.exponent,
            key_problem: key.fault,
            key_identifier: key.identifier,
            signature_algorithm: request.describe_signature(),
            signature_verified: verified.is_ok(),
            problem: verified.err().map(|error| error.to_string()),
            name_problems: name_faults,
            requested_extensions: Extension::list(&asked),
            other_attributes: attributes.iter().map(attribute).collect(),
            sha256: Fingerprint::new(request.fingerprint()),
            sha256_words: words(&request.sha256()).join(" "),
            public_key_sha256: fingerprint.map(Fingerprint::new),
            public_key_sha256_words: spoken,
        };
        Ok(Report::new(page.into_text(), json.document()))
    }
}
