//! The string type of each attribute, and the rule that an RDN has each attribute once.

use std::collections::BTreeSet;

use const_oid::ObjectIdentifier;
use der::asn1::Any;
use der::{Decode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::RdnSequence;

use super::{Name, NameFault, UNIQUE_IDENTIFIER, describe_oid, text_of};
use crate::x509::{Rule, object_identifier, rules};

/// The attributes with exactly one string type: RFC 5280 appendix A.1 for the first five; X.520 and, for the last three of persons, RFC 3739
/// section 3.2.2 for the others. Those of `EV` are CA/B EVG 7.1.4.2.3.
const ONE_TYPE: [(&str, Tag); 15] = [
    ("2.5.4.6", Tag::PrintableString),                  // countryName
    ("2.5.4.5", Tag::PrintableString),                  // serialNumber
    ("2.5.4.46", Tag::PrintableString),                 // dnQualifier
    ("1.2.840.113549.1.9.1", Tag::Ia5String),           // emailAddress
    ("0.9.2342.19200300.100.1.25", Tag::Ia5String),     // domainComponent
    ("2.5.4.20", Tag::PrintableString),                 // telephoneNumber
    ("2.5.4.24", Tag::NumericString),                   // x121Address
    ("2.5.4.25", Tag::NumericString),                   // internationalISDNNumber
    ("2.5.4.27", Tag::PrintableString),                 // destinationIndicator
    ("2.5.4.98", Tag::PrintableString),                 // countryCode3c
    ("2.5.4.99", Tag::NumericString),                   // countryCode3n
    ("1.3.6.1.5.5.7.9.3", Tag::PrintableString),        // gender
    ("1.3.6.1.5.5.7.9.4", Tag::PrintableString),        // countryOfCitizenship
    ("1.3.6.1.5.5.7.9.5", Tag::PrintableString),        // countryOfResidence
    ("1.3.6.1.4.1.311.60.2.1.3", Tag::PrintableString), // EV jurisdictionCountryName
];

/// The arc of X.520's attributes: their strings are a DirectoryString, unless [`ONE_TYPE`] has another type.
const X520: &str = "2.5.4.";

const RULE: &Rule = rules::NAME_STRING_TYPE;
const ONCE: &Rule = rules::NAME_ATTRIBUTE_ONCE;

fn only_type_of(kind: ObjectIdentifier) -> Option<Tag> {
    let digits = object_identifier::dotted(kind.as_bytes());
    let mut all = ONE_TYPE.iter();
    all.find(|(only, _)| *only == digits).map(|(_, tag)| *tag)
}

/// An attribute without a fixed type has a DirectoryString, of which RFC 5280 section 4.1.2.4 leaves two for new subjects: TeletexString, BMPString
/// and UniversalString "SHOULD NOT be used".
fn find_wrong_type(attribute: &AttributeTypeAndValue) -> Option<NameFault> {
    let is_x520 = object_identifier::dotted(attribute.oid.as_bytes()).starts_with(X520);
    let only = only_type_of(attribute.oid);
    let found = attribute.value.tag();
    let is_allowed = match (only, found) {
        (Some(only), _) => found == only,
        (None, Tag::Utf8String | Tag::PrintableString) => true,
        (None, Tag::Ia5String | Tag::NumericString) => !is_x520,
        (None, Tag::BitString) => attribute.oid == UNIQUE_IDENTIFIER,
        _ => false,
    };
    let wanted = only.map_or_else(
        || "UTF8String or PrintableString".to_owned(),
        |only| only.to_string(),
    );
    (!is_allowed).then(|| NameFault {
        rule: RULE,
        found: format!(
            "{} has the type {found}, not {wanted}",
            describe_oid(attribute.oid)
        ),
    })
}

/// Converts the value to the only type of its attribute, if its characters are in that type.
pub(super) fn to_only_type(attribute: &mut AttributeTypeAndValue) {
    let Some(only) = only_type_of(attribute.oid).filter(|only| *only != attribute.value.tag()) else {
        return;
    };
    let is_text = matches!(
        attribute.value.tag(),
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String
    );
    let is_numeric = |byte: &u8| byte.is_ascii_digit() || *byte == b' ';
    let bytes = attribute.value.value();
    let Ok(value) = Any::new(only, bytes) else { return };
    let fits = match only {
        Tag::NumericString => bytes.iter().all(is_numeric),
        _ => text_of(&value).is_some(),
    };
    if is_text && fits {
        attribute.value = value;
    }
}

impl Name {
    /// The faults in the attribute types that only the subject can correct: a value has a string type that its attribute does not have (RFC 5280
    /// appendix A.1), or an RDN has two attributes of one type (X.501 section 9.3).
    #[must_use]
    pub fn type_faults(&self) -> Vec<NameFault> {
        let sequence = RdnSequence::from_der(self.der()).unwrap_or_default();
        let mut faults: Vec<_> = sequence
            .iter()
            .flat_map(|rdn| rdn.iter())
            .filter_map(find_wrong_type)
            .collect();
        for rdn in sequence.iter() {
            let mut kinds = BTreeSet::new();
            let twice = rdn.iter().find(|attribute| !kinds.insert(attribute.oid));
            faults.extend(twice.map(|twice| NameFault {
                rule: ONCE,
                found: format!("one RDN has {} twice", describe_oid(twice.oid)),
            }));
        }
        faults
    }
}
