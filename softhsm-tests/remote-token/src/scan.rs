//! A search through all readable memory of another process. It is in this crate because it is built with optimisation.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

/// How many consecutive bytes of a secret count as a find.
pub const SHORTEST_FIND: usize = 32;

/// Any run of [`SHORTEST_FIND`] bytes contains a whole piece of this length, at a multiple of the length.
const PIECE: usize = 8;

/// The readable memory of a process at one moment: every mapping of `/proc/PID/maps`.
pub struct Memory(Vec<Vec<u8>>);

impl Memory {
    /// Reads it from outside. This needs root, or the same user if the process allows it.
    pub fn of(process: u32) -> io::Result<Self> {
        let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
        let memory = File::open(format!("/proc/{process}/mem"))?;
        let mut mappings = Vec::new();
        for line in maps.lines() {
            let mut fields = line.split(' ');
            let range = fields.next().and_then(|range| range.split_once('-'));
            let number = |text: &str| u64::from_str_radix(text, 16).ok();
            let Some((Some(from), Some(to))) = range.map(|(from, to)| (number(from), number(to))) else {
                continue;
            };
            if fields.next().is_none_or(|flags| !flags.starts_with('r')) {
                continue;
            }
            let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(0)];
            // Some special mappings cannot be read.
            if memory.read_exact_at(&mut bytes, from).is_ok() {
                mappings.push(bytes);
            }
        }
        Ok(Self(mappings))
    }

    /// How many bytes were read.
    pub fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// True if nothing could be read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The longest run of bytes of `secret`, of at least [`SHORTEST_FIND`], anywhere in memory; 0 if none is found.
    pub fn longest_run(&self, secret: &[u8]) -> usize {
        self.longest_runs(&[secret])[0]
    }

    /// The same for several secrets, in one pass.
    pub fn longest_runs(&self, secrets: &[&[u8]]) -> Vec<usize> {
        let mut places: HashMap<&[u8], Vec<(usize, usize)>> = HashMap::new();
        // Two bytes are enough to rule out most places in memory.
        let mut begins = vec![false; 1 << 16];
        for (which, secret) in secrets.iter().enumerate() {
            for (index, piece) in secret.chunks_exact(PIECE).enumerate() {
                places.entry(piece).or_default().push((which, index * PIECE));
                begins[usize::from(u16::from_le_bytes([piece[0], piece[1]]))] = true;
            }
        }
        let mut longest = vec![0; secrets.len()];
        for mapping in &self.0 {
            for (at, piece) in mapping.windows(PIECE).enumerate() {
                if !begins[usize::from(u16::from_le_bytes([piece[0], piece[1]]))] {
                    continue;
                }
                for (which, in_secret) in places.get(piece).into_iter().flatten() {
                    let run = run_around(mapping, at, secrets[*which], *in_secret);
                    longest[*which] = longest[*which].max(run);
                }
            }
        }
        for run in &mut longest {
            if *run < SHORTEST_FIND {
                *run = 0;
            }
        }
        longest
    }
}

/// How far memory and secret agree around one place.
fn run_around(memory: &[u8], at: usize, secret: &[u8], in_secret: usize) -> usize {
    let before = memory[..at]
        .iter()
        .rev()
        .zip(secret[..in_secret].iter().rev())
        .take_while(|(one, other)| one == other)
        .count();
    let after = memory[at..]
        .iter()
        .zip(&secret[in_secret..])
        .take_while(|(one, other)| one == other)
        .count();
    before + after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Vec<u8> {
        (0..96_u32)
            .map(|i| (i * i * 31 + i * 7 + 3).to_le_bytes()[1] ^ (i * 89).to_le_bytes()[0])
            .collect()
    }

    #[test]
    fn every_window_is_found_wherever_it_stands_and_a_shorter_one_is_not() {
        let secret = secret();
        for start in 0..secret.len() - SHORTEST_FIND {
            for alignment in 0..9 {
                let mut mapping = vec![0xAA; 64 + alignment];
                mapping.extend(&secret[start..start + SHORTEST_FIND]);
                mapping.extend([0x55; 7]);
                let found = Memory(vec![vec![0; 10], mapping]).longest_run(&secret);
                assert!(found >= SHORTEST_FIND, "{start} {alignment}");
            }
        }
        let short = secret[5..5 + SHORTEST_FIND - 1].to_vec();
        assert_eq!(Memory(vec![short]).longest_run(&secret), 0);
        assert_eq!(Memory(vec![secret.clone()]).longest_run(&secret), secret.len());
    }

    #[test]
    fn the_memory_of_this_process_is_searched() {
        let secret = secret();
        let memory = Memory::of(std::process::id()).expect("its own memory");
        assert!(memory.len() > 100_000 && !memory.is_empty());
        assert_eq!(memory.longest_run(&secret), secret.len());
    }
}
