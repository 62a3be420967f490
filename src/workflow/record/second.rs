//! A second certificate of a CA, and a second key under its name. The operator can waive each rule with a separate flag.

use std::collections::BTreeSet;

use super::known::{NamedAuthority, authority_certificates_in_any_spelling};
use crate::ledger::{Authority, Digest, EntryId, Ledger};
use crate::workflow::WorkflowError;
use crate::workflow::record::KnownAs;
use crate::x509::{Name, UnixTime, X509Error, rules};

/// What an operator waives for a CA's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waivers {
    /// Another certificate of the same name and key is still valid.
    pub second_certificate: bool,
    /// A certificate of the same name and another key is still valid.
    pub same_name_other_key: bool,
}

/// A future CA certificate, as these rules see it.
pub(in super::super) struct NewAuthority<'a> {
    pub(in super::super) subject: &'a Name,
    pub(in super::super) authority: Authority,
    /// Only a certificate of the same issuer counts as a second one: a cross-certificate always has the name and key of another certificate.
    pub(in super::super) cross_issuer: Option<&'a Name>,
    /// The certificate that is being adopted.
    pub(in super::super) itself: Option<Digest>,
    /// Its own entry, once it has begun. Then only earlier entries count.
    pub(in super::super) entry: Option<EntryId>,
}

/// A CA certificate of the same name.
#[derive(Clone, Debug)]
pub(in super::super) struct Namesake {
    /// Its name in messages.
    pub(in super::super) place: String,
    /// SHA-256 of its key, if known.
    pub(in super::super) key: Option<Digest>,
    /// The name of its issuer.
    pub(in super::super) issuer: Name,
    pub(in super::super) not_after: UnixTime,
    /// Whether its bytes are known. If not, it may still have been signed.
    pub(in super::super) is_signed: bool,
}

impl From<NamedAuthority> for Namesake {
    fn from(found: NamedAuthority) -> Self {
        Self {
            place: found.known.to_string(),
            key: found.key,
            issuer: found.issuer,
            not_after: found.not_after,
            is_signed: found.certificate.is_some(),
        }
    }
}

impl NewAuthority<'_> {
    /// Looks for other unexpired certificates with the CA's name. Revoked ones count too, and open entries that may have been signed. Returns
    /// the rules that are broken and waived.
    ///
    /// # Errors
    /// The rule `second-certificate` or `same-name-other-key`
    pub(in super::super) fn check(
        &self,
        ledger: &dyn Ledger,
        waivers: Waivers,
        now: UnixTime,
    ) -> Result<Vec<String>, WorkflowError> {
        self.check_besides(ledger, &BTreeSet::new(), waivers, now)
    }

    /// The same, without these entries.
    ///
    /// # Errors
    /// Those of [`check`](Self::check)
    pub(in super::super) fn check_besides(
        &self,
        ledger: &dyn Ledger,
        besides: &BTreeSet<EntryId>,
        waivers: Waivers,
        now: UnixTime,
    ) -> Result<Vec<String>, WorkflowError> {
        let named = authority_certificates_in_any_spelling(ledger, self.subject, &self.authority)?;
        let counts = |found: &NamedAuthority| match found.known {
            KnownAs::Entry(entry) => !besides.contains(&entry),
            _ => true,
        };
        let others = named
            .into_iter()
            .filter(|found| self.is_other(found) && counts(found));
        self.check_against(others.map(Namesake::from), waivers, now)
    }

    /// The same check, against certificates that the ledger may not have yet.
    ///
    /// # Errors
    /// Those of [`check`](Self::check)
    pub(in super::super) fn check_against(
        &self,
        namesakes: impl Iterator<Item = Namesake>,
        waivers: Waivers,
        now: UnixTime,
    ) -> Result<Vec<String>, WorkflowError> {
        let mut waived = Vec::new();
        for found in namesakes {
            if found.not_after < now {
                continue;
            }
            let is_same_key = found.key.is_none_or(|key| key == self.authority.key_sha256);
            if is_same_key && self.cross_issuer.is_some_and(|issuer| *issuer != found.issuer) {
                continue;
            }
            let (rule, is_waived, words) = match is_same_key {
                true => (
                    rules::SECOND_CERTIFICATE,
                    waivers.second_certificate,
                    "the same key",
                ),
                false => (
                    rules::SAME_NAME_OTHER_KEY,
                    waivers.same_name_other_key,
                    "another key",
                ),
            };
            if !is_waived {
                let open = if found.is_signed {
                    ""
                } else {
                    "which may have been signed, "
                };
                let found = format!(
                    "a CA certificate with this name and {words} already exists: {}, {open}valid until {}",
                    found.place, found.not_after
                );
                return Err(X509Error::broken(rule, found).into());
            }
            if !waived.iter().any(|waived| waived == rule.name) {
                waived.push(rule.name.to_owned());
            }
        }
        Ok(waived)
    }

    fn is_other(&self, found: &NamedAuthority) -> bool {
        let is_itself = self.itself.is_some() && self.itself == found.sha256;
        let is_later = match (self.entry, found.known) {
            (Some(own), KnownAs::Entry(entry)) => entry >= own,
            _ => false,
        };
        !is_itself && !is_later
    }
}
