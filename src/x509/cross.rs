//! Cross-certificates: what another CA's certificate says of its subject, said once more by this CA.

mod compare;

pub use compare::{Change, compare_with_original};

use std::borrow::Cow;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_INHIBIT_ANY_POLICY, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS, ID_CE_POLICY_MAPPINGS, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER, ID_PE_AUTHORITY_INFO_ACCESS, ID_PE_SUBJECT_INFO_ACCESS,
};

use super::profile::{CarriedExtension, KeyKinds, Profile, ProfileExtension, Role};
use super::{Certificate, UnixTime, X509Error, extension};

/// The extensions about the subject, which a cross-certificate repeats. Others are about the issuer, and this CA says its own; or are
/// not known here, and nobody vouches for what he does not understand.
pub(super) const CARRIED: [ObjectIdentifier; 11] = [
    ID_CE_BASIC_CONSTRAINTS,
    ID_CE_KEY_USAGE,
    ID_CE_EXT_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS,
    ID_CE_CERTIFICATE_POLICIES,
    ID_CE_POLICY_MAPPINGS,
    ID_CE_POLICY_CONSTRAINTS,
    ID_CE_INHIBIT_ANY_POLICY,
    ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER,
    ID_PE_SUBJECT_INFO_ACCESS,
];

/// Those that say how this CA is found and what it revoked.
pub(super) const OF_THE_ISSUER: [ObjectIdentifier; 3] = [
    ID_CE_AUTHORITY_KEY_IDENTIFIER,
    ID_CE_CRL_DISTRIBUTION_POINTS,
    ID_PE_AUTHORITY_INFO_ACCESS,
];

/// Those that an own profile may add where the original, as that of a root, has none: a trust anchor's are not looked at by everybody
/// (RFC 5280 section 6.1.1 (d)), a cross-certificate's are.
pub(super) const ADDED: [ObjectIdentifier; 3] = [
    ID_CE_EXT_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS,
    ID_CE_CERTIFICATE_POLICIES,
];

/// The certificate of a CA that may be cross-certified: what it says was signed by whom it names.
#[derive(Clone, Debug)]
pub struct Original {
    certificate: Certificate,
}

impl Original {
    /// Makes sure that it is the certificate of a CA, valid at `now`, with a key that is strong enough, and that its signature verifies:
    /// under its own key, or under that of the `issuer`.
    ///
    /// # Errors
    /// [`X509Error`]: not a CA, expired, a weak key, a wrong or weak signature, or one whose key is not known.
    pub fn verify(
        certificate: Certificate,
        issuer: Option<&Certificate>,
        now: UnixTime,
    ) -> Result<Self, X509Error> {
        certificate.check_authority_flags()?;
        let is_strange =
            |found: &x509_cert::ext::Extension| found.critical && !CARRIED.contains(&found.extn_id);
        if certificate.extensions().iter().any(is_strange) {
            return Err(certificate.is_no_authority("it has a critical extension that is not known here"));
        }
        certificate.check_time(now)?;
        let key = certificate.public_key()?;
        if key.algorithm().rsa_bits().is_some_and(|bits| bits < 2048) {
            return Err(X509Error::WeakKey {
                found: key.algorithm(),
            });
        }
        match issuer {
            Some(issuer) => {
                if !issuer.subject().is_like(certificate.issuer()) {
                    let found = format!(
                        "\"{}\" issued it, not \"{}\"",
                        certificate.issuer(),
                        issuer.subject()
                    );
                    return Err(X509Error::broken("cross-original", found));
                }
                issuer.check_authority_flags()?;
                certificate.verify_signature(&issuer.public_key()?)?;
            }
            None if certificate.is_self_issued() => {
                certificate.verify_signature(&key)?;
            }
            None => {
                let found = format!(
                    "\"{}\" issued it, without whose certificate it cannot be verified",
                    certificate.issuer()
                );
                return Err(X509Error::broken("cross-original", found));
            }
        }
        Ok(Self { certificate })
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

impl Profile {
    /// The name of the profile of a cross-certificate that no file has more to say of.
    pub const CROSS: &'static str = "cross";

    /// What the cross-certificate of `original` holds. `own` is this CA's own profile for intermediates: from it come URLs, limits,
    /// waivers and linter, and purposes, name constraints and policies that the original has not.
    ///
    /// # Errors
    /// [`X509Error::Rule`] where the profile says something else than the original.
    pub fn cross(original: &Original, own: Option<&Self>) -> Result<Self, X509Error> {
        let found = original.certificate.extensions();
        let carried = found.iter().filter(|found| CARRIED.contains(&found.extn_id));
        let mut extensions: Vec<_> = carried
            .map(|found| {
                ProfileExtension::Carried(CarriedExtension {
                    identifier: found.extn_id,
                    critical: found.critical,
                    value: found.extn_value.as_bytes().to_vec(),
                })
            })
            .collect();
        if let Some(own) = own {
            if own.role != Role::Intermediate {
                let found = format!("{} is no profile of intermediates", own.name);
                return Err(X509Error::broken("profile", found));
            }
            extensions.extend(added_by(own, original)?);
        }
        if original.certificate.subject_key_identifier()?.is_none() {
            extensions.push(ProfileExtension::SubjectKeyIdentifier);
        }
        extensions.push(ProfileExtension::AuthorityKeyIdentifier);
        Ok(match own {
            Some(own) => Self {
                name: Cow::Owned(format!("{}:{}", Self::CROSS, own.name)),
                extensions,
                ..own.clone()
            },
            None => Self {
                name: Cow::Borrowed(Self::CROSS),
                role: Role::Intermediate,
                extensions,
                default_days: 3652,
                longest_days: None,
                longest_pem: None,
                longest_chain: None,
                keys: KeyKinds::of_authorities(),
                signed_by: KeyKinds::of_authorities(),
                waived: Vec::new(),
                linter: None,
                key_identifier: None,
            },
        })
    }
}

/// What a profile says that the original does not.
fn added_by(own: &Profile, original: &Original) -> Result<Vec<ProfileExtension>, X509Error> {
    const RULE: &str = "cross-extensions";
    let found = original.certificate.extensions();
    let mut added = Vec::new();
    for wanted in &own.extensions {
        let kind = extension::kind(wanted);
        let is_there = found.iter().any(|found| found.extn_id == kind);
        match wanted {
            // The original's, as they are.
            ProfileExtension::KeyUsage(_)
            | ProfileExtension::SubjectKeyIdentifier
            | ProfileExtension::AuthorityKeyIdentifier => {}
            ProfileExtension::BasicConstraints { path_length, .. } => {
                let constraints = extension::find_basic_constraints(found)?;
                let carried = constraints.and_then(|constraints| constraints.path_len_constraint);
                if path_length.is_some() && *path_length != carried {
                    let found = format!(
                        "the profile {} has another path length than the original",
                        own.name
                    );
                    return Err(X509Error::broken(RULE, found));
                }
            }
            _ if OF_THE_ISSUER.contains(&kind) || (ADDED.contains(&kind) && !is_there) => {
                added.push(wanted.clone());
            }
            _ => {
                let name = extension::extension_name(kind);
                let found = format!(
                    "the profile {} has its own {name}, and the original's is kept",
                    own.name
                );
                return Err(X509Error::broken(RULE, found));
            }
        }
    }
    Ok(added)
}
