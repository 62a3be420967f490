//! Inputs that are almost valid.

use std::time::{Duration, Instant};

use super::recipient::ENCRYPTED_KEY_LENGTHS;
use super::*;

/// xorshift64: the same inputs every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    /// A byte, often one with a meaning in BER.
    fn byte(&mut self) -> u8 {
        const TELLING: [u8; 16] = [
            0x00, 0x02, 0x04, 0x05, 0x06, 0x10, 0x1f, 0x24, 0x30, 0x31, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xff,
        ];
        if self.below(2) == 0 {
            TELLING[self.below(TELLING.len())]
        } else {
            self.next().to_le_bytes()[3]
        }
    }

    /// Changes, inserts, removes, repeats or cuts something.
    fn spoil(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len());
        let byte = self.byte();
        match self.below(6) {
            0 | 1 if !input.is_empty() => input[at] = byte,
            2 => input.insert(at, byte),
            3 if !input.is_empty() => drop(input.remove(at)),
            4 => {
                let end = (at + self.below(40)).min(input.len());
                let piece = input[at..end].to_vec();
                let to = self.below(input.len());
                input.splice(to..to, piece);
            }
            _ => input.truncate(self.below(input.len() + 1)),
        }
    }
}

/// A hundred thousand inputs that are almost valid, or not at all: no panic, no long wait, and what is read keeps its promises.
#[test]
fn any_input_is_read_or_refused() {
    let good = [Parts::kms().build(), Parts::der().build()];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let begun = Instant::now();
    let mut read = 0;
    for round in 0..100_000 {
        let mut input = good[round % 2].clone();
        if round % 10 == 9 {
            input = (0..random.below(400)).map(|_| random.byte()).collect();
        }
        for _ in 0..=random.below(4) {
            random.spoil(&mut input);
        }
        match RecipientEnvelope::parse(&input) {
            Ok(envelope) => {
                read += 1;
                assert!(envelope.recipient().is_none_or(|recipient| !recipient.is_empty()));
                assert!(ENCRYPTED_KEY_LENGTHS.contains(&envelope.encrypted_key().len()));
                assert!(envelope.encrypted_content().len() >= SHORTEST_CONTENT);
                assert_eq!(envelope.encrypted_content().len() % BLOCK, 0);
                let values = envelope.recipient().map_or(0, <[u8]>::len)
                    + envelope.encrypted_key().len()
                    + envelope.encrypted_content().len();
                assert!(values < input.len());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    assert!(read > 1000, "only {read} inputs were read");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}
