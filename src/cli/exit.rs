//! One table from error to kind, exit code and hint.

mod aws_table;
mod bench_table;
mod ceremony_table;
mod cloudhsm_table;
mod kms_table;
mod ledger_table;
mod own_hint;
mod people_table;
mod row;
mod run_table;
mod signer_table;
mod table;
mod token_table;
mod x509_table;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "aws")]
use hsm_ca::cloudhsm::ServerError;
use hsm_ca::file_trust::{Owners, TrustError};
use hsm_ca::ledger::{LedgerUrl, LedgerUrlError};
use hsm_ca::token::UriError;
use hsm_ca::workflow::WorkflowError;
use hsm_ca::x509::Profile;

#[cfg(feature = "aws")]
use cloudhsm_table::explain_server;
use row::Row;
use table::explain_workflow;

/// Failed, for a reason outside the input.
pub(super) const FAILED: u8 = 1;
/// Wrong usage or configuration.
pub(super) const USAGE: u8 = 2;
/// Refused by a check.
pub(super) const REFUSED: u8 = 3;
/// Token, KMS or ledger unavailable, or login refused.
pub(super) const UNAVAILABLE: u8 = 4;

/// Why a command was not carried out, with the file it is about.
#[derive(Debug)]
pub(super) enum CliError {
    /// The job itself.
    Workflow {
        file: Option<PathBuf>,
        cause: Box<WorkflowError>,
    },
    /// A file cannot be read.
    Read { path: PathBuf, cause: io::Error },
    /// A file is none of those that are shown.
    Unrecognised { path: PathBuf },
    /// A file is larger than anything it could be.
    TooLarge { path: PathBuf, limit: u64 },
    /// The configuration file is wrong.
    Config {
        path: PathBuf,
        line: Option<usize>,
        reason: String,
    },
    /// A file that decides what is loaded, run or signed could be another user's work.
    Trust {
        /// As it was named, or found.
        path: PathBuf,
        /// It was not named.
        found: bool,
        cause: TrustError,
    },
    /// The program could not start itself once more.
    Restart { cause: io::Error },
    /// A `pkcs11:` URI is wrong.
    Uri { option: String, cause: UriError },
    /// No module is named.
    NoModule,
    /// `--pin-source` has an unknown form.
    PinSource,
    /// The PIN cannot be read.
    Pin { reason: String },
    /// The same, of the password of a ledger's server.
    #[cfg(feature = "postgres")]
    LedgerPassword { cause: Box<Self> },
    /// The PIN file can be read by others.
    PinFileMode { path: PathBuf, mode: u32 },
    /// The file of a private key can be read by others.
    KeyFileMode { path: PathBuf, mode: u32 },
    /// A proof is about another object than the certificate.
    OtherProof {
        certificate: PathBuf,
        found: String,
        proven: String,
    },
    /// An entry has no event that says that an object was signed.
    NothingToProve { entry: String, state: &'static str },
    /// A key is to be deleted, and nobody has confirmed it.
    Unconfirmed { reason: &'static str },
    /// A cluster is to be initialised, and nobody has confirmed it.
    #[cfg(feature = "aws")]
    NotInitialized { reason: &'static str },
    /// Something would have to be asked.
    WouldPrompt { what: String },
    /// A directory without the files of a cluster.
    NoClusterFiles {
        directory: PathBuf,
        cluster: Option<String>,
    },
    /// One of the files that show an HSM's identity is not there.
    MissingEvidence { file: PathBuf },
    /// The server that hosts an HSM did not show its certificate.
    #[cfg(feature = "aws")]
    Server { cause: ServerError },
    /// The ledger is not named in a way that this version knows.
    LedgerUrl {
        origin: &'static str,
        cause: LedgerUrlError,
    },
    /// There is no ledger at the configured place.
    NoLedger { place: Box<LedgerUrl>, origin: String },
    /// The ledger has nothing of that number.
    NoEntry { wanted: String },
    /// No `--profile`, and a request whose subject does not say what its certificate is for.
    NoProfile { request: String },
    /// The process that rehearsed a session did not finish it.
    Rehearsal {
        session: String,
        reason: String,
        hint: Option<String>,
        exit_code: u8,
    },
    /// Options that clap cannot check.
    Options { reason: String },
}

/// An error as it is reported.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) kind: &'static str,
    pub(super) exit_code: u8,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl CliError {
    pub(super) fn read(path: &Path, cause: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            cause,
        }
    }

    pub(super) fn config(path: &Path, line: Option<usize>, reason: &str) -> Self {
        Self::Config {
            path: path.to_owned(),
            line,
            reason: reason.to_owned(),
        }
    }

    /// A missing file is reported like any other file that cannot be read.
    pub(super) fn trust(path: &Path, owners: Owners, cause: TrustError) -> Self {
        let path = path.to_owned();
        match cause {
            TrustError::Io { cause, .. } => Self::Read { path, cause },
            cause => Self::Trust {
                path,
                found: owners == Owners::Own,
                cause,
            },
        }
    }

    pub(super) fn restart(cause: io::Error) -> Self {
        Self::Restart { cause }
    }

    pub(super) fn uri(option: &str, cause: UriError) -> Self {
        Self::Uri {
            option: option.to_owned(),
            cause,
        }
    }

    pub(super) fn pin(reason: String) -> Self {
        Self::Pin { reason }
    }

    pub(super) fn options(reason: impl Into<String>) -> Self {
        Self::Options {
            reason: reason.into(),
        }
    }

    /// An error about the content of one file.
    pub(super) fn in_file(path: &Path, cause: impl Into<WorkflowError>) -> Self {
        Self::Workflow {
            file: Some(path.to_owned()),
            cause: Box::new(cause.into()),
        }
    }

    pub(super) fn explain(&self) -> Refusal {
        let (kind, exit_code, hint): Row = match self {
            Self::Workflow { cause, .. } => explain_workflow(cause),
            Self::Read { .. } => ("unreadable-file", USAGE, None),
            Self::Unrecognised { .. } => ("unrecognised-file", REFUSED, None),
            Self::TooLarge { .. } => ("too-large", REFUSED, None),
            Self::Config { .. } => ("configuration", USAGE, None),
            Self::Trust { .. } => ("untrusted-file", USAGE, None),
            Self::Restart { .. } => (
                "restart",
                FAILED,
                Some("export the variables of [module-environment] yourself"),
            ),
            Self::Uri {
                cause: UriError::PinValue,
                ..
            } => (
                "uri",
                USAGE,
                Some("name where the PIN is with --pin-source: file:PATH, env:NAME, fd:N or credential:NAME"),
            ),
            Self::Uri { .. } => ("uri", USAGE, None),
            Self::NoModule => (
                "no-module",
                USAGE,
                Some(
                    "name it with --module, HSM_CA_MODULE, or `module` in hsm-ca.toml; `hsm-ca rig new DIR` makes a SoftHSM rig",
                ),
            ),
            Self::PinSource => (
                "pin-source",
                USAGE,
                Some(
                    "give where the PIN is, never the PIN itself; file:PATH names a file that only you can read",
                ),
            ),
            Self::Pin { .. } => ("pin-source", USAGE, None),
            #[cfg(feature = "postgres")]
            Self::LedgerPassword { .. } => (
                "ledger-password",
                USAGE,
                Some("--ledger-password-source takes its sources as --pin-source does; docs/postgres.md"),
            ),
            Self::PinFileMode { .. } => (
                "pin-file-mode",
                USAGE,
                Some("chmod 600 it, and change the PIN if others may have read it"),
            ),
            Self::KeyFileMode { .. } => (
                "key-file-mode",
                USAGE,
                Some("make a new key that only you can read: others may have read this one"),
            ),
            Self::OtherProof { .. } => (
                "proof-failed",
                REFUSED,
                Some("name the certificate that the proof is about"),
            ),
            Self::NothingToProve { .. } => (
                "nothing-to-prove",
                REFUSED,
                Some("`hsm-ca ledger show '#N'` shows the entry"),
            ),
            Self::Unconfirmed { .. } => (
                "not-confirmed",
                USAGE,
                Some("`hsm-ca key show` shows the key; --yes deletes it without asking"),
            ),
            #[cfg(feature = "aws")]
            Self::NotInitialized { .. } => (
                "not-confirmed",
                USAGE,
                Some("`hsm-ca cert show` shows both certificates; --yes initialises without asking"),
            ),
            Self::WouldPrompt { .. } => (
                "input-needed",
                USAGE,
                Some("name another --pin-source: file:PATH, env:NAME, fd:N or credential:NAME"),
            ),
            Self::NoClusterFiles { .. } => (
                "no-cluster-files",
                USAGE,
                Some("`hsm-ca cluster fetch CLUSTER --out-dir DIR` writes them"),
            ),
            Self::MissingEvidence { .. } => (
                "identity-incomplete",
                REFUSED,
                Some("`hsm-ca cluster fetch` gets all of them, but only while the cluster is UNINITIALIZED"),
            ),
            #[cfg(feature = "aws")]
            Self::Server { cause } => explain_server(cause),
            Self::LedgerUrl { .. } => (
                "ledger-url",
                USAGE,
                Some(
                    "write sqlite:PATH, or postgres://HOST/DATABASE (docs/postgres.md) with --ledger-password-source for a password; a relative path in the configuration file starts at the file's directory",
                ),
            ),
            Self::NoLedger { .. } => ("no-ledger", UNAVAILABLE, None),
            Self::NoEntry { .. } => (
                "no-entry",
                REFUSED,
                Some("`hsm-ca ledger list` shows the entries; write an entry's number as '#3'"),
            ),
            Self::NoProfile { .. } => (
                "no-profile",
                USAGE,
                Some(
                    "`hsm-ca csr show` shows what a request asks for; docs/profiles.md says what each profile gives",
                ),
            ),
            Self::Rehearsal { exit_code, .. } => ("rehearsal", *exit_code, None),
            Self::Options { .. } => ("usage", USAGE, None),
        };
        Refusal {
            kind,
            exit_code,
            message: self.to_string(),
            hint: self.own_hint().or(hint.map(str::to_owned)),
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workflow {
                file: Some(file),
                cause,
            } => write!(f, "{}: {cause}", file.display()),
            Self::Workflow { file: None, cause } => cause.fmt(f),
            Self::Read { path, cause } => write!(f, "{} cannot be read: {cause}", path.display()),
            Self::Unrecognised { path } => write!(
                f,
                "{} is not a certificate, request, CRL, OCSP request or response, pair file, ceremony plan or ledger export",
                path.display()
            ),
            Self::TooLarge { path, limit } => {
                write!(f, "{} exceeds the {} KiB limit", path.display(), limit / 1024)
            }
            Self::Config {
                path,
                line: Some(line),
                reason,
            } => write!(f, "{}, line {line}: {reason}", path.display()),
            Self::Config {
                path,
                line: None,
                reason,
            } => write!(f, "{}: {reason}", path.display()),
            Self::Trust {
                path,
                found: true,
                cause,
            } => {
                write!(f, "{} was found but not used: {cause}", path.display())
            }
            Self::Trust {
                path,
                found: false,
                cause,
            } => {
                write!(
                    f,
                    "{} is not used, because others could change it: {cause}",
                    path.display()
                )
            }
            Self::Restart { cause } => write!(f, "cannot set the module's environment: {cause}"),
            Self::Uri { option, cause } => write!(f, "{option} is not a usable pkcs11: URI: {cause}"),
            Self::NoModule => f.write_str("no PKCS#11 module is named"),
            Self::PinSource => {
                f.write_str("--pin-source must be prompt, env:NAME, file:PATH, fd:N or credential:NAME")
            }
            Self::Pin { reason } => write!(f, "no PIN: {reason}"),
            #[cfg(feature = "postgres")]
            Self::LedgerPassword { cause } => write!(
                f,
                "the password for the ledger cannot be read as a PIN would be: {cause}"
            ),
            Self::PinFileMode { path, mode } => {
                write!(
                    f,
                    "the PIN file {} can be read by others (mode {mode:04o})",
                    path.display()
                )
            }
            Self::KeyFileMode { path, mode } => {
                write!(
                    f,
                    "the private key {} can be read by others (mode {mode:04o})",
                    path.display()
                )
            }
            Self::OtherProof {
                certificate,
                found,
                proven,
            } => write!(
                f,
                "the proof is about an object with the SHA-256 {proven}, and {} has {found}",
                certificate.display()
            ),
            Self::NothingToProve { entry, state } => {
                write!(f, "entry {entry} has no signed object to prove: it is {state}")
            }
            Self::Unconfirmed { reason } => write!(f, "nothing was deleted: {reason}"),
            #[cfg(feature = "aws")]
            Self::NotInitialized { reason } => {
                write!(f, "AWS was not asked to initialise the cluster: {reason}")
            }
            Self::WouldPrompt { what } => {
                write!(f, "--no-input is set, and this command needs to ask for {what}")
            }
            Self::NoClusterFiles {
                directory,
                cluster: None,
            } => write!(f, "{} has no files of a cluster", directory.display()),
            Self::NoClusterFiles {
                directory,
                cluster: Some(cluster),
            } => write!(f, "{} has no files of {cluster}", directory.display()),
            Self::MissingEvidence { file } => write!(f, "{} does not exist", file.display()),
            #[cfg(feature = "aws")]
            Self::Server { cause } => cause.fmt(f),
            Self::LedgerUrl { origin, cause } => write!(f, "{origin} does not name a ledger: {cause}"),
            Self::NoLedger { place, origin } => {
                write!(f, "there is no ledger at {place}, which {origin} names")
            }
            Self::NoEntry { wanted } => write!(f, "the ledger has no entry {wanted}"),
            Self::NoProfile { request } => {
                let profiles = Profile::built_in().into_iter();
                let names: Vec<_> = profiles
                    .filter(|profile| !profile.is_self_signed())
                    .map(|profile| profile.name)
                    .collect();
                write!(
                    f,
                    "{request}: not the request of an HSM, so --profile is required: {}, or a file of your own",
                    names.join(", ")
                )
            }
            Self::Rehearsal { session, reason, .. } => {
                write!(f, "session {session:?} cannot be rehearsed: {reason}")
            }
            Self::Options { reason } => f.write_str(reason),
        }
    }
}

impl std::error::Error for CliError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // Its message is the workflow error's own, so the causes begin below it.
            Self::Workflow { cause, .. } => cause.source(),
            Self::Read { cause, .. } | Self::Restart { cause } => cause.source(),
            Self::Uri { cause, .. } => cause.source(),
            #[cfg(feature = "aws")]
            Self::Server { cause } => cause.source(),
            Self::LedgerUrl { cause, .. } => cause.source(),
            _ => None,
        }
    }
}

impl<T: Into<WorkflowError>> From<T> for CliError {
    fn from(cause: T) -> Self {
        Self::Workflow {
            file: None,
            cause: Box::new(cause.into()),
        }
    }
}
