//! Names of `otherName` (RFC 5280 section 4.2.1.6) with a known type.

use const_oid::ObjectIdentifier;
use der::asn1::{Any, OctetString};
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::ext::pkix::name::{GeneralName, OtherName};

use super::syntax::check_dns;
use super::{AlternativeName, NameKind};
use crate::values::is_unprintable;
use crate::x509::X509Error;
use crate::x509::name::{describe_oid, text_of};

/// szOID_NT_PRINCIPAL_NAME ([MS-WCCE] section 2.2.2.7.7.4): a UTF8String.
const UPN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.20.2.3");
/// szOID_NTDS_REPLICATION ([MS-WCCE] section 2.2.2.7.7.4): an OCTET STRING of 16 octets.
const NTDS_GUID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.25.1");
/// id-on-dnsSRV (RFC 4985 section 2): an IA5String.
const DNS_SRV: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.7");
/// id-on-SmtpUTF8Mailbox (RFC 9598 section 3): a UTF8String.
const SMTP_UTF8_MAILBOX: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.8.9");

const WHAT: &str = "otherName";

/// The text of an SmtpUTF8Mailbox: RFC 9598 section 6 applies constraints for mailboxes to it.
pub(in crate::x509) fn smtp_utf8_mailbox(name: &OtherName) -> Option<&str> {
    (name.type_id == SMTP_UTF8_MAILBOX)
        .then(|| text_of(&name.value))
        .flatten()
}

/// `None` for an unknown type.
pub(super) fn read(name: &OtherName) -> Result<Option<AlternativeName>, String> {
    let text = |tag: Tag| match text_of(&name.value).filter(|_| name.value.tag() == tag) {
        Some(text) => Ok(text),
        None => Err(format!("an otherName of type {} is not a {tag}", name.type_id)),
    };
    Ok(Some(match name.type_id {
        UPN => AlternativeName::Upn(check_upn(text(Tag::Utf8String)?)?),
        DNS_SRV => AlternativeName::Srv(check_srv(text(Tag::Ia5String)?)?),
        SMTP_UTF8_MAILBOX => AlternativeName::SmtpUtf8(check_smtp_utf8(text(Tag::Utf8String)?)?),
        NTDS_GUID => AlternativeName::NtdsGuid(read_guid(&name.value)?),
        _ => return Ok(None),
    }))
}

fn read_guid(value: &Any) -> Result<[u8; 16], String> {
    let octets = match value.tag() {
        Tag::OctetString => value.value(),
        tag => return Err(format!("an NTDS GUID is an OCTET STRING, not a {tag}")),
    };
    <[u8; 16]>::try_from(octets)
        .ok()
        .filter(|guid| guid.iter().any(|octet| *octet != 0))
        .ok_or_else(|| "an NTDS GUID has 16 octets, not all of them zero".to_owned())
}

/// `otherName` for the names of one of its types.
pub(super) fn to_general_name(name: &AlternativeName) -> Result<Option<GeneralName>, X509Error> {
    let malformed = X509Error::malformed(WHAT);
    let text = |tag, text: &str| Any::new(tag, text.as_bytes()).map_err(&malformed);
    let (type_id, value) = match name {
        AlternativeName::Upn(name) => (UPN, text(Tag::Utf8String, name)?),
        AlternativeName::Srv(name) => (DNS_SRV, text(Tag::Ia5String, name)?),
        AlternativeName::SmtpUtf8(name) => (SMTP_UTF8_MAILBOX, text(Tag::Utf8String, name)?),
        AlternativeName::NtdsGuid(guid) => {
            let octets = OctetString::new(guid.as_slice()).map_err(&malformed)?;
            let der = octets.to_der().map_err(&malformed)?;
            (NTDS_GUID, Any::from_der(&der).map_err(&malformed)?)
        }
        _ => return Ok(None),
    };
    Ok(Some(GeneralName::OtherName(OtherName { type_id, value })))
}

/// Reads the text of one of these kinds.
pub(super) fn parse(kind: NameKind, text: &str) -> Result<AlternativeName, String> {
    match kind {
        NameKind::Upn => check_upn(text).map(AlternativeName::Upn),
        NameKind::Srv => check_srv(text).map(AlternativeName::Srv),
        NameKind::SmtpUtf8 => check_smtp_utf8(text).map(AlternativeName::SmtpUtf8),
        NameKind::NtdsGuid => parse_guid(text).map(AlternativeName::NtdsGuid),
        _ => ObjectIdentifier::new(text)
            .map(AlternativeName::RegisteredId)
            .map_err(|_| format!("{text:?} is not an object identifier that is supported")),
    }
}

/// The characters of a local part of any kind: all visible ones.
fn is_visible(local: &str, longest: usize) -> bool {
    let is_seen = |character: char| !character.is_whitespace() && !is_unprintable(character);
    !local.is_empty() && local.len() <= longest && local.chars().all(is_seen)
}

/// Names the first invisible character, which a message cannot show.
fn refuse_invisible(what: &str, name: &str) -> Result<(), String> {
    match name.chars().find(|character| is_unprintable(*character)) {
        Some(found) => Err(format!(
            "the {what} contains the invisible character U+{:04X}",
            u32::from(found)
        )),
        None => Ok(()),
    }
}

/// `user@suffix`, as in Active Directory and Kerberos (`host/a.example@EXAMPLE`): one at sign, followed by a domain name.
fn check_upn(name: &str) -> Result<String, String> {
    refuse_invisible("UPN", name)?;
    match name.split_once('@') {
        Some((local, domain)) if is_visible(local, 256) && !domain.starts_with('*') => check_dns(domain)
            .map(|()| name.to_owned())
            .map_err(|reason| format!("the UPN {name:?}: {reason}")),
        _ => Err(format!("{name:?} is not a UPN, user@domain")),
    }
}

/// RFC 4985 section 2: `_Service.Name`; the service follows RFC 6335 section 5.1.
fn check_srv(name: &str) -> Result<String, String> {
    let refused = || format!("{name:?} is not an SRVName, _service.domain (RFC 4985 section 2)");
    let (service, domain) = name
        .strip_prefix('_')
        .and_then(|rest| rest.split_once('.'))
        .ok_or_else(refused)?;
    let is_sound = (1..=15).contains(&service.len())
        && service
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && service.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !service.starts_with('-')
        && !service.ends_with('-')
        && !service.contains("--");
    if !is_sound || domain.starts_with('*') {
        return Err(refused());
    }
    check_dns(domain).map_err(|reason| format!("the SRVName {name:?}: {reason}"))?;
    Ok(name.to_owned())
}

/// RFC 9598 section 3: a local part with characters beyond ASCII (an rfc822Name is for the others), and a domain in lower case, its labels as
/// `xn--`.
fn check_smtp_utf8(mailbox: &str) -> Result<String, String> {
    let refused = |reason: &str| format!("the SmtpUTF8Mailbox {mailbox:?} {reason} (RFC 9598 section 3)");
    refuse_invisible("SmtpUTF8Mailbox", mailbox)?;
    let (local, domain) = mailbox
        .rsplit_once('@')
        .ok_or_else(|| refused("has no at sign"))?;
    if local.is_ascii() {
        return Err(refused("has an ASCII local part, which is for an rfc822Name"));
    }
    let is_atom = |atom: &str| {
        let is_usual = |character: char| !"()<>[]:;@\\,\"".contains(character);
        is_visible(atom, 64) && atom.chars().all(is_usual)
    };
    if local.len() > 64 || !local.split('.').all(is_atom) {
        return Err(refused("has a local part that is not a dot-string"));
    }
    if domain.starts_with('*') || domain.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(refused(
            "has a domain that is not in lower case, or has a wildcard",
        ));
    }
    check_dns(domain).map_err(|reason| refused(&format!("has a bad domain: {reason}")))?;
    Ok(mailbox.to_owned())
}

/// In the form of Windows: the first three groups of a GUID are little-endian in the octets ([MS-DTYP] section 2.3.4.2).
pub(super) fn show_guid(guid: &[u8; 16]) -> String {
    let mut octets = *guid;
    octets[..4].reverse();
    octets[4..6].reverse();
    octets[6..8].reverse();
    let hex = |range: std::ops::Range<usize>| crate::signer::Hex(&octets[range]).to_string();
    [hex(0..4), hex(4..6), hex(6..8), hex(8..10), hex(10..16)].join("-")
}

fn parse_guid(text: &str) -> Result<[u8; 16], String> {
    let refused = || format!("{text:?} is not a GUID such as 6b29fc40-ca47-1067-b31d-00dd010662da");
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    let digits = text.replace('-', "");
    if groups != [8, 4, 4, 4, 12] || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refused());
    }
    let value = u128::from_str_radix(&digits, 16).map_err(|_| refused())?;
    let mut octets = value.to_be_bytes();
    octets[..4].reverse();
    octets[4..6].reverse();
    octets[6..8].reverse();
    (value != 0).then_some(octets).ok_or_else(refused)
}

/// A description for a known type: `upn:alice@example.com`.
pub(in crate::x509) fn describe(name: &OtherName) -> Option<String> {
    match read(name) {
        Ok(Some(known)) => Some(known.to_string()),
        Ok(None) => None,
        Err(reason) => Some(format!("otherName:{}: {reason}", describe_oid(name.type_id))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_syntax_and_reads_back_the_same() {
        for text in [
            "upn:alice@example.com",
            "upn:j\u{f6}rg@example.com",
            "upn:host/a.example.com@EXAMPLE.COM",
            "ntds-guid:6b29fc40-ca47-1067-b31d-00dd010662da",
            "srv:_xmpp-client.example.com",
            "smtp-utf8:\u{533b}\u{751f}@xn--fsqu00a.example",
            "registered-id:1.2.3.4",
        ] {
            let name = AlternativeName::parse(text).unwrap();
            assert_eq!(name.to_string(), text);
            let general = name.to_general_name().unwrap();
            assert_eq!(AlternativeName::read(&general), Ok(Some(name)), "{text}");
        }
        for text in [
            "upn:alice",
            "upn:@example.com",
            "upn:a b@example.com",
            "upn:alice@",
            "upn:alice@exam ple",
            "upn:a@b@example.com",
            "upn:al\u{202e}ice@example.com",
            "upn:alice@*.example.com",
            "ntds-guid:6b29fc40ca471067b31d00dd010662da",
            "ntds-guid:00000000-0000-0000-0000-000000000000",
            "ntds-guid:6b29fc40-ca47-1067-b31d-00dd010662dg",
            "srv:xmpp.example.com",
            "srv:_xmpp._tcp.example.com",
            "srv:_.example.com",
            "srv:_123.example.com",
            "srv:_service-name-that-is-long.example.com",
            "srv:_xmpp.*.example.com",
            "smtp-utf8:alice@example.com",
            "smtp-utf8:\u{e9}@EXAMPLE.com",
            "smtp-utf8:\u{e9}@b\u{fc}cher.example",
            "smtp-utf8:\u{e9}..a@example.com",
            "smtp-utf8:\u{feff}\u{e9}@example.com",
            "registered-id:1",
            "registered-id:a.b",
        ] {
            assert!(AlternativeName::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_in_another_string_type_is_refused_and_an_unknown_type_is_not_read() {
        let other = |type_id, tag, bytes: &[u8]| {
            let value = Any::new(tag, bytes).unwrap();
            AlternativeName::read(&GeneralName::OtherName(OtherName { type_id, value }))
        };
        assert!(other(UPN, Tag::Ia5String, b"a@example.com").is_err());
        assert!(other(DNS_SRV, Tag::Utf8String, b"_a.example.com").is_err());
        assert!(other(NTDS_GUID, Tag::OctetString, &[1; 15]).is_err());
        assert!(other(NTDS_GUID, Tag::Utf8String, &[1; 16]).is_err());
        let unknown = ObjectIdentifier::new_unwrap("1.3.6.1.5.2.2");
        assert_eq!(other(unknown, Tag::Utf8String, b"x"), Ok(None));
    }
}
