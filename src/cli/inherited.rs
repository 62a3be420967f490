//! What this process was started with, taken so that no process it starts gets it too: an open descriptor, or a variable.

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

/// Takes the inherited descriptor `number`: it is closed with the value that is returned, and no child gets it.
/// `None` if it is not open, or if this process has opened it itself.
///
/// # Errors
/// What the system said.
pub(super) fn take_descriptor(number: RawFd) -> io::Result<Option<OwnedFd>> {
    if number == 0 {
        return take_stdin().map(Some);
    }
    if number < 0 || !was_inherited(number) {
        return Ok(None);
    }
    // SAFETY: the descriptor is open and does not close on exec. Whatever the standard library and rustix open does, so nothing in
    // this process owns this one: it was open when the process started. The flag that is set next lets nobody take it twice.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl_setfd(&descriptor, FdFlags::CLOEXEC)?;
    Ok(Some(descriptor))
}

/// A child without a standard input of its own gets this process's: `/dev/null` takes its place.
fn take_stdin() -> io::Result<OwnedFd> {
    let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
    dup2_stdin(fs::File::open("/dev/null")?)?;
    Ok(descriptor)
}

/// Asks the descriptor itself: `/proc` may be missing, and before Linux 5.14 it is closed to an ordinary user whose process has turned
/// core dumps off.
fn was_inherited(number: RawFd) -> bool {
    // SAFETY: the number is not -1, and is borrowed for one fcntl(2), which answers EBADF where nothing is open.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl_getfd(descriptor).is_ok_and(|flags| !flags.contains(FdFlags::CLOEXEC))
}

/// Takes a variable out of the environment: the processes that this one starts do not have it.
///
/// # Errors
/// If another thread runs already, or `/proc` cannot say.
pub(super) fn take_variable(name: &str) -> io::Result<Option<OsString>> {
    let Some(value) = env::var_os(name) else {
        return Ok(None);
    };
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("another thread runs already"));
    }
    // SAFETY: this is the only thread, so nobody reads the environment meanwhile. A name that env::var_os finds has neither `=` nor
    // NUL in it, and is not empty.
    unsafe { env::remove_var(name) };
    Ok(Some(value))
}
