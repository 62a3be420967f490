//! A request that is given once more: its certificate is in the ledger, and another one would be a second for the same purpose.

use std::collections::HashMap;

use super::{IssueSummary, PlannedRequest, SigningJob, after, everything_asked};
use crate::ledger::{Digest, EntryId, LedgerError, RevocationState};
use crate::workflow::record::{authority_of, require_known};
use crate::workflow::recorded::reread_certificate;
use crate::workflow::{Recorder, WorkflowError};
use crate::x509::{Issued, SerialNumber, UnixTime, Validity, VerifiedRequest, dropped};

/// Seconds from the moment that a certificate's dates are chosen to its entry in the ledger: somebody types a PIN in between.
const LONGEST_WAIT: u64 = 3600;

/// So many certificates of one request are looked at, the newest first.
const LOOKED_AT: u64 = 16;

/// Where the certificate for a request comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// It is signed now.
    New,
    /// It was signed before, and is delivered as it is.
    Recorded(EntryId, Box<Issued>),
    /// The same request stands in this job before, at that place.
    Earlier(usize),
}

impl SigningJob {
    /// Looks for certificates that were signed for these requests before. One that has the same fields and the same length of
    /// validity, is not revoked, and has more than two thirds of its life left, is delivered instead of signing another. A request that
    /// stands in the job twice gets one certificate. With `again` in the plan, every request is signed.
    ///
    /// # Errors
    /// That the ledger cannot be read, or that a certificate in it does not verify.
    pub fn look_back(mut self, recorder: &Recorder) -> Result<LookedBack, WorkflowError> {
        self.look(recorder)?;
        if self.sources.iter().any(|source| matches!(source, Source::New)) {
            return Ok(LookedBack::ToSign(Box::new(self)));
        }
        Ok(LookedBack::AllRecorded(RecordedJob(Box::new(self))))
    }

    /// Looks once more if the ledger has gone on: another process may have signed the same while somebody typed a PIN.
    pub(super) fn look(&mut self, recorder: &Recorder) -> Result<(), WorkflowError> {
        require_known(recorder.ledger(), &self.authority)?;
        let count = recorder.ledger().head()?.count;
        if !self.again && self.looked_at != Some(count) {
            self.sources = self.find_sources(recorder)?;
            self.looked_at = Some(count);
        }
        Ok(())
    }

    fn find_sources(&self, recorder: &Recorder) -> Result<Vec<Source>, WorkflowError> {
        let mut seen: HashMap<&[u8], usize> = HashMap::new();
        let mut sources = Vec::with_capacity(self.requests.len());
        for (index, planned) in self.requests.iter().enumerate() {
            let request = &planned.request;
            let source = match seen.get(request.der()) {
                Some(earlier) => Source::Earlier(*earlier),
                None => {
                    seen.insert(request.der(), index);
                    self.find_recorded(recorder, request)?
                }
            };
            sources.push(source);
        }
        Ok(sources)
    }

    /// Delivers a certificate that is signed already: by an earlier run, or earlier in this job, whose results are `issued`.
    pub(super) fn deliver_again(
        &self,
        planned: &PlannedRequest,
        source: &Source,
        issued: &[IssueSummary],
        recorder: &mut Recorder,
    ) -> Result<IssueSummary, WorkflowError> {
        let (entry, certificate) = match source {
            Source::Recorded(entry, certificate) => (*entry, certificate.as_ref().clone()),
            Source::Earlier(index) => {
                let first = issued
                    .get(*index)
                    .ok_or(LedgerError::NoEntry { entry: EntryId(0) })?;
                let der = first.certificate.der();
                (first.entry, Issued::reread(der, &self.authority_key)?)
            }
            Source::New => return Err(LedgerError::NoEntry { entry: EntryId(0) }.into()),
        };
        let slot = planned.delivery.reserve()?;
        let delivered = slot
            .deliver(&certificate)
            .map_err(|cause| WorkflowError::Undelivered { entry, cause })?;
        recorder.note_delivery(entry, &delivered);
        let given = certificate.certificate().describe_extensions();
        Ok(IssueSummary {
            certificate: certificate.certificate().clone(),
            delivered,
            dropped: dropped(everything_asked(&planned.request), &given),
            entry,
            retried: true,
            renews: None,
        })
    }

    fn find_recorded(&self, recorder: &Recorder, request: &VerifiedRequest) -> Result<Source, WorkflowError> {
        let authority = authority_of(&self.authority)?;
        let hash = Digest::of(request.der());
        let found = recorder.ledger().certificates_for(&authority, &hash, LOOKED_AT)?;
        // The serial number is not compared, so any will do.
        let planned = self.check(request, &SerialNumber::from_octets([1; 20]))?;
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
                return Ok(Source::Recorded(entry.id, Box::new(issued)));
            }
        }
        Ok(Source::New)
    }

    /// Both start at the time of their own run, or both at one time that was asked for.
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
pub enum LookedBack {
    /// Something has to be signed.
    ToSign(Box<SigningJob>),
    /// Nothing has: the token is not needed.
    AllRecorded(RecordedJob),
}

/// A job whose certificates were all signed before.
#[derive(Debug)]
pub struct RecordedJob(Box<SigningJob>);

impl RecordedJob {
    /// Delivers them.
    ///
    /// # Errors
    /// [`WorkflowError`]; [`WorkflowError::Partly`] names the certificates that were delivered before the failure.
    pub fn deliver(self, recorder: &mut Recorder) -> Result<Vec<IssueSummary>, WorkflowError> {
        let Self(job) = self;
        recorder.refuse_revoked(&job.authority)?;
        let mut issued = Vec::with_capacity(job.requests.len());
        for (planned, source) in job.requests.iter().zip(&job.sources) {
            match job.deliver_again(planned, source, &issued, recorder) {
                Ok(summary) => issued.push(summary),
                Err(error) => return Err(after(&issued, error)),
            }
        }
        Ok(issued)
    }
}

/// The same days were asked for; or both end with the CA, or at a time that was asked for.
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
