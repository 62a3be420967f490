//! A lock, so that only one process of a user at a time puts keys on a token.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;

use super::WorkflowError;
use super::poll::{Pauses, poll};
use crate::output::LockFile;
use crate::signer::{Hash, Hex};
use crate::token::TokenDescription;

/// Longer than an import or the slowest key generation.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

const PAUSES: Pauses = Pauses {
    first: Duration::from_millis(10),
    longest: Duration::from_millis(200),
};

/// Why the lock was not taken.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyLockError {
    /// Another process of the same user holds it.
    Held {
        /// The token.
        token: String,
        /// The lock file.
        path: PathBuf,
        /// The process id that the other process wrote to the file.
        holder: Option<u32>,
        /// How long this process waited.
        limit: Duration,
    },
    /// The lock file cannot be opened or locked.
    File {
        /// The lock file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
}

impl fmt::Display for KeyLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held {
                token,
                path,
                holder,
                limit,
            } => {
                match holder {
                    Some(process) => write!(f, "process {process}")?,
                    None => f.write_str("another process")?,
                }
                write!(
                    f,
                    " has been putting a key on the token \"{token}\" for more than {} seconds ({} is locked)",
                    limit.as_secs(),
                    path.display()
                )
            }
            Self::File { path, cause } => {
                write!(f, "the lock file {} cannot be used: {cause}", path.display())
            }
        }
    }
}

impl std::error::Error for KeyLockError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { cause, .. } => cause.source(),
            Self::Held { .. } => None,
        }
    }
}

/// The lock on a token's keys, until this value is dropped or the process ends.
#[derive(Debug)]
pub(super) struct KeyLock {
    _file: LockFile,
}

impl KeyLock {
    /// Takes the lock of this token in `directory`. The directory must belong to this user, and no other user may write to it: anyone who can
    /// open a lock file can hold it forever. Without a directory, nothing is locked. Calls `waiting` before it waits.
    ///
    /// # Errors
    /// [`KeyLockError`]
    pub(super) fn take(
        token: &TokenDescription,
        directory: Option<&Path>,
        waiting: impl FnOnce(),
    ) -> Result<Option<Self>, WorkflowError> {
        let Some(directory) = directory else {
            return Ok(None);
        };
        let path = directory.join(file_name(token));
        Ok(Some(Self::take_within(
            &path,
            &token.label,
            LONGEST_WAIT,
            waiting,
        )?))
    }

    fn take_within(
        path: &Path,
        token: &str,
        limit: Duration,
        waiting: impl FnOnce(),
    ) -> Result<Self, KeyLockError> {
        let failed = |cause: io::Error| KeyLockError::File {
            path: path.to_owned(),
            cause,
        };
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = open(path, flags, Mode::RUSR | Mode::WUSR).map_err(|error| failed(error.into()))?;
        let mut file = LockFile::new(File::from(file));
        if try_lock(&file).map_err(failed)? {
            return Ok(Self::held(file));
        }
        waiting();
        if poll(limit, PAUSES, || Ok(try_lock(&file)?.then_some(())))
            .map_err(failed)?
            .is_some()
        {
            return Ok(Self::held(file));
        }
        Err(KeyLockError::Held {
            token: token.to_owned(),
            path: path.to_owned(),
            holder: read_holder(&mut file),
            limit,
        })
    }

    /// Writes this process's id to the file, for the message of a waiting process. The lock does not depend on it.
    fn held(mut file: LockFile) -> Self {
        let _ = file
            .set_len(0)
            .and_then(|()| writeln!(*file, "{}", std::process::id()));
        Self { _file: file }
    }
}

fn try_lock(file: &File) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn read_holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// The name of the lock file. It does not depend on the PKCS#11 module.
fn file_name(token: &TokenDescription) -> String {
    let TokenDescription {
        label,
        serial,
        manufacturer,
        model,
        ..
    } = token;
    let hash = Hash::Sha256.digest(format!("{manufacturer}\0{model}\0{serial}\0{label}").as_bytes());
    let short: String = Hex(&hash).to_string().chars().take(32).collect();
    format!("token-{short}.lock")
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    const SHORT: Duration = Duration::from_millis(60);

    #[test]
    fn a_lock_that_is_held_is_waited_for_until_the_limit_and_its_holder_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let take = |waited: &Cell<bool>| KeyLock::take_within(&path, "ca", SHORT, || waited.set(true));
        let waited = Cell::new(false);
        let first = take(&waited).unwrap();
        assert!(!waited.get());
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);

        let message = take(&waited).unwrap_err().to_string();
        assert!(waited.get());
        let holder = format!(
            "process {} has been putting a key on the token \"ca\"",
            std::process::id()
        );
        assert!(message.starts_with(&holder), "{message}");

        drop(first);
        let waited = Cell::new(false);
        take(&waited).unwrap();
        assert!(!waited.get());
    }

    #[test]
    fn the_content_of_a_dead_process_in_the_file_is_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        std::fs::write(&path, "4294967295 and more than a number\n").unwrap();
        let held = KeyLock::take_within(&path, "ca", SHORT, || {}).unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!("{}\n", std::process::id())
        );
        drop(held);
    }

    #[test]
    fn a_link_or_a_directory_in_its_place_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        symlink(directory.path().join("elsewhere"), &path).unwrap();
        for place in [path.as_path(), directory.path()] {
            let error = KeyLock::take_within(place, "ca", SHORT, || {}).unwrap_err();
            assert!(matches!(error, KeyLockError::File { .. }), "{error}");
        }
        assert!(!directory.path().join("elsewhere").exists());
    }
}
