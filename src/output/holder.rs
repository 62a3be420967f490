//! Which process holds the lock on a file.

use std::fs::{self, File};
use std::os::fd::AsRawFd;

/// The list is read in pieces. While other processes lock and unlock files, it can lack a lock that was held all the time.
const TRIES: usize = 16;

/// The process that holds a `flock` lock on the file, from the kernel's list (proc_locks(5)). `None` if the list does not show it: the process is in
/// another PID namespace.
pub(crate) fn lock_holder(file: &File) -> Option<u32> {
    let opened = fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let name = name_in_list(&opened, &mounts)?;
    (0..TRIES).find_map(|_| holder_in(&fs::read_to_string("/proc/locks").ok()?, &name))
}

/// The device and the inode of an open file as the list of locks has them. On Btrfs and overlay file systems, `stat` has others. proc_pid_fdinfo(5) has
/// the mount and the inode, and proc_pid_mountinfo(5) the mount's device.
fn name_in_list(opened: &str, mounts: &str) -> Option<String> {
    let field = |name: &str| {
        let mut lines = opened.lines();
        lines.find_map(|line| line.strip_prefix(name)).map(str::trim)
    };
    let (mount, inode) = (field("mnt_id:")?, field("ino:")?);
    let device = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let is_it = fields.next() == Some(mount);
        fields.nth(1).filter(|_| is_it)
    })?;
    let (major, minor) = device.split_once(':')?;
    let (major, minor) = (major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?);
    Some(format!("{major:02x}:{minor:02x}:{inode}"))
}

/// A line is `1: FLOCK  ADVISORY  WRITE 4711 fe:00:131090 0 EOF`: the process, then the file by device and inode.
fn holder_in(locks: &str, wanted: &str) -> Option<u32> {
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

    /// On this Btrfs, `stat` has device 0:45.
    #[test]
    fn the_device_is_that_of_the_mount() {
        let opened = "pos:\t0\nflags:\t0102000\nmnt_id:\t61\nino:\t257\n";
        let mounts = "6 1 0:5 / /dev rw - devtmpfs udev rw\n\
                      61 1 0:33 /@home /home rw,relatime shared:29 - btrfs /dev/sda2 rw\n\
                      610 61 254:16 / /home/a\\040b rw - ext4 /dev/vdb rw\n";
        assert_eq!(name_in_list(opened, mounts).as_deref(), Some("00:21:257"));
        let other = opened.replace("61", "610");
        assert_eq!(name_in_list(&other, mounts).as_deref(), Some("fe:10:257"));
        for (opened, mounts) in [("", mounts), ("mnt_id:\t61\n", mounts), (opened, "")] {
            assert_eq!(name_in_list(opened, mounts), None);
        }
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
        assert_eq!(holder_in(locks, "fe:00:7"), Some(4711));
        assert_eq!(holder_in(locks, "fe:00:8"), None);
    }
}
