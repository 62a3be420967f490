//! Why a file is not used.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// In such a directory, nobody can rename or remove what they do not own (inode(7)).
pub(super) const STICKY: u32 = 0o1000;

/// A user: the number, and the name in `/etc/passwd` if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub uid: u32,
    /// The name.
    pub name: Option<String>,
}

impl Owner {
    /// The user of that number.
    #[must_use]
    pub fn of(uid: u32) -> Self {
        let number = uid.to_string();
        let lines = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = lines.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == number).then(|| name.to_owned())
        });
        Self { uid, name }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "uid {}", self.uid),
        }
    }
}

/// Why a file is not used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TrustError {
    /// The file, or a directory on the way to it, belongs to someone who could change it.
    OtherOwner {
        /// The file or directory.
        path: PathBuf,
        /// Its owner.
        owner: Owner,
    },
    /// Users other than the owner may write to the file, or to a directory on the way to it.
    OpenToOthers {
        /// The file or directory.
        path: PathBuf,
        /// Its owner.
        owner: Owner,
        /// The permission bits.
        mode: u32,
    },
    /// A link on the way to the file belongs to someone who could let it lead elsewhere.
    OtherLink {
        /// The link.
        path: PathBuf,
        /// Its owner.
        owner: Owner,
    },
    /// A directory, a pipe, a device.
    NotAFile {
        /// The path.
        path: PathBuf,
        /// Its owner.
        owner: Owner,
    },
    /// It does not exist, or cannot be examined.
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl TrustError {
    pub(super) fn io(path: &Path, cause: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            cause,
        }
    }

    pub(super) fn other_owner(path: &Path, found: &Metadata) -> Self {
        Self::OtherOwner {
            path: path.to_owned(),
            owner: Owner::of(found.uid()),
        }
    }

    pub(super) fn open_to_others(path: &Path, found: &Metadata) -> Self {
        Self::OpenToOthers {
            path: path.to_owned(),
            owner: Owner::of(found.uid()),
            mode: found.mode() & 0o7777,
        }
    }

    pub(super) fn other_link(path: &Path, found: &Metadata) -> Self {
        Self::OtherLink {
            path: path.to_owned(),
            owner: Owner::of(found.uid()),
        }
    }

    /// Whether the cause is a directory that is meant for everyone, such as `/tmp`, or another user's link in one. Its mode is right.
    #[must_use]
    pub const fn is_about_shared_directory(&self) -> bool {
        match self {
            Self::OpenToOthers { mode, .. } => *mode & STICKY != 0,
            Self::OtherLink { .. } => true,
            _ => false,
        }
    }

    /// The file or directory that it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::OtherOwner { path, .. }
            | Self::OpenToOthers { path, .. }
            | Self::OtherLink { path, .. }
            | Self::NotAFile { path, .. }
            | Self::Io { path, .. } => path,
        }
    }
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherOwner { path, owner } => write!(f, "{} belongs to {owner}", path.display()),
            Self::OpenToOthers { path, owner, mode } => write!(
                f,
                "{} can be written by users other than its owner, {owner} (mode {mode:04o})",
                path.display()
            ),
            Self::OtherLink { path, owner } => {
                write!(f, "{} is a link that belongs to {owner}", path.display())
            }
            Self::NotAFile { path, owner } => {
                write!(f, "{} is not a regular file (owner: {owner})", path.display())
            }
            Self::Io { path, cause } => write!(f, "{}: {cause}", path.display()),
        }
    }
}

impl std::error::Error for TrustError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { cause, .. } => cause.source(),
            _ => None,
        }
    }
}
