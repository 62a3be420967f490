//! The form of the extensions about policies in a certificate that is issued.

use std::collections::BTreeSet;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ANY_POLICY, ID_QT_CPS, ID_QT_UNOTICE};
use der::asn1::{Any, Int};
use der::{Decode, Encode, Sequence, Tag, Tagged};
use x509_cert::ext::pkix::PolicyMapping;
use x509_cert::ext::pkix::certpolicy::{PolicyInformation, PolicyQualifierInfo};

use super::strict::{check_der, read_list};
use crate::x509::name::{shown_text, visible};
use crate::x509::rule::Breach;

const POLICIES: &str = "RFC 5280 4.2.1.4";
/// RFC 6818 section 3 replaced the types of an explicitText.
const EXPLICIT_TEXT: &str = "RFC 6818 3";
const MAPPINGS: &str = "RFC 5280 4.2.1.5";
const CONSTRAINTS: &str = "RFC 5280 4.2.1.11";
const INHIBIT: &str = "RFC 5280 4.2.1.14";

/// `UserNotice` of RFC 5280 section 4.2.1.4. The texts are of several types.
#[derive(Sequence)]
struct UserNotice {
    reference: Option<NoticeReference>,
    explicit_text: Option<Any>,
}

#[derive(Sequence)]
struct NoticeReference {
    organization: Any,
    numbers: Vec<Int>,
}

/// RFC 5280 section 4.2.1.4: policies, each once, with CPS pointers that are IA5Strings, and notices.
pub(super) fn check_policies(value: &[u8]) -> Result<(), Breach> {
    let mut seen = BTreeSet::new();
    for policy in read_list::<PolicyInformation>(POLICIES, value)? {
        let identifier = policy.policy_identifier;
        if !seen.insert(identifier) {
            let found = format!("the policy {identifier} is in it twice");
            return Err(Breach::of(POLICIES, found));
        }
        let Some(qualifiers) = policy.policy_qualifiers else {
            continue;
        };
        if qualifiers.is_empty() {
            let found = format!("the policy {identifier} has an empty list of qualifiers");
            return Err(Breach::of(POLICIES, found));
        }
        for qualifier in &qualifiers {
            check_qualifier(identifier, qualifier).map_err(|breach| Breach {
                found: format!("the policy {identifier} has {}", breach.found),
                ..breach
            })?;
        }
    }
    Ok(())
}

fn check_qualifier(policy: ObjectIdentifier, qualifier: &PolicyQualifierInfo) -> Result<(), Breach> {
    let kind = qualifier.policy_qualifier_id;
    let refuse = |found: String| Err(Breach::of(POLICIES, found));
    let Some(value) = &qualifier.qualifier else {
        return refuse(format!("the qualifier {kind} without a value"));
    };
    match kind {
        ID_QT_CPS if value.tag() != Tag::Ia5String => refuse(format!(
            "the CPS pointer {} as {}, not as IA5String",
            quoted(value),
            value.tag()
        )),
        ID_QT_CPS if !value.value().is_ascii() => {
            refuse(format!("the CPS pointer {}, which is not ASCII", quoted(value)))
        }
        ID_QT_CPS => Ok(()),
        ID_QT_UNOTICE => check_notice(value),
        // "When qualifiers are used with the special policy anyPolicy, they MUST be limited to the qualifiers identified in this section."
        other if policy == ANY_POLICY => {
            refuse(format!("the qualifier {other}, which anyPolicy cannot have"))
        }
        _ => Ok(()),
    }
}

fn check_notice(value: &Any) -> Result<(), Breach> {
    let der = value.to_der().unwrap_or_default();
    let notice = UserNotice::from_der(&der)
        .map_err(|error| Breach::of(POLICIES, format!("a notice that is not one: {}", error.kind())))?;
    check_der(&notice, &der).map_err(|breach| Breach {
        found: "a notice that is not in DER".to_owned(),
        ..breach
    })?;
    if let Some(reference) = &notice.reference {
        check_text("an organization", &reference.organization, &[Tag::Ia5String])?;
    }
    match &notice.explicit_text {
        Some(text) if text.tag() == Tag::Ia5String => {
            let found = format!("the notice {} as IA5String, not as UTF8String", quoted(text));
            Err(Breach::of(EXPLICIT_TEXT, found))
        }
        Some(text) => check_text("a notice", text, &[]),
        None => Ok(()),
    }
}

/// `DisplayText` of RFC 5280 section 4.2.1.4: of 1 to 200 characters, in one of its types.
fn check_text(what: &str, text: &Any, more: &[Tag]) -> Result<(), Breach> {
    const LONGEST: usize = 200;
    let refuse = |found: String| Err(Breach::of(POLICIES, found));
    let tag = text.tag();
    if ![Tag::Utf8String, Tag::VisibleString, Tag::BmpString].contains(&tag) && !more.contains(&tag) {
        return refuse(format!("{what} as {tag}"));
    }
    let Some(length) = count_characters(text) else {
        return refuse(format!("{what} that is not a {tag}: {}", quoted(text)));
    };
    match (1..=LONGEST).contains(&length) {
        true => Ok(()),
        false => refuse(format!(
            "{what} of {length} characters; 1 to {LONGEST} are allowed"
        )),
    }
}

/// `None` if the bytes are not of the string's type.
fn count_characters(text: &Any) -> Option<usize> {
    let bytes = text.value();
    match text.tag() {
        Tag::Utf8String => str::from_utf8(bytes).ok().map(|text| text.chars().count()),
        Tag::BmpString => bytes.len().is_multiple_of(2).then_some(bytes.len() / 2),
        Tag::VisibleString => bytes
            .iter()
            .all(|byte| (b' '..=b'~').contains(byte))
            .then_some(bytes.len()),
        _ => bytes.is_ascii().then_some(bytes.len()),
    }
}

fn quoted(text: &Any) -> String {
    let shown = shown_text(text).unwrap_or_else(|| visible(&String::from_utf8_lossy(text.value())));
    format!("\"{shown}\"")
}

/// RFC 5280 section 4.2.1.5: "Policies MUST NOT be mapped either to or from the special value anyPolicy".
pub(super) fn check_mappings(value: &[u8]) -> Result<(), Breach> {
    let mappings = read_list::<PolicyMapping>(MAPPINGS, value)?;
    let maps_any = |mapping: &&PolicyMapping| {
        [mapping.issuer_domain_policy, mapping.subject_domain_policy].contains(&ANY_POLICY)
    };
    match mappings.iter().find(maps_any) {
        None => Ok(()),
        Some(mapping) => {
            let (from, to) = (mapping.issuer_domain_policy, mapping.subject_domain_policy);
            let found = format!("it maps anyPolicy: {from} to {to}");
            Err(Breach::of(MAPPINGS, found))
        }
    }
}

/// `PolicyConstraints`, also with numbers that SkipCerts does not have.
#[derive(Sequence)]
struct PolicyConstraints {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    require_explicit_policy: Option<i64>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    inhibit_policy_mapping: Option<i64>,
}

/// RFC 5280 section 4.2.1.11: one or both numbers, from 0 on.
pub(super) fn check_constraints(value: &[u8]) -> Result<(), Breach> {
    let read = PolicyConstraints::from_der(value)
        .map_err(|error| Breach::of(CONSTRAINTS, error.kind().to_string()))?;
    let numbers = [
        ("requireExplicitPolicy", read.require_explicit_policy),
        ("inhibitPolicyMapping", read.inhibit_policy_mapping),
    ];
    if numbers.iter().all(|(_, number)| number.is_none()) {
        return Err(Breach::of(CONSTRAINTS, "it is empty"));
    }
    for (name, number) in numbers {
        check_skipped(CONSTRAINTS, name, number.unwrap_or_default())?;
    }
    check_der(&read, value)
}

/// RFC 5280 section 4.2.1.14: a number, from 0 on.
pub(super) fn check_inhibited(value: &[u8]) -> Result<(), Breach> {
    let number = i64::from_der(value).map_err(|error| Breach::of(INHIBIT, error.kind().to_string()))?;
    check_skipped(INHIBIT, "the number of certificates", number)
}

/// `SkipCerts ::= INTEGER (0..MAX)`. Decoders read 32 bits.
fn check_skipped(clause: &'static str, name: &str, number: i64) -> Result<(), Breach> {
    match u32::try_from(number) {
        Ok(_) => Ok(()),
        Err(_) if number < 0 => Err(Breach::of(clause, format!("{name} is {number}, less than 0"))),
        Err(_) => Err(Breach::of(
            clause,
            format!("{name} is {number}, more than {}", u32::MAX),
        )),
    }
}
