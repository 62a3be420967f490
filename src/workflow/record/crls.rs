//! The CRLs of one CA in their order: none may say less than the one before.

use std::ops::ControlFlow;

use super::{Recorder, authority_of};
use crate::ledger::{
    CrlNumber, CrlNumberProblem, Entry, EntryFilter, EntryId, EntryState, LedgerError, Object,
    RevocationRecord, RevocationState,
};
use crate::workflow::WorkflowError;
use crate::x509::{Certificate, CertificateRevocationList, X509Error, rules};

/// The last complete CRL of a CA that was signed.
pub(in super::super) struct LastCrl {
    pub(in super::super) number: CrlNumber,
    pub(in super::super) entries: u64,
    /// The number of holds that ended after it.
    pub(in super::super) released_since: u64,
}

/// Whether it is the CRL of one distribution point (a shard), which has only part of the entries. A CRL that was too large to keep counts as a
/// complete one; a complete one has at least as many entries.
fn is_of_one_point(state: &EntryState) -> bool {
    let list = state
        .der()
        .map(|der| CertificateRevocationList::from_der(der.0.clone()));
    let url = list.and_then(|list| list.ok()?.distribution_point_url().ok()?);
    url.is_some()
}

/// The most certificates that are read for one question.
const MOST_LOOKED_AT: u32 = 10_000;

impl Recorder {
    /// Refuses this CRL if the CA has another one that began after `since` and not together with this one. The other may have a lower number,
    /// and revocations that were recorded after this one read them.
    ///
    /// # Errors
    /// [`CrlNumberProblem::Passed`]; `own` is then abandoned.
    pub(in super::super) fn refuse_crl_in_between(
        &mut self,
        authority: &Certificate,
        since: u64,
        own: EntryId,
        begun: &[EntryId],
    ) -> Result<(), WorkflowError> {
        let (mut number, mut other) = (CrlNumber::ZERO, false);
        self.newest_entries(authority, &mut |entry| {
            if entry.id.0 <= since {
                return ControlFlow::Break(());
            }
            if let Object::Crl { number: found, .. } = entry.object {
                match entry.id == own {
                    true => number = found,
                    false => other |= entry.id < own && !begun.contains(&entry.id),
                }
            }
            ControlFlow::Continue(())
        })?;
        if !other {
            return Ok(());
        }
        let problem = CrlNumberProblem::Passed;
        self.abandon(&[own], &problem.to_string());
        Err(LedgerError::CrlNumber { number, problem }.into())
    }

    /// RFC 5280 section 5.2.3: the numbers of a CA's CRLs rise. The newest CRL that began has the highest number. Two CRLs of the same kind,
    /// complete or delta, cannot have the same number.
    ///
    /// # Errors
    /// The rule `crl-number`, [`CrlNumberProblem::Used`]
    pub(in super::super) fn refuse_lower_crl_number(
        &self,
        authority: &Certificate,
        asked: CrlNumber,
        is_delta: bool,
    ) -> Result<(), WorkflowError> {
        let mut last = None;
        self.newest_entries(authority, &mut |entry| match entry.object {
            Object::Crl { number, base, .. } => {
                last = Some((number, base.is_some(), entry.id));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        })?;
        match last {
            Some((number, _, entry)) if asked < number => {
                let next = number
                    .next()
                    .map_or_else(String::new, |next| format!(" {next} or more, or"));
                let found = format!(
                    "{asked} was requested, but the last CRL of this CA has {number} (entry {entry} of the ledger), and numbers must increase: \
                     request{next} no number"
                );
                Err(X509Error::broken(rules::CRL_NUMBER, found).into())
            }
            Some((number, of_delta, _)) if asked == number && of_delta == is_delta => {
                let problem = CrlNumberProblem::Used;
                Err(LedgerError::CrlNumber { number, problem }.into())
            }
            _ => Ok(()),
        }
    }

    pub(in super::super) fn last_crl(
        &self,
        authority: &Certificate,
    ) -> Result<Option<LastCrl>, WorkflowError> {
        let mut last = None;
        self.newest_entries(authority, &mut |entry| match (entry.object, entry.state) {
            (
                Object::Crl {
                    number,
                    base: None,
                    entries,
                    ..
                },
                state @ (EntryState::Signed { .. } | EntryState::Adopted { .. }),
            ) if !is_of_one_point(&state) => {
                last = Some((number, entries));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        })?;
        let Some((number, entries)) = last else {
            return Ok(None);
        };
        let spellings = self.spellings_of(&authority_of(authority)?)?;
        let mut reserved = None;
        for spelling in &spellings {
            reserved = reserved.or(self.ledger().crl_number(spelling, number)?);
        }
        let mut released_since = 0;
        let mut count = |one: RevocationRecord| {
            released_since += u64::from(one.state == RevocationState::Released);
            ControlFlow::Continue(())
        };
        for spelling in &spellings {
            let since = reserved.as_ref().map(|reserved| reserved.event);
            self.ledger().revocations(spelling, since, &mut count)?;
        }
        Ok(Some(LastCrl {
            number,
            entries,
            released_since,
        }))
    }

    /// Whether a certificate of this CA names `url` as a distribution point. Reads only the newest certificates whose bytes are in the ledger.
    pub(in super::super) fn is_pointed_at(
        &self,
        authority: &Certificate,
        url: &str,
    ) -> Result<bool, WorkflowError> {
        let (mut found, mut looked_at) = (false, 0);
        self.newest_entries(authority, &mut |entry| {
            if let Object::Certificate { .. } = entry.object
                && let Some(der) = entry.state.der()
                && let Ok(certificate) = Certificate::from_der(&der.0)
            {
                looked_at += 1;
                found = certificate.names_distribution_point(url).unwrap_or(false);
            }
            match found || looked_at == MOST_LOOKED_AT {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        Ok(found)
    }

    /// Passes on each URL that an unexpired certificate of this CA names as a distribution point.
    pub(in super::super) fn each_named_point(
        &self,
        authority: &Certificate,
        each: &mut dyn FnMut(&str),
    ) -> Result<(), WorkflowError> {
        let (now, mut problem) = (self.now(), None);
        self.newest_entries(authority, &mut |entry| {
            if entry.object.not_after().is_none_or(|end| end < now) {
                return ControlFlow::Continue(());
            }
            let Some(der) = entry.state.der() else {
                return ControlFlow::Continue(());
            };
            let urls =
                Certificate::from_der(&der.0).and_then(|certificate| certificate.distribution_point_urls());
            match urls {
                Ok(urls) => urls.iter().for_each(|url| each(url)),
                Err(error) => problem = Some(error),
            }
            match &problem {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        })?;
        problem.map_or(Ok(()), |error| Err(error.into()))
    }

    fn newest_entries(
        &self,
        authority: &Certificate,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), WorkflowError> {
        let own = authority_of(authority)?;
        let spellings = self.spellings_of(&own)?;
        let is_split = spellings.len() > 1;
        let filter = EntryFilter {
            authority: (!is_split).then_some(own),
            ..EntryFilter::default()
        };
        Ok(self.ledger().entries(&filter, &mut |entry| match !is_split
            || spellings.iter().any(|spelling| spelling.is(&entry.authority))
        {
            true => each(entry),
            false => ControlFlow::Continue(()),
        })?)
    }

    /// Refuses a CA whose own certificate is revoked in this ledger, whichever CA issued it: its signatures must not be accepted now.
    ///
    /// # Errors
    /// The rule `issuer-status`
    pub(in super::super) fn refuse_revoked(&self, authority: &Certificate) -> Result<(), WorkflowError> {
        let filter = EntryFilter {
            serial: Some(authority.serial_number()),
            ..EntryFilter::default()
        };
        let mut revoked = None;
        self.ledger().entries(&filter, &mut |entry| {
            let is_it = entry.state.der().is_some_and(|der| der.0 == authority.der());
            if let Some(RevocationState::Revoked { reason, .. }) = entry.revocation.map(|last| last.state)
                && is_it
            {
                revoked = Some((entry.id, reason));
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        let Some((entry, reason)) = revoked else {
            return Ok(());
        };
        let found = format!(
            "the CA certificate is revoked, {}: entry {entry} of the ledger",
            reason.name()
        );
        Err(X509Error::broken(rules::ISSUER_STATUS, found).into())
    }
}
