//! A public key's fingerprint, in hex and in words.

use hsm_ca::signer::{KeyFingerprint, PublicKey};
use hsm_ca::x509::{read_words, words};
use serde_json::{Value, json};

use super::report::Fields;

/// Reads what [`show`] and [`describe`] print: hex, with or without colons, or the words.
pub(super) fn parse(text: &str) -> Result<KeyFingerprint, String> {
    let from_words = || KeyFingerprint::from_bytes(&read_words(text)?);
    text.trim().parse().ok().or_else(from_words).ok_or_else(|| {
        "write it as 64 hex digits, with or without colons, or as its 32 words, quoted as one argument"
            .to_owned()
    })
}

pub(super) fn show(fields: &mut Fields, key: &PublicKey) {
    let fingerprint = key.fingerprint();
    fields.add("SHA-256", fingerprint);
    // An even number in each line: the lists of even and odd places stay under each other.
    for (index, line) in words(fingerprint.as_bytes()).chunks(4).enumerate() {
        let cells = line.iter().enumerate();
        let line: String = cells
            .map(|(place, word)| format!("{word:width$}", width = if place % 2 == 0 { 10 } else { 12 }))
            .collect();
        fields.add(if index == 0 { "in words" } else { "" }, line.trim_end());
    }
}

pub(super) fn describe(json: &mut Value, key: &PublicKey) {
    let fingerprint = key.fingerprint();
    json["public_key_sha256"] = json!(fingerprint.to_string());
    json["public_key_sha256_words"] = json!(words(fingerprint.as_bytes()).join(" "));
}

#[cfg(test)]
mod tests {
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
