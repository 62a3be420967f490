//! The octets before the content of an element, and where the content ends.

use super::tag::{CONSTRUCTED, HIGH_TAG_NUMBER};
use super::{BerError, DEEPEST, Tag};

/// The octets before the content of an element.
pub(super) enum Header {
    Element {
        tag: Tag,
        constructed: bool,
        /// `None`: indefinite.
        length: Option<usize>,
    },
    EndOfContents,
}

impl Header {
    pub(super) fn read(rest: &mut &[u8]) -> Result<Self, BerError> {
        let identifier = take_octet(rest)?;
        if identifier & HIGH_TAG_NUMBER == HIGH_TAG_NUMBER {
            return Err(BerError::HighTagNumber);
        }
        let constructed = identifier & CONSTRUCTED != 0;
        let tag = Tag::of(identifier);
        let first = take_octet(rest)?;
        // X.690 section 8.1.5: the end of an indefinite length is two zero octets.
        if tag == Tag::END_OF_CONTENTS {
            return if identifier == 0 && first == 0 {
                Ok(Self::EndOfContents)
            } else {
                Err(BerError::EndOfContents)
            };
        }
        let length = match first {
            0..=0x7f => Some(usize::from(first)),
            // X.690 section 8.1.3.2: an indefinite length is for the constructed form only.
            0x80 if !constructed => return Err(BerError::IndefinitePrimitive),
            0x80 => None,
            0x81..=0x84 => {
                let octets = take(rest, usize::from(first & 0x7f))?;
                let value = octets
                    .iter()
                    .fold(0_u32, |value, octet| value << 8 | u32::from(*octet));
                Some(usize::try_from(value).map_err(|_| BerError::Length { octet: first })?)
            }
            0x85..=0xff => return Err(BerError::Length { octet: first }),
        };
        Ok(Self::Element {
            tag,
            constructed,
            length,
        })
    }
}

/// The content of an element of indefinite length that begins at `rest`, which is moved past its end-of-contents octets. `depth` is the element's
/// own.
pub(super) fn take_indefinite<'a>(rest: &mut &'a [u8], depth: usize) -> Result<&'a [u8], BerError> {
    let body = *rest;
    // How many elements of indefinite length have begun and not ended, so that the next lies at `depth + open`. Those of definite length are
    // skipped.
    let mut open = 1_usize;
    loop {
        let before = rest.len();
        match Header::read(rest)? {
            Header::Element {
                length: Some(length), ..
            } => {
                take(rest, length)?;
            }
            Header::Element { length: None, .. } => {
                if depth + open > DEEPEST {
                    return Err(BerError::TooDeep { deepest: DEEPEST });
                }
                open += 1;
            }
            Header::EndOfContents if open > 1 => open -= 1,
            Header::EndOfContents => {
                let mut content = body;
                return take(&mut content, body.len() - before);
            }
        }
    }
}

/// Takes `count` bytes off the front of `rest`.
pub(super) fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], BerError> {
    let (taken, after) = rest.split_at_checked(count).ok_or(BerError::Truncated {
        needed: count,
        left: rest.len(),
    })?;
    *rest = after;
    Ok(taken)
}

fn take_octet(rest: &mut &[u8]) -> Result<u8, BerError> {
    let (octet, after) = rest
        .split_first()
        .ok_or(BerError::Truncated { needed: 1, left: 0 })?;
    *rest = after;
    Ok(*octet)
}
