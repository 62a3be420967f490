//! The hash of a name by which OpenSSL finds a CA certificate in a directory: `1234abcd.0`.
//!
//! It is in no standard. `X509_NAME_hash` of OpenSSL 1.0.0 and later computes it (crypto/x509/x_name.c, `x509_name_canon`): SHA-1 over the
//! canonical RDNs, without the outer SEQUENCE's header; the first four bytes, the least significant first.

#[cfg(test)]
mod tests;

use der::{Decode, Encode, Length, Reader, SliceReader};

use super::Name;
use crate::signer::sha1;

const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
/// The `der` crate has no such tag, which is why the name is parsed by hand here.
const UNIVERSAL_STRING: u8 = 0x1c;
const BMP_STRING: u8 = 0x1e;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

impl Name {
    /// The eight hex digits of `openssl x509 -hash`; `None` for a name for which OpenSSL has no hash, because a string in it is not valid for its
    /// type.
    #[must_use]
    pub fn openssl_hash(&self) -> Option<String> {
        let canonical = self.canonical_rdns()?;
        let first = sha1(&canonical).first_chunk().copied()?;
        Some(format!("{:08x}", u32::from_le_bytes(first)))
    }

    /// The RDNs one after the other, with their strings in UTF-8, folded as OpenSSL does.
    fn canonical_rdns(&self) -> Option<Vec<u8>> {
        canonical_rdns(self.der(), Folding::OpenSsl)
    }

    /// The same, folded by RFC 5280 section 7.1: the same bytes for every spelling of a name. `None` for a name with a string that is not valid for
    /// its type.
    pub(super) fn folded_rdns(&self) -> Option<Vec<u8>> {
        canonical_rdns(self.der(), Folding::Rfc5280)
    }
}

/// The differences between spellings of one name that are ignored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folding {
    /// ASCII spaces and letters only; a NumericString stays unchanged.
    OpenSsl,
    /// RFC 4518 sections 2.2 to 2.6, without Unicode normalization: this library has no table for it, and no known names of CAs differ in it.
    Rfc5280,
}

fn canonical_rdns(name: &[u8], folding: Folding) -> Option<Vec<u8>> {
    let [(SEQUENCE, rdns)] = elements(name)?[..] else {
        return None;
    };
    let mut canonical = Vec::new();
    for rdn in elements(rdns)? {
        let (SET, attributes) = rdn else {
            return None;
        };
        let mut attributes = elements(attributes)?
            .into_iter()
            .map(|attribute| canonical_attribute(attribute, folding))
            .collect::<Option<Vec<_>>>()?;
        // OpenSSL's list of entries does not show an RDN without attributes.
        if attributes.is_empty() {
            continue;
        }
        // X.690 section 11.6: a SET OF is sorted by the encodings, and those have just changed.
        attributes.sort();
        canonical.extend(element(SET, &attributes.concat())?);
    }
    Some(canonical)
}

fn canonical_attribute((tag, attribute): (u8, &[u8]), folding: Folding) -> Option<Vec<u8>> {
    match (tag, &elements(attribute)?[..]) {
        (SEQUENCE, [(OBJECT_IDENTIFIER, kind), (tag, value)]) => {
            let text = match (*tag, folding) {
                (NUMERIC_STRING, Folding::Rfc5280) => string(PRINTABLE_STRING, value)?,
                _ => string(*tag, value)?,
            };
            let (tag, value) = match text {
                Some(text) => (UTF8_STRING, fold(&text, folding).into_bytes()),
                None => (*tag, value.to_vec()),
            };
            let kind = element(OBJECT_IDENTIFIER, kind)?;
            element(SEQUENCE, &[kind, element(tag, &value)?].concat())
        }
        _ => None,
    }
}

/// The text of the types that are compared as text; `Some(None)` for those that are compared as bytes.
fn string(tag: u8, value: &[u8]) -> Option<Option<String>> {
    let text = match tag {
        UTF8_STRING => std::str::from_utf8(value).ok()?.to_owned(),
        // T.61 is read as ISO 8859-1, as other programs do.
        PRINTABLE_STRING | IA5_STRING | TELETEX_STRING => value.iter().copied().map(char::from).collect(),
        // UCS-2: a surrogate is not a character.
        BMP_STRING => code_points(value, |[high, low]| u32::from(u16::from_be_bytes([high, low])))?,
        UNIVERSAL_STRING => code_points(value, u32::from_be_bytes)?,
        // OpenSSL does not fold NumericString.
        BIT_STRING | NUMERIC_STRING | SEQUENCE => return Some(None),
        _ => return None,
    };
    Some(Some(text))
}

fn code_points<const N: usize>(value: &[u8], code_point: impl Fn([u8; N]) -> u32) -> Option<String> {
    let (characters, []) = value.as_chunks() else {
        return None;
    };
    let characters = characters.iter().copied();
    characters
        .map(|bytes| char::from_u32(code_point(bytes)))
        .collect()
}

/// Without spaces at the ends, with single spaces inside, and in small letters.
fn fold(text: &str, folding: Folding) -> String {
    let is_space = |character: char| match folding {
        Folding::OpenSsl => matches!(character, ' ' | '\t'..='\r'),
        Folding::Rfc5280 => character.is_whitespace(),
    };
    let folded = |word: &str| match folding {
        Folding::OpenSsl => word.to_ascii_lowercase(),
        // Capital letters first: "ß" and "SS" are the same (RFC 3454 table B.2).
        Folding::Rfc5280 => word
            .chars()
            .filter(|character| !is_ignored(*character))
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
            .collect(),
    };
    let words = text.split(is_space).map(folded);
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// RFC 4518 section 2.2: "mapped to nothing".
fn is_ignored(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}' | '\u{34F}' | '\u{6DD}' | '\u{70F}' | '\u{1806}' | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}'
                | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2063}' | '\u{206A}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFC}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0001}' | '\u{E0020}'..='\u{E007F}'
        )
}

/// The text of any string type, for display.
pub(super) fn read_text(tag: u8, value: &[u8]) -> Option<String> {
    match tag {
        // Text of these types must be ASCII.
        NUMERIC_STRING | PRINTABLE_STRING | IA5_STRING if !value.is_ascii() => None,
        NUMERIC_STRING => string(PRINTABLE_STRING, value)?,
        // Some programs write characters beyond UCS-2 as UTF-16.
        BMP_STRING => {
            let (units, []) = value.as_chunks() else {
                return None;
            };
            String::from_utf16(
                &units
                    .iter()
                    .map(|unit| u16::from_be_bytes(*unit))
                    .collect::<Vec<_>>(),
            )
            .ok()
        }
        _ => string(tag, value)?,
    }
}

/// Tags and values of the DER elements that `bytes` consists of.
fn elements(bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let elements = whole_elements(bytes)?.into_iter();
    Some(elements.map(|element| (element.tag, element.value)).collect())
}

/// A DER element.
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    /// With tag and length.
    pub(super) der: &'a [u8],
}

/// The DER elements that `bytes` consists of.
pub(super) fn whole_elements(bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        let start = usize::try_from(reader.position()).ok()?;
        let tag = reader.read_byte().ok()?;
        let length = Length::decode(&mut reader).ok()?;
        let value = reader.read_slice(length).ok()?;
        let end = usize::try_from(reader.position()).ok()?;
        let der = bytes.get(start..end)?;
        elements.push(Element { tag, value, der });
    }
    Some(elements)
}

fn element(tag: u8, value: &[u8]) -> Option<Vec<u8>> {
    let length = Length::try_from(value.len()).and_then(|length| length.to_der());
    Some([&[tag], length.ok()?.as_slice(), value].concat())
}
