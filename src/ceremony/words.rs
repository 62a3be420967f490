//! A hash in words, for people to read aloud and compare by ear.
//!
//! The words come from the PGP word list: one word per octet, with two syllables at even places and three at odd ones, chosen to sound distinct. So
//! people notice at once if a word is left out, repeated or swapped with its neighbour. Lists of 2048 words (BIP 39) need fewer words but reveal none
//! of these errors.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::values::word_pairs;

/// How many octets of a hash are read aloud: 24, or 192 bits.
///
/// The author of a plan could try to make two plans with the same words: one for people to read, and one to sign. With 192 bits this takes about 2⁹⁶
/// hashes, which is out of reach; with 16 words it would take 2⁶⁴, which is not. Reading all 32 words would take half a minute. Programs always
/// compare the whole hash.
pub const SPOKEN_OCTETS: usize = 24;

/// One word for each octet, separated by spaces.
#[must_use]
pub fn words(octets: &[u8]) -> String {
    let pairs: Vec<_> = word_pairs().collect();
    let words: Vec<&str> = octets
        .iter()
        .enumerate()
        .map(|(place, octet)| at(place, pairs[usize::from(*octet)]))
        .collect();
    words.join(" ")
}

/// The words for the first [`SPOKEN_OCTETS`] octets of a SHA-256.
#[must_use]
pub fn hash_words(hash: &[u8; 32]) -> String {
    words(&hash[..SPOKEN_OCTETS])
}

/// The octets for these words. Case, spaces and line breaks are ignored.
///
/// # Errors
/// [`WordsError`]: the first word that is not valid in its place.
pub fn octets_of_words(text: &str) -> Result<Vec<u8>, WordsError> {
    let words = text.split_whitespace().enumerate();
    words.map(|(place, word)| octet(place, word)).collect()
}

fn octet(place: usize, word: &str) -> Result<u8, WordsError> {
    let found = |place| word_pairs().position(|pair| at(place, pair).eq_ignore_ascii_case(word));
    match (found(place), found(place + 1)) {
        // Each list has 256 words.
        (Some(octet), _) => Ok(u8::try_from(octet).unwrap_or(u8::MAX)),
        (None, Some(_)) => Err(WordsError::OutOfTurn {
            place: place + 1,
            word: word.to_owned(),
        }),
        (None, None) => Err(WordsError::Unknown {
            place: place + 1,
            word: word.to_owned(),
        }),
    }
}

const fn at(place: usize, (even, odd): (&'static str, &'static str)) -> &'static str {
    match place % 2 {
        0 => even,
        _ => odd,
    }
}

/// Why a text does not stand for octets. Places are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WordsError {
    /// The word is in neither list.
    Unknown {
        /// The place of the word.
        place: usize,
        /// The word as written.
        word: String,
    },
    /// The word belongs to the list for the neighbouring places.
    OutOfTurn {
        /// The place of the word.
        place: usize,
        /// The word as written.
        word: String,
    },
}

impl fmt::Display for WordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { place, word } => write!(f, "word {place}, {word:?}, is not in the list"),
            Self::OutOfTurn { place, word } => write!(
                f,
                "word {place}, {word:?}, cannot be at this place: a word before it is missing, there twice, or exchanged with its neighbour"
            ),
        }
    }
}

impl std::error::Error for WordsError {}
