//! Extensions: those of profiles, those of others, and their descriptions.

mod build;
mod describe;
mod form;
mod policies;
mod strict;

pub(super) use build::{Context, authority_key_identifier, build, distribution_point, is_critical, kind};
pub use describe::ExtensionText;
pub(super) use describe::{describe_all, extension_name};
pub(super) use form::{check_identifier_length, find_breach};

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_EXT_KEY_USAGE, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_SUBJECT_ALT_NAME, ID_CE_SUBJECT_KEY_IDENTIFIER,
};
use der::Decode;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName,
    SubjectKeyIdentifier,
};

use super::{AlternativeName, NameConstraints, X509Error};

const WHAT: &str = "extension";

/// Finds and decodes one extension of a list.
pub(super) fn find<'a, T: Decode<'a, Error = der::Error>>(
    extensions: &'a [Extension],
    oid: ObjectIdentifier,
) -> Result<Option<T>, X509Error> {
    extensions
        .iter()
        .find(|extension| extension.extn_id == oid)
        .map(|extension| {
            T::from_der(extension.extn_value.as_bytes()).map_err(|error| X509Error::Malformed {
                what: WHAT,
                reason: format!("{}: {error}", extension_name(oid)),
            })
        })
        .transpose()
}

/// `subjectKeyIdentifier`, if present.
pub(super) fn find_subject_key_identifier(extensions: &[Extension]) -> Result<Option<Vec<u8>>, X509Error> {
    let found: Option<SubjectKeyIdentifier> = find(extensions, ID_CE_SUBJECT_KEY_IDENTIFIER)?;
    Ok(found.map(|identifier| identifier.0.as_bytes().to_vec()))
}

/// Whether this is the identifier of `subjectKeyIdentifier`.
pub(super) fn is_subject_key_identifier(kind: ObjectIdentifier) -> bool {
    kind == ID_CE_SUBJECT_KEY_IDENTIFIER
}

/// The keyIdentifier of `authorityKeyIdentifier`, if present.
pub(super) fn find_authority_key_identifier(extensions: &[Extension]) -> Result<Option<Vec<u8>>, X509Error> {
    let found: Option<AuthorityKeyIdentifier> = find(extensions, ID_CE_AUTHORITY_KEY_IDENTIFIER)?;
    Ok(found
        .and_then(|identifier| identifier.key_identifier)
        .map(|identifier| identifier.as_bytes().to_vec()))
}

/// cA and pathLenConstraint of `basicConstraints`; `None` without this extension.
pub(super) fn find_basic_constraints(
    extensions: &[Extension],
) -> Result<Option<BasicConstraints>, X509Error> {
    find(extensions, ID_CE_BASIC_CONSTRAINTS)
}

/// `keyUsage`, if present.
pub(super) fn find_key_usage(extensions: &[Extension]) -> Result<Option<KeyUsage>, X509Error> {
    find(extensions, ID_CE_KEY_USAGE)
}

/// The purposes of `extKeyUsage`, if present.
pub(super) fn find_purposes(extensions: &[Extension]) -> Result<Option<Vec<ObjectIdentifier>>, X509Error> {
    let found: Option<ExtendedKeyUsage> = find(extensions, ID_CE_EXT_KEY_USAGE)?;
    Ok(found.map(|purposes| purposes.0))
}

/// Every name of `subjectAltName`.
pub(super) fn find_general_names(extensions: &[Extension]) -> Result<Vec<GeneralName>, X509Error> {
    let found: Option<SubjectAltName> = find(extensions, ID_CE_SUBJECT_ALT_NAME)?;
    Ok(found.map(|names| names.0).unwrap_or_default())
}

/// The names of `subjectAltName` that can be issued, and the descriptions of those that cannot.
pub(super) fn find_alternative_names(
    extensions: &[Extension],
) -> Result<(Vec<AlternativeName>, Vec<String>), X509Error> {
    let mut names = Vec::new();
    let mut others = Vec::new();
    for name in find_general_names(extensions)? {
        match AlternativeName::read(&name) {
            Ok(Some(name)) => names.push(name),
            Ok(None) => others.push(describe::describe_general_name(&name)),
            Err(reason) => {
                return Err(X509Error::Malformed {
                    what: "subjectAltName",
                    reason,
                });
            }
        }
    }
    Ok((names, others))
}

/// `nameConstraints`, if present.
pub(super) fn find_name_constraints(extensions: &[Extension]) -> Result<Option<NameConstraints>, X509Error> {
    let found = extensions
        .iter()
        .find(|extension| extension.extn_id == ID_CE_NAME_CONSTRAINTS);
    found
        .map(|extension| NameConstraints::from_der(extension.extn_value.as_bytes()))
        .transpose()
}

/// The extensions that path validation ([`super::path_rules`]) processes; names and purposes are for the user of the certificate.
pub(super) const PROCESSED: [ObjectIdentifier; 5] = [
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_KEY_USAGE,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS,
    ID_CE_SUBJECT_ALT_NAME,
];
