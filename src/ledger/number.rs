//! `cRLNumber` (RFC 5280 section 5.2.3), and its one spelling in an event.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigUint;
use serde::{Deserialize, Serialize};

use super::LedgerError;
use super::value::Misspelt;

/// "CRL verifiers MUST be able to handle CRLNumber values up to 20 octets."
const OCTETS: usize = 20;

/// The number of a CRL: not negative, at most 20 octets as a DER INTEGER.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "Spelling", try_from = "Spelling")]
pub struct Number([u8; OCTETS]);

/// A JSON integer up to 2⁶³ - 1, as ledgers of version 1 and 2 have them all, and above that decimal digits in a string: most readers of
/// JSON have no larger integers.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Spelling {
    Small(u64),
    Large(String),
}

const FORM: Misspelt = Misspelt::crl_number();

impl Number {
    /// Before the first.
    pub const ZERO: Self = Self([0; OCTETS]);

    /// From big-endian octets. `None` where there are more than 159 bits.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let significant = octets.iter().skip_while(|octet| **octet == 0).count();
        let mut number = Self::ZERO;
        let start = OCTETS.checked_sub(significant)?;
        number.0[start..].copy_from_slice(&octets[octets.len() - significant..]);
        (number.0[0] & 0x80 == 0).then_some(number)
    }

    /// Big-endian, with leading zeros: 20 of them, whose order is that of the numbers.
    #[must_use]
    pub const fn octets(&self) -> &[u8; OCTETS] {
        &self.0
    }

    /// The number, if it is below 2⁶⁴.
    #[must_use]
    pub fn to_u64(self) -> Option<u64> {
        u64::try_from(self.to_integer()).ok()
    }

    /// The one after this.
    ///
    /// # Errors
    /// [`LedgerError::Range`] after the largest.
    pub fn next(self) -> Result<Self, LedgerError> {
        Self::from_integer(&(self.to_integer() + 1_u8)).ok_or(LedgerError::Range)
    }

    /// The one before this; none before zero.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        (self != Self::ZERO)
            .then(|| Self::from_integer(&(self.to_integer() - 1_u8)))
            .flatten()
    }

    fn to_integer(self) -> BigUint {
        BigUint::from_bytes_be(&self.0)
    }

    fn from_integer(number: &BigUint) -> Option<Self> {
        Self::from_octets(&number.to_bytes_be())
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::from_octets(&number.to_be_bytes()).unwrap_or(Self::ZERO)
    }
}

impl From<Number> for Spelling {
    fn from(number: Number) -> Self {
        match number.to_u64().filter(|small| i64::try_from(*small).is_ok()) {
            Some(small) => Self::Small(small),
            None => Self::Large(number.to_string()),
        }
    }
}

impl TryFrom<Spelling> for Number {
    type Error = Misspelt;

    fn try_from(spelling: Spelling) -> Result<Self, Misspelt> {
        match spelling {
            Spelling::Small(small) if i64::try_from(small).is_ok() => Ok(Self::from(small)),
            Spelling::Small(_) => Err(FORM),
            Spelling::Large(text) => {
                let number: Self = text.parse()?;
                match Spelling::from(number) {
                    Spelling::Large(canonical) if canonical == text => Ok(number),
                    _ => Err(FORM),
                }
            }
        }
    }
}

impl FromStr for Number {
    type Err = Misspelt;

    /// Decimal.
    fn from_str(text: &str) -> Result<Self, Misspelt> {
        let digits = BigUint::parse_bytes(text.as_bytes(), 10).ok_or(FORM)?;
        Self::from_integer(&digits).ok_or(FORM)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_integer().fmt(f)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling_which_is_the_old_one_where_there_was_one() {
        let largest = Number::from_octets(&[&[0x7f][..], &[0xff; 19]].concat()).unwrap();
        assert_eq!(
            largest.to_string(),
            "730750818665451459101842416358141509827966271487"
        );
        for (number, spelling) in [
            (Number::from(0), "0".to_owned()),
            (Number::from(9_007_199_254_740_993), "9007199254740993".to_owned()),
            (
                Number::from(i64::MAX.unsigned_abs()),
                "9223372036854775807".to_owned(),
            ),
            (Number::from(1 << 63), "\"9223372036854775808\"".to_owned()),
            (largest, format!("\"{largest}\"")),
        ] {
            assert_eq!(serde_json::to_string(&number).unwrap(), spelling);
            assert_eq!(serde_json::from_str::<Number>(&spelling).unwrap(), number);
        }
        for wrong in [
            "-1",
            "1.0",
            "\"1\"",
            "9223372036854775808",
            "\"09223372036854775808\"",
            "\"+9223372036854775808\"",
            "\"0x8000000000000000\"",
            "\"730750818665451459101842416358141509827966271488\"",
            "\"\"",
            "null",
        ] {
            assert!(serde_json::from_str::<Number>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_ordered_and_bounded() {
        let number = |octets: &[u8]| Number::from_octets(octets).unwrap();
        assert!(number(&[0, 0, 9]) < number(&[1, 0]));
        assert_eq!(number(&[0xff]).next().unwrap(), number(&[1, 0]));
        assert_eq!(number(&[1, 0]).previous(), Some(number(&[0xff])));
        assert_eq!(Number::ZERO.previous(), None);
        let largest = number(&[&[0x7f][..], &[0xff; 19]].concat());
        assert!(matches!(largest.next(), Err(LedgerError::Range)));
        assert_eq!(Number::from_octets(&[&[0x80][..], &[0; 19]].concat()), None);
        assert_eq!(Number::from_octets(&[1; 21]), None);
        assert_eq!(number(&[&[0; 30][..], &[1]].concat()), Number::from(1));
        assert_eq!(largest.to_u64(), None);
        assert_eq!(Number::from(u64::MAX).to_u64(), Some(u64::MAX));
    }
}
