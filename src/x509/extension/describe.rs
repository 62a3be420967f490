//! Extensions in words.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS,
    ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER, ID_PE_AUTHORITY_INFO_ACCESS,
};
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};

use crate::signer::Hex;
use crate::x509::NameConstraints;
use crate::x509::general_name::read_address;
use crate::x509::name::{describe_oid, is_unprintable};

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
pub(in crate::x509) fn describe_all(extensions: &[Extension]) -> Vec<ExtensionText> {
    let describe = |extension: &Extension| ExtensionText {
        name: extension_name(extension.extn_id),
        critical: extension.critical,
        value: describe_value(extension).unwrap_or_else(|| Hex(extension.extn_value.as_bytes()).to_string()),
    };
    extensions.iter().map(describe).collect()
}

pub(in crate::x509) fn extension_name(oid: ObjectIdentifier) -> String {
    let name = describe_oid(oid);
    let Some(short) = name
        .strip_prefix("id-ce-")
        .or_else(|| name.strip_prefix("id-pe-"))
    else {
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
            Some(join(purposes.into_iter().map(purpose_name)))
        }
        ID_CE_SUBJECT_ALT_NAME => {
            let names = SubjectAltName::from_der(value).ok()?.0;
            Some(join(names.iter().map(describe_general_name)))
        }
        ID_CE_NAME_CONSTRAINTS => Some(NameConstraints::from_der(value).ok()?.to_string()),
        ID_CE_CERTIFICATE_POLICIES => {
            let policies = CertificatePolicies::from_der(value).ok()?.0;
            Some(join(
                policies
                    .iter()
                    .map(|policy| describe_oid(policy.policy_identifier)),
            ))
        }
        ID_CE_CRL_DISTRIBUTION_POINTS => {
            let points = CrlDistributionPoints::from_der(value).ok()?.0;
            let names = points.iter().filter_map(|point| match &point.distribution_point {
                Some(DistributionPointName::FullName(names)) => Some(names),
                _ => None,
            });
            Some(join(names.flatten().map(describe_general_name)))
        }
        ID_PE_AUTHORITY_INFO_ACCESS => {
            let ways = AuthorityInfoAccessSyntax::from_der(value).ok()?.0;
            let one = |way: &x509_cert::ext::pkix::AccessDescription| {
                let method = describe_oid(way.access_method);
                let method = method.strip_prefix("id-ad-").unwrap_or(&method);
                format!("{method} {}", describe_general_name(&way.access_location))
            };
            Some(join(ways.iter().map(one)))
        }
        ID_PKIX_OCSP_NOCHECK => Some("its revocation is not to be asked for".to_owned()),
        _ => None,
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
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

pub(super) fn describe_general_name(name: &GeneralName) -> String {
    let printable = |text: &str| {
        text.chars()
            .filter(|character| !is_unprintable(*character))
            .collect::<String>()
    };
    match name {
        GeneralName::DnsName(name) => format!("DNS:{}", printable(name.as_str())),
        GeneralName::Rfc822Name(name) => format!("email:{}", printable(name.as_str())),
        GeneralName::UniformResourceIdentifier(name) => format!("URI:{}", printable(name.as_str())),
        GeneralName::IpAddress(octets) => match read_address(octets.as_bytes()) {
            Ok(address) => format!("IP:{address}"),
            Err(_) => format!("IP:{}", Hex(octets.as_bytes())),
        },
        other => format!("other:{}", Hex(&other.to_der().unwrap_or_default())),
    }
}
