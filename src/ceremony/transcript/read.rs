//! Reads a transcript, and tells a torn last line from damage.

use serde_json::Value;

use super::{Record, TranscriptError, TranscriptHead};
use crate::ceremony::{CanonicalError, Digest, from_canonical};
use crate::transparency::{Checkpoint, TransparencyError, tree_head};

/// A transcript that was read: every line is canonical, numbered, and chained to the previous one.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    plan: Digest,
    records: Vec<Record>,
    lines: Vec<Vec<u8>>,
}

/// An incomplete last line: the machine or the program stopped in the middle of the write. Nothing was done after it. The reader must find out
/// whether the action that it would have recorded took place.
#[derive(Clone, Debug, PartialEq)]
pub struct TornLine {
    /// The complete lines before it.
    pub before: Transcript,
    /// Its offset: the number of bytes in the complete lines.
    pub at: usize,
    /// The part that was written.
    pub bytes: Vec<u8>,
}

/// How a transcript continues from a head that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Following {
    /// How many lines were added since that head.
    pub added: u64,
}

impl Transcript {
    /// An empty transcript of the plan with this SHA-256.
    #[must_use]
    pub const fn new(plan: Digest) -> Self {
        Self {
            plan,
            records: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// The SHA-256 of the plan that the first line of a transcript names. `None` if the first line is not one of a transcript.
    #[must_use]
    pub fn claimed_plan(bytes: &[u8]) -> Option<Digest> {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let first: Record = from_canonical(&bytes[..=end]).ok()?;
        (first.n == 1).then_some(first.prev)
    }

    /// Reads the bytes of a transcript of the plan with this SHA-256.
    ///
    /// # Errors
    /// [`TranscriptError::Torn`] if only the end of the last line is missing; other variants for any other damage.
    pub fn read(bytes: &[u8], plan: Digest) -> Result<Self, TranscriptError> {
        let mut read = Self::new(plan);
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end + 1);
            let record = read.read_line(line)?;
            read.push(record, line);
            rest = after;
        }
        if rest.is_empty() {
            return Ok(read);
        }
        if !read.is_torn(rest) {
            return Err(TranscriptError::Line {
                line: read.next_number(),
                cause: CanonicalError::Spelling { byte: rest.len() },
            });
        }
        Err(TranscriptError::Torn(Box::new(TornLine {
            at: bytes.len() - rest.len(),
            bytes: rest.to_vec(),
            before: read,
        })))
    }

    /// Reads one more line including its newline, and checks that it follows.
    pub(super) fn read_line(&self, line: &[u8]) -> Result<Record, TranscriptError> {
        let number = self.next_number();
        let record: Record =
            from_canonical(line).map_err(|cause| TranscriptError::Line { line: number, cause })?;
        if record.n != number {
            return Err(TranscriptError::Number {
                line: number,
                found: record.n,
            });
        }
        if record.prev != self.head().hash {
            return Err(TranscriptError::Chain { line: number });
        }
        if record.time().is_none() {
            return Err(TranscriptError::Time { line: number });
        }
        Ok(record)
    }

    pub(super) fn push(&mut self, record: Record, line: &[u8]) {
        self.records.push(record);
        self.lines.push(line.to_vec());
    }

    /// The number of lines, and the hash of the last one.
    #[must_use]
    pub fn head(&self) -> TranscriptHead {
        TranscriptHead {
            n: self.next_number() - 1,
            hash: self.lines.last().map_or(self.plan, |line| Digest::of(line)),
        }
    }

    /// SHA-256 of the whole file.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        Digest::of(&self.lines.concat())
    }

    pub(super) fn next_number(&self) -> u64 {
        u64::try_from(self.records.len()).map_or(u64::MAX, |count| count.saturating_add(1))
    }

    /// The records, in order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The RFC 6962 tree head over the lines including their newlines.
    #[must_use]
    pub fn tree_head(&self) -> Digest {
        tree_head(&self.lines)
    }

    /// The unsigned checkpoint of the lines as a tree. `origin` names the ceremony and must be unique among all logs.
    ///
    /// # Errors
    /// [`TransparencyError::Name`]
    pub fn checkpoint(&self, origin: &str) -> Result<Checkpoint, TransparencyError> {
        Checkpoint::new(origin, self.head().n, self.tree_head())
    }

    /// Checks the transcript against a head that was kept elsewhere.
    ///
    /// # Errors
    /// [`TranscriptError::Shortened`] if lines are missing at the end; [`TranscriptError::OtherHead`] if it is another transcript.
    pub fn follows(&self, head: TranscriptHead) -> Result<Following, TranscriptError> {
        let own = self.head();
        if head.n > own.n {
            return Err(TranscriptError::Shortened {
                kept: head,
                found: own,
            });
        }
        let hash = match usize::try_from(head.n).unwrap_or(usize::MAX).checked_sub(1) {
            None => Some(self.plan),
            Some(index) => self.lines.get(index).map(|line| Digest::of(line)),
        };
        match hash == Some(head.hash) {
            true => Ok(Following {
                added: own.n - head.n,
            }),
            false => Err(TranscriptError::OtherHead { kept: head }),
        }
    }

    /// Whether an interrupted write left this: the start of a line, up to all of it except the newline, and possibly zeros where the file system had
    /// allocated space. It must start like any line, and its JSON must be incomplete but not wrong.
    fn is_torn(&self, tail: &[u8]) -> bool {
        let zeros = tail.iter().rev().take_while(|byte| **byte == 0).count();
        let written = &tail[..tail.len() - zeros];
        if !(written.starts_with(b"{\"") || b"{\"".starts_with(written)) {
            return false;
        }
        // The cut may fall inside a character.
        let text = match str::from_utf8(written) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                str::from_utf8(&written[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return false,
        };
        match serde_json::from_str::<Value>(text) {
            Ok(_) => self.read_line(&[written, b"\n"].concat()).is_ok(),
            Err(error) => error.is_eof(),
        }
    }
}
