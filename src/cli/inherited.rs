//! What this process was started with, taken so that no process it starts gets it too: an open descriptor, or a variable.

#![allow(
    unsafe_code,
    reason = "std has no safe way to own an inherited descriptor or to unset a variable; each block has its argument"
)]

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};

use rustix::stdio::dup2_stdin;

/// Linux's `O_CLOEXEC`, as `/proc/self/fdinfo` shows it.
const CLOSE_ON_EXEC: u32 = 0o2_000_000;

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
    rustix::io::fcntl_setfd(&descriptor, rustix::io::FdFlags::CLOEXEC)?;
    Ok(Some(descriptor))
}

/// A child without a standard input of its own gets this process's: `/dev/null` takes its place.
fn take_stdin() -> io::Result<OwnedFd> {
    let descriptor = io::stdin().as_fd().try_clone_to_owned()?;
    dup2_stdin(fs::File::open("/dev/null")?)?;
    Ok(descriptor)
}

fn was_inherited(number: RawFd) -> bool {
    let Ok(facts) = fs::read_to_string(format!("/proc/self/fdinfo/{number}")) else {
        return false;
    };
    let flags = facts.lines().find_map(|line| line.strip_prefix("flags:"));
    flags
        .and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok())
        .is_some_and(|flags| flags & CLOSE_ON_EXEC == 0)
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
