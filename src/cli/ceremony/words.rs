//! A hash in words, on lines that fit a terminal.

use hsm_ca::ceremony::{Digest, hash_words};

use crate::cli::report::Fields;

/// The words of a hash, six on each line.
pub(super) fn word_lines(hash: &Digest) -> Vec<String> {
    let words = hash_words(&hash.0);
    let words: Vec<_> = words.split(' ').collect();
    words.chunks(6).map(|line| line.join(" ")).collect()
}

/// The hash in hex and in words.
pub(super) fn two_ways(hash: &Digest) -> String {
    let mut text = format!("    {hash}\n");
    for line in word_lines(hash) {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

/// Adds the words of a hash under the name `in words`.
pub(super) fn add_words(fields: &mut Fields, hash: &Digest) {
    for (index, line) in word_lines(hash).into_iter().enumerate() {
        fields.add(if index == 0 { "in words" } else { "" }, line);
    }
}
