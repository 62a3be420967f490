//! Takes inherited descriptors and environment variables, so that no child process inherits them.

#![allow(
    unsafe_code,
    reason = "std has no safe way to own an inherited descriptor or to unset a variable; each block has its argument"
)]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

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

/// Removes a variable from the environment, so that child processes do not inherit it.
///
/// # Errors
/// If another thread is already running, or `/proc` cannot be read.
pub(super) fn take_variable(name: &str) -> io::Result<Option<OsString>> {
    let Some(value) = env::var_os(name) else {
        return Ok(None);
    };
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("another thread runs already"));
    }
    // SAFETY: this is the only thread, so no other code reads the environment meanwhile. A name that env::var_os finds is not empty and
    // contains neither `=` nor NUL.
    unsafe { env::remove_var(name) };
    Ok(Some(value))
}
