//! A directory that appears with all of its files, or not at all.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use tempfile::TempDir;

use super::OutputError;

/// A directory that is being filled, beside its final place. If it is dropped before [`commit`](Self::commit), it leaves nothing behind.
#[derive(Debug)]
pub struct NewDirectory {
    path: PathBuf,
    temporary: TempDir,
}

impl NewDirectory {
    /// Creates the directory under a temporary name, with permissions 0700. `path` must be free, and its parent must exist.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn begin(path: &Path) -> Result<Self, OutputError> {
        let path = PathBuf::from_iter(path.components());
        if path.symlink_metadata().is_ok() {
            return Err(OutputError::DirectoryExists { path });
        }
        let parent = parent_of(&path);
        if !parent.is_dir() {
            return Err(OutputError::no_directory(parent));
        }
        let temporary = tempfile::Builder::new()
            .prefix(".hsm-ca-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(|cause| failed(&path, "create a directory beside it", cause))?;
        Ok(Self { path, temporary })
    }

    /// Adds a file (0600), with the directories (0700) above it. `name` is relative, without `..`.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn add(&self, name: &str, content: &[u8]) -> Result<(), OutputError> {
        let file = self.temporary.path().join(name);
        let shown = self.path.join(name);
        self.make_directories(parent_of(&file))?;
        let mut options = OpenOptions::new();
        let opened = options.write(true).create_new(true).mode(0o600).open(&file);
        let mut opened = opened.map_err(|cause| failed(&shown, "create it", cause))?;
        let written = opened.write_all(content).and_then(|()| opened.sync_all());
        written.map_err(|cause| failed(&shown, "write it", cause))?;
        let found = fs::read(&file).map_err(|cause| failed(&shown, "read it back", cause))?;
        if found != content {
            let reason = "the bytes differ".to_owned();
            return Err(OutputError::Recheck { path: shown, reason });
        }
        Ok(())
    }

    /// Adds an empty directory (0700), with those above it.
    ///
    /// # Errors
    /// [`OutputError`]
    pub fn add_directory(&self, name: &str) -> Result<(), OutputError> {
        self.make_directories(&self.temporary.path().join(name))
    }

    fn make_directories(&self, directory: &Path) -> Result<(), OutputError> {
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(directory);
        made.map_err(|cause| failed(&self.path, "create a directory in it", cause))
    }

    /// Gives the directory its name, if that name is still free.
    ///
    /// # Errors
    /// [`OutputError`]; the path is then unchanged, except after [`OutputError::NotSynced`].
    pub fn commit(self) -> Result<PathBuf, OutputError> {
        let Self { path, temporary } = self;
        sync_all_below(temporary.path()).map_err(|cause| failed(&path, "sync it", cause))?;
        match renameat_with(CWD, temporary.path(), CWD, &path, RenameFlags::NOREPLACE) {
            Ok(()) => {}
            Err(Errno::EXIST | Errno::NOTEMPTY) => return Err(OutputError::DirectoryExists { path }),
            Err(errno) => {
                return Err(failed(
                    &path,
                    "rename the finished directory to its name",
                    errno.into(),
                ));
            }
        }
        // The temporary name no longer exists, so it need not be removed.
        let _ = temporary.keep();
        let synced = File::open(parent_of(&path)).and_then(|parent| parent.sync_all());
        match synced {
            Ok(()) => Ok(path),
            Err(cause) => Err(OutputError::NotSynced { path, cause }),
        }
    }
}

/// A directory for outputs, made if it was missing. If it is dropped while nothing is in it, it is removed again.
#[derive(Debug)]
pub struct OutputDirectory {
    made: Option<PathBuf>,
}

impl OutputDirectory {
    /// Makes the directory, and only that: a typo further up must not make a tree. If its parent is missing, the first output says so.
    ///
    /// # Errors
    /// The system does not allow it: [`OutputError::Io`], or [`OutputError::NoSpace`].
    pub fn find_or_make(path: &Path) -> Result<Self, OutputError> {
        use io::ErrorKind as Kind;
        let made = match DirBuilder::new().mode(0o755).create(path) {
            Ok(()) => Some(path.to_owned()),
            Err(cause) => match cause.kind() {
                Kind::AlreadyExists | Kind::NotFound | Kind::NotADirectory => None,
                _ => return Err(failed(path, "create the directory", cause)),
            },
        };
        Ok(Self { made })
    }
}

impl Drop for OutputDirectory {
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            // It fails if something is in it.
            let _ = fs::remove_dir(made);
        }
    }
}

fn sync_all_below(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all_below(&entry.path())?;
        }
    }
    File::open(directory)?.sync_all()
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str() != OsString::new() => parent,
        _ => Path::new("."),
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
    use super::*;

    /// Not even root can make a directory there.
    #[test]
    fn a_directory_that_cannot_be_made_is_not_said_to_be_missing() {
        let refused = OutputDirectory::find_or_make(Path::new("/sys/new"));
        assert!(matches!(refused, Err(OutputError::Io { .. })), "{refused:?}");
        let parent = tempfile::tempdir().unwrap();
        for other in ["none/below", ""] {
            OutputDirectory::find_or_make(&parent.path().join(other)).unwrap();
        }
    }

    #[test]
    fn a_directory_appears_whole_or_not_at_all_and_replaces_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("new");
        let begun = NewDirectory::begin(&path).unwrap();
        begun.add("a.txt", b"a").unwrap();
        begun.add("below/b.txt", b"b").unwrap();
        begun.add_directory("empty").unwrap();
        assert!(matches!(
            begun.add("a.txt", b"other"),
            Err(OutputError::Io { .. })
        ));
        assert!(!path.exists());
        drop(begun);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);

        let begun = NewDirectory::begin(&path).unwrap();
        begun.add("below/b.txt", b"b").unwrap();
        let late = NewDirectory::begin(&path).unwrap();
        begun.commit().unwrap();
        assert_eq!(fs::read(path.join("below/b.txt")).unwrap(), b"b");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&path.join("below/b.txt"))), (0o700, 0o600));
        // Another process was faster.
        assert!(matches!(late.commit(), Err(OutputError::DirectoryExists { .. })));
        assert!(matches!(
            NewDirectory::begin(&path),
            Err(OutputError::DirectoryExists { .. })
        ));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
        let lost = NewDirectory::begin(&parent.path().join("none/new"));
        assert!(matches!(lost, Err(OutputError::NoDirectory { .. })));
        let deep = OutputError::no_directory(&parent.path().join("none/below/it")).to_string();
        assert!(deep.ends_with("none does not exist"), "{deep}");
        assert!(matches!(
            OutputError::no_directory(Path::new("no-such-directory/below")),
            OutputError::NoDirectory { directory } if directory == Path::new("no-such-directory")
        ));
        fs::write(parent.path().join("file"), "").unwrap();
        let file = NewDirectory::begin(&parent.path().join("file/new"));
        let said = file.unwrap_err().to_string();
        assert!(said.ends_with("file is a file, not a directory"), "{said}");
    }
}
