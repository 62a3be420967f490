//! `CRLNumber` (RFC 5280 section 5.2.3).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use der::asn1::Uint;
use num_bigint::BigUint;

use crate::x509::X509Error;

/// "CRL verifiers MUST be able to handle CRLNumber values up to 20 octets. Conforming CRL issuers MUST NOT use CRLNumber values longer
/// than 20 octets": 159 bits, as the INTEGER has a sign.
const BITS: u64 = 159;

/// The number of a CRL: it grows from one CRL to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlNumber(BigUint);

impl CrlNumber {
    /// The one after this; `None` after the largest.
    #[must_use]
    pub fn next(&self) -> Option<Self> {
        Some(Self(&self.0 + 1_u8)).filter(Self::fits)
    }

    /// Big-endian, without leading zeros.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes_be()
    }

    /// From big-endian bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(BigUint::from_bytes_be(bytes))
    }

    /// The number, if it is below 2⁶⁴.
    #[must_use]
    pub fn to_u64(&self) -> Option<u64> {
        u64::try_from(&self.0).ok()
    }

    /// Whether it has at most 20 octets.
    pub(super) fn fits(&self) -> bool {
        self.0.bits() <= BITS
    }

    pub(super) fn to_uint(&self) -> Result<Uint, X509Error> {
        Uint::new(&self.to_bytes()).map_err(X509Error::malformed("CRL number"))
    }

    pub(super) fn from_uint(number: &Uint) -> Self {
        Self::from_bytes(number.as_bytes())
    }
}

impl From<u64> for CrlNumber {
    fn from(number: u64) -> Self {
        Self(BigUint::from(number))
    }
}

impl FromStr for CrlNumber {
    type Err = String;

    /// Decimal, or hexadecimal after `0x`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = match text.strip_prefix("0x") {
            Some(digits) => BigUint::parse_bytes(digits.as_bytes(), 16),
            None => BigUint::parse_bytes(text.as_bytes(), 10),
        };
        number.map(Self).filter(Self::fits).ok_or_else(|| {
            "a number is wanted, decimal or 0x and hexadecimal, of at most 159 bits".to_owned()
        })
    }
}

impl PartialOrd for CrlNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CrlNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl fmt::Display for CrlNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_compared_and_bounded() {
        let number = |text: &str| text.parse::<CrlNumber>();
        assert_eq!(number("0x100").unwrap(), CrlNumber::from(256));
        assert!(number("9").unwrap() < number("10").unwrap());
        assert_eq!(CrlNumber::from(255).next(), Some(CrlNumber::from(256)));
        let largest = number(&format!("0x7f{}", "f".repeat(38))).unwrap();
        assert_eq!(largest.next(), None);
        assert_eq!(largest.to_bytes().len(), 20);
        for wrong in ["", "-1", "0x", "ten", "1 ", &format!("0x80{}", "0".repeat(38))] {
            assert!(number(wrong).is_err(), "{wrong:?}");
        }
    }
}
