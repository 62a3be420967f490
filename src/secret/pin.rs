//! The PIN of a token.

use std::fmt;

use zeroize::Zeroizing;

use super::{LockedBytes, MemoryError, MemoryGuard};
use crate::signer::fill_random;

/// A PIN: locked, wiped on drop, never printed. CloudHSM's has the form `user:password`.
pub struct Pin(LockedBytes);

impl Pin {
    /// Takes the PIN and wipes the source. The guard shows that dumps are off.
    ///
    /// # Errors
    /// [`MemoryError`] when no memory can be locked.
    pub fn take(_guard: &MemoryGuard, pin: Zeroizing<String>) -> Result<Self, MemoryError> {
        let mut locked = LockedBytes::zeroed(pin.len())?;
        locked.expose_mut().copy_from_slice(pin.as_bytes());
        Ok(Self(locked))
    }

    /// A random PIN: 24 characters of an alphabet without look-alikes, 120 bits.
    ///
    /// # Errors
    /// [`MemoryError`] when no memory can be locked.
    ///
    /// # Panics
    /// If the system has no random numbers, which a machine that makes keys cannot recover from.
    pub fn random(_guard: &MemoryGuard) -> Result<Self, MemoryError> {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut locked = LockedBytes::zeroed(24)?;
        assert!(
            fill_random(locked.expose_mut()).is_ok(),
            "the system's random number generator failed"
        );
        // 256 is a multiple of 32, so no character is likelier than another.
        for byte in locked.expose_mut() {
            *byte = ALPHABET[usize::from(*byte % 32)];
        }
        Ok(Self(locked))
    }

    /// The PIN itself, for `C_Login` and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Always UTF-8: it was a String, or is of an ASCII alphabet.
        std::str::from_utf8(self.0.expose()).unwrap_or_default()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_pin() {
        let guard = MemoryGuard::engage().unwrap();
        let pin = Pin::take(&guard, Zeroizing::new("hunter2".to_owned())).unwrap();
        assert_eq!(pin.expose(), "hunter2");
        assert!(!format!("{pin:?} {pin:#?}").contains("hunter2"));
    }

    #[test]
    fn random_pins_differ_and_can_be_typed() {
        let guard = MemoryGuard::engage().unwrap();
        let [one, other] = [(), ()].map(|()| Pin::random(&guard).unwrap());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), 24);
        assert!(one.expose().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
