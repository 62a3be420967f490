//! Waiting for a lock of another process (`flock`), with limits, which the system call does not have.

use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::{self, Errno};

use super::super::waiting::Wait;

/// The pause between two attempts. Others hold these locks for some microseconds or milliseconds.
const PAUSE: Duration = Duration::from_millis(1);

/// Tries a non-blocking operation until it succeeds or the wait is over. `false` if another process still has the lock.
pub(super) fn lock_within(file: impl AsFd, operation: FlockOperation, wait: &Wait) -> io::Result<bool> {
    loop {
        match flock(&file, operation) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK | Errno::INTR) if !wait.is_over() => thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}
