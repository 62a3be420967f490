//! The files of a ceremony's directory. None is followed out of it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::CeremonyReport;
use crate::ceremony::CeremonyDirectory;

/// Bytes of a file: more than any transcript, CRL or ledger of a ceremony has.
const LARGEST: u64 = 256 * 1024 * 1024;

/// How deep directories are in it.
const DEEPEST: usize = 8;

/// The files of a directory, by their path below it.
pub(super) struct Archive {
    root: PathBuf,
    files: BTreeSet<String>,
}

impl Archive {
    /// Lists them. A link, or another thing that is not a file, is a finding: it could be another file tomorrow.
    pub(super) fn list(directory: &CeremonyDirectory, report: &mut CeremonyReport) -> Self {
        let mut archive = Self {
            root: directory.path().to_owned(),
            files: BTreeSet::new(),
        };
        archive.list_below(directory.path(), "", DEEPEST, report);
        archive
    }

    fn list_below(&mut self, path: &Path, below: &str, depth: usize, report: &mut CeremonyReport) {
        let shown = if below.is_empty() { "." } else { below };
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return report.find(shown, "file", error),
        };
        for entry in entries {
            let found = entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?)));
            let (name, kind) = match found {
                Ok(found) => found,
                Err(error) => return report.find(shown, "file", error),
            };
            let Some(name) = name.to_str().filter(|name| !name.chars().any(char::is_control)) else {
                report.find(shown, "file", format!("{name:?} is not a name of printable text"));
                continue;
            };
            let inside = format!("{below}{name}");
            if kind.is_file() {
                self.files.insert(inside);
            } else if !kind.is_dir() || depth == 0 {
                report.find(inside, "file", "not a regular file");
            } else {
                self.list_below(&path.join(name), &format!("{inside}/"), depth - 1, report);
            }
        }
    }

    /// The bytes of a file.
    pub(super) fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        if !self.files.contains(file) {
            return Err("the file is missing".to_owned());
        }
        read_file(&self.root.join(file)).map_err(|error| error.to_string())
    }

    /// Every file.
    pub(super) const fn files(&self) -> &BTreeSet<String> {
        &self.files
    }

    /// The files in a directory, by name.
    pub(super) fn files_in(&self, directory: &str) -> BTreeSet<String> {
        let inside = self.files.iter().filter_map(|file| file.strip_prefix(directory));
        let inside = inside.filter_map(|file| file.strip_prefix('/'));
        inside.map(str::to_owned).collect()
    }
}

/// The bytes of a regular file; a link is not followed, and a pipe does not make this wait.
pub(in crate::workflow::ceremony) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST) {
        true => Ok(bytes),
        false => Err(io::Error::other(format!("larger than {LARGEST} bytes"))),
    }
}
