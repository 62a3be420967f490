//! The append-only file of a transcript.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde::Serialize;
use serde_json::Value;

use super::{Record, Transcript, TranscriptError, TranscriptHead, torn};
use crate::ceremony::{CanonicalError, Course, Digest, Event, PROGRAM};
use crate::output::{LockFile, lock_holder};
use crate::values::UnixTime;

/// The largest transcript in bytes: some hundred thousand lines.
const LARGEST: u64 = 256 * 1024 * 1024;

/// A transcript that is open for appending. No other process can open it for appending at the same time.
#[derive(Debug)]
pub struct TranscriptFile {
    path: PathBuf,
    file: LockFile,
    transcript: Transcript,
    /// A write failed, so the content on disk is unknown.
    is_unknown: bool,
}

impl TranscriptFile {
    /// Creates an empty transcript for the plan with this SHA-256. The path must not exist. The directory is synced too, so the file survives a power
    /// failure.
    ///
    /// # Errors
    /// [`TranscriptError`]
    pub fn create(path: &Path, plan: Digest) -> Result<Self, TranscriptError> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true).mode(0o600);
        let file = options
            .open(path)
            .map_err(|cause| failed("create", path, cause))?;
        let file = LockFile::new(file);
        lock(&file, path)?;
        file.sync_all().map_err(|cause| failed("sync", path, cause))?;
        let synced = File::open(directory_of(path)).and_then(|directory| directory.sync_all());
        synced.map_err(|cause| failed("sync the directory of", path, cause))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            transcript: Transcript::new(plan),
            is_unknown: false,
        })
    }

    /// Reads a whole transcript and opens it for appending.
    ///
    /// # Errors
    /// [`TranscriptError`]; the file is not changed, even if the last line is torn.
    pub fn open(path: &Path, plan: Digest) -> Result<Self, TranscriptError> {
        let mut file = Self::open_locked(path)?;
        let bytes = read_all(&mut file, path)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            transcript: Transcript::read(&bytes, plan)?,
            is_unknown: false,
        })
    }

    /// Opens the transcript of a ceremony that continues, or creates it. A torn last line is kept in a file beside it and removed; see
    /// [`torn_deviations`](Self::torn_deviations).
    ///
    /// # Errors
    /// [`TranscriptError`]; [`TranscriptError::Torn`] if the ceremony has ended: nothing is written after its last line, so this is damage. The file
    /// is not changed then.
    pub fn resume(path: &Path, plan: Digest) -> Result<Self, TranscriptError> {
        let mut file = match Self::open_locked(path) {
            Err(TranscriptError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
                return Self::create(path, plan);
            }
            opened => opened?,
        };
        let bytes = read_all(&mut file, path)?;
        let transcript = match Transcript::read(&bytes, plan) {
            Err(TranscriptError::Torn(torn)) if !has_ended(&torn.before) => {
                let kept = torn::keep(directory_of(path), &torn);
                kept.map_err(|cause| failed("keep a torn line of", path, cause))?;
                let length = u64::try_from(torn.at).unwrap_or(u64::MAX);
                let cut = file.set_len(length).and_then(|()| file.sync_all());
                cut.map_err(|cause| failed("remove a torn line from", path, cause))?;
                torn.before
            }
            read => read?,
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            transcript,
            is_unknown: false,
        })
    }

    /// What must be recorded about lines that were removed: a deviation for each copy of a torn line that no deviation names yet.
    ///
    /// # Errors
    /// [`TranscriptError::Io`]
    pub fn torn_deviations(&self) -> Result<Vec<Event>, TranscriptError> {
        let copies = torn::copies_in(directory_of(&self.path));
        let copies = copies.map_err(|cause| failed("find torn lines of", &self.path, cause))?;
        let deviation = |copy: &String| Event::Deviation {
            text: torn::deviation(copy),
            by: PROGRAM.to_owned(),
        };
        let unrecorded = self.transcript.unrecorded_copies(&copies);
        Ok(unrecorded.iter().map(deviation).collect())
    }

    /// For the tests: uses a file whose writes fail.
    #[cfg(test)]
    pub(super) fn of_file(file: File, plan: Digest) -> Self {
        Self {
            path: PathBuf::from("transcript"),
            file: LockFile::new(file),
            transcript: Transcript::new(plan),
            is_unknown: false,
        }
    }

    fn open_locked(path: &Path) -> Result<LockFile, TranscriptError> {
        // A link could lead to the file of another ceremony, and a pipe would block.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let mut options = OpenOptions::new();
        options.read(true).append(true).custom_flags(flags);
        let file = options.open(path).map_err(|cause| failed("open", path, cause))?;
        let file = LockFile::new(file);
        let found = file.metadata().map_err(|cause| failed("read", path, cause))?;
        if !found.is_file() {
            return Err(TranscriptError::NotAFile {
                path: path.to_owned(),
            });
        }
        lock(&file, path)?;
        Ok(file)
    }

    /// Adds a line, and returns only when it is on disk. `fields` is an object without `n`, `prev` and `t`.
    ///
    /// # Errors
    /// [`TranscriptError`]. After a failed write no further line is accepted: open the file again to see what is on disk.
    pub fn append(
        &mut self,
        time: UnixTime,
        fields: &impl Serialize,
    ) -> Result<TranscriptHead, TranscriptError> {
        if self.is_unknown {
            return Err(TranscriptError::Unknown {
                path: self.path.clone(),
            });
        }
        let number = self.transcript.next_number();
        let wrong = |cause| TranscriptError::Line { line: number, cause };
        let fields = serde_json::to_value(fields).map_err(|cause| wrong(CanonicalError::json(cause)))?;
        let Value::Object(fields) = fields else {
            return Err(TranscriptError::NotAnObject);
        };
        let record = Record::new(number, self.transcript.head().hash, time, fields)?;
        let line = record.to_line().map_err(wrong)?;
        // Read the line back before writing it, so that the file stays readable.
        let record = self.transcript.read_line(&line)?;
        self.is_unknown = true;
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_all());
        written.map_err(|cause| failed("append to", &self.path, cause))?;
        self.is_unknown = false;
        self.transcript.push(record, &line);
        Ok(self.transcript.head())
    }

    /// The content of the file.
    #[must_use]
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }
}

/// Locks the file. The lock ends with the process, however that ends.
fn lock(file: &File, path: &Path) -> Result<(), TranscriptError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(std::fs::TryLockError::WouldBlock) => Err(TranscriptError::InUse {
            path: path.to_owned(),
            holder: lock_holder(file),
        }),
        Err(std::fs::TryLockError::Error(cause)) => Err(failed("lock", path, cause)),
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether the ceremony is closed or aborted.
fn has_ended(transcript: &Transcript) -> bool {
    Course::of(transcript).is_ok_and(|course| course.ending().is_some())
}

fn read_all(file: &mut File, path: &Path) -> Result<Vec<u8>, TranscriptError> {
    let length = file.seek(SeekFrom::End(0));
    let length = length.map_err(|cause| failed("read", path, cause))?;
    if length > LARGEST {
        return Err(TranscriptError::TooLarge {
            path: path.to_owned(),
        });
    }
    // The file is locked, so no other process writes to it.
    let mut bytes = Vec::new();
    let read = file
        .seek(SeekFrom::Start(0))
        .and_then(|_| file.take(length).read_to_end(&mut bytes));
    read.map_err(|cause| failed("read", path, cause))?;
    Ok(bytes)
}

fn failed(what: &'static str, path: &Path, cause: io::Error) -> TranscriptError {
    TranscriptError::Io {
        what,
        path: path.to_owned(),
        cause,
    }
}
