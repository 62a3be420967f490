//! The files of a statement: `NAME.json` and `NAME.json.sig`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::file_trust::{self, Owners, TrustError};

/// The largest statement file. The statement at a gate has a hash for each step of the plan.
const LARGEST: u64 = 1024 * 1024;

/// The most statements and signatures in one directory.
const MOST: usize = 2000;

const STATEMENT: &str = ".json";
const SIGNATURE: &str = ".json.sig";

/// A statement on disk. Nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementFile {
    /// The statement's path.
    pub path: PathBuf,
    /// The statement's bytes.
    pub statement: Vec<u8>,
    /// The armoured signature, if there is one yet.
    pub signature: Option<Vec<u8>>,
}

/// Why the files of a directory are not accepted as statements.
#[derive(Debug)]
#[non_exhaustive]
pub enum StatementFileError {
    /// Other users could have changed the file, or it cannot be read.
    Trust {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        cause: TrustError,
    },
    /// The file is larger than any statement or signature.
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// There are more files than the people of any ceremony would sign.
    TooMany {
        /// The directory.
        path: PathBuf,
    },
    /// The file is neither a statement nor a signature.
    OtherFile {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    Unread {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// A signature has no statement.
    NoStatement {
        /// The signature.
        path: PathBuf,
    },
}

impl fmt::Display for StatementFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trust { cause, .. } => cause.fmt(f),
            Self::Unread { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::TooLarge { path } => write!(
                f,
                "{} exceeds the {} KiB limit of a statement",
                path.display(),
                LARGEST / 1024
            ),
            Self::TooMany { path } => {
                write!(f, "{} has more than {MOST} files", path.display())
            }
            Self::OtherFile { path } => write!(
                f,
                "{} is neither a statement (NAME.json) nor the signature of one (NAME.json.sig)",
                path.display()
            ),
            Self::NoStatement { path } => {
                write!(
                    f,
                    "{} is a signature, and its statement is missing",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for StatementFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Trust { cause, .. } => cause.source(),
            _ => None,
        }
    }
}

/// Every statement of a directory, by name. A directory that does not exist has none. Only this user and root may be able to change the directory or
/// a file in it.
///
/// # Errors
/// [`StatementFileError`]. A file with another name is an error, because it could be a statement with a mistyped name.
pub fn read_statements(directory: &Path) -> Result<Vec<StatementFile>, StatementFileError> {
    let trust = |path: &Path, cause| StatementFileError::Trust {
        path: path.to_owned(),
        cause,
    };
    let real = match file_trust::check_directory(directory) {
        Ok(real) => real,
        Err(TrustError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(trust(directory, cause)),
    };
    let unread = |cause| {
        let path = real.clone();
        trust(&real, TrustError::Io { path, cause })
    };
    let mut names: Vec<OsString> = Vec::new();
    for entry in fs::read_dir(&real).map_err(unread)? {
        names.push(entry.map_err(unread)?.file_name());
        if names.len() > MOST {
            break;
        }
    }
    pair_statements(directory, names, read)
}

/// The same, of entries with these names, for a reader that has its own way to read a file.
///
/// # Errors
/// Those of [`read_statements`], and of `read`.
pub(crate) fn pair_statements(
    directory: &Path,
    mut names: Vec<OsString>,
    read: impl Fn(&Path) -> Result<Vec<u8>, StatementFileError>,
) -> Result<Vec<StatementFile>, StatementFileError> {
    if names.len() > MOST {
        let path = directory.to_owned();
        return Err(StatementFileError::TooMany { path });
    }
    let read = |path: &Path| match read(path) {
        Ok(bytes) if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST => {
            Err(StatementFileError::TooLarge {
                path: path.to_owned(),
            })
        }
        read => read,
    };
    names.sort();
    let mut statements: BTreeMap<String, StatementFile> = BTreeMap::new();
    // The name of a statement sorts before the name of its signature.
    for name in names {
        let path = directory.join(&name);
        let name = name.to_str().unwrap_or_default();
        if is_temporary(name) {
            continue;
        }
        if let Some(stem) = name.strip_suffix(SIGNATURE) {
            let statement = statements.get_mut(stem);
            let statement =
                statement.ok_or_else(|| StatementFileError::NoStatement { path: path.clone() })?;
            statement.signature = Some(read(&path)?);
        } else if let Some(stem) = name.strip_suffix(STATEMENT) {
            let statement = StatementFile {
                statement: read(&path)?,
                signature: None,
                path,
            };
            statements.insert(stem.to_owned(), statement);
        } else {
            return Err(StatementFileError::OtherFile { path });
        }
    }
    Ok(statements.into_values().collect())
}

/// A temporary file of this program. A killed program leaves one behind.
fn is_temporary(name: &str) -> bool {
    name.starts_with(".hsm-ca-")
}

fn read(path: &Path) -> Result<Vec<u8>, StatementFileError> {
    let trust = |cause| StatementFileError::Trust {
        path: path.to_owned(),
        cause,
    };
    let file = file_trust::open(path, Owners::Own).map_err(trust)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|cause| {
        trust(TrustError::Io {
            path: path.to_owned(),
            cause,
        })
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn pairs_are_read_by_name_and_every_other_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str| fs::write(directory.path().join(name), name).unwrap();
        let at = |name: &str| directory.path().join(name);
        assert!(read_statements(&at("nowhere")).unwrap().is_empty());
        for name in ["b.json", "a.json", "a.json.sig", ".hsm-ca-aB3xY9.tmp"] {
            write(name);
        }
        let found = read_statements(directory.path()).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|file| (file.path.clone(), file.signature.clone()))
            .collect();
        let expected = [(at("a.json"), Some(b"a.json.sig".to_vec())), (at("b.json"), None)];
        assert_eq!(shown, expected);
        type Expected = fn(&StatementFileError) -> bool;
        let other: Expected = |error| matches!(error, StatementFileError::OtherFile { .. });
        let cases: [(&str, Expected); 5] = [
            ("c.json.sig", |error| {
                matches!(error, StatementFileError::NoStatement { .. })
            }),
            ("a.JSON", other),
            ("a.json.sig.bak", other),
            ("a.json~", other),
            ("README", other),
        ];
        for (name, is_expected) in cases {
            write(name);
            let error = read_statements(directory.path()).unwrap_err();
            assert!(is_expected(&error) && error.to_string().contains(name), "{error}");
            fs::remove_file(at(name)).unwrap();
        }
        fs::create_dir(at("d.json")).unwrap();
        let error = read_statements(directory.path()).unwrap_err();
        assert!(
            error.to_string().contains("d.json is not a regular file"),
            "{error}"
        );
        fs::remove_dir(at("d.json")).unwrap();
        symlink("/dev/zero", at("e.json")).unwrap();
        assert!(read_statements(directory.path()).is_err());
        fs::remove_file(at("e.json")).unwrap();
        fs::write(at("f.json"), vec![b' '; 1024 * 1024 + 1]).unwrap();
        let error = read_statements(directory.path()).unwrap_err();
        assert!(matches!(error, StatementFileError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn what_others_can_change_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        fs::write(&path, "{}").unwrap();
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for (path, mode, sound) in [(&*path, 0o666, 0o644), (directory.path(), 0o777, 0o700)] {
            set(path, mode);
            let error = read_statements(directory.path()).unwrap_err();
            let is_open = |cause: &TrustError| matches!(cause, TrustError::OpenToOthers { .. });
            assert!(
                matches!(&error, StatementFileError::Trust { cause, .. } if is_open(cause)),
                "{error}"
            );
            set(path, sound);
        }
        assert_eq!(read_statements(directory.path()).unwrap().len(), 1);
    }
}
