//! Files without their final name, and those that dead processes left behind.
//!
//! A process holds a lock (`flock`) on its temporary file for as long as it lives. The lock ends with the process, however that ends, so a
//! reused process id does no harm.

use std::collections::BTreeSet;
use std::fs::{self, Metadata, OpenOptions, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Mutex;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use tempfile::NamedTempFile;

const PREFIX: &str = ".hsm-ca-";
const SUFFIX: &str = ".tmp";

/// The number of random characters between prefix and suffix.
const RANDOM: usize = 6;

/// The most names in a directory that are checked.
const LOOKED_AT: usize = 100_000;

/// Creates a temporary file with these permission bits, after removing those of dead processes from the directory.
///
/// # Errors
/// Errors of the system.
pub(crate) fn make_temporary(directory: &Path, mode: u32) -> io::Result<NamedTempFile> {
    const TRIES: usize = 16;
    remove_abandoned_once(directory);
    for _ in 0..TRIES {
        let file = tempfile::Builder::new()
            .prefix(PREFIX)
            .suffix(SUFFIX)
            .rand_bytes(RANDOM)
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(directory)
            .map_err(without_its_name)?;
        match flock(file.as_file(), FlockOperation::NonBlockingLockExclusive) {
            // Another process saw the file before it was locked, took it as abandoned, and removes it.
            Err(Errno::WOULDBLOCK) => {}
            Ok(()) if file.as_file().metadata()?.nlink() == 0 => {}
            // A file system without locks. Other processes cannot lock the file either, so they do not remove it.
            _ => return Ok(file),
        }
    }
    Err(io::Error::other(
        "other processes keep removing the temporary file",
    ))
}

/// The library's error names the temporary file, which no user knows.
fn without_its_name(cause: io::Error) -> io::Error {
    match cause.kind() {
        kind @ (io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => kind.into(),
        _ => cause,
    }
}

/// Cleans up each directory once per job. The outputs may be in a thousand directories, so only a hash of each is kept. If two hashes were
/// equal, one directory would not be cleaned in this run.
fn remove_abandoned_once(directory: &Path) {
    static SEEN: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());
    let Ok(found) = fs::metadata(directory) else {
        return;
    };
    let mut hasher = DefaultHasher::new();
    (directory, found.dev(), found.ino()).hash(&mut hasher);
    let is_new = SEEN.lock().is_ok_and(|mut seen| seen.insert(hasher.finish()));
    if is_new {
        remove_abandoned(directory);
    }
}

/// Removes the temporary files of dead processes: regular files of this user with such a name and without a lock. If a file cannot be removed,
/// it stays; that does no harm.
fn remove_abandoned(directory: &Path) {
    let Ok(names) = fs::read_dir(directory) else {
        return;
    };
    for name in names.take(LOOKED_AT).flatten() {
        if name.file_name().to_str().is_some_and(is_ours) {
            let _ = remove_if_abandoned(&name.path());
        }
    }
}

fn is_ours(name: &str) -> bool {
    let random = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_suffix(SUFFIX));
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn remove_if_abandoned(path: &Path) -> io::Result<()> {
    // Checked before it is opened: opening a device or a FIFO may have side effects, and a link leads elsewhere.
    let found = fs::symlink_metadata(path)?;
    let is_own = found.uid() == rustix::process::geteuid().as_raw();
    if !found.is_file() || !is_own || found.nlink() != 1 {
        return Ok(());
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags).unwrap_or(0))
        .open(path)?;
    if !is_same(&file.metadata()?, &found) {
        return Ok(());
    }
    // Fails if a living process holds the lock.
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    if is_same(&fs::symlink_metadata(path)?, &found) {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn is_same(left: &Metadata, right: &Metadata) -> bool {
    (left.dev(), left.ino()) == (right.dev(), right.ino())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::output::LockFile;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_error_does_not_name_the_temporary_file() {
        let cause = io::Error::new(
            io::ErrorKind::PermissionDenied,
            "denied at path .hsm-ca-abcdef.tmp",
        );
        assert_eq!(without_its_name(cause).to_string(), "permission denied");
    }

    #[test]
    fn the_files_of_a_dead_process_are_removed_and_no_others() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let living = make_temporary(directory.path(), 0o600).unwrap();
        let living_name = living.path().file_name().unwrap().to_str().unwrap().to_owned();
        // No lock is held on this one.
        fs::write(at(".hsm-ca-aB3xY9.tmp"), "half a certificate").unwrap();
        let others = [
            ".hsm-ca-aB3xY9.tmp~",
            ".hsm-ca-aB3xY.tmp",
            ".hsm-ca-aB3xY9z.tmp",
            ".hsm-ca-aB3x-9.tmp",
            ".hsm-ca-rig-x1.tmp",
            "hsm-ca-aB3xY9.tmp",
            "ca.crt",
        ];
        for name in others {
            fs::write(at(name), name).unwrap();
        }
        fs::create_dir(at(".hsm-ca-000000.tmp")).unwrap();
        symlink("ca.crt", at(".hsm-ca-000001.tmp")).unwrap();
        fs::write(at("ledger"), "a file with two names").unwrap();
        fs::hard_link(at("ledger"), at(".hsm-ca-000002.tmp")).unwrap();
        remove_abandoned(directory.path());
        let left = names(directory.path());
        assert!(!left.contains(&".hsm-ca-aB3xY9.tmp".to_owned()), "{left:?}");
        assert!(left.contains(&living_name), "{left:?}");
        assert_eq!(left.len(), others.len() + 5, "{left:?}");
        drop(living);
        assert!(!names(directory.path()).contains(&living_name));
    }

    #[test]
    fn the_next_run_in_a_directory_tidies_it() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(".hsm-ca-aB3xY9.tmp"), "").unwrap();
        let file = make_temporary(directory.path(), 0o600).unwrap();
        assert_eq!(names(directory.path()).len(), 1);
        drop(file);
        assert_eq!(names(directory.path()), [""; 0]);
    }

    #[test]
    fn the_lock_ends_with_its_process() {
        let directory = tempfile::tempdir().unwrap();
        let (file, path) = make_temporary(directory.path(), 0o600).unwrap().keep().unwrap();
        // Stands for the end of its process.
        drop(LockFile::new(file));
        remove_abandoned(directory.path());
        assert!(!path.exists());
        let file = File::create(&path).unwrap();
        flock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
        remove_abandoned(directory.path());
        assert!(path.exists());
    }
}
