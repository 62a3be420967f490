//! The directories between a named directory and a file below it.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::OutputError;

/// Write permission for the group or for others.
const OPEN: u32 = 0o022;

/// The directories from a given directory to a file below it. All must be real directories that only this user and root can change. The caller
/// checks the first one.
#[derive(Clone, Debug)]
pub struct Subdirectory {
    directories: Vec<PathBuf>,
}

impl Subdirectory {
    /// The directories to the file `name`, which is relative and has no `..`.
    #[must_use]
    pub fn to(directory: &Path, name: &Path) -> Self {
        let mut directories = Vec::new();
        let mut path = directory.to_owned();
        for part in name.parent().into_iter().flat_map(Path::components) {
            path.push(part);
            directories.push(path.clone());
        }
        Self { directories }
    }

    /// Whether all of these directories exist.
    ///
    /// # Errors
    /// [`OutputError::NotADirectory`] for a link or a file; [`OutputError::OpenDirectory`] for a directory that others own or can write to.
    pub fn exists(&self) -> Result<bool, OutputError> {
        for path in &self.directories {
            match fs::symlink_metadata(path) {
                Ok(found) => check(path, &found)?,
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(cause) => return Err(failed(path, "look at it", cause)),
            }
        }
        Ok(true)
    }

    /// Creates the missing directories (0755).
    ///
    /// # Errors
    /// Those of [`exists`](Self::exists); errors of the system.
    pub fn make(&self) -> Result<(), OutputError> {
        for path in &self.directories {
            match DirBuilder::new().mode(0o755).create(path) {
                Ok(()) => {}
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(failed(path, "create the directory", cause)),
            }
            let found = fs::symlink_metadata(path).map_err(|cause| failed(path, "look at it", cause))?;
            check(path, &found)?;
        }
        Ok(())
    }
}

fn check(path: &Path, found: &Metadata) -> Result<(), OutputError> {
    let path = path.to_owned();
    if !found.is_dir() {
        return Err(OutputError::NotADirectory { path });
    }
    let is_own = [0, geteuid().as_raw()].contains(&found.uid());
    match is_own && found.mode() & OPEN == 0 {
        true => Ok(()),
        false => Err(OutputError::OpenDirectory { path }),
    }
}

fn failed(path: &Path, action: &'static str, cause: io::Error) -> OutputError {
    let path = path.to_owned();
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => OutputError::NoSpace { path },
        _ => OutputError::Io { path, action, cause },
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn only_real_directories_that_others_cannot_change_may_be_on_the_way() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let way = |name: &str| Subdirectory::to(directory.path(), Path::new(name));
        // A file in the directory itself needs no other directory.
        assert!(way("file").exists().unwrap());
        assert!(!way("a/b/file").exists().unwrap());
        way("a//b/file").make().unwrap();
        way("a/b/file").make().unwrap();
        assert!(way("a/b/file").exists().unwrap());
        assert_eq!(at("a/b").metadata().unwrap().mode() & 0o777 & OPEN, 0);
        assert!(!at("a/b/file").exists());

        symlink("a", at("link")).unwrap();
        fs::write(at("plain"), "").unwrap();
        for name in ["link/file", "link/b/file", "plain/file"] {
            let refused = [way(name).exists().map(drop), way(name).make()];
            for refused in refused {
                assert!(
                    matches!(refused, Err(OutputError::NotADirectory { .. })),
                    "{name}: {refused:?}"
                );
            }
        }
        fs::set_permissions(at("a"), Permissions::from_mode(0o775)).unwrap();
        assert!(matches!(
            way("a/b/file").exists(),
            Err(OutputError::OpenDirectory { .. })
        ));
        assert!(matches!(
            way("a/c/file").make(),
            Err(OutputError::OpenDirectory { .. })
        ));
        assert!(!at("a/c").exists());
    }
}
