//! "Did you mean": the known word that is closest to a wrong one.

use std::error::Error;
use std::fmt;

use strsim::damerau_levenshtein;

/// The word that was probably meant: at most a third of its letters differ, ignoring case and punctuation.
pub(super) fn closest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words are not typing errors, and the comparison takes the product of both lengths.
    const LONGEST: usize = 64;
    let wrong = letters(wrong);
    if wrong.is_empty() || wrong.len() > LONGEST {
        return None;
    }
    let candidates = known.into_iter().filter_map(|word| {
        let letters = letters(word);
        let distance = damerau_levenshtein(&wrong, &letters.chars().take(LONGEST).collect::<String>());
        (distance * 3 <= letters.chars().count().max(3)).then_some((distance, word))
    });
    candidates
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// A word that is not in a list. The text is the hint: `did you mean X?`, and what is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    meant: Option<String>,
    known: String,
}

impl Unknown {
    pub(super) fn among(wrong: &str, known: &[&str]) -> Self {
        Self {
            meant: closest(wrong, known.iter().copied()).map(str::to_owned),
            known: known.join(", "),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.meant {
            Some(word) => write!(formatter, "did you mean {word}? Known: {}", self.known),
            None => write!(formatter, "known: {}", self.known),
        }
    }
}

impl Error for Unknown {}

fn letters(text: &str) -> String {
    text.chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let known = ["cloudhsm-cluster", "cloudhsm-client", "tls-server", "tls-client"];
        let meant = |wrong: &str| closest(wrong, known);
        assert_eq!(meant("tls-sever"), Some("tls-server"));
        assert_eq!(meant("TLS_Server"), Some("tls-server"));
        assert_eq!(meant("cloudhsm-clutser"), Some("cloudhsm-cluster"));
        for other in ["", "-", "web", "code", &"tls-server".repeat(20)] {
            assert_eq!(meant(other), None, "{other:?}");
        }
        assert_eq!(closest("Änderung", ["anderung"]), Some("anderung"));
    }
}
