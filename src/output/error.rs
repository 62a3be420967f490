//! Why a file was not written.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file was not written. Except after [`NotSynced`](Self::NotSynced), its path is unchanged.
#[derive(Debug)]
#[non_exhaustive]
pub enum OutputError {
    /// The path is taken, and overwriting was not requested.
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// The path of a new directory is taken.
    DirectoryExists {
        /// The path.
        path: PathBuf,
    },
    /// The path is a directory, a device or a pipe, or a link to one, or a dangling link: only old outputs are overwritten.
    NotReplaceable {
        /// The path.
        path: PathBuf,
    },
    /// The file that would be replaced is longer than any output of this kind.
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// An SQLite database, such as a ledger: only old outputs are overwritten.
    Database {
        /// The path.
        path: PathBuf,
    },
    /// A file that belongs to an SQLite database: its log, a lock.
    DatabaseFile {
        /// The path.
        path: PathBuf,
        /// The database.
        database: PathBuf,
    },
    /// A token keeps its keys in this directory, or the program its locks.
    ProtectedDirectory {
        /// The path.
        path: PathBuf,
        /// The directory, which may be further up.
        directory: PathBuf,
    },
    /// The command reads this file, or it holds its settings.
    Protected {
        /// The path.
        path: PathBuf,
    },
    /// The file's directory does not exist.
    NoDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// A file is where the directory of an output should be.
    FileAsDirectory {
        /// The path.
        path: PathBuf,
    },
    /// A link or a file is where a directory should be.
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// A directory on the way to the file belongs to another user, or others can write to it.
    OpenDirectory {
        /// The path.
        path: PathBuf,
    },
    /// Another process writes to the directory, and what it writes depends on what is there.
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The process id, if the kernel shows it.
        holder: Option<u32>,
    },
    /// The file system has no space for the file.
    NoSpace {
        /// The path.
        path: PathBuf,
    },
    /// The bytes read back differ from those written.
    Recheck {
        /// The path.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// The file has its name, but the directory could not be synced.
    NotSynced {
        /// The path.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// Any other failure.
    Io {
        /// The path.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's error.
        cause: io::Error,
    },
}

impl OutputError {
    /// Why this path, which is not a directory, is not one. Of several missing directories, it names the outermost: without it, none can be made.
    #[must_use]
    pub fn no_directory(path: &Path) -> Self {
        if path.exists() {
            return Self::FileAsDirectory {
                path: path.to_owned(),
            };
        }
        let missing = path.ancestors().take_while(|above| !is_there(above));
        Self::NoDirectory {
            directory: missing.last().unwrap_or(path).to_owned(),
        }
    }
}

/// The empty path above a relative one is the working directory.
fn is_there(path: &Path) -> bool {
    path.as_os_str().is_empty() || path.exists()
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DirectoryExists { path } => {
                write!(
                    f,
                    "{} already exists, and a new directory was asked for",
                    path.display()
                )
            }
            Self::Exists { path } => write!(f, "{} already exists and was not changed", path.display()),
            Self::NotReplaceable { path } => {
                write!(
                    f,
                    "{} is not a regular file, so it is not replaced",
                    path.display()
                )
            }
            Self::TooLarge { path, limit } => write!(
                f,
                "{} has more than {limit} bytes, so it is not an earlier output and is not replaced",
                path.display()
            ),
            Self::Database { path } => {
                write!(
                    f,
                    "{} is an SQLite database, such as a ledger, and is not replaced",
                    path.display()
                )
            }
            Self::DatabaseFile { path, database } => write!(
                f,
                "{} belongs to the SQLite database {}, and no output is written there",
                path.display(),
                database.display()
            ),
            Self::ProtectedDirectory { path, directory } => write!(
                f,
                "{} is not written: {} holds the keys of a token, or this program's locks",
                path.display(),
                directory.display()
            ),
            Self::Protected { path } => write!(
                f,
                "{} is an input of this command, so it is not replaced",
                path.display()
            ),
            Self::NoDirectory { directory } => {
                write!(f, "the directory {} does not exist", directory.display())
            }
            Self::FileAsDirectory { path } => write!(f, "{} is a file, not a directory", path.display()),
            Self::NotADirectory { path } => {
                write!(f, "{} is not a directory", path.display())
            }
            Self::OpenDirectory { path } => write!(
                f,
                "{} is not used, because it belongs to another user or others can write to it",
                path.display()
            ),
            Self::InUse { directory, holder } => {
                match holder {
                    Some(process) => write!(f, "process {process}")?,
                    None => f.write_str("another process")?,
                }
                write!(f, " is writing to the directory {}", directory.display())
            }
            Self::NoSpace { path } => write!(f, "{}: no space left on the file system", path.display()),
            Self::Recheck { path, reason } => {
                write!(
                    f,
                    "{} was read back and is not what was signed: {reason}",
                    path.display()
                )
            }
            Self::NotSynced { path, cause } => {
                write!(
                    f,
                    "{} is written, but its directory cannot be synced: {cause}",
                    path.display()
                )
            }
            Self::Io { path, action, cause } => write!(f, "{}: cannot {action}: {cause}", path.display()),
        }
    }
}

impl std::error::Error for OutputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { cause, .. } | Self::NotSynced { cause, .. } => cause.source(),
            _ => None,
        }
    }
}
