//! Which process holds the lock on a transcript.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use rustix::fs::{major, minor};

/// The process that holds a `flock` lock on the file, from the kernel's list (proc_locks(5)). `None` if the list does not show it: the process is in
/// another PID namespace, or the list has another device number than `stat` (Btrfs).
pub(super) fn lock_holder(file: &File) -> Option<u32> {
    let found = file.metadata().ok()?;
    let locks = fs::read_to_string("/proc/locks").ok()?;
    holder_in(&locks, found.dev(), found.ino())
}

/// A line is `1: FLOCK  ADVISORY  WRITE 4711 fe:00:131090 0 EOF`: the process, then the file by device and inode.
fn holder_in(locks: &str, device: u64, inode: u64) -> Option<u32> {
    let wanted = format!("{:02x}:{:02x}:{inode}", major(device), minor(device));
    locks.lines().find_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        match fields.as_slice() {
            [_, "FLOCK", _, _, process, file, ..] if *file == wanted => process.parse().ok(),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use rustix::fs::makedev;

    use super::*;

    #[test]
    fn the_kernel_names_the_process_that_holds_a_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("locked");
        let file = File::create(&path).unwrap();
        assert_eq!(lock_holder(&file), None);
        file.lock().unwrap();
        assert_eq!(lock_holder(&File::open(&path).unwrap()), Some(std::process::id()));
    }

    #[test]
    fn only_a_holder_of_this_file_counts() {
        let locks = "1: POSIX  ADVISORY  WRITE 1 fe:00:7 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 2 fe:01:7 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 3 fe:00:70 0 EOF\n\
                     3: -> FLOCK  ADVISORY  WRITE 4 fe:00:7 0 EOF\n\
                     4: OFDLCK ADVISORY  WRITE -1 fe:00:7 0 EOF\n\
                     5: FLOCK  ADVISORY  WRITE -1 fe:00:7 0 EOF\n\
                     nonsense\n\
                     6: FLOCK  ADVISORY  WRITE 4711 fe:00:7 0 EOF\n";
        assert_eq!(holder_in(locks, makedev(0xfe, 0), 7), Some(4711));
        assert_eq!(holder_in(locks, makedev(0xfe, 0), 8), None);
    }
}
