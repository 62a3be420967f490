//! A fingerprint in a result.

use hsm_ca::ceremony::hash_words;
use hsm_ca::signer::PublicKey;
use hsm_ca::x509::words;

use crate::cli::report::Fields;

pub(in crate::cli) fn show(fields: &mut Fields, key: &PublicKey) {
    let fingerprint = key.fingerprint();
    fields.add("SHA-256", fingerprint);
    add_words(fields, "in words", &words(fingerprint.as_bytes()));
}

/// The same with the words that the script of a ceremony has for the key.
pub(in crate::cli) fn show_for_ceremony(fields: &mut Fields, key: &PublicKey) {
    let fingerprint = key.fingerprint();
    fields.add("SHA-256 of the key", fingerprint);
    let words = hash_words(fingerprint.as_bytes());
    let words: Vec<_> = words.split(' ').collect();
    add_words(fields, "in words, for a ceremony", &words);
}

fn add_words(fields: &mut Fields, name: &str, words: &[&str]) {
    // An even number in each line, so that words of the even and odd lists stay in their columns.
    for (index, line) in words.chunks(4).enumerate() {
        let cells = line.iter().enumerate();
        let line: String = cells
            .map(|(place, word)| format!("{word:width$}", width = if place % 2 == 0 { 10 } else { 12 }))
            .collect();
        fields.add(if index == 0 { name } else { "" }, line.trim_end());
    }
}
