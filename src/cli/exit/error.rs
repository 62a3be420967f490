//! Why a command was not carried out.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "aws")]
use hsm_ca::cloudhsm::ServerError;
use hsm_ca::file_trust::{Owners, TrustError};
use hsm_ca::ledger::{LedgerUrl, LedgerUrlError};
use hsm_ca::token::UriError;
use hsm_ca::workflow::WorkflowError;

use super::not_passed::NotPassed;

/// Why a command was not carried out, with the file it is about.
#[derive(Debug)]
pub(in crate::cli) enum CliError {
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
    /// No ledger is at the configured place.
    NoLedger { place: Box<LedgerUrl>, origin: String },
    /// The ledger has nothing of that number.
    NoEntry { wanted: String },
    /// No `--profile`, and a request whose subject does not say what its certificate is for.
    NoProfile { request: String },
    /// The token of a rig was not initialised, with a module that the settings name.
    RigModule {
        product: &'static str,
        reason: String,
        named_in: PathBuf,
        usual: Option<PathBuf>,
    },
    /// The process that rehearsed a session did not finish it.
    Rehearsal {
        session: String,
        reason: String,
        hint: Option<String>,
        exit_code: u8,
    },
    /// Options that clap cannot check.
    Options { reason: String },
    /// The command is done, and its result says that something does not hold.
    NotPassed(NotPassed),
}

impl CliError {
    pub(in crate::cli) fn read(path: &Path, cause: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            cause,
        }
    }

    pub(in crate::cli) fn config(path: &Path, line: Option<usize>, reason: &str) -> Self {
        Self::Config {
            path: path.to_owned(),
            line,
            reason: reason.to_owned(),
        }
    }

    /// A missing file is reported like any other file that cannot be read.
    pub(in crate::cli) fn trust(path: &Path, owners: Owners, cause: TrustError) -> Self {
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

    pub(in crate::cli) fn restart(cause: io::Error) -> Self {
        Self::Restart { cause }
    }

    pub(in crate::cli) fn uri(option: &str, cause: UriError) -> Self {
        Self::Uri {
            option: option.to_owned(),
            cause,
        }
    }

    pub(in crate::cli) fn pin(reason: String) -> Self {
        Self::Pin { reason }
    }

    pub(in crate::cli) fn options(reason: impl Into<String>) -> Self {
        Self::Options {
            reason: reason.into(),
        }
    }

    /// The result says that a file, a cluster, a ceremony or the ledger is not as it should be.
    pub(in crate::cli) fn not_verified(what: impl fmt::Display, problem: impl Into<String>) -> Self {
        Self::NotPassed(NotPassed::NotVerified {
            what: what.to_string(),
            problem: problem.into(),
        })
    }

    /// An error about the content of one file.
    pub(in crate::cli) fn in_file(path: &Path, cause: impl Into<WorkflowError>) -> Self {
        Self::Workflow {
            file: Some(path.to_owned()),
            cause: Box::new(cause.into()),
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
