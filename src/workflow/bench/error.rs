//! Why nothing was measured.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::signer::{SignError, SignatureAlgorithm};
use crate::token::KeyDescription;

/// Why nothing was measured.
#[derive(Debug)]
#[non_exhaustive]
pub enum BenchError {
    /// The key needs the PIN for each signature.
    WantsPin {
        /// The key.
        key: KeyDescription,
    },
    /// The token failed, or was busy all the time.
    Sign(SignError),
    /// Signatures that do not verify under the key's public half.
    BadSignatures {
        /// Their kind.
        algorithm: SignatureAlgorithm,
        /// How many are bad.
        bad: usize,
        /// How many were made.
        of: usize,
    },
    /// The system has no random numbers.
    NoRandomNumbers(io::Error),
    /// The system started no thread.
    NoThread(io::Error),
    /// The token has nothing that can be measured.
    NothingMeasured {
        /// What it said about the first key.
        reason: String,
    },
    /// No directory can be made for the certificates of the measurement.
    Directory {
        /// Where it should be.
        directory: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// No session is left to measure.
    NoSession,
    /// A thread of this process failed.
    Panicked,
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WantsPin { key } => write!(
                f,
                "the key {key} needs the PIN for each signature, so it is not measured"
            ),
            Self::Sign(error) => error.fmt(f),
            Self::BadSignatures { algorithm, bad, of } => write!(
                f,
                "{bad} of {of} {algorithm} signatures by the token do not verify under the key's public half"
            ),
            Self::NoRandomNumbers(cause) => write!(f, "the system has no random numbers: {cause}"),
            Self::NoThread(cause) => write!(f, "the system did not start a thread for a session: {cause}"),
            Self::NothingMeasured { reason } => write!(f, "nothing could be measured: {reason}"),
            Self::Directory { directory, cause } => write!(
                f,
                "cannot make a directory in {} for the certificates of the measurement: {cause}",
                directory.display()
            ),
            Self::NoSession => f.write_str("no session is left to measure"),
            Self::Panicked => f.write_str("a thread failed while it was measuring"),
        }
    }
}

impl std::error::Error for BenchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sign(error) => error.source(),
            Self::NoRandomNumbers(cause) | Self::NoThread(cause) | Self::Directory { cause, .. } => {
                cause.source()
            }
            _ => None,
        }
    }
}
