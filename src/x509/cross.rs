//! Cross-certificates: this CA repeats what another CA's certificate says about its subject.

mod compare;
mod content;

pub use compare::{Change, compare_with_original};
pub(super) use content::carried;

use std::borrow::Cow;
use std::collections::BTreeSet;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{
    ID_CE_AUTHORITY_KEY_IDENTIFIER, ID_CE_BASIC_CONSTRAINTS, ID_CE_CERTIFICATE_POLICIES,
    ID_CE_CRL_DISTRIBUTION_POINTS, ID_CE_EXT_KEY_USAGE, ID_CE_INHIBIT_ANY_POLICY, ID_CE_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS, ID_CE_POLICY_CONSTRAINTS, ID_CE_POLICY_MAPPINGS, ID_CE_SUBJECT_ALT_NAME,
    ID_CE_SUBJECT_KEY_IDENTIFIER, ID_PE_AUTHORITY_INFO_ACCESS, ID_PE_SUBJECT_INFO_ACCESS,
};
use x509_cert::ext::Extension;

use super::extension::{self, Context};
use super::profile::{AUTHORITY_USAGE, CarriedExtension, KeyKinds, Profile, ProfileExtension, Role};
use super::{Certificate, NameFault, Rule, UnixTime, X509Error, rules};
use crate::signer::KeySearch;

/// The extensions about the subject, which a cross-certificate repeats. The others are about the issuer, for which this CA uses its own, or are
/// unknown here, and a CA does not certify what it does not understand.
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

/// The keyUsage of a CA whose own certificate has none, such as one by `openssl req -x509` (section 4.2.1.3: "Conforming CAs MUST include this
/// extension in certificates that contain public keys that are used to validate digital signatures on other public key certificates or CRLs").
pub(super) const USAGE_OF_A_CA: ProfileExtension = AUTHORITY_USAGE;

/// Those about where to find this CA and its revocations.
pub(super) const OF_THE_ISSUER: [ObjectIdentifier; 3] = [
    ID_CE_AUTHORITY_KEY_IDENTIFIER,
    ID_CE_CRL_DISTRIBUTION_POINTS,
    ID_PE_AUTHORITY_INFO_ACCESS,
];

/// Those that the profile may add if the original, such as a root, does not have them: not every verifier looks at a trust anchor's extensions (RFC
/// 5280 section 6.1.1 (d)), but all look at those of a cross-certificate.
pub(super) const ADDED: [ObjectIdentifier; 3] = [
    ID_CE_EXT_KEY_USAGE,
    ID_CE_NAME_CONSTRAINTS,
    ID_CE_CERTIFICATE_POLICIES,
];

/// The certificate of a CA that may be cross-certified: its signature by the issuer that it names was verified.
#[derive(Clone, Debug)]
pub struct Original {
    certificate: Certificate,
}

impl Original {
    /// Makes sure that the certificate belongs to a CA, is valid at `now` and has a key that is strong enough, and that its signature verifies,
    /// under its own key or that of the `issuer`.
    ///
    /// # Errors
    /// [`X509Error`]: not a CA, expired, a weak key, a wrong or weak signature, a signature whose key is unknown, or a value that a
    /// cross-certificate must not repeat.
    pub fn verify(
        certificate: Certificate,
        issuer: Option<&Certificate>,
        now: UnixTime,
    ) -> Result<Self, X509Error> {
        certificate.check_authority_flags()?;
        let is_strange = |found: &Extension| found.critical && !CARRIED.contains(&found.extn_id);
        if certificate.extensions().iter().any(is_strange) {
            return Err(certificate.is_no_authority("it has a critical extension that is not supported"));
        }
        if let Some(breach) = content::find_breach(certificate.extensions()) {
            return Err(X509Error::broken_clause(rules::CROSS_ORIGINAL, breach));
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
                    return Err(X509Error::NoOriginalIssuer {
                        issuer: certificate.issuer().clone(),
                        given: Some(issuer.subject().clone()),
                    });
                }
                issuer.check_authority_flags()?;
                certificate.verify_signature(&issuer.public_key()?)?;
            }
            None if certificate.is_self_issued() => {
                certificate.verify_signature(&key)?;
            }
            None => {
                return Err(X509Error::NoOriginalIssuer {
                    issuer: certificate.issuer().clone(),
                    given: None,
                });
            }
        }
        Ok(Self { certificate })
    }

    /// The certificate.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The faults of its subject that a new CA's may not have, and that its cross-certificate repeats: the issuer names in its certificates say
    /// the same.
    #[must_use]
    pub fn subject_faults(&self) -> Vec<NameFault> {
        let subject = self.certificate.subject();
        let mut faults = subject.type_faults();
        faults.extend(subject.check_new(|_| true).err());
        faults
    }

    /// The faults by RFC 5280 that its cross-certificate corrects, in words.
    #[must_use]
    pub fn repairs(&self) -> Vec<String> {
        content::find_repairs(self.certificate.extensions())
    }
}

impl Profile {
    /// The name of the default profile of a cross-certificate.
    pub const CROSS: &'static str = "cross";

    /// The content of the cross-certificate of `original`. `own` is this CA's own profile for intermediates: it provides URLs, limits, waivers and
    /// linter, and the purposes, name constraints and policies that the original lacks.
    ///
    /// # Errors
    /// [`X509Error::Rule`] if the profile contradicts the original.
    pub fn cross(original: &Original, own: Option<&Self>) -> Result<Self, X509Error> {
        let found = original.certificate.extensions();
        let repeated = found.iter().filter(|found| CARRIED.contains(&found.extn_id));
        let mut extensions: Vec<_> = repeated
            .map(|found| {
                let carried = carried(found);
                ProfileExtension::Carried(CarriedExtension {
                    identifier: carried.extn_id,
                    critical: carried.critical,
                    value: carried.extn_value.as_bytes().to_vec(),
                })
            })
            .collect();
        if found.iter().all(|found| found.extn_id != ID_CE_KEY_USAGE) {
            extensions.push(USAGE_OF_A_CA);
        }
        if let Some(own) = own {
            if own.role != Role::Intermediate {
                let found = format!("{} is not a profile for intermediates", own.name);
                return Err(X509Error::broken(rules::PROFILE, found));
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
                key_search: KeySearch::Long,
                refused_keys: None,
            },
        })
    }
}

/// What the profile adds to the original.
fn added_by(own: &Profile, original: &Original) -> Result<Vec<ProfileExtension>, X509Error> {
    const RULE: &Rule = rules::CROSS_EXTENSIONS;
    let found = original.certificate.extensions();
    let mut added = Vec::new();
    for wanted in &own.extensions {
        let kind = extension::kind(wanted);
        let is_there = found.iter().any(|found| found.extn_id == kind);
        match wanted {
            // The original's are kept.
            ProfileExtension::KeyUsage(_)
            | ProfileExtension::SubjectKeyIdentifier
            | ProfileExtension::AuthorityKeyIdentifier => {}
            ProfileExtension::BasicConstraints { path_length, .. } => {
                let constraints = extension::find_basic_constraints(found)?;
                let carried = constraints.and_then(|constraints| constraints.path_len_constraint);
                if path_length.is_some() && *path_length != carried {
                    let found = format!(
                        "profile {} has a different path length than the original",
                        own.name
                    );
                    return Err(X509Error::broken(RULE, found));
                }
            }
            _ if OF_THE_ISSUER.contains(&kind) || (ADDED.contains(&kind) && !is_there) => {
                added.push(wanted.clone());
            }
            // Stating the same thing twice is not a contradiction.
            _ if is_there && says_the_same(wanted, original)? => {}
            _ => {
                let name = extension::extension_name(kind);
                let found = format!(
                    "profile {} sets its own {name}, but the original's is kept",
                    own.name
                );
                return Err(X509Error::broken(RULE, found));
            }
        }
    }
    Ok(added)
}

/// Whether the original has an extension with the same content; the order of purposes does not matter.
fn says_the_same(wanted: &ProfileExtension, original: &Original) -> Result<bool, X509Error> {
    let certificate = &original.certificate;
    let key = certificate.public_key()?;
    let context = Context {
        key: &key,
        key_identifier: None,
        subject_is_empty: certificate.subject().is_empty(),
        authority_key_identifier: &[],
        serial: None,
        names: &[],
    };
    let Some(wanted) = extension::build(wanted, context)? else {
        return Ok(false);
    };
    let mut found = certificate.extensions().iter();
    let found = found.find(|found| found.extn_id == wanted.extn_id);
    if wanted.extn_id == ID_CE_EXT_KEY_USAGE {
        let purposes = |extensions: &[Extension]| {
            let purposes = extension::find_purposes(extensions)?;
            Ok::<_, X509Error>(purposes.map(|purposes| purposes.into_iter().collect::<BTreeSet<_>>()))
        };
        return Ok(purposes(std::slice::from_ref(&wanted))? == purposes(certificate.extensions())?);
    }
    Ok(found.is_some_and(|found| found.extn_value == wanted.extn_value))
}
