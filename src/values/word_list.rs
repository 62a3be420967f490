//! The PGP word list: P. Juola and P. Zimmermann, "Whole-Word Phonetic Distances and the PGPfone Alphabet", ICSLP 1996;
//! <https://philzimmermann.com/docs/PGP_word_list.pdf>.

/// A line for each octet: a two-syllable word for even positions, counted from 0, and a three-syllable word for odd ones.
const LIST: &str = include_str!("word_list.txt");

/// The two words of each octet, in the order of the octets.
pub(crate) fn word_pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    LIST.lines().filter_map(|line| line.split_once(' '))
}
