//! A request that is given once more: its certificate is in the ledger, and another one would be a second for the same purpose.

use std::collections::HashMap;
use std::path::PathBuf;

use super::{IssueSummary, PLACEHOLDER, RequestToSign, SigningJob, Terms, after, everything_asked};
use crate::ledger::{Digest, EntryId, LedgerError, RevocationState};
use crate::workflow::record::{authority_of, require_known};
use crate::workflow::recorded::reread_certificate;
use crate::workflow::{Delivered, Recorder, WorkflowError};
use crate::x509::{UnixTime, Validity, VerifiedRequest};

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
    /// The same request stands in this job before, at that place.
    Earlier(usize),
}

impl<R, E> SigningJob<R>
where
    R: Iterator<Item = Result<RequestToSign, E>> + Clone,
    E: From<WorkflowError>,
{
    /// Looks for certificates that were signed for these requests before. One that has the same fields and the same length of validity, is
    /// not revoked, and has more than two thirds of its life left, is delivered instead of signing another. A request that is in the job
    /// twice gets one certificate. With `again` in the request of the job, every one is signed.
    ///
    /// # Errors
    /// What the iterator says; that the ledger cannot be read, or that a certificate in it does not verify.
    pub fn look_back(mut self, recorder: &Recorder) -> Result<LookedBack<R>, E> {
        self.look(recorder)?;
        if self.sources.iter().any(|source| matches!(source, Source::New)) {
            return Ok(LookedBack::ToSign(self));
        }
        Ok(LookedBack::AllRecorded(RecordedJob(self)))
    }

    /// Looks once more if the ledger has gone on: another process may have signed the same while someone typed a PIN.
    pub(super) fn look(&mut self, recorder: &Recorder) -> Result<(), E> {
        require_known(recorder.ledger(), &self.terms.authority.value)?;
        let count = recorder.ledger().head().map_err(WorkflowError::from)?.count;
        if !self.terms.again && self.looked_at != Some(count) {
            self.sources = self.find_sources(recorder)?;
            self.looked_at = Some(count);
        }
        Ok(())
    }

    fn find_sources(&self, recorder: &Recorder) -> Result<Vec<Source>, E> {
        let mut seen: HashMap<Digest, usize> = HashMap::new();
        let mut sources = vec![Source::New; self.hashes.len()];
        for to_sign in self.again() {
            let (index, to_sign) = to_sign?;
            let hash = Digest::of(to_sign.request.der());
            let source = match seen.get(&hash) {
                Some(earlier) => Source::Earlier(*earlier),
                None => {
                    seen.insert(hash, index);
                    self.terms.find_recorded(recorder, &to_sign.request)?
                }
            };
            if let Some(of) = sources.get_mut(index) {
                *of = source;
            }
        }
        Ok(sources)
    }
}

impl Terms {
    /// Delivers a certificate that is signed already: by an earlier run, or earlier in this job.
    pub(super) fn deliver_again(
        &self,
        to_sign: &RequestToSign,
        entry: EntryId,
        recorder: &mut Recorder,
    ) -> Result<IssueSummary, WorkflowError> {
        let found = recorder.ledger().entry(entry)?;
        let found = found.ok_or(LedgerError::NoEntry { entry })?;
        let certificate = reread_certificate(&found, &self.authority_key)?;
        let slot = to_sign.delivery.reserve()?;
        let delivered = slot
            .deliver(&certificate)
            .map_err(|cause| WorkflowError::Undelivered { entry, cause })?;
        recorder.note_delivery(entry, &delivered);
        let asked = everything_asked(&to_sign.request);
        Ok(IssueSummary {
            retried: true,
            ..IssueSummary::new(&certificate, delivered, entry, &asked)
        })
    }

    fn find_recorded(&self, recorder: &Recorder, request: &VerifiedRequest) -> Result<Source, WorkflowError> {
        let authority = authority_of(&self.authority.value)?;
        let hash = Digest::of(request.der());
        let found = recorder.ledger().certificates_for(&authority, &hash, LOOKED_AT)?;
        if found.is_empty() {
            return Ok(Source::New);
        }
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
                return Ok(Source::Recorded(entry.id));
            }
        }
        Ok(Source::New)
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
pub enum LookedBack<R> {
    /// Something must be signed.
    ToSign(SigningJob<R>),
    /// Nothing has: the token is not needed.
    AllRecorded(RecordedJob<R>),
}

/// A job whose certificates were all signed before.
#[derive(Debug)]
pub struct RecordedJob<R>(SigningJob<R>);

impl<R, E> RecordedJob<R>
where
    R: Iterator<Item = Result<RequestToSign, E>> + Clone,
    E: From<WorkflowError>,
{
    /// Delivers them; `each` gets every result, in the order of the requests.
    ///
    /// # Errors
    /// What the iterator says; [`WorkflowError`]; [`WorkflowError::Partly`] names the certificates that were delivered before the failure.
    pub fn deliver(self, recorder: &mut Recorder, each: &mut dyn FnMut(IssueSummary)) -> Result<(), E> {
        let Self(job) = self;
        recorder.refuse_revoked(&job.terms.authority.value)?;
        let mut entries: Vec<EntryId> = Vec::with_capacity(job.sources.len());
        let mut done: Vec<PathBuf> = Vec::new();
        for to_sign in job.again() {
            let (index, to_sign) = to_sign?;
            let entry = match job.sources.get(index) {
                Some(Source::Recorded(entry)) => Some(*entry),
                Some(Source::Earlier(earlier)) => entries.get(*earlier).copied(),
                _ => None,
            };
            let entry = entry.unwrap_or(EntryId(0));
            let summary = job
                .terms
                .deliver_again(&to_sign, entry, recorder)
                .map_err(|error| after(&done, error))?;
            entries.push(entry);
            if let Delivered::File(path) = &summary.delivered {
                done.push(path.clone());
            }
            each(summary);
        }
        Ok(())
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
