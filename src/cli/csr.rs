//! `csr`.

mod create;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use hsm_ca::workflow::{LookedBack, RequestToSign, SigningJob, SigningRequest, VerifiedIdentity};
use hsm_ca::x509::{Profile, Role, words};
use serde_json::json;

use super::canvas::Tone;
use super::cert::{details, extensions_json, report_issued};
use super::cluster::identity::{IdentityOptions, require_identity};
use super::connect::check_signing_key_name;
use super::exit::CliError;
use super::global::Settings;
use super::input;
use super::next_steps;
use super::output_file::{OutputOptions, SignatureOptions, WaiverOptions};
use super::page::Page;
use super::profile;
use super::report::Report;
use super::ui::Ui;
use super::validity::{self, ValidityOptions};

/// Told before the PIN prompt, so that there is time to stop.
const UNVERIFIED: &str = "the HSM's identity is not checked: `hsm-ca cluster verify` checks it, and --identity DIR makes this command require it";

/// So many requests are kept in memory. More are read from their files again each time that the job goes through them.
const MOST_HELD: usize = 64;

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
    Sign(Box<SignRequests>),
}

#[derive(Debug, Args)]
pub(super) struct ShowRequest {
    /// The request, PEM or DER, or - for stdin
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct SignRequests {
    /// The requests, PEM or DER, or - for stdin
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The CA certificate
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// The certificate, for one request; or - for stdout
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "out_dir",
        conflicts_with = "out_dir"
    )]
    out: Option<PathBuf>,
    /// The directory for the certificates: X.csr becomes X.crt, ID_ClusterCsr.csr becomes ID_CustomerHsmCertificate.crt
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// The profile of each certificate: cloudhsm-cluster, cloudhsm-client, intermediate, tls-server, tls-client, ocsp-signer, code-signing,
    /// or a file of your own, as ./x.toml [default: cloudhsm-cluster with --identity, or if every request has the subject of a CloudHSM
    /// HSM; otherwise required]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Sign only for the HSM whose files are in this directory, after its identity is verified as by `cluster verify`
    #[arg(long, value_name = "DIR")]
    identity: Option<PathBuf>,
    #[command(flatten)]
    identity_options: IdentityOptions,
    /// The CA's key, if it cannot be found on the token by the CA certificate's public key: a label, a pkcs11: URI, or kms:KEY
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    validity: ValidityOptions,
    /// The subjectKeyIdentifier for a CA certificate, in hex, instead of the one that its request asks for or that is derived from its key
    #[arg(long, value_name = "HEX")]
    ski: Option<String>,
    /// Sign every request, even if it was signed before and that certificate is recent
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    waivers: WaiverOptions,
    #[command(flatten)]
    signature: SignatureOptions,
    #[command(flatten)]
    output: OutputOptions,
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
    fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
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
        page.blank();
        details::write_fingerprint(&mut page, &request.sha256());
        let attribute = |(name, value): &(String, String)| json!({ "name": name, "value": value });
        let json = json!({
            "subject": request.subject().to_string(), "subject_parts": request.subject().parts(),
            "key": key.kind, "key_exponent": key.exponent, "key_fault": key.fault,
            "key_identifier": key.identifier,
            "signature_algorithm": request.describe_signature(), "signature_valid": verified.is_ok(),
            "refused_because": verified.err().map(|error| error.to_string()),
            "name_faults": name_faults,
            "requested_extensions": extensions_json(&asked),
            "other_attributes": attributes.iter().map(attribute).collect::<Vec<_>>(),
            "sha256": request.fingerprint(),
            "sha256_words": words(&request.sha256()).join(" "),
        });
        Ok(Report::new(page.into_text(), json))
    }
}

impl SignRequests {
    fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        if self.out.is_some() && self.files.len() > 1 {
            return Err(CliError::options(
                "--out is for one request; name a directory with --out-dir for several",
            ));
        }
        let chosen = self.choose_profile()?;
        let identity = self.verify_identity(chosen.as_ref())?;
        let authority = input::named(&self.ca, input::certificate)?;
        // A few requests are held; many are read again each time that the job goes through them.
        let held: Option<Vec<_>> = (self.files.len() <= MOST_HELD)
            .then(|| {
                self.files
                    .iter()
                    .map(|file| self.read_request(file, settings))
                    .collect()
            })
            .transpose()?;
        let requests = self.files.iter().enumerate().map(|(index, file)| {
            match held.as_ref().and_then(|held| held.get(index)) {
                Some(held) => Ok(RequestToSign::clone(held)),
                None => self.read_request(file, settings),
            }
        });
        let mut profile = match chosen {
            Some(profile) => profile,
            None => profile::default_for(requests.clone())?,
        };
        if let Some(identifier) = &self.ski {
            profile.key_identifier = Some(self.read_identifier(identifier, &profile)?);
        }
        let is_unverified = identity.is_none() && profile == Profile::cloudhsm_cluster();
        profile.refused_keys = settings.refused_keys()?;
        let profile = Arc::new(profile);
        let request = SigningRequest {
            authority: authority.clone(),
            key: self.key.clone(),
            profile: Arc::clone(&profile),
            identity: identity.as_ref().map(|(identity, _)| identity.clone()),
            validity: self.validity.asked(),
            signature: self.signature.chosen(),
            again: self.again,
            waivers: self.waivers.chosen(),
        };
        if let Some(key) = &self.key {
            check_signing_key_name(key)?;
        }
        let job = SigningJob::prepare(request, requests, &settings.clock)?;
        let mut warnings = Vec::from_iter(is_unverified.then(|| ui.warn(UNVERIFIED)).flatten());
        warnings.extend(validity::warn(&job.validity(), settings.clock.now(), ui));
        let mut recorder = settings.open_recorder_to_sign(&authority, self.key.as_deref())?;
        recorder.tell_unfinished(&authority.value, ui)?;
        let mut issued = Vec::new();
        let mut each = |summary| issued.push(summary);
        match job.look_back(&recorder)? {
            LookedBack::ToSign(job) => {
                let store = settings.open_store(self.key.as_deref())?;
                job.run(store.as_ref(), &mut recorder, ui, &mut each)?;
            }
            LookedBack::AllRecorded(job) => job.deliver(&mut recorder, &mut each)?,
        }
        // AWS takes PEM, DER not.
        let next = |file: &Path| (!self.output.der).then(|| next_steps::after(&profile, file, &self.ca))?;
        let mut report = report_issued(issued, "Signed", next);
        report.warnings.extend(warnings);
        report.warnings.extend(recorder.take_notices());
        match identity {
            Some((_, unknown_roots)) if !unknown_roots.is_empty() => report.warnings.push(format!(
                "the HSM's identity is verified, but under roots that hsm-ca does not know: {}",
                unknown_roots.join("; ")
            )),
            _ => {}
        }
        Ok(report.with_receipt(recorder))
    }

    /// Of one CA: two keys do not have the same identifier.
    fn read_identifier(&self, digits: &str, profile: &Profile) -> Result<Vec<u8>, CliError> {
        if profile.role != Role::Intermediate || self.files.len() > 1 {
            return Err(CliError::options(
                "--ski needs exactly one request, for a CA certificate",
            ));
        }
        let octets = hex::decode(digits.replace(':', "")).ok();
        octets
            .filter(|octets| !octets.is_empty())
            .ok_or_else(|| CliError::options(format!("--ski {digits}: write pairs of hex digits")))
    }

    /// The profile that is named, or that `--identity` implies; else the requests decide.
    fn choose_profile(&self) -> Result<Option<Profile>, CliError> {
        match &self.profile {
            Some(text) => profile::find(text, false).map(Some),
            None => Ok(self.identity.as_ref().map(|_| Profile::cloudhsm_cluster())),
        }
    }

    /// The identity that `--identity` asks for, with the unknown roots it rests on.
    fn verify_identity(
        &self,
        profile: Option<&Profile>,
    ) -> Result<Option<(VerifiedIdentity, Vec<String>)>, CliError> {
        let Some(directory) = &self.identity else {
            if self.identity_options.are_given() {
                return Err(CliError::options(
                    "--cluster and the root options need --identity DIR",
                ));
            }
            return Ok(None);
        };
        let cluster = Profile::cloudhsm_cluster();
        if let Some(other) = profile.filter(|profile| **profile != cluster) {
            return Err(CliError::options(format!(
                "--identity is for {}, not for {}",
                cluster.name, other.name
            )));
        }
        require_identity(directory, &self.identity_options).map(Some)
    }

    fn read_request(&self, file: &Path, settings: &Settings) -> Result<RequestToSign, CliError> {
        let request = input::request(file)?.verify();
        let request = request.map_err(|error| CliError::in_file(file, error))?;
        let target = self.target(file)?;
        settings.refuse_own_file(&target)?;
        Ok(RequestToSign {
            name: file.display().to_string(),
            request,
            delivery: self.output.delivery(&target),
        })
    }

    /// The names of AWS's guide: `ID_ClusterCsr.csr` is answered with `ID_CustomerHsmCertificate.crt`.
    fn target(&self, file: &Path) -> Result<PathBuf, CliError> {
        if let Some(out) = &self.out {
            return Ok(out.clone());
        }
        let directory = self.out_dir.as_deref().unwrap_or(Path::new("."));
        let stem = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .filter(|stem| *stem != "-")
            .ok_or_else(|| {
                CliError::options(format!(
                    "--out-dir needs inputs with names, and {} has none",
                    file.display()
                ))
            })?;
        let name = match stem.strip_suffix("_ClusterCsr") {
            Some(cluster) => format!("{cluster}_CustomerHsmCertificate.crt"),
            None => format!("{stem}.crt"),
        };
        Ok(directory.join(name))
    }
}
