//! The files of a ceremony's directory. No link is followed out of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::CeremonyReport;
use crate::ceremony::{CeremonyDirectory, Digest, rules};
use crate::workflow::ceremony::regular_file::read_below;

/// The most files and directories. A ceremony of a hundred objects has a thousand.
const MOST: usize = 20_000;

/// The prefix of temporary files. A killed program can leave one behind.
pub(super) const TEMPORARY: &str = ".hsm-ca-";

/// The deepest nesting of directories.
const DEEPEST: usize = 8;

/// The files of a directory, by their relative path.
pub(super) struct Archive {
    root: PathBuf,
    files: BTreeSet<String>,
    directories: BTreeSet<String>,
    /// SHA-256 of each file that was read. The checksums are compared with these bytes, and not with what the file has become since.
    read: RefCell<BTreeMap<String, Digest>>,
    /// The number of entries seen.
    entries: usize,
}

impl Archive {
    /// Lists the files. A link or any other entry that is not a file or directory is a finding, because its content could change.
    pub(super) fn list(directory: &CeremonyDirectory, report: &mut CeremonyReport) -> Self {
        let mut archive = Self {
            root: directory.path().to_owned(),
            files: BTreeSet::new(),
            directories: BTreeSet::new(),
            read: RefCell::default(),
            entries: 0,
        };
        archive.list_below(directory.path(), "", DEEPEST, report);
        if !archive.is_whole() {
            report.find(
                ".",
                rules::FILE,
                format!("the directory has more than {MOST} files"),
            );
        }
        archive
    }

    /// Whether all files are in the list. If not, nobody knows whether a file is missing.
    pub(super) const fn is_whole(&self) -> bool {
        self.entries <= MOST
    }

    fn list_below(&mut self, path: &Path, below: &str, depth: usize, report: &mut CeremonyReport) {
        let shown = if below.is_empty() { "." } else { below };
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return report.find(shown, rules::FILE, error),
        };
        for entry in entries {
            self.entries += 1;
            if self.entries > MOST {
                return;
            }
            let found = entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?)));
            let (name, kind) = match found {
                Ok(found) => found,
                Err(error) => return report.find(shown, rules::FILE, error),
            };
            let Some(name) = name.to_str().filter(|name| !name.chars().any(char::is_control)) else {
                report.find(
                    shown,
                    rules::FILE,
                    format!("{name:?} is not a name of printable text"),
                );
                continue;
            };
            let inside = format!("{below}{name}");
            if kind.is_file() {
                self.files.insert(inside);
            } else if !kind.is_dir() || depth == 0 {
                report.find(inside, rules::FILE, "not a regular file");
            } else {
                self.list_below(&path.join(name), &format!("{inside}/"), depth - 1, report);
                self.directories.insert(inside);
            }
        }
    }

    /// The bytes of a file.
    pub(super) fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        if !self.files.contains(file) {
            return Err("the file is missing".to_owned());
        }
        let bytes = read_below(&self.root, file).map_err(|error| error.to_string())?;
        match self.keep_digest(file, &bytes) {
            true => Ok(bytes),
            false => Err("it changed while it was read".to_owned()),
        }
    }

    /// Keeps the SHA-256 of a file that was read. Whether it is the same as when the file was read before.
    fn keep_digest(&self, file: &str, bytes: &[u8]) -> bool {
        let found = Digest::of(bytes);
        *self.read.borrow_mut().entry(file.to_owned()).or_insert(found) == found
    }

    /// SHA-256 of the bytes that were checked. A file that no other check reads is read now.
    pub(super) fn digest(&self, file: &str) -> Result<Digest, String> {
        let known = self.read.borrow().get(file).copied();
        match known {
            Some(digest) => Ok(digest),
            None => self.read(file).map(|bytes| Digest::of(&bytes)),
        }
    }

    /// Every file that was listed or read.
    pub(super) fn files(&self) -> BTreeSet<String> {
        let read = self.read.borrow();
        self.files.iter().chain(read.keys()).cloned().collect()
    }

    /// The names of the entries in a directory.
    pub(super) fn names_in(&self, directory: &str) -> Vec<OsString> {
        let entries = self.files.iter().chain(&self.directories);
        let inside = entries.filter_map(|entry| entry.strip_prefix(directory)?.strip_prefix('/'));
        inside
            .filter(|name| !name.contains('/'))
            .map(OsString::from)
            .collect()
    }

    /// The files in a directory, by name.
    pub(super) fn files_in(&self, directory: &str) -> BTreeSet<String> {
        let inside = self.files.iter().filter_map(|file| file.strip_prefix(directory));
        let inside = inside.filter_map(|file| file.strip_prefix('/'));
        inside.map(str::to_owned).collect()
    }
}
