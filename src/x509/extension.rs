//! The extensions that are written here, and the words for those that are read.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER, ID_KP_CLIENT_AUTH,
};
use der::asn1::OctetString;
use der::flagset::FlagSet;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};

use super::name::{describe_oid, is_unprintable};
use super::profile::{Purpose, Usage};
use super::{ProfileExtension, X509Error};
use crate::signer::Hex;

const WHAT: &str = "extension";

/// What a profile's extension looks like in a certificate: its identifier, and whether it is critical.
///
/// RFC 5280: basicConstraints is critical in a CA certificate and may be in others (section 4.2.1.9), keyUsage should be (4.2.1.3),
/// extKeyUsage may be (4.2.1.12), the identifiers must not be (4.2.1.1, 4.2.1.2).
pub(super) const fn shape(wanted: &ProfileExtension) -> (ObjectIdentifier, bool) {
    match wanted {
        ProfileExtension::BasicConstraints { .. } => (ID_CE_BASIC_CONSTRAINTS, true),
        ProfileExtension::KeyUsage(_) => (ID_CE_KEY_USAGE, true),
        ProfileExtension::ExtendedKeyUsage(_) => (ID_CE_EXT_KEY_USAGE, false),
        ProfileExtension::SubjectKeyIdentifier => (ID_CE_SUBJECT_KEY_IDENTIFIER, false),
        ProfileExtension::AuthorityKeyIdentifier => (ID_CE_AUTHORITY_KEY_IDENTIFIER, false),
    }
}

/// A profile's extension, for the keys with these identifiers.
pub(super) fn build(
    wanted: &ProfileExtension,
    subject: &[u8],
    authority: &[u8],
) -> Result<Extension, X509Error> {
    match wanted {
        ProfileExtension::BasicConstraints { ca } => basic_constraints(*ca),
        ProfileExtension::KeyUsage(usages) => key_usage(usages),
        ProfileExtension::ExtendedKeyUsage(purposes) => extended_key_usage(purposes),
        ProfileExtension::SubjectKeyIdentifier => subject_key_identifier(subject),
        ProfileExtension::AuthorityKeyIdentifier => authority_key_identifier(authority),
    }
}

fn extension(extn_id: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension, X509Error> {
    let malformed = X509Error::malformed(WHAT);
    let extn_value = OctetString::new(value.to_der().map_err(&malformed)?).map_err(&malformed)?;
    Ok(Extension {
        extn_id,
        critical,
        extn_value,
    })
}

/// RFC 5280 section 4.2.1.9: a CA certificate has it, critical, with cA TRUE; others may say FALSE. No path length: the cluster's CA
/// signs leaves only, and AWS's examples set none.
fn basic_constraints(ca: bool) -> Result<Extension, X509Error> {
    extension(
        ID_CE_BASIC_CONSTRAINTS,
        true,
        &BasicConstraints {
            ca,
            path_len_constraint: None,
        },
    )
}

/// RFC 5280 section 4.2.1.3: a CA certificate whose key signs certificates or CRLs has it, and it should be critical.
pub(super) fn key_usage(usages: &[Usage]) -> Result<Extension, X509Error> {
    extension(ID_CE_KEY_USAGE, true, &usage_bits(usages))
}

pub(super) fn usage_bits(usages: &[Usage]) -> KeyUsage {
    let bit = |usage: &Usage| match usage {
        Usage::DigitalSignature => KeyUsages::DigitalSignature,
        Usage::KeyCertSign => KeyUsages::KeyCertSign,
        Usage::CrlSign => KeyUsages::CRLSign,
    };
    KeyUsage(
        usages
            .iter()
            .map(bit)
            .fold(FlagSet::default(), |bits, bit| bits | bit),
    )
}

/// RFC 5280 section 4.2.1.12.
pub(super) fn extended_key_usage(purposes: &[Purpose]) -> Result<Extension, X509Error> {
    extension(
        ID_CE_EXT_KEY_USAGE,
        false,
        &ExtendedKeyUsage(purpose_identifiers(purposes)),
    )
}

pub(super) fn purpose_identifiers(purposes: &[Purpose]) -> Vec<ObjectIdentifier> {
    let identifier = |purpose: &Purpose| match purpose {
        Purpose::ClientAuth => ID_KP_CLIENT_AUTH,
    };
    purposes.iter().map(identifier).collect()
}

/// RFC 5280 section 4.2.1.2: not critical.
pub(super) fn subject_key_identifier(identifier: &[u8]) -> Result<Extension, X509Error> {
    let identifier = OctetString::new(identifier).map_err(X509Error::malformed(WHAT))?;
    extension(
        ID_CE_SUBJECT_KEY_IDENTIFIER,
        false,
        &SubjectKeyIdentifier(identifier),
    )
}

/// RFC 5280 section 4.2.1.1: not critical, with the keyIdentifier field.
pub(super) fn authority_key_identifier(identifier: &[u8]) -> Result<Extension, X509Error> {
    let identifier = OctetString::new(identifier).map_err(X509Error::malformed(WHAT))?;
    let value = AuthorityKeyIdentifier {
        key_identifier: Some(identifier),
        ..AuthorityKeyIdentifier::default()
    };
    extension(ID_CE_AUTHORITY_KEY_IDENTIFIER, false, &value)
}

/// Finds and decodes one extension of a list.
pub(super) fn find<'a, T: Decode<'a, Error = der::Error>>(
    extensions: &'a [Extension],
    oid: ObjectIdentifier,
) -> Result<Option<T>, X509Error> {
    extensions
        .iter()
        .find(|extension| extension.extn_id == oid)
        .map(|extension| T::from_der(extension.extn_value.as_bytes()).map_err(X509Error::malformed(WHAT)))
        .transpose()
}

/// `subjectKeyIdentifier`, if there is one.
pub(super) fn find_subject_key_identifier(extensions: &[Extension]) -> Result<Option<Vec<u8>>, X509Error> {
    let found: Option<SubjectKeyIdentifier> = find(extensions, ID_CE_SUBJECT_KEY_IDENTIFIER)?;
    Ok(found.map(|identifier| identifier.0.as_bytes().to_vec()))
}

/// The keyIdentifier of `authorityKeyIdentifier`, if there is one.
pub(super) fn find_authority_key_identifier(extensions: &[Extension]) -> Result<Option<Vec<u8>>, X509Error> {
    let found: Option<AuthorityKeyIdentifier> = find(extensions, ID_CE_AUTHORITY_KEY_IDENTIFIER)?;
    Ok(found
        .and_then(|identifier| identifier.key_identifier)
        .map(|identifier| identifier.as_bytes().to_vec()))
}

/// cA and pathLenConstraint of `basicConstraints`; `None` when there is no such extension.
pub(super) fn find_basic_constraints(
    extensions: &[Extension],
) -> Result<Option<BasicConstraints>, X509Error> {
    find(extensions, ID_CE_BASIC_CONSTRAINTS)
}

/// `keyUsage`, if there is one.
pub(super) fn find_key_usage(extensions: &[Extension]) -> Result<Option<KeyUsage>, X509Error> {
    find(extensions, ID_CE_KEY_USAGE)
}

/// The purposes of `extKeyUsage`, if there is one.
pub(super) fn find_purposes(extensions: &[Extension]) -> Result<Option<Vec<ObjectIdentifier>>, X509Error> {
    let found: Option<ExtendedKeyUsage> = find(extensions, ID_CE_EXT_KEY_USAGE)?;
    Ok(found.map(|purposes| purposes.0))
}

/// An extension in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionText {
    /// The standard's name, or the object identifier.
    pub name: String,
    /// Whether it is critical.
    pub critical: bool,
    /// What it says; hex of the value where it is not known here.
    pub value: String,
}

/// Describes a list of extensions, in their order.
pub(super) fn describe_all(extensions: &[Extension]) -> Vec<ExtensionText> {
    let describe = |extension: &Extension| ExtensionText {
        name: extension_name(extension.extn_id),
        critical: extension.critical,
        value: describe_value(extension).unwrap_or_else(|| Hex(extension.extn_value.as_bytes()).to_string()),
    };
    extensions.iter().map(describe).collect()
}

/// What [`super::chain`] looks at, or what does not limit a path: names and purposes are for whoever uses the certificate.
pub(super) const PROCESSED: [ObjectIdentifier; 4] = [
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_KEY_USAGE,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_SUBJECT_ALT_NAME,
];

pub(super) fn extension_name(oid: ObjectIdentifier) -> String {
    let name = describe_oid(oid);
    let Some(short) = name.strip_prefix("id-ce-") else {
        return name;
    };
    match short {
        "extKeyUsage" => "extendedKeyUsage".to_owned(),
        other => other.to_owned(),
    }
}

fn describe_value(extension: &Extension) -> Option<String> {
    let value = extension.extn_value.as_bytes();
    match extension.extn_id {
        ID_CE_BASIC_CONSTRAINTS => {
            let constraints = BasicConstraints::from_der(value).ok()?;
            let path_length = constraints
                .path_len_constraint
                .map(|length| format!(", pathLenConstraint {length}"));
            Some(format!(
                "CA:{}{}",
                if constraints.ca { "TRUE" } else { "FALSE" },
                path_length.unwrap_or_default()
            ))
        }
        ID_CE_KEY_USAGE => Some(describe_key_usage(&KeyUsage::from_der(value).ok()?)),
        ID_CE_SUBJECT_KEY_IDENTIFIER => {
            Some(Hex(SubjectKeyIdentifier::from_der(value).ok()?.0.as_bytes()).to_string())
        }
        ID_CE_AUTHORITY_KEY_IDENTIFIER => AuthorityKeyIdentifier::from_der(value)
            .ok()?
            .key_identifier
            .map(|identifier| Hex(identifier.as_bytes()).to_string()),
        ID_CE_EXT_KEY_USAGE => {
            let purposes = ExtendedKeyUsage::from_der(value).ok()?.0;
            Some(
                purposes
                    .into_iter()
                    .map(purpose_name)
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        }
        ID_CE_SUBJECT_ALT_NAME => {
            let names = SubjectAltName::from_der(value).ok()?.0;
            Some(
                names
                    .iter()
                    .map(describe_general_name)
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        }
        _ => None,
    }
}

fn purpose_name(oid: ObjectIdentifier) -> String {
    let name = describe_oid(oid);
    name.strip_prefix("id-kp-").map(str::to_owned).unwrap_or(name)
}

fn describe_key_usage(usage: &KeyUsage) -> String {
    const NAMES: [(KeyUsages, &str); 9] = [
        (KeyUsages::DigitalSignature, "digitalSignature"),
        (KeyUsages::NonRepudiation, "nonRepudiation"),
        (KeyUsages::KeyEncipherment, "keyEncipherment"),
        (KeyUsages::DataEncipherment, "dataEncipherment"),
        (KeyUsages::KeyAgreement, "keyAgreement"),
        (KeyUsages::KeyCertSign, "keyCertSign"),
        (KeyUsages::CRLSign, "cRLSign"),
        (KeyUsages::EncipherOnly, "encipherOnly"),
        (KeyUsages::DecipherOnly, "decipherOnly"),
    ];
    let set: Vec<_> = NAMES
        .iter()
        .filter(|(flag, _)| usage.0.contains(*flag))
        .map(|(_, name)| *name)
        .collect();
    set.join(", ")
}

fn describe_general_name(name: &GeneralName) -> String {
    let printable = |text: &str| {
        text.chars()
            .filter(|character| !is_unprintable(*character))
            .collect::<String>()
    };
    match name {
        GeneralName::DnsName(name) => format!("DNS:{}", printable(name.as_str())),
        GeneralName::Rfc822Name(name) => format!("email:{}", printable(name.as_str())),
        GeneralName::UniformResourceIdentifier(name) => format!("URI:{}", printable(name.as_str())),
        GeneralName::IpAddress(octets) => match octets.as_bytes() {
            [a, b, c, d] => format!("IP:{a}.{b}.{c}.{d}"),
            other => format!("IP:{}", Hex(other)),
        },
        other => format!("other:{}", Hex(&other.to_der().unwrap_or_default())),
    }
}
