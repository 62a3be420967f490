//! `csr create`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use hsm_ca::output::encode_pem;
use hsm_ca::signer::Hex;
use hsm_ca::workflow::{CsrRequest, CsrSummary, create_request};
use hsm_ca::x509::{AlternativeName, CERTIFICATE_REQUEST, Name};
use serde_json::json;

use crate::cli::cert::extensions_json;
use crate::cli::connect::check_signing_key_name;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::output_file::{OutputOptions, SignatureOptions, split};
use crate::cli::profile;
use crate::cli::report::{Fields, Report, printable};
use crate::cli::shell::quote;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct CreateRequest {
    /// The key: its label, a pkcs11: URI, or kms:KEY, a KMS key that signs (id, ARN or alias)
    #[arg(long)]
    key: String,
    /// The name, most specific part first, as "CN=Example Issuing CA,O=Example,C=US"
    #[arg(long, value_name = "DN")]
    subject: String,
    /// The request, or - for stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A host name to ask for; may be given more than once, like those below
    #[arg(long, value_name = "NAME", value_parser = |name: &str| AlternativeName::parse(&format!("dns:{name}")))]
    dns: Vec<AlternativeName>,
    /// An IP address to ask for
    #[arg(long, value_name = "ADDRESS", value_parser = |address: &str| AlternativeName::parse(&format!("ip:{address}")))]
    ip: Vec<AlternativeName>,
    /// A mailbox to ask for
    #[arg(long, value_name = "MAILBOX", value_parser = |mailbox: &str| AlternativeName::parse(&format!("email:{mailbox}")))]
    email: Vec<AlternativeName>,
    /// A URI to ask for
    #[arg(long, value_name = "URI", value_parser = |uri: &str| AlternativeName::parse(&format!("uri:{uri}")))]
    uri: Vec<AlternativeName>,
    /// Ask for what certificates of this profile have: whether it is a CA, usages and purposes
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    #[command(flatten)]
    signature: SignatureOptions,
    #[command(flatten)]
    output: OutputOptions,
}

impl CreateRequest {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        let profile = self.profile.as_deref().map(|name| profile::find(name, false));
        let request = CsrRequest {
            key: self.key.clone(),
            subject: Name::from_rfc4514(&self.subject)?,
            names: self.names(),
            profile: profile.transpose()?.map(Arc::new),
            signature: self.signature.chosen(),
            delivery: self.output.delivery(&self.out),
        };
        check_signing_key_name(&self.key)?;
        request.delivery.check()?;
        let mut recorder = settings.open_recorder()?;
        let store = settings.open_store(Some(&self.key))?;
        let summary = create_request(store.as_ref(), &mut recorder, &request, ui)?;
        let mut report = self.present(summary);
        report.warnings.extend(recorder.take_notices());
        Ok(report.with_receipt(recorder))
    }

    /// Each once.
    fn names(&self) -> Vec<AlternativeName> {
        let mut names: Vec<AlternativeName> = Vec::new();
        for name in [&self.dns, &self.ip, &self.email, &self.uri]
            .into_iter()
            .flatten()
        {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    fn present(&self, summary: CsrSummary) -> Report {
        let request = summary.request;
        let (path, content) = split(summary.delivered);
        let shown = path.as_ref().map(|path| path.display().to_string());
        let identifier = request
            .public_key()
            .map(|key| Hex(&key.key_identifier()).to_string());
        let identifier = identifier.unwrap_or_default();
        let mut fields = Fields::default();
        fields
            .add("subject", request.subject())
            .add("key", request.describe_key())
            .add("key identifier", &identifier)
            .add("signed with", request.describe_signature());
        for extension in request.requested_extensions() {
            fields.add(format!("asks for {}", extension.name), extension.value);
        }
        let mut text = format!(
            "Created the request: {}\n{}",
            printable(shown.as_deref().unwrap_or("to stdout")),
            fields.render(2)
        );
        if let Some(file) = &shown {
            let profile = self.profile.as_deref().unwrap_or("PROFILE");
            text.push_str(&format!(
                "Next, on the CA's machine: hsm-ca csr sign {} --ca CA --profile {} --out FILE\n",
                printable(&quote(file)),
                printable(&quote(profile))
            ));
        }
        let json = json!({
            "file": shown, "pem": encode_pem(CERTIFICATE_REQUEST, request.der()), "sha256": request.fingerprint(),
            "subject": request.subject().to_string(), "key": request.describe_key(), "key_identifier": identifier,
            "signature_algorithm": request.describe_signature(),
            "requested_extensions": extensions_json(&request.requested_extensions()),
        });
        Report {
            content,
            ..Report::new(text, json)
        }
    }
}
