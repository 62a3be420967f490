//! The metadata of a file, and when it can be relied on. Before Linux 6.13, the kernel's clock for change times ticks 100 to 1000 times a
//! second, and some file systems store whole seconds. Two changes between two ticks have the same time (git calls this problem "racy git").
//! So a change time counts only once another file of the same file system, changed afterwards, has a later one.

use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

/// The identity of a file, and the metadata that every change alters.
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
    /// The state of a regular file. `None` if it has another name, because SQLite keeps another log under that name.
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

/// Several ticks of the slowest clock. If no tick is seen for longer, the file system stores whole seconds, or the clock was set back.
const LONGEST_WAIT: Duration = Duration::from_millis(60);

/// The change time of a file.
pub(super) fn changed(found: &Metadata) -> (i64, i64) {
    (found.ctime(), found.ctime_nsec())
}

/// Waits until the next change of the file will alter its change time: `touch` changes another file and returns that file's change time.
/// `None` if this takes too long.
pub(super) fn wait_until_past(file: &FileState, mut touch: impl FnMut() -> Option<(i64, i64)>) -> Option<()> {
    let start = Instant::now();
    while touch()? <= file.changed {
        (start.elapsed() < LONGEST_WAIT).then_some(())?;
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

    #[test]
    fn a_change_shows_once_the_clock_has_ticked() {
        let mut ticks = [(99, 999_999_999), (100, 1), (100, 5_000_000), (100, 9_000_000)].into_iter();
        assert_eq!(wait_until_past(&FILE, || ticks.next()), Some(()));
        assert_eq!(ticks.next(), None, "it waited for the last");
        let mut ticks = [(101, 0), (102, 0)].into_iter();
        assert_eq!(wait_until_past(&FILE, || ticks.next()), Some(()));
        assert_eq!(ticks.next(), Some((102, 0)), "it did not wait");
    }

    #[test]
    fn a_clock_that_does_not_tick_is_not_waited_for_long() {
        let start = Instant::now();
        assert_eq!(wait_until_past(&FILE, || Some((100, 5_000_000))), None);
        assert!(start.elapsed() < Duration::from_secs(5));
        assert_eq!(wait_until_past(&FILE, || None), None, "nothing can be changed");
    }
}
