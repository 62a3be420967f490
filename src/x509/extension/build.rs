//! Builds the extensions of a profile for one certificate.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_AD_CA_ISSUERS, ID_AD_OCSP, ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS,
    ID_CE_CERTIFICATE_POLICIES, ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_PE_AUTHORITY_INFO_ACCESS, ID_QT_CPS,
};
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use der::asn1::{Any, Ia5String, Null, OctetString};
use der::flagset::FlagSet;
use der::{Encode, Tag};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::certpolicy::{PolicyInformation, PolicyQualifierInfo};
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
    CertificatePolicies, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};

use super::WHAT;
use crate::signer::{KeyAlgorithm, PublicKey};
use crate::x509::profile::{Policy, ProfileExtension, Purpose, Usage};
use crate::x509::{AlternativeName, SerialNumber, X509Error};

/// The inputs of a certificate's extensions besides the profile.
#[derive(Clone, Copy, Debug)]
pub(in crate::x509) struct Context<'a> {
    /// The subject's key.
    pub(in crate::x509) key: &'a PublicKey,
    /// The subjectKeyIdentifier; `None` for the key's own.
    pub(in crate::x509) key_identifier: Option<&'a [u8]>,
    /// Whether the subject is the empty name.
    pub(in crate::x509) subject_is_empty: bool,
    /// The issuer's subjectKeyIdentifier.
    pub(in crate::x509) authority_key_identifier: &'a [u8],
    /// The certificate's serial number, which determines its CRL shard; `None` without a certificate.
    pub(in crate::x509) serial: Option<&'a SerialNumber>,
    /// The names that were requested and accepted.
    pub(in crate::x509) names: &'a [AlternativeName],
}

/// The identifier of a profile's extension.
pub(in crate::x509) const fn kind(wanted: &ProfileExtension) -> ObjectIdentifier {
    match wanted {
        ProfileExtension::BasicConstraints { .. } => ID_CE_BASIC_CONSTRAINTS,
        ProfileExtension::KeyUsage(_) => ID_CE_KEY_USAGE,
        ProfileExtension::ExtendedKeyUsage(_) => ID_CE_EXT_KEY_USAGE,
        ProfileExtension::SubjectAlternativeName(_) => ID_CE_SUBJECT_ALT_NAME,
        ProfileExtension::NameConstraints(_) => ID_CE_NAME_CONSTRAINTS,
        ProfileExtension::CertificatePolicies(_) => ID_CE_CERTIFICATE_POLICIES,
        ProfileExtension::CrlDistributionPoints(_) | ProfileExtension::CrlShards(_) => {
            ID_CE_CRL_DISTRIBUTION_POINTS
        }
        ProfileExtension::AuthorityInformationAccess { .. } => ID_PE_AUTHORITY_INFO_ACCESS,
        ProfileExtension::OcspNoCheck => ID_PKIX_OCSP_NOCHECK,
        ProfileExtension::SubjectKeyIdentifier => ID_CE_SUBJECT_KEY_IDENTIFIER,
        ProfileExtension::AuthorityKeyIdentifier => ID_CE_AUTHORITY_KEY_IDENTIFIER,
        ProfileExtension::Carried(carried) => carried.identifier,
    }
}

/// RFC 5280: basicConstraints is critical in a CA certificate and may be in others (section 4.2.1.9), keyUsage should be (4.2.1.3), nameConstraints
/// must be (4.2.1.10), and subjectAltName must be if the subject is empty (4.2.1.6); the others must not or should not be. RFC 3161 section 2.3
/// requires extKeyUsage to be critical for timeStamping.
pub(in crate::x509) fn is_critical(wanted: &ProfileExtension, subject_is_empty: bool) -> bool {
    match wanted {
        ProfileExtension::BasicConstraints { .. }
        | ProfileExtension::KeyUsage(_)
        | ProfileExtension::NameConstraints(_) => true,
        ProfileExtension::SubjectAlternativeName(_) => subject_is_empty,
        ProfileExtension::ExtendedKeyUsage(purposes) => purposes.contains(&Purpose::TIME_STAMPING),
        ProfileExtension::Carried(carried) => carried.critical,
        _ => false,
    }
}

/// A profile's extension; `None` if it would have no content, as without names.
pub(in crate::x509) fn build(
    wanted: &ProfileExtension,
    context: Context<'_>,
) -> Result<Option<Extension>, X509Error> {
    let value = match wanted {
        ProfileExtension::BasicConstraints { ca, path_length } => encode(&BasicConstraints {
            ca: *ca,
            path_len_constraint: *path_length,
        }),
        ProfileExtension::KeyUsage(usages) => encode(&usage_bits(usages, context.key.algorithm())),
        ProfileExtension::ExtendedKeyUsage(purposes) => encode(&ExtendedKeyUsage(identifiers(purposes))),
        ProfileExtension::SubjectAlternativeName(_) if context.names.is_empty() => return Ok(None),
        ProfileExtension::SubjectAlternativeName(_) => {
            let names = context.names.iter().map(AlternativeName::to_general_name);
            encode(&SubjectAltName(names.collect::<Result<_, _>>()?))
        }
        ProfileExtension::NameConstraints(constraints) => encode(&constraints.to_der()?),
        ProfileExtension::CertificatePolicies(policies) => encode(&CertificatePolicies(
            policies.iter().map(policy).collect::<Result<_, _>>()?,
        )),
        ProfileExtension::CrlDistributionPoints(urls) => encode(&one_distribution_point(urls)?),
        ProfileExtension::CrlShards(shards) => {
            let Some(serial) = context.serial else {
                return Ok(None);
            };
            distribution_point(&shards.url(shards.shard_of(serial)))
        }
        ProfileExtension::AuthorityInformationAccess { ocsp, issuers } => {
            encode(&information_access(ocsp, issuers)?)
        }
        ProfileExtension::OcspNoCheck => encode(&Null),
        ProfileExtension::SubjectKeyIdentifier => {
            let identifier = context.key_identifier.map(<[u8]>::to_vec);
            let identifier = identifier.unwrap_or_else(|| context.key.key_identifier());
            encode(&SubjectKeyIdentifier(octets(&identifier)?))
        }
        ProfileExtension::AuthorityKeyIdentifier => {
            return authority_key_identifier(context.authority_key_identifier).map(Some);
        }
        ProfileExtension::Carried(carried) => octets(&carried.value),
    }?;
    Ok(Some(Extension {
        extn_id: kind(wanted),
        critical: is_critical(wanted, context.subject_is_empty),
        extn_value: value,
    }))
}

/// RFC 5280 section 4.2.1.1: not critical, with the keyIdentifier field.
pub(in crate::x509) fn authority_key_identifier(identifier: &[u8]) -> Result<Extension, X509Error> {
    let value = AuthorityKeyIdentifier {
        key_identifier: Some(octets(identifier)?),
        ..AuthorityKeyIdentifier::default()
    };
    Ok(Extension {
        extn_id: ID_CE_AUTHORITY_KEY_IDENTIFIER,
        critical: false,
        extn_value: encode(&value)?,
    })
}

fn encode(value: &impl Encode) -> Result<OctetString, X509Error> {
    octets(&value.to_der().map_err(X509Error::malformed(WHAT))?)
}

fn octets(bytes: &[u8]) -> Result<OctetString, X509Error> {
    OctetString::new(bytes).map_err(X509Error::malformed(WHAT))
}

fn ia5(text: &str) -> Result<Ia5String, X509Error> {
    Ia5String::new(text).map_err(X509Error::malformed(WHAT))
}

/// keyEncipherment is only for RSA keys (RFC 8017, RFC 5480 section 3), keyAgreement only for EC keys (RFC 3279 section 2.3.5): a profile that
/// accepts both kinds gives each its own.
fn usage_bits(usages: &[Usage], key: KeyAlgorithm) -> KeyUsage {
    let bit = |usage: &Usage| match (usage, key) {
        (Usage::DigitalSignature, _) => Some(KeyUsages::DigitalSignature),
        (Usage::NonRepudiation, _) => Some(KeyUsages::NonRepudiation),
        (Usage::KeyEncipherment, KeyAlgorithm::Rsa { .. }) => Some(KeyUsages::KeyEncipherment),
        (Usage::KeyAgreement, KeyAlgorithm::Ec(_)) => Some(KeyUsages::KeyAgreement),
        (Usage::KeyEncipherment | Usage::KeyAgreement, _) => None,
        (Usage::KeyCertSign, _) => Some(KeyUsages::KeyCertSign),
        (Usage::CrlSign, _) => Some(KeyUsages::CRLSign),
    };
    let bits = usages.iter().filter_map(bit);
    KeyUsage(bits.fold(FlagSet::default(), |bits, bit| bits | bit))
}

fn identifiers(purposes: &[Purpose]) -> Vec<ObjectIdentifier> {
    purposes.iter().map(|purpose| purpose.0).collect()
}

/// RFC 5280 section 4.2.1.4: "the qualifier SHOULD be of the type CPS pointer", an IA5String.
fn policy(policy: &Policy) -> Result<PolicyInformation, X509Error> {
    let qualifier = |cps: &String| -> Result<_, X509Error> {
        let any = Any::new(Tag::Ia5String, cps.as_bytes()).map_err(X509Error::malformed(WHAT))?;
        Ok(vec![PolicyQualifierInfo {
            policy_qualifier_id: ID_QT_CPS,
            qualifier: Some(any),
        }])
    };
    Ok(PolicyInformation {
        policy_identifier: policy.identifier,
        policy_qualifiers: policy.cps.as_ref().map(qualifier).transpose()?,
    })
}

/// The value of a cRLDistributionPoints with one URL.
pub(in crate::x509) fn distribution_point(url: &str) -> Result<OctetString, X509Error> {
    encode(&one_distribution_point(&[url.to_owned()])?)
}

/// RFC 5280 section 4.2.1.13: several names in one fullName are "the same CRL" in several places.
fn one_distribution_point(urls: &[String]) -> Result<CrlDistributionPoints, X509Error> {
    let name = |url: &String| ia5(url).map(GeneralName::UniformResourceIdentifier);
    let names = urls.iter().map(name).collect::<Result<_, _>>()?;
    Ok(CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(names)),
        reasons: None,
        crl_issuer: None,
    }]))
}

/// RFC 5280 section 4.2.2.1.
fn information_access(ocsp: &[String], issuers: &[String]) -> Result<AuthorityInfoAccessSyntax, X509Error> {
    let way = |access_method, url: &String| {
        Ok(AccessDescription {
            access_method,
            access_location: GeneralName::UniformResourceIdentifier(ia5(url)?),
        })
    };
    let ocsp = ocsp.iter().map(|url| way(ID_AD_OCSP, url));
    let issuers = issuers.iter().map(|url| way(ID_AD_CA_ISSUERS, url));
    ocsp.chain(issuers)
        .collect::<Result<_, X509Error>>()
        .map(AuthorityInfoAccessSyntax)
}
