//! `crlExtensions` (RFC 5280 section 5.2).

use std::slice;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_CRL_NUMBER, ID_CE_DELTA_CRL_INDICATOR, ID_CE_FRESHEST_CRL,
    ID_CE_ISSUING_DISTRIBUTION_POINT,
};
use der::asn1::{Ia5String, OctetString, Uint};
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::IssuingDistributionPoint;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};

use super::{CrlContent, CrlKind, CrlScope};
use crate::x509::name::visible;
use crate::x509::{CrlNumber, ExtensionText, X509Error, extension};

const WHAT: &str = "CRL extension";

/// The extensions that are processed; RFC 5280 section 5.2 forbids the use of a CRL with any other critical extension.
pub(super) const PROCESSED: [ObjectIdentifier; 5] = [
    ID_CE_AUTHORITY_KEY_IDENTIFIER,
    ID_CE_CRL_NUMBER,
    ID_CE_DELTA_CRL_INDICATOR,
    ID_CE_ISSUING_DISTRIBUTION_POINT,
    ID_CE_FRESHEST_CRL,
];

/// The extensions of a plan, in the order in which they are written: identifier, and whether it is critical.
pub(super) fn shape(plan: &CrlContent) -> Vec<(ObjectIdentifier, bool)> {
    let mut shape = vec![
        // 5.2.1, 5.2.3: "non-critical", and conforming issuers MUST include both.
        (ID_CE_AUTHORITY_KEY_IDENTIFIER, false),
        (ID_CE_CRL_NUMBER, false),
    ];
    if plan.base().is_some() {
        // 5.2.4: "a critical CRL extension"
        shape.push((ID_CE_DELTA_CRL_INDICATOR, true));
    }
    if plan.distribution().is_some() {
        // 5.2.5: "a critical CRL extension"
        shape.push((ID_CE_ISSUING_DISTRIBUTION_POINT, true));
    }
    if plan.freshest().is_some() {
        // 5.2.6: "MUST be marked as non-critical"
        shape.push((ID_CE_FRESHEST_CRL, false));
    }
    shape
}

pub(super) fn build(plan: &CrlContent, authority_key_identifier: &[u8]) -> Result<Vec<Extension>, X509Error> {
    shape(plan)
        .into_iter()
        .map(|(extn_id, critical)| match (extn_id, &plan.kind) {
            (ID_CE_AUTHORITY_KEY_IDENTIFIER, _) => {
                extension::authority_key_identifier(authority_key_identifier)
            }
            (ID_CE_CRL_NUMBER, _) => make(extn_id, critical, &plan.number.to_uint()?),
            (ID_CE_DELTA_CRL_INDICATOR, CrlKind::Delta { base }) => make(extn_id, critical, &base.to_uint()?),
            (ID_CE_FRESHEST_CRL, CrlKind::Full { freshest: Some(url) }) => {
                make(extn_id, critical, &vec![point_at(url)?])
            }
            _ => make(extn_id, critical, &issuing_distribution_point(plan)?),
        })
        .collect()
}

fn make(extn_id: ObjectIdentifier, critical: bool, value: &impl Encode) -> Result<Extension, X509Error> {
    let malformed = X509Error::malformed(WHAT);
    let extn_value = OctetString::new(value.to_der().map_err(&malformed)?).map_err(&malformed)?;
    Ok(Extension {
        extn_id,
        critical,
        extn_value,
    })
}

/// RFC 5280 section 5.2.5
pub(super) fn issuing_distribution_point(plan: &CrlContent) -> Result<IssuingDistributionPoint, X509Error> {
    let url = plan.distribution_point.as_deref();
    Ok(IssuingDistributionPoint {
        distribution_point: url.map(full_name).transpose()?,
        only_contains_user_certs: plan.scope == CrlScope::UserCertificates,
        only_contains_ca_certs: plan.scope == CrlScope::AuthorityCertificates,
        only_some_reasons: None,
        indirect_crl: false,
        only_contains_attribute_certs: false,
    })
}

fn full_name(url: &str) -> Result<DistributionPointName, X509Error> {
    let url = Ia5String::new(url).map_err(X509Error::malformed(WHAT))?;
    Ok(DistributionPointName::FullName(vec![
        GeneralName::UniformResourceIdentifier(url),
    ]))
}

/// A DistributionPoint (section 4.2.1.13) with only a name.
pub(super) fn point_at(url: &str) -> Result<DistributionPoint, X509Error> {
    Ok(DistributionPoint {
        distribution_point: Some(full_name(url)?),
        reasons: None,
        crl_issuer: None,
    })
}

/// `cRLNumber`
pub(super) fn find_number(extensions: &[Extension]) -> Result<Option<CrlNumber>, X509Error> {
    let found: Option<Uint> = extension::find(extensions, ID_CE_CRL_NUMBER)?;
    found.as_ref().map(CrlNumber::from_uint).transpose()
}

/// BaseCRLNumber of `deltaCRLIndicator`
pub(super) fn find_base(extensions: &[Extension]) -> Result<Option<CrlNumber>, X509Error> {
    let found: Option<Uint> = extension::find(extensions, ID_CE_DELTA_CRL_INDICATOR)?;
    found.as_ref().map(CrlNumber::from_uint).transpose()
}

/// `issuingDistributionPoint`
pub(super) fn find_distribution(
    extensions: &[Extension],
) -> Result<Option<IssuingDistributionPoint>, X509Error> {
    extension::find(extensions, ID_CE_ISSUING_DISTRIBUTION_POINT)
}

/// `freshestCRL`
pub(super) fn find_freshest(extensions: &[Extension]) -> Result<Option<Vec<DistributionPoint>>, X509Error> {
    extension::find(extensions, ID_CE_FRESHEST_CRL)
}

/// The URL of `freshestCRL`, if that consists of one URL only.
pub(super) fn find_freshest_url(extensions: &[Extension]) -> Result<Option<String>, X509Error> {
    let points = find_freshest(extensions)?;
    let point = points.as_deref().and_then(<[_]>::first);
    Ok(point
        .and_then(|point| point.distribution_point.as_ref())
        .and_then(url_of))
}

/// The first URL of a distribution point.
pub(super) fn url_of(name: &DistributionPointName) -> Option<String> {
    let DistributionPointName::FullName(names) = name else {
        return None;
    };
    names.iter().find_map(|name| match name {
        GeneralName::UniformResourceIdentifier(url) => Some(url.as_str().to_owned()),
        _ => None,
    })
}

/// In words.
pub(super) fn describe(found: &Extension) -> Option<ExtensionText> {
    let value = describe_value(found);
    let plain = extension::describe_all(slice::from_ref(found)).pop()?;
    Some(ExtensionText {
        value: value.unwrap_or(plain.value),
        ..plain
    })
}

fn describe_value(found: &Extension) -> Option<String> {
    let value = found.extn_value.as_bytes();
    match found.extn_id {
        ID_CE_CRL_NUMBER => Some(
            CrlNumber::from_uint(&Uint::from_der(value).ok()?)
                .ok()?
                .to_string(),
        ),
        ID_CE_DELTA_CRL_INDICATOR => {
            let base = CrlNumber::from_uint(&Uint::from_der(value).ok()?).ok()?;
            Some(format!("base CRL {base}"))
        }
        ID_CE_ISSUING_DISTRIBUTION_POINT => {
            let point = IssuingDistributionPoint::from_der(value).ok()?;
            let mut words: Vec<_> = point.distribution_point.iter().map(describe_name).collect();
            let flags = [
                (point.only_contains_user_certs, "onlyContainsUserCerts"),
                (point.only_contains_ca_certs, "onlyContainsCACerts"),
                (point.only_some_reasons.is_some(), "onlySomeReasons"),
                (point.indirect_crl, "indirectCRL"),
                (point.only_contains_attribute_certs, "onlyContainsAttributeCerts"),
            ];
            words.extend(
                flags
                    .iter()
                    .filter(|(set, _)| *set)
                    .map(|(_, name)| (*name).to_owned()),
            );
            Some(words.join(", "))
        }
        ID_CE_FRESHEST_CRL => {
            let points = Vec::<DistributionPoint>::from_der(value).ok()?;
            let names = points
                .iter()
                .filter_map(|point| point.distribution_point.as_ref());
            Some(names.map(describe_name).collect::<Vec<_>>().join(", "))
        }
        _ => None,
    }
}

fn describe_name(name: &DistributionPointName) -> String {
    let DistributionPointName::FullName(names) = name else {
        return "a name relative to the issuer".to_owned();
    };
    let one = |name: &GeneralName| match name {
        GeneralName::UniformResourceIdentifier(url) => format!("URI:{}", visible(url.as_str())),
        _ => "a name that is not a URI".to_owned(),
    };
    names.iter().map(one).collect::<Vec<_>>().join(", ")
}
