//! The identifier octet, which says what kind of element follows.

use std::fmt;

/// X.690 section 8.1.2.5: this bit says that the content consists of elements.
pub(super) const CONSTRUCTED: u8 = 0x20;

/// X.690 section 8.1.2.4: this number says that the tag number follows in further octets.
pub(super) const HIGH_TAG_NUMBER: u8 = 0x1f;

/// Class and number of a tag (X.690 section 8.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kms) struct Tag(u8);

impl Tag {
    pub(in crate::kms) const INTEGER: Self = Self(0x02);
    pub(in crate::kms) const OCTET_STRING: Self = Self(0x04);
    pub(in crate::kms) const NULL: Self = Self(0x05);
    pub(in crate::kms) const OBJECT_IDENTIFIER: Self = Self(0x06);
    pub(in crate::kms) const SEQUENCE: Self = Self(0x10);
    pub(in crate::kms) const SET: Self = Self(0x11);

    /// X.690 section 8.1.5: it ends an indefinite length; no type uses it.
    pub(super) const END_OF_CONTENTS: Self = Self(0);

    /// The tag in an identifier octet, which also says the form.
    pub(super) const fn of(identifier: u8) -> Self {
        Self(identifier & !CONSTRUCTED)
    }

    /// The context-specific tag `[number]`, which is below 31.
    pub(in crate::kms) const fn context(number: u8) -> Self {
        Self(0x80 | (number & HIGH_TAG_NUMBER))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0 & HIGH_TAG_NUMBER;
        match (*self, self.0 >> 6) {
            (Self::INTEGER, _) => f.write_str("INTEGER"),
            (Self::OCTET_STRING, _) => f.write_str("OCTET STRING"),
            (Self::NULL, _) => f.write_str("NULL"),
            (Self::OBJECT_IDENTIFIER, _) => f.write_str("OBJECT IDENTIFIER"),
            (Self::SEQUENCE, _) => f.write_str("SEQUENCE"),
            (Self::SET, _) => f.write_str("SET"),
            (_, 0) => write!(f, "[UNIVERSAL {number}]"),
            (_, 1) => write!(f, "[APPLICATION {number}]"),
            (_, 2) => write!(f, "[{number}]"),
            (_, _) => write!(f, "[PRIVATE {number}]"),
        }
    }
}
