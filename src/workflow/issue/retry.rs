//! A request that is given once more: its certificate is in the ledger, and another one would be a second for the same purpose.

use std::collections::HashMap;

use super::{PLACEHOLDER, RequestOutcome, RequestSource, SigningJob, Terms};
use crate::ledger::{Authority, Entry, EntryId, RevocationState};
use crate::output::OutputError;
use crate::workflow::named::refusal_of;
use crate::workflow::record::{authority_of, require_known};
use crate::workflow::recorded::reread_certificate;
use crate::workflow::{Recorder, WorkflowError};
use crate::x509::{Issued, UnixTime, Validity, VerifiedRequest};

/// Seconds from the moment that a certificate's dates are chosen to its entry in the ledger: someone types a PIN in between.
const LONGEST_WAIT: u64 = 3600;

/// So many certificates of one request are looked at, the newest first.
const LOOKED_AT: u64 = 16;

/// Where the certificate for a request comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// It is signed now.
    New,
    /// It was signed before, and is delivered as it is.
    Recorded(EntryId),
    /// It was signed before, and is where it should go.
    There(EntryId),
    /// The same request stands in this job before, at that place.
    Earlier(usize),
    /// Nowhere: the request is refused, and the others go on.
    Refused,
}

impl<R: RequestSource> SigningJob<R> {
    /// Looks for certificates that were signed for these requests before. One that has the same fields and the same length of validity, is
    /// not revoked, and has more than two thirds of its life left, is delivered instead of signing another. A request that is in the job
    /// twice gets one certificate. With `again` in the request of the job, every one is signed.
    ///
    /// # Errors
    /// What the requests say; the rule `compromised-key`; [`WorkflowError::Output`] for a place that is taken; that the ledger cannot be
    /// read, or that a certificate in it does not verify.
    pub fn look_back(mut self, recorder: &Recorder) -> Result<LookedBack<R>, R::Error> {
        self.look(recorder)?;
        if self.items.iter().any(|item| matches!(item.source, Source::New)) {
            return Ok(LookedBack::ToSign(self));
        }
        Ok(LookedBack::AllRecorded(RecordedJob(self)))
    }

    /// Looks once more if the ledger has gone on: another process may have signed the same while someone typed a PIN.
    pub(super) fn look(&mut self, recorder: &Recorder) -> Result<(), R::Error> {
        require_known(recorder.ledger(), &self.terms.authority.value)?;
        let count = recorder.ledger().head().map_err(WorkflowError::from)?.count;
        if self.looked_at == Some(count) {
            return Ok(());
        }
        let authority = authority_of(&self.terms.authority.value).map_err(WorkflowError::from)?;
        let compromised = recorder.compromised_keys()?;
        let mut seen = HashMap::new();
        for index in 0..self.items.len() {
            let Some(item) = self.items.get(index).copied() else {
                break;
            };
            let Some(hash) = item.hash.filter(|_| !matches!(item.source, Source::Refused)) else {
                continue;
            };
            if let Some(entry) = compromised.get(&item.key) {
                let name = self.requests.name(index);
                let error = refusal_of(&name, Recorder::compromised_by(*entry).into());
                self.refuse(index, error.into())?;
                continue;
            }
            let source = match seen.get(&hash) {
                _ if self.terms.again => Source::New,
                Some(earlier) => Source::Earlier(*earlier),
                None => match self.find_recorded(recorder, &authority, index) {
                    Ok(source) => source,
                    Err(error) => {
                        self.refuse(index, error)?;
                        continue;
                    }
                },
            };
            if item.is_occupied && !matches!(source, Source::There(_)) {
                let error = self.occupied(index);
                self.refuse(index, error)?;
                continue;
            }
            seen.entry(hash).or_insert(index);
            if let Some(of) = self.items.get_mut(index) {
                of.source = source;
            }
        }
        self.looked_at = Some(count);
        Ok(())
    }

    fn find_recorded(
        &self,
        recorder: &Recorder,
        authority: &Authority,
        index: usize,
    ) -> Result<Source, R::Error> {
        let Some(item) = self.items.get(index) else {
            return Ok(Source::Refused);
        };
        let Some(hash) = item.hash else {
            return Ok(Source::Refused);
        };
        let ledger = recorder.ledger();
        let found = ledger
            .certificates_for(authority, hash.digest(), LOOKED_AT)
            .map_err(WorkflowError::from)?;
        if found.is_empty() {
            return Ok(Source::New);
        }
        let (request, delivery) = self.read_again(index)?;
        let Some((entry, issued)) = self.terms.find_repeated(found, &request)? else {
            return Ok(Source::New);
        };
        Ok(match item.is_occupied && delivery.place_of(&issued).is_some() {
            true => Source::There(entry),
            false => Source::Recorded(entry),
        })
    }

    /// What is in the place is not the certificate for this request.
    fn occupied(&self, index: usize) -> R::Error {
        match self.requests.read(index) {
            Ok(given) => {
                let path = given.delivery.path().cloned().unwrap_or_default();
                WorkflowError::from(OutputError::Exists { path }).into()
            }
            Err(error) => error,
        }
    }
}

impl Terms {
    /// The certificate among these that says what would be signed now.
    fn find_repeated(
        &self,
        found: Vec<Entry>,
        request: &VerifiedRequest,
    ) -> Result<Option<(EntryId, Issued)>, WorkflowError> {
        let planned = self.check(request, &PLACEHOLDER)?;
        for entry in found {
            let revocation = entry.revocation.as_ref().map(|revocation| &revocation.state);
            if matches!(revocation, Some(RevocationState::Revoked { .. })) {
                continue;
            }
            let issued = reread_certificate(&entry, &self.authority_key)?;
            let certificate = issued.certificate();
            if planned.is_repeated_by(certificate)?
                && self.starts_alike(certificate.validity(), entry.begun.time)
                && lasts_as_long(self.validity, certificate.validity())
                && is_young(certificate.validity(), self.now)
            {
                return Ok(Some((entry.id, issued)));
            }
        }
        Ok(None)
    }

    /// Both start at the time of their own run, or both at one time that was requested.
    fn starts_alike(&self, recorded: Validity, begun: UnixTime) -> bool {
        let is_asked = self.validity.not_before != self.now;
        let was_asked = recorded.not_before.0.abs_diff(begun.0) > LONGEST_WAIT;
        match (is_asked, was_asked) {
            (false, false) => true,
            (true, true) => self.validity.not_before == recorded.not_before,
            _ => false,
        }
    }
}

/// What looking back has found.
#[derive(Debug)]
pub enum LookedBack<R: RequestSource> {
    /// Something must be signed.
    ToSign(SigningJob<R>),
    /// Nothing has: the token is not needed.
    AllRecorded(RecordedJob<R>),
}

/// A job whose certificates were all signed before.
#[derive(Debug)]
pub struct RecordedJob<R: RequestSource>(SigningJob<R>);

impl<R: RequestSource> RecordedJob<R> {
    /// Delivers them; `each` gets every result, in the order of the requests.
    ///
    /// # Errors
    /// What the requests say; [`WorkflowError`]; [`WorkflowError::Partly`] names the certificates that were delivered before the failure.
    pub fn deliver(
        self,
        recorder: &mut Recorder,
        each: &mut dyn FnMut(RequestOutcome<R::Error>),
    ) -> Result<(), R::Error> {
        recorder.refuse_revoked(&self.0.terms.authority.value)?;
        self.0.run_with(None, recorder, &(), each)
    }
}

/// The same days were asked for; or both end with the CA, or at a time that was requested.
fn lasts_as_long(asked: Validity, recorded: Validity) -> bool {
    let length = |validity: Validity| validity.not_after.0.saturating_sub(validity.not_before.0);
    length(asked) == length(recorded) || asked.not_after.0 == recorded.not_after.0
}

/// Whether more than two thirds of its life are left. After that, the same request means a renewal.
const fn is_young(validity: Validity, now: UnixTime) -> bool {
    let life = validity.not_after.0.saturating_sub(validity.not_before.0);
    let left = validity.not_after.0.saturating_sub(now.0);
    left.saturating_mul(3) > life.saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn validity(not_before: u64, not_after: u64) -> Validity {
        Validity {
            not_before: UnixTime(not_before),
            not_after: UnixTime(not_after),
        }
    }

    #[test]
    fn a_certificate_is_young_for_the_first_third_of_its_life() {
        let year = validity(1000, 4000);
        for (now, young) in [
            (0, true),
            (1000, true),
            (1999, true),
            (2000, false),
            (2001, false),
            (5000, false),
        ] {
            assert_eq!(is_young(year, UnixTime(now)), young, "{now}");
        }
        assert!(!is_young(validity(5, 5), UnixTime(5)));
    }

    #[test]
    fn the_same_days_or_the_same_end_are_as_long() {
        assert!(lasts_as_long(validity(10, 110), validity(0, 100)));
        assert!(lasts_as_long(validity(10, 100), validity(0, 100)));
        assert!(!lasts_as_long(validity(10, 120), validity(0, 100)));
    }
}
