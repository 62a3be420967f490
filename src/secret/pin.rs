//! The user PIN of a token.

use std::fmt;

use zeroize::Zeroizing;

/// A PIN: wiped on drop, never printed. CloudHSM's has the form `user:password`.
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// Takes the PIN over.
    #[must_use]
    pub const fn new(pin: Zeroizing<String>) -> Self {
        Self(pin)
    }

    /// A PIN nobody chose: 24 characters of an alphabet without look-alikes, 120 bits.
    ///
    /// # Panics
    /// If the system has no random numbers, which a machine that makes keys cannot recover from.
    #[must_use]
    pub fn random() -> Self {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bytes = Zeroizing::new([0_u8; 24]);
        assert!(
            aws_lc_rs::rand::fill(bytes.as_mut()).is_ok(),
            "the system's random number generator failed"
        );
        // 256 is a multiple of 32, so no character is likelier than another.
        Self(Zeroizing::new(
            bytes
                .iter()
                .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
                .collect(),
        ))
    }

    /// The PIN itself, for `C_Login` and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
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
        let pin = Pin::new(Zeroizing::new("hunter2".to_owned()));
        assert!(!format!("{pin:?} {pin:#?}").contains("hunter2"));
    }
}
