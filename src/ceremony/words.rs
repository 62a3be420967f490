//! A hash in words, to be read aloud and compared by ear.
//!
//! The words are those of the PGP word list: one word for each octet, of two syllables at even places and of three at odd ones, chosen so that no two
//! sound alike. So a word that is left out, said twice or exchanged with its neighbour is noticed at once. Lists of 2048 words (BIP 39) need
//! fewer words, but notice none of these.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::values::word_pairs;

/// How many octets of a hash are read aloud: 24, or 192 bits.
///
/// The author of a plan can try to make two plans with the same words, one to be read and one to be signed. With 192 bits that takes about
/// 2⁹⁶ hashes, which is out of reach. With 16 words it would take 2⁶⁴, which is not. All 32 words would take half a minute of reading.
/// What a program compares is always the whole hash.
pub const SPOKEN_OCTETS: usize = 24;

/// One word for each octet, with a space between them.
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

/// The octets that somebody's words stand for. Capitals, spaces and line breaks do not count.
///
/// # Errors
/// [`WordsError`]: the first word that cannot be there.
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
        /// Which word it is.
        place: usize,
        /// As it was written.
        word: String,
    },
    /// The word is in the list for the places before and after this one.
    OutOfTurn {
        /// Which word it is.
        place: usize,
        /// As it was written.
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
