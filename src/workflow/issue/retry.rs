//! Repeated requests. If the ledger has a certificate for a request, that one is delivered again, and no second one is signed.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::{PLACEHOLDER, RequestOutcome, RequestSource, SigningJob, Terms};
use crate::ledger::{Authority, Digest, Entry, EntryId, Ledger, LedgerError, Object, RevocationState};
use crate::output::OutputError;
use crate::workflow::named::refusal_of;
use crate::workflow::record::{SKEW, authority_of, require_known};
use crate::workflow::recorded::reread_certificate;
use crate::workflow::{Recorder, WorkflowError};
use crate::x509::{Issued, UnixTime, Validity, VerifiedRequest};

/// The source of the certificate for a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// It will be signed now.
    New,
    /// It was signed before, and will be delivered again.
    Recorded(EntryId),
    /// It was signed before, and its output already exists.
    There(EntryId),
    /// The same request occurs earlier in this job, at this index.
    Earlier(usize),
    /// No source: the request is refused, and the others continue.
    Refused,
}

impl<R: RequestSource> SigningJob<R> {
    /// Looks for certificates that were signed for these requests before. If one has the same fields and the dates that this job would have
    /// chosen at its start, is not revoked, and has more than two thirds of its life left, it is delivered and no new one is signed. A request
    /// that occurs twice in the job gets one certificate. With `again` set, every request is signed.
    ///
    /// # Errors
    /// Errors of the requests; the rule `compromised-key`; [`WorkflowError::Output`] for an existing output; the ledger cannot be read, or a
    /// certificate in it does not verify.
    pub fn look_back(mut self, recorder: &Recorder) -> Result<LookedBack<R>, R::Error> {
        self.look(recorder)?;
        if self.items.iter().any(|item| matches!(item.source, Source::New)) {
            return Ok(LookedBack::ToSign(self));
        }
        Ok(LookedBack::AllRecorded(RecordedJob(self)))
    }

    /// Looks again if the ledger has new events: another process may have signed the same request during the PIN prompt.
    pub(super) fn look(&mut self, recorder: &Recorder) -> Result<(), R::Error> {
        require_known(recorder.ledger(), &self.terms.authority.value)?;
        let count = recorder.ledger().head().map_err(WorkflowError::from)?.count;
        if self.looked_at == Some(count) {
            return Ok(());
        }
        // In this order: what begins after the count is found when this job begins, and a process that has ended by now has recorded what it
        // signed, which is read next.
        let others_record = recorder.ledger().others_record();
        let others_record = others_record.map_err(WorkflowError::from)?;
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
            let name = self.requests.name(index);
            if let Some(entry) = compromised.get(&item.key) {
                let error = refusal_of(&name, Recorder::compromised_by(*entry).into());
                self.refuse(index, error.into());
                continue;
            }
            let found = match seen.get(&hash) {
                _ if self.terms.again => Ok(Source::New),
                // A file that is there is compared with what the ledger has for the request.
                Some(earlier) if !item.is_occupied => Ok(Source::Earlier(*earlier)),
                _ => match self.find_recorded(recorder, &authority, index, others_record) {
                    Ok(found) => found,
                    Err(error) if self.options.keep_going => {
                        self.refuse(index, error);
                        continue;
                    }
                    Err(error) => return Err(error),
                },
            };
            let source = match found {
                Ok(source) => source,
                Err(entry) => {
                    let error = refusal_of(&name, LedgerError::RequestOpen { entry }.into());
                    self.refuse(index, error.into());
                    continue;
                }
            };
            if item.is_occupied && !matches!(source, Source::There(_)) {
                let error = self.occupied(index);
                self.refuse(index, error);
                continue;
            }
            seen.entry(hash).or_insert(index);
            if let Some(of) = self.items.get_mut(index) {
                of.source = source;
            }
        }
        self.looked_at = Some(count);
        self.stop_if_refused()
    }

    /// The source of the certificate; the entry that is open for the request if another process may be about to sign it.
    fn find_recorded(
        &self,
        recorder: &Recorder,
        authority: &Authority,
        index: usize,
        others_record: bool,
    ) -> Result<Result<Source, EntryId>, R::Error> {
        let Some(item) = self.items.get(index) else {
            return Ok(Ok(Source::Refused));
        };
        let Some(hash) = item.hash else {
            return Ok(Ok(Source::Refused));
        };
        let ledger = recorder.ledger();
        let found = self.terms.find_alike(ledger, authority, hash.digest());
        let found = found.map_err(WorkflowError::from)?;
        let new = || {
            let open = match others_record {
                true => ledger.open_for(authority, hash.digest()),
                false => Ok(None),
            };
            let open = open.map_err(WorkflowError::from)?;
            Ok::<_, WorkflowError>(open.map_or(Ok(Source::New), Err))
        };
        if found.is_empty() {
            return Ok(new()?);
        }
        let (request, delivery) = self.read_again(index)?;
        let mut newest = None;
        for (entry, issued) in self.terms.find_repeated(found, &request)? {
            if !item.is_occupied {
                return Ok(Ok(Source::Recorded(entry)));
            }
            if delivery.place_of(&issued).is_some() {
                return Ok(Ok(Source::There(entry)));
            }
            newest.get_or_insert(entry);
        }
        match newest {
            Some(entry) => Ok(Ok(Source::Recorded(entry))),
            None => Ok(new()?),
        }
    }

    /// The error for an existing file that is not the certificate for this request.
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
    /// The unrevoked certificates for this request whose dates are those that this job would have chosen, newest first.
    fn find_alike(
        &self,
        ledger: &dyn Ledger,
        authority: &Authority,
        request: &Digest,
    ) -> Result<Vec<Entry>, LedgerError> {
        let mut found = Vec::new();
        ledger.certificates_for(authority, request, &mut |entry| {
            let revocation = entry.revocation.as_ref().map(|revocation| &revocation.state);
            let is_revoked = matches!(revocation, Some(RevocationState::Revoked { .. }));
            if !is_revoked && self.has_dates_of(&entry.object) {
                found.push(entry);
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn has_dates_of(&self, object: &Object) -> bool {
        let Object::Certificate {
            not_before,
            not_after,
            ..
        } = object
        else {
            return false;
        };
        let recorded = Validity {
            not_before: *not_before,
            not_after: *not_after,
        };
        self.would_choose(recorded) && is_young(recorded, self.now)
    }

    /// Whether this job, started when the recorded validity began, would have chosen that validity. All certificates of a job have the time of
    /// its start, however long it ran. One that begins later than now is repeated only if that beginning is asked for.
    fn would_choose(&self, recorded: Validity) -> bool {
        let has_begun = recorded.not_before.0 <= self.now.0.saturating_add(SKEW);
        let ends = [self.authority.value.validity().not_after];
        let chosen = self
            .asked
            .choose(self.profile.default_days, &ends, recorded.not_before);
        (has_begun || self.asked.not_before.is_some()) && chosen.is_ok_and(|chosen| chosen == recorded)
    }

    /// Those of the certificates that have the fields that would be signed now.
    fn find_repeated(
        &self,
        found: Vec<Entry>,
        request: &VerifiedRequest,
    ) -> Result<Vec<(EntryId, Issued)>, WorkflowError> {
        let planned = self.check(request, &PLACEHOLDER)?;
        let mut repeated = Vec::new();
        for entry in found {
            let issued = reread_certificate(&entry, &self.authority_key)?;
            if planned.is_repeated_by(issued.certificate())? {
                repeated.push((entry.id, issued));
            }
        }
        Ok(repeated)
    }
}

/// The result of [`look_back`](super::SigningJob::look_back).
#[derive(Debug)]
pub enum LookedBack<R: RequestSource> {
    /// At least one certificate must be signed.
    ToSign(SigningJob<R>),
    /// All were signed before: the token is not needed.
    AllRecorded(RecordedJob<R>),
}

/// A job whose certificates were all signed before.
#[derive(Debug)]
pub struct RecordedJob<R: RequestSource>(SigningJob<R>);

impl<R: RequestSource> RecordedJob<R> {
    /// Delivers them; `each` gets every result, in the order of the requests.
    ///
    /// # Errors
    /// Errors of the requests; [`WorkflowError`]; [`WorkflowError::Partly`] names the certificates that were delivered before the failure.
    pub fn deliver(
        self,
        recorder: &mut Recorder,
        each: &mut dyn FnMut(RequestOutcome<R::Error>),
    ) -> Result<(), R::Error> {
        recorder.refuse_revoked(&self.0.terms.authority.value)?;
        self.0.run_with(None, recorder, &(), each)
    }
}

/// Whether more than two thirds of its life are left. Later, the same request counts as a renewal.
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
}
