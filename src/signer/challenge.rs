//! Texts that a private key signs, to show which key it is or how fast it is.

use std::io;

use super::fill_random;

/// The start of a text that is signed to prove possession. No certificate, request or CRL starts like this: their first byte is 0x30. Boulder
/// dropped its test signature over a bare nonce because it could be taken for a malformed certificate (letsencrypt/boulder #5071).
const SENTENCE: &[u8] =
    b"hsm-ca proof of possession: this text is not a certificate, request or revocation list. Nonce: ";

const NONCE_BYTES: usize = 32;

const NUMBER_BYTES: usize = size_of::<u64>();

/// The start of a text that is signed to measure a key, for the same reason.
const MEASURED: &[u8] =
    b"hsm-ca token bench: this text is not a certificate, request or revocation list. Nonce and number: ";

/// A new challenge. The nonce comes from the system, not from the token, because the token is under test.
///
/// # Errors
/// Errors of the system, if it has no random numbers.
pub fn new_challenge() -> io::Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    fill_random(&mut nonce)?;
    Ok([SENTENCE, &nonce].concat())
}

/// Texts that a key signs in a measurement. No two are the same, and none can be read as DER.
#[derive(Clone, Debug)]
pub struct MeasuredTexts(Vec<u8>);

impl MeasuredTexts {
    /// Texts with a new nonce.
    ///
    /// # Errors
    /// Errors of the system, if it has no random numbers.
    pub fn new() -> io::Result<Self> {
        let mut nonce = [0; NONCE_BYTES];
        fill_random(&mut nonce)?;
        Ok(Self([MEASURED, &nonce, &[0; NUMBER_BYTES]].concat()))
    }

    /// The text with that number.
    pub fn number(&mut self, number: u64) -> &[u8] {
        let start = self.0.len() - NUMBER_BYTES;
        self.0[start..].copy_from_slice(&number.to_be_bytes());
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_cannot_be_read_as_der_and_is_never_the_same() {
        let [one, other] = [(), ()].map(|()| new_challenge().unwrap());
        assert_ne!(one[0], 0x30);
        assert!(SENTENCE.is_ascii() && SENTENCE.len() > 64);
        assert_ne!(one, other);
    }
    #[test]
    fn a_measured_text_cannot_be_read_as_der_and_no_two_are_alike() {
        let [mut one, mut other] = [(), ()].map(|()| MeasuredTexts::new().unwrap());
        let texts = [
            one.number(0).to_vec(),
            one.number(1).to_vec(),
            other.number(0).to_vec(),
        ];
        for text in &texts {
            assert!(text.starts_with(MEASURED) && text[0] != 0x30);
            assert_eq!(texts.iter().filter(|same| *same == text).count(), 1);
        }
        assert_eq!(one.number(0), texts[0]);
    }
}
