//! The form of extensions in a certificate that is issued, whether a profile or another CA wrote them. Other people's certificates are read with
//! fewer demands.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_CERTIFICATE_POLICIES, ID_CE_EXT_KEY_USAGE, ID_CE_INHIBIT_ANY_POLICY, ID_CE_NAME_CONSTRAINTS,
    ID_CE_POLICY_CONSTRAINTS, ID_CE_POLICY_MAPPINGS, ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_PE_SUBJECT_INFO_ACCESS,
};
use der::Decode;
use der::asn1::OctetString;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::AccessDescription;
use x509_cert::ext::pkix::name::GeneralName;

use super::describe::extension_name;
use super::policies::{check_constraints, check_inhibited, check_mappings, check_policies};
use super::strict::read_list;
use crate::x509::NameConstraints;
use crate::x509::rule::Breach;

/// The clause that the value of an extension breaks, in words that begin with the extension's name. Names in a subjectAltName, and extensions about
/// the issuer, have rules of their own.
pub(in crate::x509) fn find_breach(found: &Extension) -> Option<Breach> {
    let value = found.extn_value.as_bytes();
    let checked = match found.extn_id {
        ID_CE_NAME_CONSTRAINTS => NameConstraints::check_form(value),
        ID_CE_CERTIFICATE_POLICIES => check_policies(value),
        ID_CE_POLICY_MAPPINGS => check_mappings(value),
        ID_CE_POLICY_CONSTRAINTS => check_constraints(value),
        ID_CE_INHIBIT_ANY_POLICY => check_inhibited(value),
        ID_CE_SUBJECT_KEY_IDENTIFIER => check_identifier(value),
        ID_CE_EXT_KEY_USAGE => read_list::<ObjectIdentifier>("RFC 5280 4.2.1.12", value).map(drop),
        ID_CE_SUBJECT_ALT_NAME => read_list::<GeneralName>("RFC 5280 4.2.1.6", value).map(drop),
        ID_PE_SUBJECT_INFO_ACCESS => read_list::<AccessDescription>("RFC 5280 4.2.2.2", value).map(drop),
        _ => Ok(()),
    };
    let breach = checked.err()?;
    Some(Breach {
        found: format!("{}: {}", extension_name(found.extn_id), breach.found),
        ..breach
    })
}

fn check_identifier(value: &[u8]) -> Result<(), Breach> {
    const CLAUSE: &str = "RFC 5280 4.2.1.2";
    let identifier =
        OctetString::from_der(value).map_err(|error| Breach::of(CLAUSE, error.kind().to_string()))?;
    check_identifier_length(identifier.as_bytes()).map_err(|found| Breach::of(CLAUSE, found))
}

/// Makes sure that other programs can read a key identifier that does not follow from the key.
pub(in crate::x509) fn check_identifier_length(identifier: &[u8]) -> Result<(), String> {
    const LONGEST: usize = 64;
    match identifier.len() {
        1..=LONGEST => Ok(()),
        length => Err(format!(
            "the identifier has {length} octets; 1 to {LONGEST} are allowed"
        )),
    }
}
