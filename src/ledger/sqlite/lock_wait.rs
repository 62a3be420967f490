//! Waiting for a lock of another process (`flock`), with a time limit, which the system call does not have.

use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::{self, Errno};

/// The pause between two attempts. Others hold these locks for some microseconds or milliseconds.
const PAUSE: Duration = Duration::from_millis(1);

/// Tries a non-blocking operation until it succeeds or `longest_wait` is over. `false` if another process still has the lock.
pub(super) fn lock_within(
    file: impl AsFd,
    operation: FlockOperation,
    longest_wait: Duration,
) -> io::Result<bool> {
    let start = Instant::now();
    loop {
        match flock(&file, operation) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK | Errno::INTR) if start.elapsed() < longest_wait => thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}
