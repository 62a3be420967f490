//! Reads the files of a ceremony's directory, which may come from somebody else. It follows no link, never blocks, and refuses a file that is too
//! long for a ceremony.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};

/// The largest file in bytes. No transcript, CRL or ledger of a ceremony is larger.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Reads a regular file. The directories above it may be links.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    read_opened(openat(CWD, path, flags, Mode::empty())?.into())
}

/// Reads a regular file below a directory; `file` is a path of names and `/`. A directory that became a link after it was listed is not followed
/// either.
pub(super) fn read_below(directory: &Path, file: &str) -> io::Result<Vec<u8>> {
    let inside = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = openat(
        CWD,
        directory,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let (above, name) = file.rsplit_once('/').unwrap_or(("", file));
    for part in above.split('/').filter(|part| !part.is_empty()) {
        at = openat(&at, part, inside | OFlags::DIRECTORY, Mode::empty())?;
    }
    read_opened(openat(&at, name, inside | OFlags::NONBLOCK, Mode::empty())?.into())
}

/// Reads an open file, if it is a regular file.
pub(super) fn read_opened(file: File) -> io::Result<Vec<u8>> {
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let too_large = || io::Error::other(format!("larger than {LARGEST} bytes"));
    if found.len() > LARGEST {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // The file may grow in the meantime.
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST) {
        true => Ok(bytes),
        false => Err(too_large()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_directory_that_becomes_a_link_is_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let (inside, outside) = (place.path().join("room"), place.path().join("outside"));
        for directory in [inside.join("run/objects"), outside.clone()] {
            fs::create_dir_all(&directory).unwrap();
            fs::write(directory.join("root.der"), "x").unwrap();
        }
        let read = || read_below(&inside, "run/objects/root.der");
        assert_eq!(read().unwrap(), b"x");
        fs::remove_dir_all(inside.join("run/objects")).unwrap();
        symlink(&outside, inside.join("run/objects")).unwrap();
        assert!(read().is_err());
        fs::remove_file(inside.join("run/objects")).unwrap();
        fs::create_dir(inside.join("run/objects")).unwrap();
        symlink(outside.join("root.der"), inside.join("run/objects/root.der")).unwrap();
        assert!(read().is_err());
        assert!(read_file(&inside.join("run/objects/root.der")).is_err());
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("long");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        for error in [read_file(&path), read_below(place.path(), "long")] {
            assert_eq!(error.unwrap_err().to_string(), "larger than 268435456 bytes");
        }
        assert!(read_file(place.path()).is_err());
    }
}
