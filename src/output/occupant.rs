//! The file that an output would replace, held until it is replaced: so a caller can read it, decide, and then see whether it is still there.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// What was at the path of an output. The file stays open: as long as it is, no other file gets its inode, so
/// [`is_still_there`](Self::is_still_there) cannot take a new file for the old one.
#[derive(Debug)]
pub(crate) struct Occupant {
    path: PathBuf,
    identity: Option<(u64, u64)>,
    file: Option<File>,
}

impl Occupant {
    /// Looks at the path. A file that cannot be opened has an identity and no content.
    pub(crate) fn at(path: &Path) -> Self {
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
        let opened = is_file.then(|| File::options().read(true).custom_flags(flags).open(path).ok());
        let file = opened.flatten();
        let held = file.as_ref().and_then(|file| file.metadata().ok());
        Self {
            identity: held
                .as_ref()
                .map_or_else(|| identity_at(path), |held| Some(identity(held))),
            path: path.to_owned(),
            file,
        }
    }

    /// The content, at most this many bytes of it. `None` if nothing is there that can be read.
    pub(crate) fn read(&mut self, limit: u64) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        let file = self.file.as_mut()?;
        file.take(limit).read_to_end(&mut content).ok()?;
        Some(content)
    }

    /// Whether the path still has exactly this file, or is still free.
    pub(super) fn is_still_there(&self) -> bool {
        identity_at(&self.path) == self.identity
    }
}

fn identity_at(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().as_ref().map(identity)
}

fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_noticed_even_with_the_same_content() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let mut free = Occupant::at(&at("a"));
        assert!(free.is_still_there());
        assert_eq!(free.read(9), None);
        fs::write(at("a"), "old").unwrap();
        assert!(!free.is_still_there());
        let mut old = Occupant::at(&at("a"));
        assert_eq!(old.read(2).as_deref(), Some(&b"ol"[..]));
        assert!(old.is_still_there());
        // Its inode would be free for the new file if it were not open.
        for _ in 0..100 {
            fs::write(at("b"), "old").unwrap();
            fs::rename(at("b"), at("a")).unwrap();
            assert!(!old.is_still_there());
        }
        fs::remove_file(at("a")).unwrap();
        assert!(!old.is_still_there());
    }

    #[test]
    fn a_directory_has_no_content() {
        let directory = tempfile::tempdir().unwrap();
        let mut found = Occupant::at(directory.path());
        assert_eq!(found.read(9), None);
        assert!(found.is_still_there());
    }
}
