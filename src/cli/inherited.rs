//! Takes inherited descriptors and environment variables, so that no child process inherits them.

#![allow(
    unsafe_code,
    reason = "std has no safe way to own an inherited descriptor or to unset a variable; each block has its argument"
)]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::stdio::dup2_stdin;

/// Takes the inherited descriptor `number`. The returned value closes it, and no child inherits it. `None` if it is not open, or if this
/// process has opened it itself.
///
/// # Errors
/// An error of the system.
pub(super) fn take_descriptor(number: RawFd) -> io::Result<Option<OwnedFd>> {
    if number == 0 {
        return take_stdin().map(Some);
    }
    if number < 0 || !was_inherited(number) {
        return Ok(None);
    }
    // SAFETY: the descriptor is open without close-on-exec. Everything that the standard library and rustix open has that flag, so nothing
    // in this process owns this descriptor: it was open when the process started. The flag that is set next prevents taking it twice.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl_setfd(&descriptor, FdFlags::CLOEXEC)?;
    Ok(Some(descriptor))
}

/// Takes standard input and replaces it with `/dev/null`, because a child inherits it by default.
fn take_stdin() -> io::Result<OwnedFd> {
    let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
    dup2_stdin(fs::File::open("/dev/null")?)?;
    Ok(descriptor)
}

/// Checks the descriptor's flags. `/proc` may be missing, and before Linux 5.14 an ordinary user cannot read it after turning core dumps
/// off.
fn was_inherited(number: RawFd) -> bool {
    // SAFETY: the number is not -1, and is borrowed for one fcntl(2), which returns EBADF if it is not open.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl_getfd(descriptor).is_ok_and(|flags| !flags.contains(FdFlags::CLOEXEC))
}

/// Keeps every inherited descriptor from children, except standard input, output and error. They stay open: an input such as `<(command)` is
/// one of them. Descriptors that this process opens later never reach children.
///
/// To be called while the process has one thread and no C library has opened a file.
pub(super) fn keep_from_children() {
    let listed = fs::read_dir("/proc/self/fd").map(|entries| {
        let name = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
        entries.filter_map(name).collect()
    });
    // Without /proc: the numbers that a shell gives.
    let numbers: Vec<RawFd> = listed.unwrap_or_else(|_| (0..1024).collect());
    for number in numbers.into_iter().filter(|number| *number > 2) {
        if let Ok(Some(descriptor)) = take_descriptor(number) {
            let _open = descriptor.into_raw_fd();
        }
    }
}

/// Removes a variable from the environment, so that child processes do not inherit it.
///
/// # Errors
/// If another thread is already running, or `/proc` cannot be read.
pub(super) fn take_variable(name: &str) -> io::Result<Option<OsString>> {
    let Some(value) = env::var_os(name) else {
        return Ok(None);
    };
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("another thread is already running"));
    }
    // SAFETY: this is the only thread, so no other code reads the environment meanwhile. A name that env::var_os finds is not empty and
    // contains neither `=` nor NUL.
    unsafe { env::remove_var(name) };
    Ok(Some(value))
}
