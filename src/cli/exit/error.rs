//! Why a command failed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "aws")]
use hsm_ca::cloudhsm::ServerError;
use hsm_ca::file_trust::{Owners, TrustError};
use hsm_ca::ledger::{LedgerUrl, LedgerUrlError};
use hsm_ca::token::UriError;
use hsm_ca::workflow::{Refusals, WorkflowError};

use super::not_passed::NotPassed;

/// Why a command failed, with the file it is about.
#[derive(Debug)]
pub(in crate::cli) enum CliError {
    /// An error of the workflow.
    Workflow {
        file: Option<PathBuf>,
        cause: Box<WorkflowError>,
    },
    /// A file cannot be read.
    Read { path: PathBuf, cause: io::Error },
    /// `show` does not recognise the file.
    Unrecognised { path: PathBuf },
    /// `show` was given an empty file.
    Empty { path: PathBuf },
    /// A file exceeds the limit for its kind.
    TooLarge { path: PathBuf, limit: u64 },
    /// The configuration file is invalid.
    Config {
        path: PathBuf,
        line: Option<usize>,
        reason: String,
    },
    /// Other users could have written a file that decides what is loaded, run or signed.
    Trust {
        /// The path that was named or found.
        path: PathBuf,
        /// Whether it was found, not named.
        found: bool,
        cause: TrustError,
    },
    /// The same for a file that settings name which were found, not named.
    NamedByFound {
        path: PathBuf,
        settings: PathBuf,
        cause: Box<TrustError>,
    },
    /// The program could not restart itself.
    Restart { cause: io::Error },
    /// A `pkcs11:` URI is invalid.
    Uri { option: String, cause: UriError },
    /// No module is configured.
    NoModule,
    /// `--pin-source` has an unknown form.
    PinSource,
    /// The PIN cannot be read.
    Pin { reason: String },
    /// The same for the password of a ledger's server.
    #[cfg(feature = "postgres")]
    LedgerPassword { cause: Box<Self> },
    /// The PIN file can be read by others.
    PinFileMode { path: PathBuf, mode: u32 },
    /// The file of a private key can be read by others.
    KeyFileMode { path: PathBuf, mode: u32 },
    /// The proof is about a different object than the certificate.
    OtherProof {
        certificate: PathBuf,
        found: String,
        proven: String,
    },
    /// An entry has no signed object.
    NothingToProve { entry: String, state: &'static str },
    /// The event came after the checkpoint that was kept.
    AfterCheckpoint { sequence: u64, size: u64 },
    /// An entry is about a key on a token. `purpose` is what the command would do with a signed object.
    RecordsKey {
        entry: String,
        key: &'static str,
        purpose: &'static str,
    },
    /// The deletion of a key was not confirmed.
    Unconfirmed { reason: &'static str },
    /// The initialisation of a cluster was not confirmed.
    #[cfg(feature = "aws")]
    NotInitialized { reason: String },
    /// A statement was not confirmed.
    NotSigned { reason: String },
    /// A prompt is needed, and `--no-input` is set.
    WouldPrompt { what: String },
    /// A prompt is needed, and the process has no terminal.
    NoTerminal { what: String },
    /// A directory without the files of a cluster.
    NoClusterFiles {
        directory: PathBuf,
        cluster: Option<String>,
    },
    /// A file for an HSM's identity is missing.
    MissingEvidence { file: PathBuf },
    /// The server that hosts an HSM did not show its certificate.
    #[cfg(feature = "aws")]
    Server { cause: ServerError },
    /// The ledger's URL is invalid.
    LedgerUrl {
        origin: &'static str,
        cause: LedgerUrlError,
    },
    /// No ledger is at the configured place.
    NoLedger { place: Box<LedgerUrl>, origin: String },
    /// The ledger has no entry with that number.
    NoEntry { wanted: String },
    /// No `--profile` was given, and the request is not that of an HSM.
    NoProfile { request: String },
    /// The token of a rig could not be initialised with the module of the settings.
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
    /// Some requests of a batch were refused, so none was signed.
    NoneSigned {
        requests: usize,
        refused: Refusals,
        first: Box<Self>,
    },
    /// Options that clap cannot check.
    Options { reason: String },
    /// `schema` does not have the named output.
    NoSchema {
        name: String,
        meant: Option<&'static str>,
    },
    /// The command finished, and its result reports a problem.
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

    /// The result reports a problem with a file, a cluster, a ceremony or the ledger.
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
