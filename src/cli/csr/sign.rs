//! `csr sign`.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hsm_ca::output::OutputDirectory;
use hsm_ca::workflow::{
    BatchOptions, LookedBack, Recorder, RequestOutcome, SigningJob, SigningRequest, UnknownRoot,
    VerifiedIdentity,
};
use hsm_ca::x509::{Profile, Role};

use super::outcomes::Outcomes;
use super::requests::{self, Requests};
use crate::cli::batch::Quietly;
use crate::cli::cert::report_issued;
use crate::cli::cluster::identity::{IdentityOptions, join, require_identity};
use crate::cli::connect::check_signing_key_name;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::request::CsrSign;
use crate::cli::number::number;
use crate::cli::output_file::{OutputOptions, SignatureOptions, WaiverOptions, require_directory};
use crate::cli::profile;
use crate::cli::report::Report;
use crate::cli::ui::Ui;
use crate::cli::validity::{self, ValidityOptions};
use crate::cli::{input, next_steps};

/// A warning before the PIN prompt, while there is time to stop.
const UNVERIFIED: &str = "the HSM's identity is not checked: `hsm-ca cluster verify` checks it, and --identity DIR makes this command require it";

#[derive(Debug, Args)]
pub(in crate::cli) struct SignRequests {
    /// The requests, a directory of them, or - for stdin
    ///
    /// PEM or DER; of a directory its files that end in .csr, .req, .p10, .pem or .der.
    #[arg(required_unless_present = "from_stdin", value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Read the paths of more requests from stdin: one on each line, or each ended by a NUL byte
    #[arg(long)]
    from_stdin: bool,
    /// Sign in N sessions of the token at the same time [default: one for each processor; one for fewer than 16 requests]
    #[arg(long, value_name = "N", value_parser = number::<u16>("a number of sessions", 1..=1024))]
    jobs: Option<u16>,
    /// Report a request that is refused and go on with the others, instead of signing none; the exit code is 3 then
    #[arg(long, conflicts_with = "out")]
    keep_going: bool,
    /// The CA certificate
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// The certificate, for one request; or - for stdout
    #[arg(
        short = 'o',
        long,
        value_name = "FILE",
        required_unless_present = "out_dir",
        conflicts_with = "out_dir"
    )]
    out: Option<PathBuf>,
    /// The directory for the certificates
    ///
    /// It is created if it does not exist.
    ///
    /// X.csr becomes X.crt, and ID_ClusterCsr.csr becomes ID_CustomerHsmCertificate.crt.
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// The profile; optional if every request is an HSM's
    ///
    /// One of cloudhsm-cluster, cloudhsm-client, intermediate, tls-server, tls-client, ocsp-signer and code-signing, or a file of your own, as
    /// ./x.toml [default: cloudhsm-cluster with --identity, or if every request has the subject of a CloudHSM HSM; otherwise required]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Sign only for the HSM with the files in DIR
    ///
    /// They are those of `cluster fetch`. The HSM's identity is verified first, as by `cluster verify`.
    #[arg(long, value_name = "DIR")]
    identity: Option<PathBuf>,
    #[command(flatten)]
    identity_options: IdentityOptions,
    /// The CA's key, if --ca does not identify it
    ///
    /// It is found on the token by the CA certificate's public key; otherwise give a label, a pkcs11: URI, or kms:KEY.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    validity: ValidityOptions,
    /// The subjectKeyIdentifier for a CA certificate, in hex, instead of the one that its request asks for or that is derived from its key
    #[arg(long, value_name = "HEX")]
    ski: Option<String>,
    /// Sign again what was signed before
    ///
    /// Without it, a request whose certificate is recent gets that certificate again.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    waivers: WaiverOptions,
    #[command(flatten)]
    signature: SignatureOptions,
    #[command(flatten)]
    output: OutputOptions,
}

impl SignRequests {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let (files, are_many) = requests::find(&self.files, self.from_stdin)?;
        let count = files.len();
        if self.out.is_some() && are_many {
            return Err(CliError::options(
                "--out is for one request; name a directory with --out-dir for several",
            ));
        }
        let out_dir = self.out_dir.as_deref();
        let _made = out_dir.map(OutputDirectory::find_or_make).transpose()?;
        if let Some(directory) = &self.out_dir {
            require_directory(directory)?;
        }
        let chosen = self.choose_profile()?;
        let identity = self.verify_identity(chosen.as_ref())?;
        let authority = input::named(&self.ca, input::certificate)?;
        let (out, out_dir) = (self.out.as_deref(), self.out_dir.as_deref());
        let requests = Requests::new(files, out, out_dir, &self.output, settings, self.keep_going)?;
        let mut profile = match chosen {
            Some(profile) => profile,
            None => profile::default_for(&requests, self.keep_going)?,
        };
        if let Some(identifier) = &self.ski {
            profile.key_identifier = Some(read_identifier(identifier, &profile, count)?);
        }
        self.waivers.refuse_for(&profile)?;
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
        let options = BatchOptions {
            jobs: self.jobs.and_then(|jobs| NonZeroUsize::new(jobs.into())),
            keep_going: self.keep_going,
            resume: are_many,
        };
        let job = SigningJob::prepare(request, requests, options, &settings.clock)?;
        let mut warnings = Vec::from_iter(is_unverified.then(|| ui.warn(UNVERIFIED)).flatten());
        warnings.extend(validity::warn(&job.validity(), settings.clock.now(), ui));
        let mut recorder = settings.open_recorder_to_sign(&authority, self.key.as_deref())?;
        recorder.tell_unfinished(&authority.value, ui)?;
        let mut report = if are_many || self.keep_going {
            let mut outcomes = Outcomes::new(ui, count);
            self.issue(job, settings, &mut recorder, ui, true, &mut |outcome| {
                outcomes.tell(outcome)
            })?;
            outcomes.summarise()
        } else {
            let mut issued = Vec::new();
            let mut each = |outcome| {
                if let RequestOutcome::Issued(summary) = outcome {
                    issued.push(*summary);
                }
            };
            self.issue(job, settings, &mut recorder, ui, false, &mut each)?;
            // AWS accepts only PEM.
            let next =
                |file: &Path| (!self.output.der).then(|| next_steps::after(&profile, file, &self.ca))?;
            report_issued(issued, "Signed", next, |certificates| {
                CsrSign { certificates }.document()
            })
        };
        report.warnings.extend(warnings);
        report.warnings.extend(recorder.take_notices());
        match identity {
            Some((_, unknown_roots)) if !unknown_roots.is_empty() => report.warnings.push(format!(
                "the HSM's identity is verified, but under roots that hsm-ca does not know: {}",
                join(&unknown_roots)
            )),
            _ => {}
        }
        Ok(report.with_receipt(recorder))
    }

    fn issue(
        &self,
        job: SigningJob<Requests<'_>>,
        settings: &Settings,
        recorder: &mut Recorder,
        ui: &Ui,
        is_batch: bool,
        each: &mut dyn FnMut(RequestOutcome<CliError>),
    ) -> Result<(), CliError> {
        let issued = match job.look_back(recorder)? {
            LookedBack::ToSign(job) => {
                let store = settings.open_store(self.key.as_deref())?;
                match is_batch {
                    true => {
                        // Not before the PIN prompt, which Ctrl-C ends.
                        recorder.end_waits_when(ui.stop_batch_on_signals());
                        job.run(store.as_ref(), recorder, &Quietly(ui), each)
                    }
                    false => job.run(store.as_ref(), recorder, ui, each),
                }
            }
            LookedBack::AllRecorded(job) => job.deliver(recorder, each),
        };
        if issued.is_err() {
            for notice in recorder.take_notices() {
                ui.warn_now(&notice);
            }
        }
        issued
    }

    /// The named profile, or the one that `--identity` implies. Otherwise the requests decide.
    fn choose_profile(&self) -> Result<Option<Profile>, CliError> {
        match &self.profile {
            Some(text) => profile::find(text, false).map(Some),
            None => Ok(self.identity.as_ref().map(|_| Profile::cloudhsm_cluster())),
        }
    }

    /// The identity for `--identity`, with the unknown roots that were trusted.
    fn verify_identity(
        &self,
        profile: Option<&Profile>,
    ) -> Result<Option<(VerifiedIdentity, Vec<UnknownRoot>)>, CliError> {
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
}

/// Accepted for one CA only: two keys must not have the same identifier.
fn read_identifier(digits: &str, profile: &Profile, count: usize) -> Result<Vec<u8>, CliError> {
    if profile.role != Role::Intermediate || count > 1 {
        return Err(CliError::options(
            "--ski needs exactly one request, for a CA certificate",
        ));
    }
    let octets = hex::decode(digits.replace(':', "")).ok();
    octets
        .filter(|octets| !octets.is_empty())
        .ok_or_else(|| CliError::options(format!("--ski {digits}: write pairs of hex digits")))
}
