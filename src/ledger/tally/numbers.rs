//! Sets of event numbers, a bit for each.

/// Numbers of events.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    words: Vec<u64>,
}

const BITS: u64 = 64;

impl Numbers {
    /// Adds a number. Numbers are those of existing events, so the set is never larger than the ledger.
    pub(super) fn insert(&mut self, number: u64) -> Option<()> {
        let (word, bit) = place(number)?;
        if self.words.len() <= word {
            self.words.resize(word.checked_add(1)?, 0);
        }
        *self.words.get_mut(word)? |= bit;
        Some(())
    }

    /// Removes a number. `None` if it was not in the set.
    pub(super) fn remove(&mut self, number: u64) -> Option<()> {
        self.contains(number).then_some(())?;
        let (word, bit) = place(number)?;
        *self.words.get_mut(word)? &= !bit;
        Some(())
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        let found = place(number).and_then(|(word, bit)| Some(self.words.get(word)? & bit != 0));
        found.unwrap_or(false)
    }

    pub(super) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}

fn place(number: u64) -> Option<(usize, u64)> {
    Some((usize::try_from(number / BITS).ok()?, 1 << (number % BITS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_in_until_it_is_taken_out() {
        let mut numbers = Numbers::default();
        for number in [0, 63, 64, 1000] {
            assert!(!numbers.contains(number));
            numbers.insert(number).unwrap();
            assert!(numbers.contains(number));
        }
        assert!(!numbers.contains(65) && !numbers.contains(u64::MAX));
        assert_eq!(numbers.count(), 4);
        assert_eq!(numbers.remove(64), Some(()));
        assert_eq!(numbers.remove(64), None);
        assert_eq!(numbers.remove(5000), None);
        assert_eq!(numbers.count(), 3);
    }
}
