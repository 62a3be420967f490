//! Descriptions of extensions.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_INHIBIT_ANY_POLICY, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS, ID_CE_POLICY_MAPPINGS, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER, ID_PE_AUTHORITY_INFO_ACCESS, ID_QT_CPS,
};
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::certpolicy::PolicyInformation;
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    ExtendedKeyUsage, InhibitAnyPolicy, KeyUsage, KeyUsages, PolicyConstraints, PolicyMappings,
    SubjectAltName, SubjectKeyIdentifier,
};

use crate::signer::Hex;
use crate::x509::general_name::{describe_other_name, read_address};
use crate::x509::name::{describe_oid, shown_text, visible};
use crate::x509::{Name, NameConstraints};

/// The description of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionText {
    /// The standard's name, or the object identifier.
    pub name: String,
    /// Whether it is critical.
    pub critical: bool,
    /// Its content; hex of the value if it is unknown here.
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

/// Common ones that the table of names lacks: RFC 6962 section 3.3, RFC 7633.
const UNNAMED: [(ObjectIdentifier, &str); 2] = [
    (
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2"),
        "signedCertificateTimestamps",
    ),
    (ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.24"), "tlsFeature"),
];

pub(in crate::x509) fn extension_name(oid: ObjectIdentifier) -> String {
    if let Some((_, name)) = UNNAMED.into_iter().find(|(unnamed, _)| *unnamed == oid) {
        return name.to_owned();
    }
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
        ID_CE_AUTHORITY_KEY_IDENTIFIER => {
            Some(describe_authority(&AuthorityKeyIdentifier::from_der(value).ok()?))
        }
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
            Some(join(policies.iter().map(describe_policy)))
        }
        ID_CE_POLICY_CONSTRAINTS => {
            let constraints = PolicyConstraints::from_der(value).ok()?;
            let word = |name: &str, skip: Option<u32>| skip.map(|skip| format!("{name} {skip}"));
            let words = [
                word("requireExplicitPolicy", constraints.require_explicit_policy),
                word("inhibitPolicyMapping", constraints.inhibit_policy_mapping),
            ];
            Some(join(words.into_iter().flatten()))
        }
        ID_CE_INHIBIT_ANY_POLICY => Some(format!("after {}", InhibitAnyPolicy::from_der(value).ok()?.0)),
        ID_CE_POLICY_MAPPINGS => {
            let mappings = PolicyMappings::from_der(value).ok()?.0;
            Some(join(mappings.iter().map(|mapping| {
                format!(
                    "{} as {}",
                    mapping.issuer_domain_policy, mapping.subject_domain_policy
                )
            })))
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
        ID_PKIX_OCSP_NOCHECK => Some("its revocation need not be checked".to_owned()),
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

/// RFC 5280 section 4.2.1.1: the issuer's key, or its certificate by name and number, or both.
fn describe_authority(identifier: &AuthorityKeyIdentifier) -> String {
    let key = identifier.key_identifier.as_ref();
    let issuer = identifier.authority_cert_issuer.as_deref().unwrap_or_default();
    let serial = identifier.authority_cert_serial_number.as_ref();
    join(
        key.map(|key| Hex(key.as_bytes()).to_string())
            .into_iter()
            .chain(
                issuer
                    .iter()
                    .map(|name| format!("issued by {}", describe_general_name(name))),
            )
            .chain(serial.map(|serial| format!("serial {}", Hex(serial.as_bytes())))),
    )
}

fn describe_policy(policy: &PolicyInformation) -> String {
    let name = describe_oid(policy.policy_identifier);
    let qualifiers = policy.policy_qualifiers.as_deref().unwrap_or_default();
    let cps = qualifiers
        .iter()
        .find(|qualifier| qualifier.policy_qualifier_id == ID_QT_CPS)
        .and_then(|qualifier| shown_text(qualifier.qualifier.as_ref()?));
    match cps {
        Some(cps) => format!("{name} (CPS {})", visible(&cps)),
        None => name,
    }
}

pub(super) fn describe_general_name(name: &GeneralName) -> String {
    match name {
        GeneralName::DnsName(name) => format!("DNS:{}", visible(name.as_str())),
        GeneralName::Rfc822Name(name) => format!("email:{}", visible(name.as_str())),
        GeneralName::UniformResourceIdentifier(name) => format!("URI:{}", visible(name.as_str())),
        GeneralName::IpAddress(octets) => match read_address(octets.as_bytes()) {
            Ok(address) => format!("IP:{address}"),
            Err(_) => format!("IP:{}", Hex(octets.as_bytes())),
        },
        GeneralName::DirectoryName(name) => {
            let name = name.to_der().ok().and_then(|der| Name::from_der(&der).ok());
            format!(
                "dirName:{}",
                name.map(|name| name.to_string()).unwrap_or_default()
            )
        }
        GeneralName::RegisteredId(oid) => format!("RID:{}", describe_oid(*oid)),
        GeneralName::OtherName(other) => match (describe_other_name(other), shown_text(&other.value)) {
            (Some(known), _) => visible(&known),
            (None, Some(text)) => format!("otherName:{}={}", describe_oid(other.type_id), visible(&text)),
            (None, None) => {
                let der = other.value.to_der().unwrap_or_default();
                format!("otherName:{}={}", describe_oid(other.type_id), Hex(&der))
            }
        },
        other => format!("other:{}", Hex(&other.to_der().unwrap_or_default())),
    }
}
