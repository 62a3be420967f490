//! Signs the due answers as a batch.

use std::convert::Infallible;
use std::path::PathBuf;

use super::{AnswerSummary, Certified, DuePublication, Piece, PublicationJob, PublishedOutcome};
use crate::ledger::EntryId;
use crate::signer::{KeyStore, RandomSource};
use crate::workflow::batch::{Admitted, Batch, Desk, Failure, Found, Told, Work, sign_batch};
use crate::workflow::ocsp::status::status_of;
use crate::workflow::record::{authority_of, revocation};
use crate::workflow::signing_key::find_signing_key;
use crate::workflow::{
    Delivered, Delivery, Finished, Held, Planned, Progress, Recorder, Step, WorkflowError,
};
use crate::x509::{CertIdHash, CertificateStatus, CheckedOcsp, SerialNumber, X509Error, rules};

impl DuePublication {
    /// Signs the due answers, a group at a time. `each` gets every result as soon as it is delivered, certificate by certificate.
    ///
    /// # Errors
    /// [`WorkflowError`]. Delivered answers stay, and the same call continues.
    pub fn run(
        mut self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
        each: &mut dyn FnMut(PublishedOutcome),
    ) -> Result<(), WorkflowError> {
        let refused = std::mem::take(&mut self.refused);
        let terms = &self.job.terms;
        let signer = find_signing_key(store, terms.key.as_deref(), &terms.signer_key()?, terms.signature)?;
        recorder.require_known(terms.authority())?;
        let answers = Answers {
            count_new: self.pieces.len() - refused.len(),
            refused: refused.keys().copied().collect(),
            due: &self,
        };
        let mut tell = |told: Told<Answers<'_>>| each(self.outcome_of(told));
        let desk = Desk {
            store: Some(store),
            recorder,
            progress,
            each: &mut tell,
        };
        match sign_batch(&answers, Some(signer), self.jobs(), refused, desk) {
            Ok(()) => Ok(()),
            Err(Failure::Piece(error) | Failure::Job(error)) => Err(error),
        }
    }

    /// Reports the refused answers if nothing is to be signed.
    pub fn tell_refused(mut self, each: &mut dyn FnMut(PublishedOutcome)) {
        for (index, error) in std::mem::take(&mut self.refused) {
            each(self.outcome_of(Told::Refused { index, error }));
        }
    }

    fn outcome_of(&self, told: Told<Answers<'_>>) -> PublishedOutcome {
        match told {
            Told::Refused { index, error } => PublishedOutcome::Refused {
                path: self.path_of(index),
                error,
            },
            Told::Done {
                memo: piece,
                finished,
                ..
            } => {
                let Finished {
                    object,
                    entry,
                    delivered,
                } = finished;
                let plan = object.answer();
                let single = plan.responses().first();
                let serial = self.certificates.get(piece.certificate);
                PublishedOutcome::Signed(Box::new(AnswerSummary {
                    path: match delivered {
                        Delivered::File(path) => path,
                        Delivered::Content(_) => PathBuf::new(),
                    },
                    serial: serial
                        .map_or_else(|| SerialNumber::from_octets([]), |found| found.serial.clone()),
                    hash: piece.hash,
                    status: single.map_or(CertificateStatus::Unknown, |single| single.status),
                    reason: piece.reason,
                    this_update: plan.produced_at(),
                    next_update: single
                        .and_then(|single| single.next_update)
                        .unwrap_or_else(|| plan.produced_at()),
                    entry,
                }))
            }
        }
    }

    fn path_of(&self, index: usize) -> PathBuf {
        let found = self.piece(index).ok();
        let request = found.and_then(|(piece, of)| self.job.request(&of.serial, piece.hash).ok());
        request.map_or_else(PathBuf::new, |request| {
            self.job.places.of(&request, false).path().to_owned()
        })
    }

    fn piece(&self, index: usize) -> Result<(Piece, &Certified), WorkflowError> {
        let piece = self.pieces.get(index).copied();
        let found = piece.and_then(|piece| Some((piece, self.certificates.get(piece.certificate)?)));
        found.ok_or_else(|| WorkflowError::InputChanged {
            name: "the list of certificates".to_owned(),
        })
    }
}

impl PublicationJob {
    /// One answer, checked against every rule.
    pub(super) fn plan(
        &self,
        serial: &SerialNumber,
        hash: CertIdHash,
        status: CertificateStatus,
    ) -> Result<Planned<CheckedOcsp>, WorkflowError> {
        let now = self.clock.now();
        let request = self.request(serial, hash)?.accept(self.terms.authority())?;
        let next_update = self.terms.next_update(now)?;
        self.terms.plan(request, vec![status], next_update, now)
    }
}

/// The due answers, as items of a batch.
struct Answers<'a> {
    due: &'a DuePublication,
    count_new: usize,
    refused: std::collections::BTreeSet<usize>,
}

/// An answer whose file is reserved.
struct Draft {
    piece: Piece,
    held: Held<CheckedOcsp>,
    delivery: Delivery,
}

impl Batch for Answers<'_> {
    type Object = CheckedOcsp;
    type Error = WorkflowError;
    type Draft = Draft;
    type Memo = Piece;
    type Known = Infallible;

    fn count(&self) -> usize {
        self.due.pieces.len()
    }

    fn count_new(&self) -> usize {
        self.count_new
    }

    fn keeps_going(&self) -> bool {
        self.due.job.options.keep_going
    }

    fn draft(&self, index: usize, _: &dyn RandomSource) -> Result<Option<Draft>, WorkflowError> {
        if self.refused.contains(&index) {
            return Ok(None);
        }
        let (piece, of) = self.due.piece(index)?;
        let job = &self.due.job;
        let planned = job.plan(&of.serial, piece.hash, of.status)?;
        let request = job.request(&of.serial, piece.hash)?;
        let delivery = job.places.of(&request, piece.reason.replaces()).make()?;
        Ok(Some(Draft {
            piece,
            held: planned.hold(&delivery)?,
            delivery,
        }))
    }

    /// Looks up the status again just before the answer is begun in the ledger: the certificate may have been revoked meanwhile.
    fn admit(&self, recorder: &mut Recorder, draft: Draft) -> Result<Admitted<Self>, WorkflowError> {
        let Draft {
            piece,
            mut held,
            delivery,
        } = draft;
        let job = &self.due.job;
        let Some(of) = self.due.certificates.get(piece.certificate) else {
            return Err(WorkflowError::InputChanged {
                name: "the list of certificates".to_owned(),
            });
        };
        let status = status_now(recorder, &authority_of(job.terms.authority())?, of)?;
        if status != of.status {
            drop(held);
            held = job.plan(&of.serial, piece.hash, status)?.hold(&delivery)?;
        }
        Ok(Admitted {
            memo: piece,
            work: Work::Sign(Box::new(held)),
        })
    }

    fn find(
        &self,
        _: &mut Recorder,
        known: Infallible,
        _: &[EntryId],
    ) -> Result<Option<Found<CheckedOcsp>>, WorkflowError> {
        match known {}
    }

    fn step(&self, _: usize) -> Step<'static> {
        Step::SignOcsp
    }
}

/// The current status in the ledger. Since it was first read, a signed certificate can only have been revoked or released.
fn status_now(
    recorder: &Recorder,
    authority: &crate::ledger::Authority,
    of: &Certified,
) -> Result<CertificateStatus, WorkflowError> {
    let ledger = recorder.ledger();
    let revoked = ledger.revocation(authority, &of.serial)?;
    let status = match revoked.as_ref().and_then(revocation) {
        Some(revoked) => CertificateStatus::Revoked {
            revoked_at: revoked.revoked_at,
            reason: revoked.reason,
        },
        None if of.status == CertificateStatus::Good => return Ok(of.status),
        None => {
            let entry = ledger.certificate(authority, &of.serial)?;
            entry.map_or(CertificateStatus::Unknown, |entry| status_of(&entry))
        }
    };
    match status {
        CertificateStatus::Unknown => {
            let found = format!(
                "the ledger no longer shows whether certificate {} exists",
                of.serial
            );
            Err(X509Error::broken(rules::OCSP_STATUS, found).into())
        }
        known => Ok(known),
    }
}
