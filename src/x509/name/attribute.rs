//! The attributes of a name, parsed by hand: the `der` crate does not read UniversalString, which old names have.

use const_oid::ObjectIdentifier;

use super::Name;
use crate::x509::name_hash::{Element, read_text, whole_elements};

const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// `AttributeTypeAndValue` (RFC 5280 section 4.1.2.4).
pub(super) struct Attribute<'a> {
    pub(super) kind: ObjectIdentifier,
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    /// The value with its tag and its length.
    pub(super) value_der: &'a [u8],
}

impl Attribute<'_> {
    /// The value's characters, if it is a valid string of its type.
    pub(super) fn text(&self) -> Option<String> {
        read_text(self.tag, self.value)
    }
}

impl Name {
    /// The attributes of each RDN, in order; `None` if it is not an `RDNSequence`.
    pub(super) fn attributes(&self) -> Option<Vec<Vec<Attribute<'_>>>> {
        let [
            Element {
                tag: SEQUENCE, value, ..
            },
        ] = whole_elements(self.der())?[..]
        else {
            return None;
        };
        let rdns = whole_elements(value)?.into_iter();
        rdns.map(|rdn| match rdn.tag {
            SET => whole_elements(rdn.value)?.iter().map(attribute).collect(),
            _ => None,
        })
        .collect()
    }
}

fn attribute<'a>(attribute: &Element<'a>) -> Option<Attribute<'a>> {
    match (attribute.tag, &whole_elements(attribute.value)?[..]) {
        (SEQUENCE, [kind, value]) if kind.tag == OBJECT_IDENTIFIER => Some(Attribute {
            kind: ObjectIdentifier::from_bytes(kind.value).ok()?,
            tag: value.tag,
            value: value.value,
            value_der: value.der,
        }),
        _ => None,
    }
}
