//! What stands in a name: whether it can be read, and whether it is what a subject may be called.

use std::char::decode_utf16;

use const_oid::ObjectIdentifier;
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::RdnSequence;

use super::{EMAIL_ADDRESS, Name, describe_oid, is_unprintable, text_of};

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
/// RFC 4519 section 2.4: an IA5String, as emailAddress is.
const DOMAIN_COMPONENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25");
/// x500UniqueIdentifier: of X.520's attributes the one that is a BIT STRING.
const UNIQUE_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.45");
/// Where X.520 has its attributes: their strings are a DirectoryString or a PrintableString.
const X520: &str = "2.5.4.";

/// Upper bounds of RFC 5280 appendix A.1, in characters, for the attributes people write.
const UPPER_BOUNDS: [(&str, usize); 15] = [
    ("2.5.4.3", 64),
    ("2.5.4.4", 32_768),
    ("2.5.4.5", 64),
    ("2.5.4.6", 2),
    ("2.5.4.7", 128),
    ("2.5.4.8", 128),
    ("2.5.4.10", 64),
    ("2.5.4.11", 64),
    ("2.5.4.12", 64),
    ("2.5.4.41", 32_768),
    ("2.5.4.42", 32_768),
    ("2.5.4.43", 32_768),
    ("2.5.4.44", 32_768),
    ("2.5.4.65", 128),
    ("1.2.840.113549.1.9.1", 255),
];

impl Name {
    /// Makes sure that every program can read the name: it decodes as RFC 5280's `Name`, encodes to the same bytes, and its
    /// values are strings that hold what their type says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_readable(&self) -> Result<(), String> {
        let sequence = RdnSequence::from_der(&self.0).map_err(|error| error.kind().to_string())?;
        if sequence.to_der().ok().as_ref() != Some(&self.0) {
            return Err("it is not in DER".to_owned());
        }
        if sequence.iter().any(|rdn| rdn.is_empty()) {
            return Err("it has an empty part".to_owned());
        }
        for attribute in sequence.iter().flat_map(|rdn| rdn.iter()) {
            let value = attribute.value.value();
            let readable = match attribute.value.tag() {
                Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
                    text_of(&attribute.value).is_some()
                }
                Tag::NumericString => value.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '),
                Tag::BmpString => value.len().is_multiple_of(2),
                Tag::TeletexString => true,
                // x500UniqueIdentifier
                Tag::BitString => true,
                _ => false,
            };
            if !readable {
                return Err(format!(
                    "the value of {} is no string of its type",
                    describe_oid(attribute.oid)
                ));
            }
        }
        Ok(())
    }

    /// Makes sure of a subject that gets its first certificate: readable, in the string types that RFC 5280 section 4.1.2.4 has for new
    /// subjects, nothing empty, invisible or longer than appendix A.1 allows. Whoever sends a request chooses words that others read in
    /// a log, or compare up to a NUL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::x509) fn check_new(&self) -> Result<(), String> {
        self.check_attributes(|attribute| {
            if attribute.oid == UNIQUE_IDENTIFIER && attribute.value.tag() == Tag::BitString {
                return Ok(());
            }
            check_type(attribute)?;
            check_visible(attribute)?;
            check_length(attribute)
        })
    }

    /// Makes sure of the subject of a CA that has its name already: readable, nothing empty or invisible. Roots of old have
    /// TeletexStrings, and names that are too long; they cannot be called otherwise.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::x509) fn check_established(&self) -> Result<(), String> {
        self.check_attributes(|attribute| match attribute.value.tag() {
            Tag::BitString => Ok(()),
            _ => check_visible(attribute),
        })
    }

    fn check_attributes(
        &self,
        check: impl Fn(&AttributeTypeAndValue) -> Result<(), String>,
    ) -> Result<(), String> {
        self.check_readable()?;
        let sequence = RdnSequence::from_der(&self.0).map_err(|error| error.kind().to_string())?;
        sequence.iter().flat_map(|rdn| rdn.iter()).try_for_each(check)
    }
}

/// What an operator may write.
pub(super) fn check_given(attribute: &AttributeTypeAndValue) -> Result<(), String> {
    let kind = describe_oid(attribute.oid);
    let Some(value) = text_of(&attribute.value) else {
        return Err(format!("the value of {kind} is no text"));
    };
    check_visible(attribute)?;
    if attribute.oid == COUNTRY && (value.len() != 2 || !value.bytes().all(|byte| byte.is_ascii_uppercase()))
    {
        return Err("C takes the two capital letters of ISO 3166".to_owned());
    }
    check_length(attribute)
}

/// RFC 5280 section 4.1.2.4: TeletexString, BMPString and UniversalString "SHOULD NOT be used for certificates for new subjects".
fn check_type(attribute: &AttributeTypeAndValue) -> Result<(), String> {
    let is_x520 = attribute.oid.to_string().starts_with(X520);
    let is_taken = match attribute.value.tag() {
        Tag::Utf8String | Tag::PrintableString => true,
        Tag::Ia5String | Tag::NumericString => !is_x520,
        _ => false,
    };
    if is_taken {
        return Ok(());
    }
    let wanted = match attribute.oid {
        EMAIL_ADDRESS | DOMAIN_COMPONENT => "IA5String",
        _ => "UTF8String or PrintableString",
    };
    let (kind, found) = (describe_oid(attribute.oid), attribute.value.tag());
    Err(format!("{kind} is of the type {found}, and not a {wanted}"))
}

fn check_visible(attribute: &AttributeTypeAndValue) -> Result<(), String> {
    let kind = describe_oid(attribute.oid);
    let Some(characters) = characters(attribute) else {
        return Err(format!("the value of {kind} is no text"));
    };
    if characters.is_empty() {
        return Err(format!("{kind} is empty"));
    }
    match characters
        .into_iter()
        .find(|character| is_unprintable(*character))
    {
        Some(character) => Err(format!(
            "{kind} holds the invisible character U+{:04X}",
            u32::from(character)
        )),
        None => Ok(()),
    }
}

fn check_length(attribute: &AttributeTypeAndValue) -> Result<(), String> {
    let kind = describe_oid(attribute.oid);
    let length = characters(attribute).unwrap_or_default().len();
    // RFC 5280 appendix A.1: X520countryName is "PrintableString (SIZE (2))".
    if attribute.oid == COUNTRY && length != 2 {
        return Err(format!("{kind} is not of two characters (RFC 5280 appendix A.1)"));
    }
    let oid = attribute.oid.to_string();
    match UPPER_BOUNDS.iter().find(|(bounded, _)| *bounded == oid) {
        Some((_, bound)) if length > *bound => Err(format!(
            "{kind} is longer than {bound} characters (RFC 5280 appendix A.1)"
        )),
        _ => Ok(()),
    }
}

/// The characters of a string. A TeletexString is taken for Latin-1, which is what those that exist hold.
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
