//! Bytes as words that two people can compare over the telephone.

use crate::values::word_pairs;

/// One word for each byte: two syllables in even places, three in odd ones, so that a missing or repeated word is noticed.
#[must_use]
pub fn words(bytes: &[u8]) -> Vec<&'static str> {
    let pairs: Vec<_> = word_pairs().collect();
    let word = |(index, byte): (usize, &u8)| {
        let (even, odd) = pairs.get(usize::from(*byte))?;
        Some(if index % 2 == 0 { *even } else { *odd })
    };
    bytes.iter().enumerate().filter_map(word).collect()
}

/// The bytes of these words, which are separated by white space; case does not matter. `None` if a word is in neither list, or in the list for the
/// other places.
#[must_use]
pub fn read_words(text: &str) -> Option<Vec<u8>> {
    let pairs: Vec<_> = word_pairs().collect();
    let byte = |(index, word): (usize, &str)| {
        let is_it = |(even, odd): &(&str, &str)| {
            let right = if index % 2 == 0 { even } else { odd };
            right.eq_ignore_ascii_case(word)
        };
        pairs
            .iter()
            .position(is_it)
            .and_then(|byte| u8::try_from(byte).ok())
    };
    text.split_whitespace().enumerate().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signer::{Hex, sha256};

    /// Hash of the lists of two other programs, IANA's kskm (`kskm/common/wordlist.py`) and Magic Wormhole (`wormhole/_wordlist.py`), a line for
    /// each octet.
    const SHA256_OF_THE_LIST: &str = "f816e91d6148165fc67361aa1886eb71ad6b19c9d65673ca40fa96e160f02f5a";

    #[test]
    fn the_list_is_that_of_other_programs() {
        let list: String = word_pairs()
            .map(|(even, odd)| format!("{even} {odd}\n"))
            .collect();
        assert_eq!(Hex(&sha256(list.as_bytes())).to_string(), SHA256_OF_THE_LIST);
    }

    /// The example of Wikipedia's article about the list.
    #[test]
    fn a_known_fingerprint_has_its_known_words() {
        let number = 0xe582_94f2_e9a2_2748_6e8b_061b_31cc_528f_u128.to_be_bytes();
        let bytes = [&number[..], &[0xd7, 0xfa, 0x3f, 0x19]].concat();
        let known = "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa afflict bravado \
             chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless";
        assert_eq!(words(&bytes).join(" "), known);
        assert_eq!(
            words(&[0, 0, 0xff, 0xff]),
            ["aardvark", "adroitness", "Zulu", "Yucatan"]
        );
        assert!(words(&[]).is_empty());
        assert_eq!(read_words(known).as_deref(), Some(&bytes[..]));
        assert_eq!(read_words(&known.to_uppercase()).as_deref(), Some(&bytes[..]));
    }

    #[test]
    fn every_byte_reads_back_in_both_places_and_a_word_out_of_place_is_refused() {
        let bytes: Vec<u8> = (0..=255).flat_map(|byte| [byte, byte]).collect();
        assert_eq!(read_words(&words(&bytes).join("\n ")), Some(bytes));
        for wrong in [
            "adroitness",
            "aardvark aardvark",
            "adroitness aardvark",
            "aardvark adroitness hello",
            "aard vark",
        ] {
            assert_eq!(read_words(wrong), None, "{wrong}");
        }
        assert_eq!(read_words(""), Some(Vec::new()));
    }
}
