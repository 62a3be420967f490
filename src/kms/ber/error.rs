//! Why bytes are refused as BER.

use std::fmt;

/// Why bytes are not the expected BER.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BerError {
    /// The bytes end before the element does.
    Truncated {
        /// How many bytes it needs here.
        needed: usize,
        /// How many there are.
        left: usize,
    },
    /// A tag number above 30, which CMS does not use.
    HighTagNumber,
    /// A length in more than four octets, or the reserved `FF`.
    Length {
        /// The first octet of the length.
        octet: u8,
    },
    /// A primitive element of indefinite length.
    IndefinitePrimitive,
    /// End-of-contents octets where no element of indefinite length is open, or other than `00 00`.
    EndOfContents,
    /// Elements are nested too deep.
    TooDeep {
        /// How many levels are read.
        deepest: usize,
    },
    /// Another element than expected.
    Tag {
        /// The expected tag.
        expected: String,
        /// The tag found.
        found: String,
    },
    /// A primitive element that should hold elements, or the other way round.
    Form {
        /// Its tag.
        tag: String,
        /// Whether the constructed form was found.
        constructed: bool,
    },
    /// The value is not valid for its type.
    Value {
        /// The type.
        of: &'static str,
    },
    /// Something follows the last element.
    Trailing {
        /// How many bytes.
        count: usize,
    },
}

impl fmt::Display for BerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, left } => {
                write!(f, "it ends too early: {needed} more bytes expected, {left} left")
            }
            Self::HighTagNumber => write!(f, "it has a tag number above 30"),
            Self::Length { octet } => write!(f, "it has a length that is not supported (octet {octet:02x})"),
            Self::IndefinitePrimitive => write!(f, "it has a primitive element of indefinite length"),
            Self::EndOfContents => write!(f, "it has end-of-contents octets out of place"),
            Self::TooDeep { deepest } => write!(f, "it is nested more than {deepest} levels deep"),
            Self::Tag { expected, found } => write!(f, "{found} instead of {expected}"),
            Self::Form { tag, constructed } => {
                let form = if *constructed { "constructed" } else { "primitive" };
                write!(f, "{tag} in {form} form")
            }
            Self::Value { of } => write!(f, "the value is not a valid {of}"),
            Self::Trailing { count } => write!(f, "{count} bytes follow the last element"),
        }
    }
}

impl std::error::Error for BerError {}
