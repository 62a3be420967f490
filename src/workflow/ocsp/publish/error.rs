//! Why answers are not published.

use std::fmt;
use std::path::PathBuf;

use crate::file_trust::TrustError;
use crate::workflow::WorkflowError;
use crate::x509::{SerialNumber, X509Error};

/// Why answers are not published.
#[derive(Debug)]
#[non_exhaustive]
pub enum PublicationError {
    /// The directory does not exist, or others can write to it.
    Directory {
        /// The directory.
        directory: PathBuf,
        /// Why it is not used.
        cause: TrustError,
    },
    /// The existing file is not an earlier answer of this CA about this certificate.
    OtherFile {
        /// The file.
        path: PathBuf,
        /// The certificate.
        serial: SerialNumber,
        /// What is wrong with it.
        cause: Box<X509Error>,
    },
}

impl fmt::Display for PublicationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { directory, cause } => {
                write!(f, "answers are not published in {}: {cause}", directory.display())
            }
            Self::OtherFile { path, serial, cause } => write!(
                f,
                "{} is not an earlier answer of this CA about certificate {serial}, so it is not replaced: {cause}",
                path.display()
            ),
        }
    }
}

impl std::error::Error for PublicationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Directory { cause, .. } => cause.source(),
            Self::OtherFile { cause, .. } => cause.source(),
        }
    }
}

impl From<PublicationError> for WorkflowError {
    fn from(error: PublicationError) -> Self {
        Self::Publication(Box::new(error))
    }
}
