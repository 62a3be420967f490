//! A reader of BER (X.690) for bytes that nobody vouches for: lengths are definite or indefinite, octet strings primitive or
//! in pieces, and whatever lies deeper than [`DEEPEST`] is refused.
//!
//! It does what CMS needs: low tag numbers, lengths of up to four octets. Every length is held against the bytes that are
//! there before it is used, and nothing is copied but the pieces of an octet string.

use std::borrow::Cow;
use std::fmt;

use const_oid::ObjectIdentifier;

/// How many elements may lie in each other. `CiphertextForRecipient` has eleven, in the mask generation function.
const DEEPEST: usize = 16;

/// X.690 section 8.1.2.5: this bit says that the content is elements again.
const CONSTRUCTED: u8 = 0x20;

/// X.690 section 8.1.2.4: this number says that the tag number follows in octets of its own.
const HIGH_TAG_NUMBER: u8 = 0x1f;

/// Class and number of a tag (X.690 section 8.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u8);

impl Tag {
    pub(super) const INTEGER: Self = Self(0x02);
    pub(super) const OCTET_STRING: Self = Self(0x04);
    pub(super) const NULL: Self = Self(0x05);
    pub(super) const OBJECT_IDENTIFIER: Self = Self(0x06);
    pub(super) const SEQUENCE: Self = Self(0x10);
    pub(super) const SET: Self = Self(0x11);

    /// The context-specific tag `[number]`, which is below 31.
    pub(super) const fn context(number: u8) -> Self {
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

/// Why bytes are not the BER that they should be.
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
    /// A tag number above 30, which nothing in CMS has.
    HighTagNumber,
    /// A length in more than four octets, or the reserved `FF`.
    Length {
        /// The first octet of the length.
        octet: u8,
    },
    /// A primitive element of indefinite length.
    IndefinitePrimitive,
    /// End-of-contents octets where nothing of indefinite length is open, or other than `00 00`.
    EndOfContents,
    /// More elements in each other than are read.
    TooDeep {
        /// How many are.
        deepest: usize,
    },
    /// Another element than belongs here.
    Tag {
        /// The tag that belongs here.
        expected: String,
        /// The tag that is here.
        found: String,
    },
    /// A primitive element that should hold elements, or the other way round.
    Form {
        /// Its tag.
        tag: String,
        /// Whether it is the constructed form that is here.
        constructed: bool,
    },
    /// The value is none of its type.
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
                write!(f, "it ends too early: {needed} bytes should follow, {left} do")
            }
            Self::HighTagNumber => write!(f, "it has a tag number above 30"),
            Self::Length { octet } => write!(f, "it has a length that is not supported (octet {octet:02x})"),
            Self::IndefinitePrimitive => write!(f, "it has a primitive element of indefinite length"),
            Self::EndOfContents => write!(f, "it has end-of-contents octets out of place"),
            Self::TooDeep { deepest } => write!(f, "it has more than {deepest} elements in each other"),
            Self::Tag { expected, found } => write!(f, "{found} where {expected} belongs"),
            Self::Form { tag, constructed } => {
                let form = if *constructed { "constructed" } else { "primitive" };
                write!(f, "{tag} in {form} form")
            }
            Self::Value { of } => write!(f, "the value is no {of}"),
            Self::Trailing { count } => write!(f, "{count} bytes follow the last element"),
        }
    }
}

impl std::error::Error for BerError {}

/// What stands before the content of an element.
enum Header {
    Element {
        tag: Tag,
        constructed: bool,
        /// `None`: indefinite.
        length: Option<usize>,
    },
    EndOfContents,
}

/// Takes `count` bytes off the front of `rest`.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], BerError> {
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

impl Header {
    fn read(rest: &mut &[u8]) -> Result<Self, BerError> {
        let identifier = take_octet(rest)?;
        if identifier & HIGH_TAG_NUMBER == HIGH_TAG_NUMBER {
            return Err(BerError::HighTagNumber);
        }
        let constructed = identifier & CONSTRUCTED != 0;
        let tag = Tag(identifier & !CONSTRUCTED);
        let first = take_octet(rest)?;
        // X.690 section 8.1.5: the end of an indefinite length is two zero octets; no type has the universal tag 0.
        if tag == Tag(0) {
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

/// The content of an element of indefinite length that begins at `rest`, which is moved behind its end-of-contents octets.
/// `depth` is the element's own.
fn take_indefinite<'a>(rest: &mut &'a [u8], depth: usize) -> Result<&'a [u8], BerError> {
    let body = *rest;
    // How many elements of indefinite length have begun and not ended. Those of definite length are passed over.
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
                if depth + open >= DEEPEST {
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

/// Elements, one after the other.
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
            .is_some_and(|identifier| Tag(identifier & !CONSTRUCTED) == tag)
    }

    /// The next element, whatever it is.
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

    /// Nothing may be left.
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

    /// The elements in it; it must have the constructed form.
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

    /// Calls itself for a piece that is in pieces; [`Reader::element`] ends that at [`DEEPEST`].
    fn append_pieces(&self, octets: &mut Vec<u8>) -> Result<(), BerError> {
        let mut pieces = self.inside()?;
        while !pieces.is_empty() {
            // X.690 section 8.7.3.2: the pieces are OCTET STRING, also where the whole has another tag.
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
        // X.690 section 8.3.2: in the fewest octets, in BER too.
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
mod tests {
    use super::*;

    fn octets(input: &[u8]) -> Result<Vec<u8>, BerError> {
        let mut reader = Reader::new(input);
        let value = reader.expect(Tag::OCTET_STRING)?.octets()?.into_owned();
        reader.finish().map(|()| value)
    }

    #[test]
    fn every_length_form_reads_the_same() {
        for input in [
            &[0x04, 2, 7, 9][..],
            &[0x04, 0x81, 2, 7, 9],
            &[0x04, 0x84, 0, 0, 0, 2, 7, 9],
            &[0x24, 4, 0x04, 2, 7, 9],
            &[0x24, 6, 0x04, 1, 7, 0x04, 1, 9],
            &[0x24, 0x80, 0x04, 2, 7, 9, 0, 0],
            &[0x24, 0x80, 0x04, 1, 7, 0x04, 0, 0x04, 1, 9, 0, 0],
            &[
                0x24, 0x80, 0x24, 0x80, 0x04, 1, 7, 0, 0, 0x24, 3, 0x04, 1, 9, 0, 0,
            ],
        ] {
            assert_eq!(octets(input), Ok(vec![7, 9]), "{input:02x?}");
        }
    }

    #[test]
    fn one_piece_is_not_copied() {
        let input = [0x04, 2, 7, 9];
        let element = Reader::new(&input).element().unwrap();
        assert!(matches!(element.octets(), Ok(Cow::Borrowed([7, 9]))));
    }

    #[test]
    fn each_fault_has_its_name() {
        let tag = |expected: &str, found: &str| BerError::Tag {
            expected: expected.to_owned(),
            found: found.to_owned(),
        };
        for (input, error) in [
            (&[][..], BerError::Truncated { needed: 1, left: 0 }),
            (&[0x04], BerError::Truncated { needed: 1, left: 0 }),
            (&[0x04, 2, 7], BerError::Truncated { needed: 2, left: 1 }),
            (&[0x04, 0x82, 1], BerError::Truncated { needed: 2, left: 1 }),
            (
                &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff, 1],
                BerError::Truncated {
                    needed: 0xffff_ffff,
                    left: 1,
                },
            ),
            (&[0x04, 0x85, 0, 0, 0, 0, 1, 1], BerError::Length { octet: 0x85 }),
            (&[0x04, 0xff], BerError::Length { octet: 0xff }),
            (&[0x1f, 0x04, 0], BerError::HighTagNumber),
            (&[0x04, 0x80, 0, 0], BerError::IndefinitePrimitive),
            (&[0, 0], BerError::EndOfContents),
            (&[0x24, 4, 0x04, 0, 0, 0], BerError::EndOfContents),
            (&[0x24, 0x80, 0, 0x81, 0], BerError::EndOfContents),
            (&[0x24, 0x80, 0, 1, 1], BerError::EndOfContents),
            (&[0x24, 0x80, 0x20, 0, 0, 0], BerError::EndOfContents),
            (&[0x24, 0x80, 0x04, 0], BerError::Truncated { needed: 1, left: 0 }),
            (&[0x05, 0], tag("OCTET STRING", "NULL")),
            (&[0x41, 0], tag("OCTET STRING", "[APPLICATION 1]")),
            (&[0x24, 2, 0x80, 0], tag("OCTET STRING", "[0]")),
            (&[0x04, 1, 7, 0, 0], BerError::Trailing { count: 2 }),
        ] {
            assert_eq!(octets(input), Err(error.clone()), "{input:02x?}");
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn values_of_the_wrong_form_are_refused() {
        let element = |input: &'static [u8]| Reader::new(input).element().unwrap();
        let constructed = |tag: &str| BerError::Form {
            tag: tag.to_owned(),
            constructed: true,
        };
        assert!(matches!(
            element(&[0x10, 0]).inside(),
            Err(BerError::Form {
                constructed: false,
                ..
            })
        ));
        assert_eq!(
            element(&[0x22, 3, 0x02, 1, 2]).integer(),
            Err(constructed("INTEGER"))
        );
        assert_eq!(element(&[0x25, 0]).null(), Err(constructed("NULL")));
        assert_eq!(
            element(&[0x26, 0]).object_identifier(),
            Err(constructed("OBJECT IDENTIFIER"))
        );
        assert_eq!(element(&[0x05, 1, 0]).null(), Err(BerError::Value { of: "NULL" }));
        assert!(element(&[0x06, 0]).object_identifier().is_err());
        assert!(element(&[0x06, 1, 0x80]).object_identifier().is_err());
    }

    #[test]
    fn integers() {
        let integer = |input: &'static [u8]| Reader::new(input).element().unwrap().integer().ok();
        assert_eq!(integer(&[2, 1, 2]), Some(2));
        assert_eq!(integer(&[2, 1, 0xff]), Some(-1));
        assert_eq!(integer(&[2, 2, 0, 0x80]), Some(128));
        assert_eq!(integer(&[2, 2, 0xff, 0x7f]), Some(-129));
        assert_eq!(
            integer(&[2, 8, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            Some(-0x8000_0000_0000_0000)
        );
        for input in [
            &[2, 0][..],
            &[2, 2, 0, 2],
            &[2, 2, 0xff, 0x80],
            &[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(integer(input), None, "{input:02x?}");
        }
    }

    /// `depth` octet strings in each other, of definite or of indefinite length.
    fn nested(depth: usize, indefinite: bool) -> Vec<u8> {
        let mut input = vec![0x04, 1, 7];
        for _ in 1..depth {
            let content = input;
            input = vec![0x24];
            if indefinite {
                input.push(0x80);
                input.extend(content);
                input.extend([0, 0]);
            } else {
                input.push(0x82);
                input.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
                input.extend(content);
            }
        }
        input
    }

    #[test]
    fn depth_has_one_limit_whatever_the_lengths() {
        for indefinite in [false, true] {
            assert_eq!(octets(&nested(DEEPEST, indefinite)), Ok(vec![7]));
            for depth in [DEEPEST + 1, DEEPEST + 2, 2000] {
                assert_eq!(
                    octets(&nested(depth, indefinite)),
                    Err(BerError::TooDeep { deepest: DEEPEST }),
                    "{depth}"
                );
            }
        }
        // Begun and never ended.
        assert_eq!(
            octets(&[0x24, 0x80].repeat(100_000)),
            Err(BerError::TooDeep { deepest: DEEPEST })
        );
    }
}
