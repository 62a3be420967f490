//! A reader of BER (X.690) for untrusted bytes: lengths are definite or indefinite, octet strings primitive or in pieces, and anything nested
//! deeper than [`DEEPEST`] is refused.
//!
//! It does what CMS needs: low tag numbers, lengths of up to four octets. Every length is checked against the remaining bytes before it is used,
//! and nothing is copied except the pieces of an octet string.

mod error;
mod header;
mod tag;

use std::borrow::Cow;

use const_oid::ObjectIdentifier;

pub(super) use error::BerError;
use header::{Header, take, take_indefinite};
pub(super) use tag::Tag;

/// How deep elements may be nested. `CiphertextForRecipient` has eleven levels, in the mask generation function.
const DEEPEST: usize = 16;

/// A sequence of elements.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(input: &'a [u8]) -> Self {
        Self {
            rest: input,
            depth: 0,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether the next element, if there is one, has this tag.
    pub(super) fn is_next(&self, tag: Tag) -> bool {
        self.rest
            .first()
            .is_some_and(|identifier| Tag::of(*identifier) == tag)
    }

    /// The next element, with any tag.
    pub(super) fn element(&mut self) -> Result<Element<'a>, BerError> {
        let depth = self.depth + 1;
        if depth > DEEPEST {
            return Err(BerError::TooDeep { deepest: DEEPEST });
        }
        match Header::read(&mut self.rest)? {
            Header::Element {
                tag,
                constructed,
                length,
            } => {
                let content = match length {
                    Some(length) => take(&mut self.rest, length)?,
                    None => take_indefinite(&mut self.rest, depth)?,
                };
                Ok(Element {
                    tag,
                    constructed,
                    content,
                    depth,
                })
            }
            Header::EndOfContents => Err(BerError::EndOfContents),
        }
    }

    /// The next element, which must have this tag.
    pub(super) fn expect(&mut self, tag: Tag) -> Result<Element<'a>, BerError> {
        let element = self.element()?;
        if element.tag != tag {
            return Err(BerError::Tag {
                expected: tag.to_string(),
                found: element.tag.to_string(),
            });
        }
        Ok(element)
    }

    /// Fails if anything is left.
    pub(super) const fn finish(&self) -> Result<(), BerError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(BerError::Trailing { count }),
        }
    }
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    tag: Tag,
    constructed: bool,
    content: &'a [u8],
    depth: usize,
}

impl<'a> Element<'a> {
    pub(super) const fn tag(&self) -> Tag {
        self.tag
    }

    fn wrong_form(&self) -> BerError {
        BerError::Form {
            tag: self.tag.to_string(),
            constructed: self.constructed,
        }
    }

    /// The elements inside; it must have the constructed form.
    pub(super) fn inside(&self) -> Result<Reader<'a>, BerError> {
        if !self.constructed {
            return Err(self.wrong_form());
        }
        Ok(Reader {
            rest: self.content,
            depth: self.depth,
        })
    }

    /// The content octets; it must have the primitive form.
    fn primitive(&self) -> Result<&'a [u8], BerError> {
        if self.constructed {
            return Err(self.wrong_form());
        }
        Ok(self.content)
    }

    /// The value of an OCTET STRING, or of an IMPLICIT tag on one: X.690 section 8.7, in one piece or in many.
    pub(super) fn octets(&self) -> Result<Cow<'a, [u8]>, BerError> {
        if !self.constructed {
            return Ok(Cow::Borrowed(self.content));
        }
        let mut octets = Vec::new();
        self.append_pieces(&mut octets)?;
        Ok(Cow::Owned(octets))
    }

    /// Calls itself for a piece that is in pieces itself; [`Reader::element`] stops that at [`DEEPEST`].
    fn append_pieces(&self, octets: &mut Vec<u8>) -> Result<(), BerError> {
        let mut pieces = self.inside()?;
        while !pieces.is_empty() {
            // X.690 section 8.7.3.2: the pieces are OCTET STRINGs, even if the whole has another tag.
            let piece = pieces.expect(Tag::OCTET_STRING)?;
            if piece.constructed {
                piece.append_pieces(octets)?;
            } else {
                octets.extend_from_slice(piece.content);
            }
        }
        Ok(())
    }

    /// The value of an INTEGER of up to eight octets.
    pub(super) fn integer(&self) -> Result<i64, BerError> {
        let content = self.primitive()?;
        // X.690 section 8.3.2: in the fewest octets possible, in BER too.
        let minimal = match content {
            [] => false,
            [0, second, ..] => second & 0x80 != 0,
            [0xff, second, ..] => second & 0x80 == 0,
            _ => true,
        };
        if !minimal || content.len() > 8 {
            return Err(BerError::Value { of: "small INTEGER" });
        }
        let negative = content.first().is_some_and(|first| first & 0x80 != 0);
        let sign = if negative { -1_i64 } else { 0 };
        Ok(content
            .iter()
            .fold(sign, |value, octet| value << 8 | i64::from(*octet)))
    }

    /// The value of an OBJECT IDENTIFIER.
    pub(super) fn object_identifier(&self) -> Result<ObjectIdentifier, BerError> {
        ObjectIdentifier::from_bytes(self.primitive()?).map_err(|_| BerError::Value {
            of: "OBJECT IDENTIFIER",
        })
    }

    /// NULL has no content.
    pub(super) fn null(&self) -> Result<(), BerError> {
        if self.primitive()?.is_empty() {
            Ok(())
        } else {
            Err(BerError::Value { of: "NULL" })
        }
    }
}

#[cfg(test)]
mod tests;
