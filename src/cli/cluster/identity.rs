//! `cluster verify`, and the same verification for `csr sign --identity`.

mod telling;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use hsm_ca::cloudhsm::{CertificateKind, KnownRoot, RootSide};
use hsm_ca::signer::KeyFingerprint;
use hsm_ca::workflow::{
    IdentityEvidence, IdentityPart, IdentityReport, IdentityRoots, IdentitySubject, UnknownRoot,
    VerifiedIdentity, WorkflowError, verify_identity,
};
use hsm_ca::x509::{Certificate, PathStep, UnixTime};

pub(in crate::cli) use telling::join;

use super::directory::{ClusterDirectory, names};
use crate::cli::exit::CliError;
use crate::cli::fingerprint;
use crate::cli::input;
use crate::cli::json::Output as _;
use crate::cli::json::cluster::ClusterVerify;
use crate::cli::next_steps;
use crate::cli::report::Report;
use crate::cli::ui::Ui;

/// The cluster, and the root certificates: files that are recognised by their SHA-256.
#[derive(Debug, Args)]
pub(in crate::cli) struct IdentityOptions {
    /// The cluster, if DIR has files of several
    #[arg(long, value_name = "CLUSTER")]
    cluster: Option<String>,
    /// AWS's root, AWS_CloudHSM_Root-G1.crt [default: the known one in DIR]
    #[arg(long, value_name = "FILE")]
    aws_root: Option<PathBuf>,
    /// The manufacturer's root [default: the known one in DIR]
    #[arg(long, value_name = "FILE")]
    manufacturer_root: Option<PathBuf>,
    /// The SHA-256 of AWS's root, which you have compared yourself: 64 hex digits or 32 words. A root that hsm-ca does not know is trusted
    /// because of it
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint::parse)]
    aws_root_sha256: Option<KeyFingerprint>,
    /// The same for the manufacturer's root
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint::parse)]
    manufacturer_root_sha256: Option<KeyFingerprint>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyIdentity {
    /// The directory with the files of `cluster fetch`
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    options: IdentityOptions,
}

impl IdentityOptions {
    /// Whether any of them is given.
    pub(in crate::cli) const fn are_given(&self) -> bool {
        self.cluster.is_some()
            || self.aws_root.is_some()
            || self.manufacturer_root.is_some()
            || self.aws_root_sha256.is_some()
            || self.manufacturer_root_sha256.is_some()
    }

    fn read_roots(&self, directory: &Path) -> Result<IdentityRoots, CliError> {
        Ok(IdentityRoots {
            aws: read_root(directory, RootSide::Aws, self.aws_root.as_deref())?,
            manufacturer: read_root(
                directory,
                RootSide::Manufacturer,
                self.manufacturer_root.as_deref(),
            )?,
            aws_sha256: self.aws_root_sha256.map(|sha256| sha256.to_string()),
            manufacturer_sha256: self.manufacturer_root_sha256.map(|sha256| sha256.to_string()),
        })
    }
}

const fn option_of(side: RootSide) -> &'static str {
    match side {
        RootSide::Aws => "--aws-root",
        RootSide::Manufacturer => "--manufacturer-root",
    }
}

/// The options for the roots that are not in the directory.
#[cfg(feature = "aws")]
pub(super) fn missing_roots(directory: &Path) -> Vec<&'static str> {
    [RootSide::Aws, RootSide::Manufacturer]
        .into_iter()
        .filter(|side| read_root(directory, *side, None).is_err())
        .map(option_of)
        .collect()
}

/// The named root, or else a file in the directory with a known fingerprint, under any name.
fn read_root(directory: &Path, side: RootSide, file: Option<&Path>) -> Result<Certificate, CliError> {
    if let Some(file) = file {
        return input::certificate(file);
    }
    let mut found = Vec::new();
    for name in names(directory)? {
        let file = directory.join(name);
        let known = file.is_file().then(|| input::certificate(&file).ok()).flatten();
        let known =
            known.and_then(|root| KnownRoot::recognise(&root.fingerprint()).map(|known| (known, root)));
        found.extend(known.filter(|(known, _)| known.side == side));
    }
    // Of an old root and its successor, take the one that is valid without a note.
    found.sort_by_key(|(known, _)| known.successor.is_some());
    found.into_iter().next().map(|(_, root)| root).ok_or_else(|| {
        CliError::options(format!(
            "{} has no known root of {}: name one with {option}",
            directory.display(),
            side.owner(),
            option = option_of(side)
        ))
    })
}

fn verify(directory: &ClusterDirectory, roots: &IdentityRoots) -> Result<IdentityReport, CliError> {
    let certificate = |kind| input::certificate(&directory.file(kind)?);
    let evidence = IdentityEvidence {
        request: input::request(&directory.file(CertificateKind::ClusterCsr)?)?,
        hsm: certificate(CertificateKind::HsmCertificate)?,
        aws_hardware: certificate(CertificateKind::AwsHardwareCertificate)?,
        manufacturer_hardware: certificate(CertificateKind::ManufacturerHardwareCertificate)?,
    };
    Ok(verify_identity(
        &evidence,
        roots,
        UnixTime::from_system(SystemTime::now()),
    ))
}

/// The identity of the HSM in `directory`, for a signature, with the unknown roots that were trusted.
pub(in crate::cli) fn require_identity(
    directory: &Path,
    options: &IdentityOptions,
) -> Result<(VerifiedIdentity, Vec<UnknownRoot>), CliError> {
    let files = ClusterDirectory::open(directory, options.cluster.as_deref())?;
    let report = verify(&files, &options.read_roots(directory)?)?;
    match report.verified() {
        Some(identity) => Ok((identity, report.unknown_roots())),
        None => {
            let first = report.failures().next().map(name_failure).unwrap_or_default();
            let failed = report.failures().count();
            Err(WorkflowError::IdentityNotVerified { first, failed }.into())
        }
    }
}

impl VerifyIdentity {
    /// The command that signs for this HSM, with the roots that were given here.
    fn next(&self, cluster: &str) -> String {
        let options = &self.options;
        let roots = [
            (
                option_of(RootSide::Aws),
                options.aws_root.as_ref().map(|path| path.display().to_string()),
            ),
            (
                option_of(RootSide::Manufacturer),
                options
                    .manufacturer_root
                    .as_ref()
                    .map(|path| path.display().to_string()),
            ),
            (
                "--aws-root-sha256",
                options.aws_root_sha256.map(|sha256| sha256.to_string()),
            ),
            (
                "--manufacturer-root-sha256",
                options.manufacturer_root_sha256.map(|sha256| sha256.to_string()),
            ),
        ];
        let roots = roots
            .into_iter()
            .filter_map(|(option, value)| Some((option, value?)));
        next_steps::after_identity(&self.dir, cluster, roots)
    }

    pub(super) fn run(&self, ui: &Ui) -> Result<Report, CliError> {
        let files = ClusterDirectory::open(&self.dir, self.options.cluster.as_deref())?;
        let report = verify(&files, &self.options.read_roots(&self.dir)?)?;
        let is_verified = report.verified().is_some();
        let text = telling::tell(&report, files.cluster(), ui);
        let json = ClusterVerify::of(files.cluster(), &report);
        Ok(Report {
            next: is_verified.then(|| self.next(files.cluster())),
            failure: (!is_verified).then(|| {
                let what = format!("the identity of the HSM of {}", files.cluster());
                let first = report.failures().next().map(name_failure);
                CliError::not_verified(what, first.unwrap_or_default())
            }),
            ..Report::new(text, json.document())
        })
    }
}

fn name_failure((part, subject, step): (&IdentityPart, &IdentitySubject, &PathStep)) -> String {
    format!(
        "{}, {}, {}: {}",
        part.kind.title(),
        subject.role,
        step.what,
        step.finding.text()
    )
}
