//! Who can change a file. Its own mode is not enough: the owner and mode of every directory on the way to it count as well.
//!
//! Two questions. A file that was *found* (`./hsm-ca.toml`, a ledger) decides what is loaded and signed without being named, so it and
//! every directory above it must belong to this user or root ([`Owners::Own`]). A file that was *named* on purpose (`--config`, `--module`,
//! `--profile`) may belong to anyone, but only its owner and root may be able to change it ([`Owners::Any`]).
//!
//! Permission to write for the group counts as permission for others, as sshd's `StrictModes` and sudo have it: a mode does not say who
//! is in a group, and a POSIX ACL shows as the group's bits (acl(5)).
//!
//! A sticky directory (`/tmp`) does not let others rename what they do not own (inode(7)), so it may be on the path, if what follows in it
//! belongs to a trusted owner. It may not be the directory of a found file: others can put files beside it.

mod error;
#[cfg(test)]
mod tests;
mod walk;

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

pub use error::{Owner, TrustError};
use walk::Walk;

/// Who may own a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// This user or root: the file was found, not named.
    Own,
    /// Anyone: the file was named on purpose.
    Any,
}

/// Opens a regular file that only trusted users can change. Refuses a pipe or a device without waiting for it.
///
/// # Errors
/// [`TrustError`]; [`TrustError::Io`] when it does not exist.
pub fn open(path: &Path, owners: Owners) -> Result<File, TrustError> {
    let real = check_file(path, owners)?;
    // Only the owner could have put another file there since. Without O_NONBLOCK a pipe in its place would make this wait.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(flags).open(&real);
    let file = file.map_err(|cause| TrustError::io(&real, cause))?;
    let found = file.metadata().map_err(|cause| TrustError::io(&real, cause))?;
    walk::refuse_other_kinds(&real, &found)?;
    Ok(file)
}

/// Checks a regular file and every directory on the way to it. Returns the path without symbolic links.
///
/// # Errors
/// [`TrustError`]
pub fn check_file(path: &Path, owners: Owners) -> Result<PathBuf, TrustError> {
    let walk = Walk::to(path)?;
    walk::refuse_other_kinds(&walk.real, &walk.found)?;
    let own = [0, rustix::process::geteuid().as_raw()];
    let mut counting = own.to_vec();
    match owners {
        Owners::Own => walk.check(&counting, false)?,
        Owners::Any => {
            counting.push(walk.owner());
            walk.check(&counting, true)?;
        }
    }
    Ok(walk.real)
}

/// Checks that only this user and root can add, replace or remove files in a directory, and checks every directory on the way to it.
///
/// # Errors
/// [`TrustError`]
pub fn check_directory(path: &Path) -> Result<PathBuf, TrustError> {
    let walk = Walk::to(path)?;
    if !walk.found.is_dir() {
        let cause = io::Error::from(io::ErrorKind::NotADirectory);
        return Err(TrustError::io(&walk.real, cause));
    }
    walk.check(&[0, rustix::process::geteuid().as_raw()], false)?;
    Ok(walk.real)
}
