//! `ocsp respond`, and [`ocsp publish`](publish). The statuses come from a [`StatusSource`]. A response is built and checked before the token is
//! used.

mod publish;
mod status;
mod terms;

use super::named::in_input;
use super::signing_key::find_signing_key;
use super::{Clock, Delivered, Delivery, Named, Planned, Progress, Recorder, Step, WorkflowError};
use crate::signer::KeyStore;
use crate::x509::{
    AcceptedOcspRequest, BasicResponse, CertIdHash, CertificateStatus, CheckedOcsp, IndexStatuses,
    IssuedOcsp, OcspRequest, OcspResponse, Period, SerialNumber, SingleResponse, UnixTime,
};

pub use publish::{
    AnswerReason, AnswerSummary, DuePublication, PublicationError, PublicationJob, PublicationRequest,
    PublishedOutcome,
};
use status::StatusSource;
pub use terms::OcspTerms;
use terms::Terms;

/// A day, if no period is requested: CA/B BR 4.9.10 allows between eight hours and ten days.
const DEFAULT: Period = Period::Days(1);

/// An answer about as many certificates as a request can name is shorter.
const LONGEST: u64 = 1024 * 1024;

/// Which certificates a response covers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OcspQuestion {
    /// The certificates in a request.
    Request(Named<OcspRequest>),
    /// Certificates of the CA, by serial number, for a response that is made in advance, without a nonce.
    Certificates {
        /// Their serial numbers.
        serials: Vec<SerialNumber>,
        /// The hash that names the CA in the response. A client finds a response only under the hash in its request.
        hash: CertIdHash,
    },
}

/// A response that is requested.
#[derive(Clone, Debug)]
pub struct OcspResponseRequest {
    /// The signer, and the validity.
    pub terms: OcspTerms,
    /// What it is about.
    pub question: OcspQuestion,
    /// Where it goes.
    pub delivery: Delivery,
}

/// A response that was signed.
#[derive(Clone, Debug)]
pub struct OcspSummary {
    /// The response.
    pub issued: IssuedOcsp,
    /// Where it is.
    pub delivered: Delivered,
    /// True if the CA signed with a key whose certificate lacks digitalSignature.
    pub unusual_usage: bool,
}

/// A question with a permitted signer. The statuses are not looked up yet.
#[derive(Clone, Debug)]
pub struct OcspJob {
    request: AcceptedOcspRequest,
    terms: Terms,
    next_update: UnixTime,
    delivery: Delivery,
    clock: Clock,
}

impl OcspJob {
    /// Checks the CA certificate, the request and the output, and fills in what was not given.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare(request: OcspResponseRequest, clock: &Clock) -> Result<Self, WorkflowError> {
        let now = clock.now();
        let terms = Terms::choose(request.terms, DEFAULT, now)?;
        let authority = terms.authority();
        let accepted = match request.question {
            OcspQuestion::Request(Named { name, value }) => {
                let accepted = value.accept(authority);
                accepted.map_err(|error| in_input(&name, error))?
            }
            OcspQuestion::Certificates { serials, hash } => {
                OcspRequest::about(authority, &serials, hash)?.accept(authority)?
            }
        };
        request.delivery.check()?;
        Ok(Self {
            request: accepted,
            next_update: terms.next_update(now)?,
            terms,
            delivery: request.delivery,
            clock: clock.clone(),
        })
    }

    /// The serial numbers whose statuses [`plan`](Self::plan) looks up.
    #[must_use]
    pub fn serial_numbers(&self) -> Vec<SerialNumber> {
        let asked = self.request.certificates().filter(|(_, is_ours)| *is_ours);
        let responder = &self.terms.responder;
        let signer = responder
            .is_delegated()
            .then(|| responder.certificate().serial_number());
        asked.map(|(id, _)| id.serial_number()).chain(signer).collect()
    }

    /// Looks up the current statuses in the ledger, and in `index`, an index of `openssl ca`, for [these serial numbers](Self::serial_numbers).
    /// Builds the response and checks it. Needs no token. Called before the PIN prompt, it shows what would be refused; after the prompt, the
    /// response is planned again.
    ///
    /// # Errors
    /// The ledger cannot be read; [`WorkflowError::X509`]: a broken rule.
    pub fn plan(
        &self,
        recorder: &Recorder,
        index: Option<&IndexStatuses>,
    ) -> Result<Planned<CheckedOcsp>, WorkflowError> {
        let statuses = StatusSource {
            ledger: Some(recorder.ledger()),
            index,
        };
        self.terms.refuse_revoked_signer(&statuses)?;
        let asked = self.request.certificates();
        let found = asked.map(|(id, is_ours)| match is_ours {
            true => statuses.of(self.terms.authority(), &id.serial_number()),
            false => Ok(CertificateStatus::Unknown),
        });
        let found = found.collect::<Result<_, WorkflowError>>()?;
        self.terms
            .plan(self.request.clone(), found, self.next_update, self.clock.now())
    }

    /// The answer in a file, if it is to the same request, by this CA, and newer than `issued`. Another process can have read a revocation
    /// after this one read the statuses, and have signed faster. Times have whole seconds: of two from one second, the one that revokes more
    /// counts as the newer one.
    fn newer(&self, issued: &IssuedOcsp, existing: &[u8]) -> Option<String> {
        let existing = OcspResponse::read(existing).ok()?;
        let there = existing.basic()?;
        existing
            .verify(self.terms.authority(), there.produced_at())
            .ok()?;
        existing.verify_answers(self.request.request()).ok()?;
        let age = |answer: &BasicResponse| {
            let is_revoked = |one: &&SingleResponse| matches!(one.status, CertificateStatus::Revoked { .. });
            (
                answer.produced_at(),
                answer.responses().iter().filter(is_revoked).count(),
            )
        };
        let (theirs, own) = (age(there), age(issued.answer()));
        (theirs > own).then(|| {
            format!(
                "a newer answer by now, from {}, and this one is from {}",
                theirs.0, own.0
            )
        })
    }

    /// Plans the response, holds its place, records it, and has the token sign it, once.
    ///
    /// # Errors
    /// [`WorkflowError`]; no file is left. [`WorkflowError::Overtaken`] if the file has a newer answer by now.
    pub fn run(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        index: Option<&IndexStatuses>,
        progress: &dyn Progress,
    ) -> Result<OcspSummary, WorkflowError> {
        let terms = &self.terms;
        let signer_key = terms.signer_key()?;
        let signer = find_signing_key(store, terms.key.as_deref(), &signer_key, terms.signature)?;
        let before = self.delivery.existing(LONGEST);
        let planned = self.plan(recorder, index)?;
        let begun = recorder.begin_one(planned.hold(&self.delivery)?, store)?;
        progress.step(&Step::SignOcsp);
        let finished = recorder.finish_compared(begun, signer.as_ref(), &|_, entry, issued, existing| {
            let is_other = before.as_ref() != Some(&existing);
            let Some(found) = self.newer(issued, &existing).filter(|_| is_other) else {
                return Ok(());
            };
            let path = self.delivery.path().cloned().unwrap_or_default();
            Err(WorkflowError::Overtaken { entry, path, found })
        })?;
        Ok(OcspSummary {
            issued: finished.object,
            delivered: finished.delivered,
            unusual_usage: !self.terms.responder.says_digital_signature()?,
        })
    }
}
