//! Random numbers from the operating system.

use std::fmt;
use std::io;

use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::SignError;

/// A source of random numbers: a token, or the operating system for a machine without a token. Several threads may call it at once.
pub trait RandomSource: Sync {
    /// Fills `buffer`.
    ///
    /// # Errors
    /// Errors of the source; `buffer` must then not be used.
    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), SignError>;
}

/// The operating system's generator, through [`fill_random`].
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), SignError> {
        fill_random(buffer).map_err(|_| SignError::new(NoRandomNumbers))
    }
}

/// The operating system gave no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomNumbers;

impl fmt::Display for NoRandomNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the operating system gave no random numbers")
    }
}

impl std::error::Error for NoRandomNumbers {}

/// Fills `buffer` with `getrandom(2)`, which waits until the kernel's generator is seeded. AWS-LC's own generator first seeds itself from
/// processor jitter. That costs a process tens of milliseconds, more than everything else in a signature.
///
/// # Errors
/// Errors of the system, if it has no random numbers.
pub fn fill_random(buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match getrandom(rest, GetRandomFlags::empty()) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_a_source_that_needs_no_token() {
        let [mut one, mut other] = [[0_u8; 20]; 2];
        SystemRandom.fill_random(&mut one).unwrap();
        SystemRandom.fill_random(&mut other).unwrap();
        assert_ne!(one, other);
    }

    #[test]
    fn every_byte_is_drawn_and_no_two_draws_are_the_same() {
        // More than the 256 bytes that the kernel returns without interruption.
        let [mut one, mut other] = [[0_u8; 4096]; 2];
        fill_random(&mut one).unwrap();
        fill_random(&mut other).unwrap();
        assert_ne!(one, other);
        for part in one.chunks(16) {
            assert_ne!(part, [0; 16]);
        }
        fill_random(&mut []).unwrap();
    }
}
