//! Our own serial numbers, and their DER.

use der::asn1::Int;

use super::{X509Error, rules};
use crate::signer::{RandomSource, SignError};
use crate::values::SerialNumber;

/// 159 bits fill 20 octets with the sign bit clear.
const OCTETS: usize = 20;

impl SerialNumber {
    /// 159 bits from `source`: a token's generator, or the operating system's without a token.
    ///
    /// # Errors
    /// The source's error, or [`X509Error::Rule`] if its output is not random: fewer than 64 significant bits, which happens by chance once in 2⁹⁵
    /// tries.
    pub fn random(source: &dyn RandomSource) -> Result<Self, X509Error> {
        let mut octets = [0; OCTETS];
        source
            .fill_random(&mut octets)
            .map_err(|error: SignError| X509Error::Signer(error))?;
        octets[0] &= 0x7f;
        if octets[..OCTETS - 8].iter().all(|octet| *octet == 0) {
            return Err(X509Error::broken(
                rules::SERIAL_ENTROPY,
                "the random number generator returned zeros",
            ));
        }
        Ok(Self::from_octets(octets))
    }

    pub(super) fn to_int(&self) -> Result<Int, X509Error> {
        Int::new(self.octets()).map_err(X509Error::malformed("serial number"))
    }

    pub(super) fn from_int(int: &Int) -> Self {
        Self::from_octets(int.as_bytes())
    }
}
