//! Statements about rows, and their keyed hashes.

use std::io;

use sha2::{Digest as _, Sha256};

use super::super::Digest;
use crate::signer::fill_random;

/// A value in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ledger) enum Cell<'a> {
    Null,
    Integer(i64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
    /// A value of a type that no event produces.
    Other,
}

impl Cell<'_> {
    /// A number that does not fit a column cannot be in a table.
    pub(super) fn number(number: u64) -> Self {
        i64::try_from(number).map_or(Self::Other, Self::Integer)
    }

    pub(super) fn optional(number: Option<u64>) -> Self {
        number.map_or(Self::Null, Self::number)
    }
}

impl<'a> From<&'a Digest> for Cell<'a> {
    fn from(digest: &'a Digest) -> Self {
        Self::Blob(&digest.0)
    }
}

/// Hashes statements with a random key: SHA-256 of the key, the statement's index, and the cells, each with its type and length.
#[derive(Clone, Debug)]
pub(super) struct Hasher {
    /// The key, followed by the bytes to hash.
    buffer: Vec<u8>,
}

const KEY_OCTETS: usize = 16;

impl Hasher {
    pub(super) fn new() -> io::Result<Self> {
        let mut buffer = vec![0; KEY_OCTETS];
        fill_random(&mut buffer)?;
        Ok(Self { buffer })
    }

    /// `table` and `statement` are indices into `TABLES`.
    pub(super) fn hash<'a>(
        &mut self,
        table: usize,
        statement: usize,
        cells: impl IntoIterator<Item = Cell<'a>>,
    ) -> u128 {
        self.buffer.truncate(KEY_OCTETS);
        self.put_length(table);
        self.put_length(statement);
        for cell in cells {
            let (kind, octets) = match cell {
                Cell::Null => (0, &[][..]),
                Cell::Integer(number) => {
                    self.buffer.push(1);
                    self.buffer.extend(number.to_be_bytes());
                    continue;
                }
                Cell::Text(text) => (2, text),
                Cell::Blob(octets) => (3, octets),
                Cell::Other => (4, &[][..]),
            };
            self.buffer.push(kind);
            self.put_length(octets.len());
            self.buffer.extend(octets);
        }
        let hash = Sha256::digest(&self.buffer);
        let mut first = [0; 16];
        first.copy_from_slice(&hash[..16]);
        u128::from_be_bytes(first)
    }

    /// No slice has more than 2^63 octets.
    fn put_length(&mut self, length: usize) {
        self.buffer
            .extend(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_differ_have_different_hashes() {
        let mut hasher = Hasher::new().unwrap();
        let statements: [(usize, usize, &[Cell<'_>]); 10] = [
            (0, 0, &[]),
            (0, 1, &[]),
            (1, 0, &[]),
            (0, 0, &[Cell::Null]),
            (0, 0, &[Cell::Other]),
            (0, 0, &[Cell::Integer(1)]),
            (0, 0, &[Cell::Text(b"ab"), Cell::Text(b"c")]),
            (0, 0, &[Cell::Text(b"a"), Cell::Text(b"bc")]),
            (0, 0, &[Cell::Text(b"abc")]),
            (0, 0, &[Cell::Blob(b"abc")]),
        ];
        let hash = |hasher: &mut Hasher| {
            statements.map(|(table, statement, cells)| hasher.hash(table, statement, cells.iter().copied()))
        };
        let first = hash(&mut hasher);
        for (place, one) in first.iter().enumerate() {
            assert!(!first[..place].contains(one), "{place}");
        }
        assert_eq!(hash(&mut hasher), first);
        assert_ne!(hash(&mut Hasher::new().unwrap()), first, "the key must count");
    }
}
