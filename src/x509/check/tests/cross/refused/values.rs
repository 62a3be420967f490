//! Values of extensions, in DER by hand.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_CERTIFICATE_POLICIES, ID_CE_EXT_KEY_USAGE, ID_CE_INHIBIT_ANY_POLICY, ID_CE_NAME_CONSTRAINTS,
    ID_CE_POLICY_CONSTRAINTS, ID_CE_POLICY_MAPPINGS, ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_PE_SUBJECT_INFO_ACCESS,
};

pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = match u8::try_from(content.len()) {
        Ok(length @ 0..0x80) => vec![length],
        Ok(length) => vec![0x81, length],
        Err(_) => [&[0x82][..], &u16::try_from(content.len()).unwrap().to_be_bytes()].concat(),
    };
    [&[tag], &length[..], &content].concat()
}

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const PERMITTED: u8 = 0xa0;
pub(super) const EXCLUDED: u8 = 0xa1;
pub(super) const OTHER_NAME: u8 = 0xa0;
pub(super) const EMAIL: u8 = 0x81;
pub(super) const DNS: u8 = 0x82;
pub(super) const DIRECTORY: u8 = 0xa4;
pub(super) const URI: u8 = 0x86;
pub(super) const IP: u8 = 0x87;
pub(super) const REGISTERED_ID: u8 = 0x88;
pub(super) const UTF8: u8 = 0x0c;
pub(super) const IA5: u8 = 0x16;
pub(super) const VISIBLE: u8 = 0x1a;
pub(super) const BMP: u8 = 0x1e;
/// 1.2.3.4
pub(super) const POLICY: &[u8] = b"\x06\x03\x2a\x03\x04";
pub(super) const ANY: &[u8] = b"\x06\x04\x55\x1d\x20\x00";
pub(super) const CPS: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x02\x01";
pub(super) const NOTICE: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x02\x02";
pub(super) const SERVER_AUTH: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";

/// nameConstraints with one subtree: the base, and what follows it.
pub(super) fn constraint(list: u8, kind: u8, base: &[u8], more: &[u8]) -> Vec<u8> {
    let subtree = tlv(SEQUENCE, &[&tlv(kind, &[base]), more]);
    tlv(SEQUENCE, &[&tlv(list, &[&subtree])])
}

/// certificatePolicies with one policy and one qualifier.
pub(super) fn qualified(policy: &[u8], kind: &[u8], value: &[u8]) -> Vec<u8> {
    let qualifiers = tlv(SEQUENCE, &[&tlv(SEQUENCE, &[kind, value])]);
    tlv(SEQUENCE, &[&tlv(SEQUENCE, &[policy, &qualifiers])])
}

/// The same with a notice of one text.
pub(super) fn noticed(tag: u8, text: &[u8]) -> Vec<u8> {
    qualified(POLICY, NOTICE, &tlv(SEQUENCE, &[&tlv(tag, &[text])]))
}

/// Each fault, the clause that it breaks, and words of the message.
pub(super) fn faults() -> Vec<(ObjectIdentifier, Vec<u8>, &'static str, &'static str)> {
    const NAMES: &str = "RFC 5280 4.2.1.10";
    const POLICIES: &str = "RFC 5280 4.2.1.4";
    let empty = tlv(SEQUENCE, &[]);
    let mut all = Vec::new();
    for (value, clause, words) in [
        (empty.clone(), NAMES, "it is empty"),
        (
            tlv(SEQUENCE, &[&tlv(PERMITTED, &[])]),
            NAMES,
            "permittedSubtrees is empty",
        ),
        (
            tlv(
                SEQUENCE,
                &[
                    &tlv(PERMITTED, &[&tlv(SEQUENCE, &[&tlv(DNS, &[b"a.b"])])]),
                    &tlv(EXCLUDED, &[]),
                ],
            ),
            NAMES,
            "excludedSubtrees is empty",
        ),
        (
            constraint(PERMITTED, DNS, b"a.b", b"\x80\x01\x00"),
            "X.690 11.5",
            "dns:a.b: its minimum 0 is written out",
        ),
        (
            constraint(PERMITTED, DNS, b"a.b", b"\x80\x01\x01"),
            NAMES,
            "dns:a.b: its minimum is 1",
        ),
        (
            constraint(EXCLUDED, DNS, b"a.b", b"\x80\x01\xff"),
            NAMES,
            "its minimum is -1",
        ),
        (
            constraint(EXCLUDED, DNS, b"a.b", b"\x81\x01\x05"),
            NAMES,
            "the excluded subtree dns:a.b: its maximum is 5",
        ),
        (
            constraint(PERMITTED, IP, &[10, 0, 0, 1, 255, 0, 0, 0], b""),
            NAMES,
            "ip:10.0.0.1/8: the address has bits",
        ),
        (
            constraint(EXCLUDED, IP, &[10, 0, 0, 0, 255, 0, 255, 0], b""),
            NAMES,
            "not a prefix",
        ),
        (constraint(EXCLUDED, IP, &[10, 0, 0, 0], b""), NAMES, "4 octets"),
        (constraint(EXCLUDED, IP, &[0xff, 0xff], b""), NAMES, "2 octets"),
        (
            constraint(EXCLUDED, IP, &[0xff; 32], b"\x80\x01\x00"),
            "X.690 11.5",
            "minimum 0",
        ),
        (
            constraint(EXCLUDED, DNS, b"*.example.com", b""),
            NAMES,
            "dns:*.example.com: a subtree cannot have a wildcard",
        ),
        (
            constraint(EXCLUDED, DNS, b".*.example.com", b""),
            NAMES,
            "wildcard",
        ),
        (
            constraint(EXCLUDED, DNS, b"example.com.", b""),
            NAMES,
            "dns:example.com.: ",
        ),
        (constraint(EXCLUDED, DNS, b"_x.de", b""), NAMES, "dns:_x.de: "),
        (
            constraint(EXCLUDED, DNS, b"\xfc.de", b""),
            NAMES,
            "8204fc2e6465: malformed",
        ),
        (constraint(EXCLUDED, DNS, b".", b""), NAMES, "is empty"),
        (
            constraint(EXCLUDED, DNS, b"192.0.2.1", b""),
            NAMES,
            "as an IP address does",
        ),
        (
            constraint(EXCLUDED, URI, b"https://example.com/", b""),
            NAMES,
            "uri:https://example.com/: ",
        ),
        (constraint(EXCLUDED, URI, b"", b""), NAMES, "empty"),
        (
            constraint(EXCLUDED, EMAIL, b"exa mple.com", b""),
            NAMES,
            "email:exa mple.com: ",
        ),
        (
            constraint(EXCLUDED, EMAIL, b"a b@example.com", b""),
            NAMES,
            "not a mailbox",
        ),
        (
            constraint(EXCLUDED, EMAIL, b"@example.com", b""),
            NAMES,
            "not a mailbox",
        ),
        (
            constraint(EXCLUDED, DIRECTORY, b"\x30\x02\x31\x00", b""),
            NAMES,
            "empty part",
        ),
        // The lists in the wrong order, and an element after them.
        (
            tlv(
                SEQUENCE,
                &[
                    &tlv(EXCLUDED, &[&tlv(SEQUENCE, &[&tlv(DNS, &[b"a.b"])])]),
                    &tlv(PERMITTED, &[]),
                ],
            ),
            NAMES,
            "trailing data",
        ),
    ] {
        all.push((ID_CE_NAME_CONSTRAINTS, value, clause, words));
    }
    let one = tlv(SEQUENCE, &[POLICY]);
    for (value, clause, words) in [
        (empty.clone(), POLICIES, "it is empty"),
        (
            tlv(SEQUENCE, &[&one, &one]),
            POLICIES,
            "the policy 1.2.3.4 is in it twice",
        ),
        (
            tlv(SEQUENCE, &[&tlv(SEQUENCE, &[POLICY, &empty])]),
            POLICIES,
            "1.2.3.4 has an empty list of qualifiers",
        ),
        (qualified(POLICY, CPS, b""), POLICIES, "without a value"),
        (
            qualified(POLICY, CPS, &tlv(UTF8, &[b"http://x"])),
            POLICIES,
            "the CPS pointer \"http://x\" as UTF8String",
        ),
        (
            qualified(POLICY, CPS, &tlv(VISIBLE, &[b"http://x"])),
            POLICIES,
            "as VisibleString",
        ),
        (
            qualified(POLICY, CPS, &tlv(IA5, &[b"http://\xfc"])),
            POLICIES,
            "not ASCII",
        ),
        (
            qualified(ANY, POLICY, b"\x05\x00"),
            POLICIES,
            "which anyPolicy cannot have",
        ),
        (
            qualified(POLICY, NOTICE, &tlv(UTF8, &[b"x"])),
            POLICIES,
            "a notice that is not one",
        ),
        (
            noticed(UTF8, &[b'n'; 201]),
            POLICIES,
            "a notice of 201 characters",
        ),
        (noticed(BMP, &[0; 402]), POLICIES, "a notice of 201 characters"),
        (noticed(UTF8, b""), POLICIES, "a notice of 0 characters"),
        (noticed(UTF8, b"\xff"), POLICIES, "not a UTF8String"),
        (noticed(BMP, b"\0a\0"), POLICIES, "not a BMPString"),
        (noticed(VISIBLE, b"a\n"), POLICIES, "not a VisibleString"),
        (
            noticed(0x13, b"printable"),
            POLICIES,
            "a notice as PrintableString",
        ),
        (
            noticed(IA5, b"text"),
            "RFC 6818 3",
            "the notice \"text\" as IA5String",
        ),
    ] {
        all.push((ID_CE_CERTIFICATE_POLICIES, value, clause, words));
    }
    let mapping = |from: &[u8], to: &[u8]| tlv(SEQUENCE, &[&tlv(SEQUENCE, &[from, to])]);
    let constraints = "RFC 5280 4.2.1.11";
    all.extend([
        (
            ID_CE_POLICY_MAPPINGS,
            empty.clone(),
            "RFC 5280 4.2.1.5",
            "it is empty",
        ),
        (
            ID_CE_POLICY_MAPPINGS,
            mapping(ANY, POLICY),
            "RFC 5280 4.2.1.5",
            "2.5.29.32.0 to 1.2.3.4",
        ),
        (
            ID_CE_POLICY_MAPPINGS,
            mapping(POLICY, ANY),
            "RFC 5280 4.2.1.5",
            "1.2.3.4 to 2.5.29.32.0",
        ),
        (
            ID_CE_POLICY_CONSTRAINTS,
            empty.clone(),
            constraints,
            "it is empty",
        ),
        (
            ID_CE_POLICY_CONSTRAINTS,
            b"\x30\x03\x80\x01\xff".to_vec(),
            constraints,
            "requireExplicitPolicy is -1",
        ),
        (
            ID_CE_POLICY_CONSTRAINTS,
            b"\x30\x03\x81\x01\x80".to_vec(),
            constraints,
            "inhibitPolicyMapping is -128",
        ),
        (
            ID_CE_POLICY_CONSTRAINTS,
            b"\x30\x07\x80\x05\x01\x00\x00\x00\x00".to_vec(),
            constraints,
            "requireExplicitPolicy is 4294967296",
        ),
        (
            ID_CE_INHIBIT_ANY_POLICY,
            b"\x02\x01\xff".to_vec(),
            "RFC 5280 4.2.1.14",
            "is -1, less than 0",
        ),
        (
            ID_CE_EXT_KEY_USAGE,
            empty.clone(),
            "RFC 5280 4.2.1.12",
            "it is empty",
        ),
        (
            ID_CE_SUBJECT_ALT_NAME,
            empty.clone(),
            "RFC 5280 4.2.1.6",
            "it is empty",
        ),
        (
            ID_PE_SUBJECT_INFO_ACCESS,
            empty,
            "RFC 5280 4.2.2.2",
            "it is empty",
        ),
        (
            ID_CE_SUBJECT_KEY_IDENTIFIER,
            b"\x04\x00".to_vec(),
            "RFC 5280 4.2.1.2",
            "has 0 octets",
        ),
        (
            ID_CE_SUBJECT_KEY_IDENTIFIER,
            tlv(4, &[&[1; 65]]),
            "RFC 5280 4.2.1.2",
            "has 65 octets",
        ),
    ]);
    all
}
