//! Random numbers from the operating system.

use std::io;

use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

/// Fills `buffer` by `getrandom(2)`, which waits until the kernel's generator is seeded. AWS-LC's own generator seeds itself from the
/// jitter of the processor first, which costs a process tens of milliseconds: more than all the rest of a signature.
///
/// # Errors
/// What the system said, where it has no random numbers.
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
    fn every_byte_is_drawn_and_no_two_draws_are_the_same() {
        // More than the 256 bytes that the kernel gives at once without being interrupted.
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
