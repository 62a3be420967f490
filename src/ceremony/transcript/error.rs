//! What can be wrong with a transcript.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{TornLine, TranscriptHead};
use crate::ceremony::CanonicalError;

/// Why a transcript cannot be read, or a line cannot be added. Lines are counted from 1.
#[derive(Debug)]
#[non_exhaustive]
pub enum TranscriptError {
    /// The system reported an error.
    Io {
        /// The operation that failed.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The path is a directory, a pipe or a device.
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Another process has it open.
    InUse {
        /// The path.
        path: PathBuf,
        /// The id of that process, if the kernel shows it.
        holder: Option<u32>,
    },
    /// The file changed after it was read.
    Changed {
        /// The path.
        path: PathBuf,
    },
    /// The file is too large for a transcript.
    TooLarge {
        /// The path.
        path: PathBuf,
    },
    /// An earlier write failed.
    Unknown {
        /// The path.
        path: PathBuf,
    },
    /// Only the end of the last line is missing.
    Torn(Box<TornLine>),
    /// A line is damaged or cannot be written.
    Line {
        /// The line.
        line: u64,
        /// What is wrong.
        cause: CanonicalError,
    },
    /// A line has the wrong number: a line is missing or was inserted.
    Number {
        /// The line where it was found.
        line: u64,
        /// Its number.
        found: u64,
    },
    /// A line does not follow the previous one: one of them was changed, or it belongs to another plan.
    Chain {
        /// The line.
        line: u64,
    },
    /// A time is not in the accepted form.
    Time {
        /// The line.
        line: u64,
    },
    /// The record is not a JSON object.
    NotAnObject,
    /// The record uses a field name that is reserved for the chain.
    OwnName {
        /// The name.
        name: &'static str,
    },
    /// Lines are missing at the end.
    Shortened {
        /// The head that was kept.
        kept: TranscriptHead,
        /// The head of this transcript.
        found: TranscriptHead,
    },
    /// This is another transcript, or the line of the head was changed.
    OtherHead {
        /// The head that was kept.
        kept: TranscriptHead,
    },
}

impl TranscriptError {
    /// The last line that was read, if a later one is damaged; 0 if it is the first.
    #[must_use]
    pub fn read_until(&self) -> Option<u64> {
        match self {
            Self::Torn(torn) => Some(torn.before.head().n),
            Self::Line { line, .. }
            | Self::Number { line, .. }
            | Self::Chain { line }
            | Self::Time { line } => line.checked_sub(1),
            _ => None,
        }
    }
}

impl fmt::Display for TranscriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { what, path, cause } => write!(f, "cannot {what} the transcript {path:?}: {cause}"),
            Self::NotAFile { path } => write!(f, "the transcript {path:?} is not a regular file"),
            Self::InUse {
                path,
                holder: Some(process),
            } => write!(f, "the transcript {path:?} is in use by process {process}"),
            Self::InUse { path, holder: None } => {
                write!(f, "the transcript {path:?} is in use by another process")
            }
            Self::Changed { path } => write!(f, "the transcript {path:?} changed after it was read"),
            Self::TooLarge { path } => write!(f, "{path:?} is too large for a transcript"),
            Self::Unknown { path } => {
                write!(
                    f,
                    "the transcript {path:?} accepts no more lines, because writing the last one failed"
                )
            }
            Self::Torn(torn) => write!(
                f,
                "line {} of the transcript is incomplete: {} bytes of it were written",
                torn.before.next_number(),
                torn.bytes.len()
            ),
            Self::Line { line, cause } => write!(f, "line {line} of the transcript: {cause}"),
            Self::Number { line, found } => {
                write!(
                    f,
                    "line {line} of the transcript has the number {found}: lines were removed or inserted"
                )
            }
            Self::Chain { line: 1 } => f.write_str("line 1 of the transcript does not follow this plan"),
            Self::Chain { line } => write!(
                f,
                "line {line} of the transcript does not follow line {}: one of them was changed",
                line - 1
            ),
            Self::Time { line } => write!(
                f,
                "line {line} of the transcript has a time that is not in UTC and to the second: 2026-12-01T08:30:00Z"
            ),
            Self::NotAnObject => f.write_str("what is recorded must be a JSON object"),
            Self::OwnName { name } => write!(
                f,
                "what is recorded has the name {name:?}, which belongs to the chain"
            ),
            Self::Shortened { kept, found } => write!(
                f,
                "the transcript lost lines at its end: it has {}, and the head that was kept has {}",
                found.n, kept.n
            ),
            Self::OtherHead { kept } => {
                write!(
                    f,
                    "the transcript does not have the head that was kept ({kept}): it was changed or is another one"
                )
            }
        }
    }
}

impl std::error::Error for TranscriptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { cause, .. } => cause.source(),
            _ => None,
        }
    }
}
