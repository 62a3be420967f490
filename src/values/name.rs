//! `Name` (RFC 5280 section 4.1.2.4): the distinguished name of an issuer or a subject.

use std::error::Error;
use std::fmt;

use der::{AnyRef, Decode as _, Tag, Tagged as _};

/// A distinguished name, as its original bytes: one DER SEQUENCE. It is copied and never rebuilt from text. Two names are equal if their
/// bytes are. `x509` adds the text form of RFC 4514, and the comparison of RFC 5280 section 7.1, which ignores case and spaces.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Vec<u8>);

impl Name {
    /// Keeps the bytes of an encoded name. The content of the SEQUENCE is not examined.
    ///
    /// # Errors
    /// [`NotAName`]: the bytes are not one SEQUENCE in DER.
    pub fn from_der(der: &[u8]) -> Result<Self, NotAName> {
        match AnyRef::from_der(der) {
            Ok(any) if any.tag() == Tag::Sequence => Ok(Self(der.to_vec())),
            Ok(_) => Err(NotAName("a name that is not a SEQUENCE".to_owned())),
            Err(error) => Err(NotAName(error.kind().to_string())),
        }
    }

    /// The DER bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is the empty sequence, which RFC 5280 forbids for issuers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() <= 2
    }
}

/// Bytes that are not one SEQUENCE in DER, so not a name. The text gives the fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAName(String);

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for NotAName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_sequence_with_nothing_after_it() {
        let name = Name::from_der(&[0x30, 2, 5, 0]).unwrap();
        assert_eq!(name.der(), [0x30, 2, 5, 0]);
        assert!(!name.is_empty() && Name::from_der(&[0x30, 0]).unwrap().is_empty());
        for wrong in [
            &[][..],
            &[0x31, 0],
            &[0x30, 1],
            &[0x30, 0, 0],
            &[0x30, 0x81, 0],
            &[0x30, 0x80, 0, 0],
        ] {
            assert!(Name::from_der(wrong).is_err(), "{wrong:?}");
        }
    }
}
