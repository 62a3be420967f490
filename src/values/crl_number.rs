//! `CRLNumber` (RFC 5280 section 5.2.3).

use std::fmt;
use std::str::FromStr;

use num_bigint::BigUint;

/// "CRL verifiers MUST be able to handle CRLNumber values up to 20 octets. Conforming CRL issuers MUST NOT use CRLNumber values longer than
/// 20 octets": 159 bits, because an INTEGER has a sign bit.
const OCTETS: usize = 20;

/// The number of a CRL: not negative, at most 20 octets as a DER INTEGER. It grows from one CRL to the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrlNumber([u8; OCTETS]);

impl CrlNumber {
    /// Before the first.
    pub const ZERO: Self = Self([0; OCTETS]);

    /// From big-endian octets, with or without leading zeros. `None` for more than 159 bits.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let significant = octets.iter().skip_while(|octet| **octet == 0).count();
        let mut number = Self::ZERO;
        let start = OCTETS.checked_sub(significant)?;
        number.0[start..].copy_from_slice(&octets[octets.len() - significant..]);
        (number.0[0] & 0x80 == 0).then_some(number)
    }

    /// The 20 octets, big-endian with leading zeros; they sort like the numbers.
    #[must_use]
    pub const fn octets(&self) -> &[u8; OCTETS] {
        &self.0
    }

    /// The number, if it is below 2⁶⁴.
    #[must_use]
    pub fn to_u64(self) -> Option<u64> {
        u64::try_from(self.to_integer()).ok()
    }

    /// The one after this; `None` after the largest.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::from_integer(&(self.to_integer() + 1_u8))
    }

    /// The one before this; `None` before zero.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        (self != Self::ZERO)
            .then(|| Self::from_integer(&(self.to_integer() - 1_u8)))
            .flatten()
    }

    /// Whether it is more than `steps` above `last`.
    #[must_use]
    pub fn is_beyond(self, last: Self, steps: u64) -> bool {
        self.to_integer() > last.to_integer() + steps
    }

    fn to_integer(self) -> BigUint {
        BigUint::from_bytes_be(&self.0)
    }

    fn from_integer(number: &BigUint) -> Option<Self> {
        Self::from_octets(&number.to_bytes_be())
    }
}

impl From<u64> for CrlNumber {
    fn from(number: u64) -> Self {
        Self::from_octets(&number.to_be_bytes()).unwrap_or(Self::ZERO)
    }
}

impl FromStr for CrlNumber {
    type Err = CrlNumberTextError;

    /// Decimal digits, or hexadecimal ones after `0x`.
    fn from_str(text: &str) -> Result<Self, CrlNumberTextError> {
        let (digits, radix) = match text.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        if !digits.chars().all(|digit| digit.is_digit(radix)) {
            return Err(CrlNumberTextError);
        }
        let number = BigUint::parse_bytes(digits.as_bytes(), radix);
        number
            .and_then(|number| Self::from_integer(&number))
            .ok_or(CrlNumberTextError)
    }
}

/// A text that is not a [`CrlNumber`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlNumberTextError;

impl fmt::Display for CrlNumberTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a number, decimal or 0x and hexadecimal, of at most 159 bits")
    }
}

impl std::error::Error for CrlNumberTextError {}

impl fmt::Display for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_integer().fmt(f)
    }
}

impl fmt::Debug for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_and_bounded() {
        let number = |octets: &[u8]| CrlNumber::from_octets(octets).unwrap();
        assert!(number(&[0, 0, 9]) < number(&[1, 0]));
        assert_eq!(number(&[0xff]).next(), Some(number(&[1, 0])));
        assert_eq!(number(&[1, 0]).previous(), Some(number(&[0xff])));
        assert_eq!(CrlNumber::ZERO.previous(), None);
        let largest = number(&[&[0x7f][..], &[0xff; 19]].concat());
        assert_eq!(largest.next(), None);
        assert_eq!(CrlNumber::from_octets(&[&[0x80][..], &[0; 19]].concat()), None);
        assert_eq!(CrlNumber::from_octets(&[1; 21]), None);
        assert_eq!(number(&[&[0; 30][..], &[1]].concat()), CrlNumber::from(1));
        assert_eq!(number(&[]), CrlNumber::ZERO);
        assert_eq!(largest.to_u64(), None);
        assert_eq!(CrlNumber::from(u64::MAX).to_u64(), Some(u64::MAX));
    }

    #[test]
    fn texts_are_read() {
        let number = |text: &str| text.parse::<CrlNumber>();
        assert_eq!(number("0x100"), Ok(CrlNumber::from(256)));
        assert_eq!(number("0010"), Ok(CrlNumber::from(10)));
        let largest = number(&format!("0x7f{}", "f".repeat(38))).unwrap();
        assert_eq!(number(&largest.to_string()), Ok(largest));
        for wrong in [
            "",
            "-1",
            "+1",
            "1_0",
            "0x",
            "0x+1",
            "ten",
            "1 ",
            "a",
            "١",
            &format!("0x80{}", "0".repeat(38)),
        ] {
            assert!(number(wrong).is_err(), "{wrong:?}");
        }
    }
}
