//! The values of an original's extensions. A cross-certificate repeats them, so it would repeat their faults.

use std::collections::BTreeSet;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ANY_POLICY, ID_CE_CERTIFICATE_POLICIES, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_MAPPINGS,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{CertificatePolicies, KeyUsage, PolicyMappings, SubjectKeyIdentifier};

use crate::x509::NameConstraints;
use crate::x509::extension::extension_name;

/// The value as a cross-certificate has it: a keyUsage in DER, without bits of zero at its end (X.690 section 11.2.2). All others are repeated.
pub(super) fn repaired(found: &Extension) -> Vec<u8> {
    let value = found.extn_value.as_bytes();
    let in_der = match found.extn_id {
        ID_CE_KEY_USAGE => KeyUsage::from_der(value).and_then(|usage| usage.to_der()).ok(),
        _ => None,
    };
    in_der.unwrap_or_else(|| value.to_owned())
}

/// The fault of a value that only the CA could correct, in a new certificate of its own.
pub(super) fn find_fault(found: &Extension) -> Option<String> {
    let value = found.extn_value.as_bytes();
    let checked = match found.extn_id {
        ID_CE_NAME_CONSTRAINTS => NameConstraints::check_form(value),
        ID_CE_CERTIFICATE_POLICIES => check_policies(value),
        ID_CE_POLICY_MAPPINGS => check_mappings(value),
        ID_CE_SUBJECT_KEY_IDENTIFIER => check_identifier(value),
        _ => Ok(()),
    };
    let reason = checked.err()?;
    Some(format!("{}: {reason}", extension_name(found.extn_id)))
}

fn unread(error: der::Error) -> String {
    error.kind().to_string()
}

/// RFC 5280 section 4.2.1.4: "A certificate policy OID MUST NOT appear more than once".
fn check_policies(value: &[u8]) -> Result<(), String> {
    let policies = CertificatePolicies::from_der(value).map_err(unread)?;
    let mut seen = BTreeSet::new();
    let twice = policies
        .0
        .iter()
        .find(|policy| !seen.insert(policy.policy_identifier));
    twice.map_or(Ok(()), |policy| {
        Err(format!("the policy {} is in it twice", policy.policy_identifier))
    })
}

/// RFC 5280 section 4.2.1.5: "Policies MUST NOT be mapped either to or from the special value anyPolicy".
fn check_mappings(value: &[u8]) -> Result<(), String> {
    let mappings = PolicyMappings::from_der(value).map_err(unread)?;
    let is_any = |policy: &ObjectIdentifier| *policy == ANY_POLICY;
    let mut mapped = mappings.0.iter();
    match mapped
        .any(|mapping| is_any(&mapping.issuer_domain_policy) || is_any(&mapping.subject_domain_policy))
    {
        true => Err("it maps anyPolicy".to_owned()),
        false => Ok(()),
    }
}

fn check_identifier(value: &[u8]) -> Result<(), String> {
    let identifier = SubjectKeyIdentifier::from_der(value).map_err(unread)?;
    match identifier.0.as_bytes().is_empty() {
        true => Err("it has no octets".to_owned()),
        false => Ok(()),
    }
}
