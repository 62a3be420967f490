//! The transcript of a ceremony: a chain of canonical JSON lines. The call that adds a line returns only when the line is on disk.
//!
//! The first line's `prev` is the SHA-256 of the plan, so the chain starts at the plan. The chain reveals every change except a change of the last
//! line and lines removed from the end. The head reveals those, and the attendees sign and keep it.

mod error;
mod file;
mod read;
#[cfg(test)]
mod tests;
mod torn;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::error::TranscriptError;
pub use self::file::TranscriptFile;
pub use self::read::{Following, TornLine, Transcript};
use super::{CanonicalError, Digest, to_canonical};
use crate::values::UnixTime;

/// One line: its number from 1, the SHA-256 of the previous line, the time in UTC, and what happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    n: u64,
    prev: Digest,
    t: String,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl Record {
    /// The field names reserved for the chain.
    const OWN: [&str; 3] = ["n", "prev", "t"];

    fn new(
        n: u64,
        prev: Digest,
        time: UnixTime,
        fields: Map<String, Value>,
    ) -> Result<Self, TranscriptError> {
        if let Some(name) = Self::OWN.into_iter().find(|name| fields.contains_key(*name)) {
            return Err(TranscriptError::OwnName { name });
        }
        let record = Self {
            n,
            prev,
            t: time.to_string(),
            fields,
        };
        match record.time() {
            Some(_) => Ok(record),
            None => Err(TranscriptError::Time { line: n }),
        }
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.n
    }

    /// The time, by the machine's clock. It may go back; the reader must decide that.
    #[must_use]
    pub fn time(&self) -> Option<UnixTime> {
        let time = self.t.parse::<UnixTime>().ok();
        time.filter(|time| time.to_string() == self.t)
    }

    /// What happened: all fields except `n`, `prev` and `t`.
    #[must_use]
    pub const fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    fn to_line(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical(self)
    }
}

/// The number of lines, and the SHA-256 of the last one including its newline: `n:hash`. An empty transcript has 0 and the plan's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TranscriptHead {
    /// The number of lines.
    pub n: u64,
    /// SHA-256 of the last line.
    pub hash: Digest,
}

impl fmt::Display for TranscriptHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.n, self.hash)
    }
}

impl FromStr for TranscriptHead {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let (n, hash) = text.split_once(':').ok_or(NotAHead)?;
        let head = Self {
            n: n.parse().map_err(|_| NotAHead)?,
            hash: hash.parse().map_err(|_| NotAHead)?,
        };
        (head.to_string() == text).then_some(head).ok_or(NotAHead)
    }
}

/// The text is not a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHead;

impl fmt::Display for NotAHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a head is COUNT:HASH, with 64 lower-case hex digits")
    }
}

impl std::error::Error for NotAHead {}
