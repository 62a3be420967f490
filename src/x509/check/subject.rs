//! Checks the subject and its key.

use super::{Plan, broken};
use crate::signer::{KeyFault, KeyList, KeySearch, PublicKey};
use crate::x509::profile::Role;
use crate::x509::summary::rule_of;
use crate::x509::{Issuer, Name, X509Error, extension, rules};

impl Plan<'_> {
    /// RFC 5280 section 4.1.2.6: a CA must have a name, and a certificate under it must have a different one. The name of an end entity may be
    /// empty if subjectAltName has names.
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

    /// The source of subject and key.
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
        let refused = profile.refused_keys.as_ref();
        refuse_fault(refused.and_then(|list| list.find_fault(&key)))?;
        // All faults except `key-composite` and `key-medium-factors`. Another thread searches for those; `Checked::confirm_key` waits for it.
        refuse_fault(key.find_quick_fault(profile.key_search))
    }
}

/// Checks a key for known faults, each with its rule. `refused` lists keys whose private keys others know.
///
/// # Errors
/// The broken rule.
pub fn check_quality(key: &PublicKey, search: KeySearch, refused: Option<&KeyList>) -> Result<(), X509Error> {
    let listed = refused.and_then(|list| list.find_fault(key));
    refuse_fault(listed.or_else(|| key.find_fault(search)))
}

/// The same for the key of an existing CA. Its exponent may be below 65537, as with old CAs: that does not reveal the private key.
///
/// # Errors
/// The broken rule.
pub fn check_existing_key(key: &PublicKey, refused: Option<&KeyList>) -> Result<(), X509Error> {
    const USUAL_EXPONENT: [u8; 3] = [1, 0, 1];
    match key.rsa_integers() {
        Some((modulus, _)) if key.find_quick_fault(KeySearch::Short) == Some(KeyFault::Exponent) => {
            check_quality(
                &PublicKey::from_rsa(modulus, &USUAL_EXPONENT)?,
                KeySearch::Long,
                refused,
            )
        }
        _ => check_quality(key, KeySearch::Long, refused),
    }
}

/// Waits for the search of a key that passed [`PublicKey::find_quick_fault`].
///
/// # Errors
/// The rules `key-composite` and `key-medium-factors`
pub(in crate::x509) fn confirm_quality(key: &PublicKey, search: KeySearch) -> Result<(), X509Error> {
    refuse_fault(key.find_slow_fault(search))
}

fn refuse_fault(fault: Option<KeyFault>) -> Result<(), X509Error> {
    match fault {
        None => Ok(()),
        Some(fault) => broken(rule_of(fault), fault.to_string()),
    }
}
