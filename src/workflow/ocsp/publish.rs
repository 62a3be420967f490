//! `ocsp publish`: an answer for every certificate in the ledger that has not expired, as files that a web server returns for GET requests.
//! Existing answers are read from their files, and each is verified before it counts. An answer that agrees with the ledger and has more
//! than half of its validity left is not changed.

mod batched;
mod error;
mod place;
mod standing;
#[cfg(test)]
mod tests;

pub use error::PublicationError;
pub use standing::AnswerReason;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;

use place::Places;
use standing::Standing;

use super::status::StatusSource;
use super::terms::{OcspTerms, Terms};
use crate::file_trust;
use crate::ledger::EntryId;
use crate::output::{DirectoryLock, OutputError, Protected};
use crate::workflow::batch::threads_for;
use crate::workflow::ordered::in_order;
use crate::workflow::record::{authority_of, require_known, revocation};
use crate::workflow::{BatchOptions, Clock, Recorder, WorkflowError};
use crate::x509::{CertIdHash, CertificateStatus, OcspRequest, Period, SerialNumber, UnixTime, X509Error};

/// The default validity, a week. CA/B BR 4.9.10 allows at most ten days.
const DEFAULT: Period = Period::Days(7);

/// The hashes that clients use. A static server finds an answer only under the exact bytes of the request.
const HASHES: [CertIdHash; 2] = [CertIdHash::Sha1, CertIdHash::Sha256];

/// The request for a publication.
#[derive(Clone, Debug)]
pub struct PublicationRequest {
    /// The signer of the answers, and their validity.
    pub terms: OcspTerms,
    /// The directory for the responder's URL. Only this user and root may be able to write to it.
    pub directory: PathBuf,
    /// Whether to replace files that are not earlier answers of this CA.
    pub replaces_others: bool,
    /// The files that are never replaced.
    pub protected: Protected,
    /// The options of the batch.
    pub options: BatchOptions,
}

/// A publication whose CA, signer and directory were checked. No other process publishes in the directory while it exists.
#[derive(Debug)]
pub struct PublicationJob {
    terms: Terms,
    places: Places,
    replaces_others: bool,
    options: BatchOptions,
    clock: Clock,
    _alone: DirectoryLock,
}

/// A publication with its due answers.
#[derive(Debug)]
pub struct DuePublication {
    job: PublicationJob,
    certificates: Vec<Certified>,
    pieces: Vec<Piece>,
    /// By their indices among the pieces.
    refused: BTreeMap<usize, WorkflowError>,
    /// The number of unchanged answers.
    unchanged: usize,
}

/// A certificate with a due answer.
#[derive(Debug)]
struct Certified {
    serial: SerialNumber,
    status: CertificateStatus,
}

/// An answer that is due or refused.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// The index of its certificate.
    certificate: usize,
    hash: CertIdHash,
    reason: AnswerReason,
}

/// A signed answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AnswerSummary {
    /// The file.
    pub path: PathBuf,
    /// The certificate.
    pub serial: SerialNumber,
    /// The hash that names the CA in the request.
    pub hash: CertIdHash,
    /// The status in it.
    pub status: CertificateStatus,
    /// Why it was signed.
    pub reason: AnswerReason,
    /// thisUpdate
    pub this_update: UnixTime,
    /// nextUpdate
    pub next_update: UnixTime,
    /// Its entry in the ledger.
    pub entry: EntryId,
}

/// The outcome of a due answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum PublishedOutcome {
    /// It was written to its file.
    Signed(Box<AnswerSummary>),
    /// It was refused, and the others are signed: [`BatchOptions::keep_going`].
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        error: WorkflowError,
    },
}

impl PublicationJob {
    /// Checks the CA certificate, the signer, the validity and the directory, and locks the directory.
    ///
    /// # Errors
    /// [`WorkflowError`]; [`OutputError::InUse`] if another process publishes there. What is due depends on the files: a second process would
    /// sign the same answers, and be refused when it writes them.
    pub fn prepare(request: PublicationRequest, clock: &Clock) -> Result<Self, WorkflowError> {
        let now = clock.now();
        let directory = request.directory;
        if !directory.is_dir() {
            return Err(OutputError::no_directory(&directory).into());
        }
        if let Err(cause) = file_trust::check_directory(&directory) {
            return Err(PublicationError::Directory { directory, cause }.into());
        }
        let terms = Terms::choose(request.terms, DEFAULT, now)?;
        let alone = DirectoryLock::take(&directory)?;
        let job = Self {
            terms,
            places: Places::new(directory, request.protected),
            replaces_others: request.replaces_others,
            options: request.options,
            clock: clock.clone(),
            _alone: alone,
        };
        // Refuses here what would be refused in every answer.
        job.plan(
            &SerialNumber::from_octets([1]),
            CertIdHash::Sha1,
            CertificateStatus::Good,
        )?;
        Ok(job)
    }

    /// Reads every unexpired certificate of the CA in the ledger, and the files of its answers. Needs no token.
    ///
    /// # Errors
    /// [`WorkflowError`]: the CA is not in the ledger, or the signer is revoked. Without `keep_going`, also the first refused file.
    pub fn look(self, recorder: &Recorder) -> Result<DuePublication, WorkflowError> {
        let (authority, ledger) = (self.terms.authority(), recorder.ledger());
        require_known(ledger, authority)?;
        self.terms.refuse_revoked_signer(&StatusSource {
            ledger: Some(ledger),
            index: None,
        })?;
        let now = self.clock.now();
        let mut certificates = Vec::new();
        ledger.certificates_until(&authority_of(authority)?, now, &mut |found| {
            let revoked = found.revocation.as_ref().and_then(revocation);
            certificates.push(Certified {
                serial: found.serial,
                status: revoked.map_or(CertificateStatus::Good, |revoked| CertificateStatus::Revoked {
                    revoked_at: revoked.revoked_at,
                    reason: revoked.reason,
                }),
            });
            ControlFlow::Continue(())
        })?;
        // Clients do not ask a root about itself.
        if authority.issuer().der() == authority.subject().der() {
            let own = authority.serial_number();
            certificates.retain(|certificate| certificate.serial != own);
        }
        self.compare(certificates, now)
    }

    /// Compares the files with the ledger.
    fn compare(self, all: Vec<Certified>, now: UnixTime) -> Result<DuePublication, WorkflowError> {
        let mut due = DuePublication {
            certificates: Vec::new(),
            pieces: Vec::new(),
            refused: BTreeMap::new(),
            unchanged: 0,
            job: self,
        };
        let job = &due.job;
        let signer_key = job.terms.signer_key()?;
        let look = |index: usize| -> Vec<Result<Standing, WorkflowError>> {
            let certificate = all.get(index);
            let each = certificate
                .into_iter()
                .flat_map(|certificate| HASHES.map(|hash| job.stand(certificate, hash, &signer_key, now)));
            each.collect()
        };
        let mut standings: Vec<[Option<AnswerReason>; 2]> = vec![[None; 2]; all.len()];
        let (mut refused, mut failed) = (BTreeMap::new(), None);
        in_order(threads_for(all.len()), all.len(), look, |index, found| {
            let Some(of) = standings.get_mut(index) else {
                return ControlFlow::Break(());
            };
            for (place, (found, reason)) in found.into_iter().zip(of).enumerate() {
                match found {
                    Ok(Standing::Current) => {}
                    Ok(Standing::Due(why)) => *reason = Some(why),
                    Err(error) if job.options.keep_going => {
                        *reason = Some(AnswerReason::New);
                        refused.insert((index, place), error);
                    }
                    Err(error) => {
                        failed = Some(error);
                        return ControlFlow::Break(());
                    }
                }
            }
            ControlFlow::Continue(())
        });
        if let Some(error) = failed {
            return Err(error);
        }
        for (index, (certificate, reasons)) in all.into_iter().zip(standings).enumerate() {
            for (place, (hash, reason)) in HASHES.into_iter().zip(reasons).enumerate() {
                let Some(reason) = reason else {
                    due.unchanged += 1;
                    continue;
                };
                if let Some(error) = refused.remove(&(index, place)) {
                    due.refused.insert(due.pieces.len(), error);
                }
                due.pieces.push(Piece {
                    certificate: due.certificates.len(),
                    hash,
                    reason,
                });
            }
            if reasons.iter().any(Option::is_some) {
                due.certificates.push(certificate);
            }
        }
        Ok(due)
    }

    /// The request to answer, as clients encode it.
    fn request(&self, serial: &SerialNumber, hash: CertIdHash) -> Result<OcspRequest, X509Error> {
        OcspRequest::about(self.terms.authority(), std::slice::from_ref(serial), hash)
    }
}

impl DuePublication {
    /// The number of answers to sign.
    #[must_use]
    pub fn count(&self) -> usize {
        self.pieces.len() - self.refused.len()
    }

    /// The number of unchanged answers.
    #[must_use]
    pub const fn unchanged(&self) -> usize {
        self.unchanged
    }

    /// Whether the CA signs with a key whose certificate does not say digitalSignature.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn has_unusual_usage(&self) -> Result<bool, X509Error> {
        Ok(!self.job.terms.responder.says_digital_signature()?)
    }

    /// The requested number of sessions, if any.
    const fn jobs(&self) -> Option<NonZeroUsize> {
        self.job.options.jobs
    }
}
