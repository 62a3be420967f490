//! What a cross-certificate repeats of the original's extensions, and what it corrects.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_BASIC_CONSTRAINTS, ID_CE_INHIBIT_ANY_POLICY, ID_CE_KEY_USAGE, ID_CE_NAME_CONSTRAINTS,
    ID_CE_POLICY_CONSTRAINTS, ID_CE_SUBJECT_KEY_IDENTIFIER, ID_PE_SUBJECT_INFO_ACCESS,
};
use der::asn1::OctetString;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::KeyUsage;

use super::CARRIED;
use crate::x509::extension;
use crate::x509::rule::Breach;

/// RFC 5280 sections 4.2.1.9, 4.2.1.10, 4.2.1.11 and 4.2.1.14: MUST be critical; 4.2.1.3: keyUsage SHOULD.
const CRITICAL: [ObjectIdentifier; 5] = [
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_NAME_CONSTRAINTS,
    ID_CE_POLICY_CONSTRAINTS,
    ID_CE_INHIBIT_ANY_POLICY,
    ID_CE_KEY_USAGE,
];

/// Sections 4.2.1.2 and 4.2.2.2: MUST NOT be critical.
const NOT_CRITICAL: [ObjectIdentifier; 2] = [ID_CE_SUBJECT_KEY_IDENTIFIER, ID_PE_SUBJECT_INFO_ACCESS];

/// An extension of the original for a cross-certificate: the same value, in DER, and as critical as RFC 5280 requires, even if the original's is
/// not.
pub(in crate::x509) fn carried(found: &Extension) -> Extension {
    let kind = found.extn_id;
    Extension {
        critical: CRITICAL.contains(&kind) || (found.critical && !NOT_CRITICAL.contains(&kind)),
        extn_value: OctetString::new(repaired(found)).unwrap_or_else(|_| found.extn_value.clone()),
        ..found.clone()
    }
}

/// The value as a cross-certificate has it: a keyUsage in DER, without bits of zero at its end (X.690 section 11.2.2). All others are repeated.
fn repaired(found: &Extension) -> Vec<u8> {
    let value = found.extn_value.as_bytes();
    let in_der = match found.extn_id {
        ID_CE_KEY_USAGE => KeyUsage::from_der(value).and_then(|usage| usage.to_der()).ok(),
        _ => None,
    };
    in_der.unwrap_or_else(|| value.to_owned())
}

/// The faults of the original that the cross-certificate corrects, in words.
pub(super) fn find_repairs(original: &[Extension]) -> Vec<String> {
    let mut repairs = Vec::new();
    for found in original.iter().filter(|found| CARRIED.contains(&found.extn_id)) {
        let name = extension::extension_name(found.extn_id);
        match (found.critical, carried(found).critical) {
            (false, true) => repairs.push(format!("{name} is critical, but not in the original")),
            (true, false) => repairs.push(format!("{name} is not critical, but is in the original")),
            _ => {}
        }
        if carried(found).extn_value != found.extn_value {
            repairs.push(format!("{name} is in DER, but not in the original"));
        }
    }
    if original.iter().all(|found| found.extn_id != ID_CE_KEY_USAGE) {
        repairs.push("keyUsage has keyCertSign and cRLSign, which the original lacks".to_owned());
    }
    repairs
}

/// The first fault of a value that is repeated. Only the CA could correct it, in a new certificate of its own.
pub(super) fn find_breach(original: &[Extension]) -> Option<Breach> {
    let mut repeated = original.iter().filter(|found| CARRIED.contains(&found.extn_id));
    repeated.find_map(extension::find_breach)
}
