//! A public key's fingerprint, in hex and in words.

mod shown;

use hsm_ca::signer::KeyFingerprint;
use hsm_ca::x509::read_words;
pub(super) use shown::{show, show_for_ceremony};

/// Reads a fingerprint as printed: hex, with or without colons, or words.
pub(super) fn parse(text: &str) -> Result<KeyFingerprint, String> {
    let from_words = || KeyFingerprint::from_bytes(&read_words(text)?);
    text.trim().parse().ok().or_else(from_words).ok_or_else(|| {
        "write it as 64 hex digits, with or without colons, or as its 32 words, quoted as one argument"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use hsm_ca::x509::words;

    use super::*;

    #[test]
    fn hex_and_words_name_the_same_key() {
        let bytes: Vec<u8> = (1..33).collect();
        let fingerprint = KeyFingerprint::from_bytes(&bytes).unwrap();
        let in_words = words(&bytes).join(" ");
        assert_eq!(parse(&fingerprint.to_string()), Ok(fingerprint));
        assert_eq!(parse(&format!(" {fingerprint}\n")), Ok(fingerprint));
        assert_eq!(parse(&in_words), Ok(fingerprint));
        for wrong in [
            "",
            "aardvark adroitness",
            &in_words.replacen(' ', " aardvark ", 1),
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
