//! CRL numbers in DER.

use der::asn1::Uint;

use crate::values::CrlNumber;
use crate::x509::{X509Error, rules};

impl CrlNumber {
    pub(super) fn to_uint(self) -> Result<Uint, X509Error> {
        Uint::new(self.octets()).map_err(X509Error::malformed("CRL number"))
    }

    /// RFC 5280 section 5.2.3: a CRL number has at most 20 octets. A larger one is another program's mistake.
    pub(super) fn from_uint(number: &Uint) -> Result<Self, X509Error> {
        Self::from_octets(number.as_bytes())
            .ok_or_else(|| X509Error::broken(rules::CRL_NUMBER, "a CRL number of more than 20 octets"))
    }
}
