//! The subject and its key.

use super::{Plan, broken};
use crate::signer::{KeyFault, PublicKey};
use crate::x509::profile::Role;
use crate::x509::summary::rule_of;
use crate::x509::{Issuer, Name, X509Error, extension, rules};

impl Plan<'_> {
    /// RFC 5280 section 4.1.2.6: a CA has a name of its own; a certificate under it has another's. An end entity may have an empty one,
    /// when it has names in subjectAltName.
    pub(super) fn check_subject(&self) -> Result<(), X509Error> {
        let subject = Name::from_any(&self.tbs.subject, "subject")?;
        let profile = &self.of.profile;
        let sound = match self.of.original {
            Some(_) => subject.check_established(),
            None => subject.check_new(|rule| profile.waives(rule)),
        };
        sound.map_err(|fault| X509Error::broken(fault.rule, fault.found))?;
        let has_names = !extension::find_alternative_names(self.extensions())?.0.is_empty();
        if subject.is_empty() && !(self.of.profile.role == Role::Leaf && has_names) {
            return broken(rules::SUBJECT, "the subject is empty");
        }
        if matches!(self.issuer, Issuer::Authority(_))
            && subject.is_like(&Name::from_any(&self.tbs.issuer, "issuer")?)
        {
            return broken(
                rules::SUBJECT,
                format!("{} carries the CA's own name", self.whose()),
            );
        }
        Ok(())
    }

    /// Where subject and key come from.
    const fn whose(&self) -> &'static str {
        match self.of.original {
            Some(_) => "the original",
            None => "the request",
        }
    }

    pub(super) fn check_key(&self) -> Result<(), X509Error> {
        let key = self.subject_key()?;
        if key.algorithm().rsa_bits().is_some_and(|bits| bits < 2048) {
            return Err(X509Error::WeakKey {
                found: key.algorithm(),
            });
        }
        let profile = &self.of.profile;
        for (kinds, algorithm) in [
            (&profile.keys, key.algorithm()),
            (&profile.signed_by, self.of.issuer_key.algorithm()),
        ] {
            if !kinds.include(algorithm) {
                let found = format!("{} certificates do not accept an {algorithm} key", profile.name);
                return broken(rules::KEY_KIND, found);
            }
        }
        if matches!(self.issuer, Issuer::Authority(_)) && key.has_numbers_of(&self.of.issuer_key) {
            return broken(
                rules::SUBJECT_KEY,
                format!("{} carries the CA's own key", self.whose()),
            );
        }
        // All but `key-composite`, for which another thread looks: `Checked::confirm_key` waits for it.
        refuse_fault(key.find_quick_fault())
    }
}

/// The known faults of keys, each with its rule.
///
/// # Errors
/// The rule that is broken
pub fn check_quality(key: &PublicKey) -> Result<(), X509Error> {
    refuse_fault(key.find_fault())
}

fn refuse_fault(fault: Option<KeyFault>) -> Result<(), X509Error> {
    match fault {
        None => Ok(()),
        Some(fault) => broken(rule_of(fault), fault.to_string()),
    }
}
