//! Serial numbers.

use std::fmt;

use der::asn1::Int;
use num_bigint::BigInt;

use super::X509Error;
use crate::signer::{Hex, RandomSource, SignError};

/// A `serialNumber` (RFC 5280 section 4.1.2.2): positive, at most 20 octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialNumber(Vec<u8>);

/// 159 bits fill 20 octets with the sign bit clear.
const OCTETS: usize = 20;

impl SerialNumber {
    /// 159 bits from `source`: a token's generator, or the operating system's where there is no token.
    ///
    /// # Errors
    /// What the source said, or [`X509Error::Rule`] when what it returned is not random: fewer than 64 significant
    /// bits, which chance gives once in 2⁹⁵ tries.
    pub fn random(source: &dyn RandomSource) -> Result<Self, X509Error> {
        let mut octets = [0; OCTETS];
        source
            .fill_random(&mut octets)
            .map_err(|error: SignError| X509Error::Signer(error))?;
        octets[0] &= 0x7f;
        if octets[..OCTETS - 8].iter().all(|octet| *octet == 0) {
            return Err(X509Error::broken(
                "serial-entropy",
                "the random number generator returned zeros",
            ));
        }
        Ok(Self(octets.to_vec()))
    }

    /// From the content of an INTEGER: big-endian two's complement. Nothing is asked of it: an old CA may have issued certificates
    /// with numbers that RFC 5280 does not allow, and they too can be revoked.
    #[must_use]
    pub fn from_octets(octets: impl Into<Vec<u8>>) -> Self {
        Self(octets.into())
    }

    /// From hexadecimal digits, with or without colons between them, as programs print serial numbers; a minus where it has one.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.replace(':', "");
        let digits = digits.strip_prefix("0x").unwrap_or(&digits);
        let number = BigInt::parse_bytes(digits.as_bytes(), 16)?;
        Some(Self(number.to_signed_bytes_be()))
    }

    pub(super) fn to_int(&self) -> Result<Int, X509Error> {
        Int::new(minimal(&self.0)).map_err(X509Error::malformed("serial number"))
    }

    pub(super) fn from_int(int: &Int) -> Self {
        Self(int.as_bytes().to_vec())
    }

    /// Big-endian two's complement, as DER has it.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        minimal(&self.0)
    }
}

/// DER: no leading zero octet but the one that keeps the number positive (X.690 section 8.3.2).
fn minimal(mut octets: &[u8]) -> &[u8] {
    while let [0, next, ..] = octets {
        if next & 0x80 != 0 {
            break;
        }
        octets = &octets[1..];
    }
    octets
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let octets = self.octets();
        let shown = if octets.len() > 1 && octets[0] == 0 {
            &octets[1..]
        } else {
            octets
        };
        Hex(shown).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_go_and_the_sign_octet_stays() {
        assert_eq!(minimal(&[0, 0, 0x7f, 1]), [0x7f, 1]);
        assert_eq!(minimal(&[0, 0, 0x80, 1]), [0, 0x80, 1]);
        assert_eq!(minimal(&[0]), [0]);
        assert_eq!(SerialNumber(vec![0, 0x80, 1]).to_string(), "8001");
    }

    #[test]
    fn what_programs_print_is_read() {
        for (text, octets) in [
            ("80:01", &[0, 0x80, 1][..]),
            ("0xA", &[10]),
            ("-3", &[0xfd]),
            ("00", &[0]),
        ] {
            assert_eq!(SerialNumber::from_hex(text).unwrap().octets(), octets, "{text}");
        }
        for text in ["", "xyz", ":", "1 2", "0x"] {
            assert_eq!(SerialNumber::from_hex(text), None, "{text}");
        }
    }
}
