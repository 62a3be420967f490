//! A text that a private key signs to show which one it is.

use std::io;

use super::fill_random;

/// What is signed to prove possession begins with this sentence. No certificate, request or CRL begins like that: their first byte is 0x30. Boulder
/// dropped its test signature over a bare nonce because that could be taken for a malformed certificate (letsencrypt/boulder #5071).
const SENTENCE: &[u8] =
    b"hsm-ca proof of possession: this text is no certificate, no request and no revocation list. Nonce: ";

const NONCE_BYTES: usize = 32;

const NUMBER_BYTES: usize = size_of::<u64>();

/// What is signed to measure a key begins with this sentence, for the same reason.
const MEASURED: &[u8] =
    b"hsm-ca token bench: this text is no certificate, no request and no revocation list. Nonce and number: ";

/// A new challenge. The nonce comes from the system and not from the token, because the token is what is tested.
///
/// # Errors
/// What the system said, if it has no random numbers.
pub fn new_challenge() -> io::Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    fill_random(&mut nonce)?;
    Ok([SENTENCE, &nonce].concat())
}

/// Texts that a key signs to show how fast it is. No two are the same, and none can be read as DER.
#[derive(Clone, Debug)]
pub struct MeasuredTexts(Vec<u8>);

impl MeasuredTexts {
    /// Texts with a nonce of their own.
    ///
    /// # Errors
    /// What the system said, if it has no random numbers.
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
