//! A text that a private key signs to show which one it is.

use std::io;

use super::fill_random;

/// What is signed to prove possession begins with this sentence. No certificate, request or CRL begins so: their first byte is
/// 0x30. Boulder dropped its test signature over a bare nonce because that could be taken for a malformed certificate
/// (letsencrypt/boulder #5071).
const SENTENCE: &[u8] =
    b"hsm-ca proof of possession: this text is no certificate, no request and no revocation list. Nonce: ";

const NONCE_BYTES: usize = 32;

/// A new challenge. The nonce is the system's and not the token's: the token is what is tested.
///
/// # Errors
/// What the system said, where it has no random numbers.
pub fn new_challenge() -> io::Result<Vec<u8>> {
    let mut nonce = [0; NONCE_BYTES];
    fill_random(&mut nonce)?;
    Ok([SENTENCE, &nonce].concat())
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
}
