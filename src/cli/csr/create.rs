//! `csr create`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use hsm_ca::output::encode_pem;
use hsm_ca::signer::Hex;
use hsm_ca::workflow::{CsrRequest, CsrSummary, create_request};
use hsm_ca::x509::{AlternativeName, CERTIFICATE_REQUEST, Name, NameKind};

use crate::cli::connect::check_signing_key_name;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::certificate::Extension;
use crate::cli::json::common::Fingerprint;
use crate::cli::json::request::CsrCreate;
use crate::cli::next_steps;
use crate::cli::output_file::{OutputOptions, SignatureOptions, split};
use crate::cli::profile;
use crate::cli::report::{Fields, Report, printable};
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
    #[arg(short = 'o', long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    names: RequestedNames,
    /// Ask for what certificates of this profile have: whether it is a CA, usages and purposes
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    #[command(flatten)]
    signature: SignatureOptions,
    #[command(flatten)]
    output: OutputOptions,
}

#[derive(Debug, Args)]
struct RequestedNames {
    /// A host name to ask for; may be given more than once, like those below
    #[arg(long, value_name = "NAME", value_parser = of_kind(NameKind::Dns))]
    dns: Vec<AlternativeName>,
    /// An IP address to ask for
    #[arg(long, value_name = "ADDRESS", value_parser = of_kind(NameKind::Ip))]
    ip: Vec<AlternativeName>,
    /// A mailbox to ask for
    #[arg(long, value_name = "MAILBOX", value_parser = of_kind(NameKind::Email))]
    email: Vec<AlternativeName>,
    /// A URI to ask for
    #[arg(long, value_name = "URI", value_parser = of_kind(NameKind::Uri))]
    uri: Vec<AlternativeName>,
    /// A user principal name of Active Directory to ask for; this and the names below need a profile that accepts their kind
    #[arg(long, value_name = "USER@DOMAIN", value_parser = of_kind(NameKind::Upn))]
    upn: Vec<AlternativeName>,
    /// The GUID of a domain controller to ask for (its objectGUID)
    #[arg(long, value_name = "GUID", value_parser = of_kind(NameKind::NtdsGuid))]
    ntds_guid: Vec<AlternativeName>,
    /// A service of a domain to ask for (RFC 4985)
    #[arg(long, value_name = "_SERVICE.DOMAIN", value_parser = of_kind(NameKind::Srv))]
    srv: Vec<AlternativeName>,
    /// A mailbox to ask for whose local part is not ASCII (RFC 9598)
    #[arg(long, value_name = "MAILBOX", value_parser = of_kind(NameKind::SmtpUtf8))]
    smtp_utf8: Vec<AlternativeName>,
    /// An object identifier to ask for as a name (registeredID)
    #[arg(long, value_name = "OID", value_parser = of_kind(NameKind::RegisteredId))]
    registered_id: Vec<AlternativeName>,
}

fn of_kind(kind: NameKind) -> impl Fn(&str) -> Result<AlternativeName, String> + Clone {
    move |name| AlternativeName::parse(&format!("{}:{name}", kind.word()))
}

impl RequestedNames {
    fn each_once(&self) -> Vec<AlternativeName> {
        let mut names: Vec<AlternativeName> = Vec::new();
        let usual = [&self.dns, &self.ip, &self.email, &self.uri];
        let others = [
            &self.upn,
            &self.ntds_guid,
            &self.srv,
            &self.smtp_utf8,
            &self.registered_id,
        ];
        for name in usual.into_iter().chain(others).flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }
}

impl CreateRequest {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        settings.refuse_own_file(&self.out)?;
        let profile = self.profile.as_deref().map(|name| profile::find(name, false));
        let request = CsrRequest {
            key: self.key.clone(),
            subject: Name::from_rfc4514(&self.subject)?,
            names: self.names.each_once(),
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
        let text = format!(
            "Created the request: {}\n{}",
            printable(shown.as_deref().unwrap_or("to stdout")),
            fields.render(2)
        );
        let profile = self.profile.as_deref().unwrap_or("PROFILE");
        let next = shown
            .as_deref()
            .map(|file| next_steps::after_request(file, profile));
        let json = CsrCreate {
            file: shown,
            pem: encode_pem(CERTIFICATE_REQUEST, request.der()),
            sha256: Fingerprint::new(request.fingerprint()),
            subject: request.subject().to_string(),
            key_type: request.describe_key(),
            key_identifier: identifier,
            signature_algorithm: request.describe_signature(),
            requested_extensions: Extension::list(&request.requested_extensions()),
        };
        Report {
            content,
            next,
            ..Report::new(text, json.document())
        }
    }
}
