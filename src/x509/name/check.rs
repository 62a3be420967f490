//! Checks a name: whether it can be read, and whether a subject may have it.

use std::char::decode_utf16;

use const_oid::ObjectIdentifier;
use der::asn1::Any;
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::RdnSequence;

use super::characters::{find_invisible, find_misleading};
use super::{COMMON_NAME, Name, NameFault, UNIQUE_IDENTIFIER, describe_oid, text_of};
use crate::x509::{object_identifier, rules};

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const UNIVERSAL_STRING: u8 = 0x1C;
/// A typical name has ten; a directory with many levels, twice that. Each certificate and each CRL repeats it.
const MOST_ATTRIBUTES: usize = 64;

/// The most characters of any other value: X.520's bound of a description. RFC 5280 appendix A.1 has 32,768 for a surname, half a megabyte of which
/// could be in a name.
const MOST_CHARACTERS: usize = 1024;

/// Upper bounds of RFC 5280 appendix A.1, in characters, for the attributes people write.
const UPPER_BOUNDS: [(&str, usize); 10] = [
    ("2.5.4.3", 64),
    ("2.5.4.5", 64),
    ("2.5.4.6", 2),
    ("2.5.4.7", 128),
    ("2.5.4.8", 128),
    ("2.5.4.10", 64),
    ("2.5.4.11", 64),
    ("2.5.4.12", 64),
    ("2.5.4.65", 128),
    ("1.2.840.113549.1.9.1", 255),
];

impl Name {
    /// Makes sure that every program can read the name: it decodes as RFC 5280's `Name`, encodes to the same bytes, and its values are valid
    /// strings of their types.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_readable(&self) -> Result<(), String> {
        // `RdnSequence` does not know every string type, and does not say whose value it is.
        for attribute in self.attributes().unwrap_or_default().iter().flatten() {
            if Tag::from_der(&[attribute.tag]).is_err() {
                let tag = match attribute.tag {
                    UNIVERSAL_STRING => "UniversalString".to_owned(),
                    tag => format!("0x{tag:02x}"),
                };
                let kind = describe_oid(attribute.kind);
                return Err(format!(
                    "{kind} has the type {tag}, not UTF8String or PrintableString"
                ));
            }
        }
        let sequence = RdnSequence::from_der(self.der()).map_err(|error| error.kind().to_string())?;
        if sequence.to_der().ok().as_deref() != Some(self.der()) {
            return Err("it is not in DER".to_owned());
        }
        if sequence.iter().any(|rdn| rdn.is_empty()) {
            return Err("it has an empty part".to_owned());
        }
        for attribute in sequence.iter().flat_map(|rdn| rdn.iter()) {
            if let Some(fault) = find_unreadable(&attribute.value) {
                return Err(format!("the value of {} {fault}", describe_oid(attribute.oid)));
            }
        }
        Ok(())
    }

    /// Checks a subject that gets its first certificate: readable, in the string types that RFC 5280 appendix A.1 and section 4.1.2.4 prescribe for
    /// new subjects, nothing empty, misleading or longer than appendix A.1 allows. The sender of a request chooses text that others read in a log,
    /// or compare up to a NUL.
    ///
    /// # Errors
    /// The rule that is broken, unless it is `waived`, and how.
    pub(in crate::x509) fn check_new(&self, is_waived: impl Fn(&str) -> bool) -> Result<(), NameFault> {
        let broken = |rule| move |found| NameFault { rule, found };
        self.check_readable().map_err(NameFault::of(rules::SUBJECT))?;
        let sequence = RdnSequence::from_der(self.der())
            .map_err(|error| broken(rules::SUBJECT)(error.kind().to_string()))?;
        let attributes = || sequence.iter().flat_map(|rdn| rdn.iter());
        let count = attributes().count();
        if count > MOST_ATTRIBUTES {
            let found = format!("{count} attributes; at most {MOST_ATTRIBUTES} are allowed");
            return Err(NameFault::of(rules::NAME_SIZE)(found));
        }
        for attribute in attributes() {
            if attribute.oid == UNIQUE_IDENTIFIER && attribute.value.tag() == Tag::BitString {
                continue;
            }
            check_text(attribute)?;
            check_length(attribute)?;
        }
        let mut faults = self.type_faults().into_iter();
        faults
            .find(|fault| !is_waived(fault.rule.name))
            .map_or(Ok(()), Err)
    }

    /// Checks the subject of an existing CA: readable, nothing empty or invisible. Old roots have TeletexStrings, and names that are too long, and
    /// can no longer change them.
    ///
    /// # Errors
    /// The rule that is broken, and how.
    pub(in crate::x509) fn check_established(&self) -> Result<(), NameFault> {
        self.check_readable().map_err(NameFault::of(rules::SUBJECT))?;
        let sequence = self.sequence()?;
        let mut attributes = sequence.iter().flat_map(|rdn| rdn.iter());
        attributes.try_for_each(|attribute| match attribute.value.tag() {
            Tag::BitString => Ok(()),
            _ => check_visible(attribute),
        })
    }

    fn sequence(&self) -> Result<RdnSequence, NameFault> {
        let sequence = RdnSequence::from_der(self.der());
        sequence.map_err(|error| NameFault::of(rules::SUBJECT)(error.kind().to_string()))
    }
}

/// Checks an attribute that an operator writes.
pub(super) fn check_given(attribute: &AttributeTypeAndValue) -> Result<(), String> {
    let kind = describe_oid(attribute.oid);
    let Some(value) = text_of(&attribute.value) else {
        return Err(match attribute.value.tag() {
            Tag::NumericString => return Ok(()),
            tag => format!("the value of {kind} has a character that a {tag} cannot have"),
        });
    };
    check_text(attribute).map_err(|fault| fault.found)?;
    if attribute.oid == COUNTRY && (value.len() != 2 || !value.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        return Err("C must be the two capital letters of ISO 3166".to_owned());
    }
    check_length(attribute).map_err(|fault| fault.found)
}

/// Checks that a value is text and not misleading.
fn check_text(attribute: &AttributeTypeAndValue) -> Result<(), NameFault> {
    check_visible(attribute)?;
    let characters = characters(attribute).unwrap_or_default();
    match find_misleading(&characters, attribute.oid == COMMON_NAME) {
        Some(found) => {
            let found = format!("{} contains {found}", describe_oid(attribute.oid));
            Err(NameFault::of(rules::NAME_TEXT)(found))
        }
        None => Ok(()),
    }
}

fn check_visible(attribute: &AttributeTypeAndValue) -> Result<(), NameFault> {
    let kind = describe_oid(attribute.oid);
    let Some(characters) = characters(attribute) else {
        return Err(NameFault::of(rules::SUBJECT)(format!(
            "the value of {kind} is not text"
        )));
    };
    if characters.is_empty() {
        return Err(NameFault::of(rules::SUBJECT)(format!("{kind} is empty")));
    }
    match find_invisible(&characters) {
        Some(found) => Err(NameFault::of(rules::NAME_TEXT)(format!(
            "{kind} contains {found}"
        ))),
        None => Ok(()),
    }
}

/// Why a value is not a string of its type.
fn find_unreadable(value: &Any) -> Option<String> {
    let tag = value.tag();
    let octets = value.value();
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b' ';
    let is_readable = match tag {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => text_of(value).is_some(),
        Tag::NumericString => octets.iter().all(is_digit),
        Tag::BmpString => octets.len().is_multiple_of(2),
        Tag::TeletexString => true,
        // x500UniqueIdentifier
        Tag::BitString => true,
        _ => return Some(format!("has the type {tag}, which a name cannot have")),
    };
    // X.680 section 41.4: letters, digits, space and '()+,-./:=?
    let is_printable = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(byte);
    let other = octets.iter().find(|byte| match tag {
        Tag::PrintableString => !is_printable(byte),
        Tag::Ia5String => !byte.is_ascii(),
        Tag::NumericString => !is_digit(byte),
        _ => false,
    });
    match (is_readable, other) {
        (true, _) => None,
        (false, Some(other)) if other.is_ascii_graphic() => Some(format!(
            "has \"{}\", which a {tag} cannot have",
            char::from(*other)
        )),
        (false, Some(other)) => Some(format!("has the octet 0x{other:02x}, which a {tag} cannot have")),
        (false, None) => Some(format!("is not a valid {tag}")),
    }
}

fn check_length(attribute: &AttributeTypeAndValue) -> Result<(), NameFault> {
    let kind = describe_oid(attribute.oid);
    let length = characters(attribute).unwrap_or_default().len();
    // RFC 5280 appendix A.1: X520countryName is "PrintableString (SIZE (2))".
    if attribute.oid == COUNTRY
        && (length != 2 || !attribute.value.value().iter().all(u8::is_ascii_alphabetic))
    {
        let found = format!("{kind} is not two letters (RFC 5280 appendix A.1, ISO 3166)");
        return Err(NameFault::of(rules::SUBJECT)(found));
    }
    let oid = object_identifier::dotted(attribute.oid.as_bytes());
    match UPPER_BOUNDS.iter().find(|(bounded, _)| *bounded == oid) {
        Some((_, bound)) if length > *bound => Err(NameFault::of(rules::SUBJECT)(format!(
            "{kind} is longer than {bound} characters (RFC 5280 appendix A.1)"
        ))),
        None if length > MOST_CHARACTERS => Err(NameFault::of(rules::NAME_SIZE)(format!(
            "{kind} has {length} characters; at most {MOST_CHARACTERS} are allowed"
        ))),
        _ => Ok(()),
    }
}

/// The characters of a string. A TeletexString is read as Latin-1, which existing ones contain.
fn characters(attribute: &AttributeTypeAndValue) -> Option<Vec<char>> {
    let bytes = attribute.value.value();
    match attribute.value.tag() {
        Tag::NumericString | Tag::TeletexString => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let units = bytes
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)));
            decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        _ => text_of(&attribute.value).map(|text| text.chars().collect()),
    }
}
