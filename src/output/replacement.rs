//! Replaces an earlier file only if it is the one that the caller has read.

use std::path::PathBuf;

use super::written::sync_directory;
use super::{Occupant, OutputError, Synced};

/// A finished file, and what is at its path. Between the look at that and the rename, another process could put its own file there, so the
/// caller calls [`attempt`](Self::attempt) while other processes do not.
#[derive(Debug)]
pub(crate) struct Replacement {
    occupant: Occupant,
    directory: PathBuf,
    /// Until it was tried.
    waiting: Option<Synced>,
    /// Once it was tried.
    named: Result<PathBuf, OutputError>,
}

/// What became of a file.
#[derive(Debug)]
pub(crate) enum Replaced {
    /// It has its name.
    Published(PathBuf),
    /// It has no name yet: another file is at the path than the one that was read.
    OtherFile(Synced),
}

impl Replacement {
    /// Looks at what is there now.
    pub(crate) fn of(synced: Synced) -> Self {
        let path = &synced.0.destination.path;
        Self {
            occupant: Occupant::at(path),
            directory: synced.0.directory.clone(),
            named: Err(OutputError::Exists { path: path.clone() }),
            waiting: Some(synced),
        }
    }

    /// The file that would be replaced.
    pub(crate) const fn occupant(&mut self) -> &mut Occupant {
        &mut self.occupant
    }

    /// Gives the file its name if the path has what it had. Returns whether the file has its name. It is short: a rename. It is tried once;
    /// further calls only return the result.
    pub(crate) fn attempt(&mut self) -> bool {
        if self.occupant.is_still_there()
            && let Some(synced) = self.waiting.take()
        {
            self.named = synced.0.name();
        }
        self.named.is_ok()
    }

    /// What became of it. Syncs the directory of a file that has its name.
    ///
    /// # Errors
    /// [`OutputError`]
    pub(crate) fn finish(self) -> Result<Replaced, OutputError> {
        match self.waiting {
            Some(synced) => Ok(Replaced::OtherFile(synced)),
            None => sync_directory(&self.directory, self.named?).map(Replaced::Published),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::output::{Destination, ManualPage};

    #[test]
    fn only_the_file_that_was_read_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        let page = ManualPage::check("new".to_owned()).unwrap();
        let destination = Destination {
            overwrite: true,
            ..Destination::new(&path)
        };
        let written = destination.reserve().unwrap().write(&page);
        let synced = written.unwrap().sync().unwrap();
        fs::write(&path, "old").unwrap();
        let mut late = Replacement::of(synced);
        // Another process replaces it.
        fs::write(directory.path().join("b"), "other").unwrap();
        fs::rename(directory.path().join("b"), &path).unwrap();
        assert!(!late.attempt());
        let Replaced::OtherFile(synced) = late.finish().unwrap() else {
            panic!("it was replaced");
        };
        assert_eq!(fs::read(&path).unwrap(), b"other");
        let mut again = Replacement::of(synced);
        assert_eq!(again.occupant().read(99).as_deref(), Some(&b"other"[..]));
        // A turn that was lost is taken again.
        assert!(again.attempt() && again.attempt());
        assert!(matches!(again.finish().unwrap(), Replaced::Published(_)));
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
