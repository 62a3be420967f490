//! The metadata of a file, and when it can be relied on. Before Linux 6.13, the kernel's clock for change times ticks 100 to 1000 times a
//! second, and some file systems store whole seconds. Two changes between two ticks have the same time (git calls this problem "racy git").
//! So a change time counts only once another file of the same file system, changed afterwards, has a later one.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

/// The identity of a file, and the metadata that changes with every write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileState {
    device: u64,
    inode: u64,
    size: u64,
    /// `st_ctim`: seconds and nanoseconds.
    changed: (i64, i64),
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanoseconds) = self.changed;
        write!(
            f,
            "{} {} {} {seconds} {nanoseconds}",
            self.device, self.inode, self.size
        )
    }
}

impl FileState {
    /// The state of a regular file. `None` if it has a second hard link, because SQLite keeps a separate log for that name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = fs::symlink_metadata(path).ok()?;
        (found.is_file() && found.nlink() == 1).then(|| Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.len(),
            changed: changed(&found),
        })
    }

    pub(super) fn parse<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        fn number<'a, N: FromStr>(words: &mut impl Iterator<Item = &'a str>) -> Option<N> {
            words.next()?.parse().ok()
        }
        Some(Self {
            device: number(words)?,
            inode: number(words)?,
            size: number(words)?,
            changed: (number(words)?, number(words)?),
        })
    }
}

/// A database on the disk: its file, and its write-ahead log if that has content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FilesState {
    pub(super) file: FileState,
    log: Option<FileState>,
}

/// Stands for the state of a missing log.
const NO_LOG: &str = "-";

impl fmt::Display for FilesState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.file)?;
        match &self.log {
            Some(log) => log.fmt(f),
            None => f.write_str(NO_LOG),
        }
    }
}

impl FilesState {
    /// `None` also if a journal has content, because SQLite would copy it back into the file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let journal = fs::symlink_metadata(beside(path, "-journal"));
        is_empty(&journal).then_some(())?;
        let log = beside(path, "-wal");
        let log = match is_empty(&fs::symlink_metadata(&log)) {
            true => None,
            false => Some(FileState::of(&log)?),
        };
        let file = FileState::of(path)?;
        Some(Self { file, log })
    }

    pub(super) fn parse<'a>(words: &mut (impl Iterator<Item = &'a str> + Clone)) -> Option<Self> {
        let file = FileState::parse(words)?;
        let mut rest = words.clone();
        let log = match rest.next()? {
            NO_LOG => {
                *words = rest;
                None
            }
            _ => Some(FileState::parse(words)?),
        };
        Some(Self { file, log })
    }

    /// Whether the whole ledger is in the file.
    pub(super) const fn is_in_one_file(&self) -> bool {
        self.log.is_none()
    }

    fn changed(&self) -> (i64, i64) {
        let log = self.log.map_or(self.file.changed, |log| log.changed);
        log.max(self.file.changed)
    }
}

/// Whether a file is missing or empty.
fn is_empty(found: &io::Result<Metadata>) -> bool {
    match found {
        Ok(found) => found.is_file() && found.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// The path of a file that SQLite or this program keeps beside a database.
pub(in crate::ledger::sqlite) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A few ticks of the slowest clock. If it takes longer, the file system stores whole seconds, or the clock was set back.
const LONGEST_WAIT: Duration = Duration::from_millis(60);

/// The change time of a file.
pub(super) fn changed(found: &Metadata) -> (i64, i64) {
    (found.ctime(), found.ctime_nsec())
}

/// Whether to wait for the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    ForTheClock,
    /// Since Linux 6.13, a file whose time was read gets a new time with each change, so no wait is needed.
    Not,
}

/// Returns once the next change of the files would be visible. `touch` changes another file and returns its change time. `None` if that takes
/// too long.
pub(super) fn wait_until_past(
    files: &FilesState,
    wait: Wait,
    mut touch: impl FnMut() -> Option<(i64, i64)>,
) -> Option<()> {
    let start = Instant::now();
    // The first touch may be in the same tick, and the second has its own.
    let mut at_once = 2;
    while touch()? <= files.changed() {
        if at_once > 0 {
            at_once -= 1;
            continue;
        }
        (wait == Wait::ForTheClock && start.elapsed() < LONGEST_WAIT).then_some(())?;
        thread::sleep(Duration::from_millis(1));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileState = FileState {
        device: 1,
        inode: 2,
        size: 3,
        changed: (100, 5_000_000),
    };
    const FILES: FilesState = FilesState {
        file: FILE,
        log: None,
    };

    #[test]
    fn a_change_shows_once_the_clock_has_ticked() {
        let times = [
            (99, 999_999_999),
            (100, 1),
            (100, 2),
            (100, 5_000_000),
            (100, 9_000_000),
        ];
        let mut ticks = times.into_iter();
        let waited = wait_until_past(&FILES, Wait::ForTheClock, || ticks.next());
        assert_eq!(waited, Some(()));
        assert_eq!(ticks.next(), None, "it waited for the last");
        let mut ticks = [(101, 0), (102, 0)].into_iter();
        assert_eq!(wait_until_past(&FILES, Wait::Not, || ticks.next()), Some(()));
        assert_eq!(ticks.next(), Some((102, 0)), "it did not wait");
        // The log changed last.
        let changed = (101, 0);
        let log = Some(FileState { changed, ..FILE });
        let files = FilesState { file: FILE, log };
        let mut ticks = times.into_iter().chain([changed, (101, 1)]);
        wait_until_past(&files, Wait::ForTheClock, || ticks.next()).unwrap();
        assert_eq!(ticks.next(), None);
    }

    #[test]
    fn a_clock_that_does_not_tick_is_not_waited_for_long() {
        let start = Instant::now();
        let same = || Some((100, 5_000_000));
        assert_eq!(wait_until_past(&FILES, Wait::ForTheClock, same), None);
        assert!(start.elapsed() < Duration::from_secs(5));
        let mut touched = 0;
        let count = || {
            touched += 1;
            same()
        };
        assert_eq!(wait_until_past(&FILES, Wait::Not, count), None);
        assert_eq!(touched, 3, "it was not waited for at all");
        let none = wait_until_past(&FILES, Wait::ForTheClock, || None);
        assert_eq!(none, None, "nothing can be changed");
    }

    #[test]
    fn the_state_of_files_is_read_as_it_is_written() {
        for log in [None, Some(FileState { size: 9, ..FILE })] {
            let files = FilesState { file: FILE, log };
            let text = format!("{files} more");
            let mut words = text.split(' ');
            assert_eq!(FilesState::parse(&mut words), Some(files), "{text}");
            assert_eq!(words.next(), Some("more"), "{text}");
        }
        for text in ["1 2 3 4 5", "1 2 3 4 -", "1 2 3 4 5 1 2 3", ""] {
            assert_eq!(FilesState::parse(&mut text.split(' ')), None, "{text}");
        }
    }
}
