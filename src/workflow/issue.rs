//! `csr sign`. Every refusal comes before the token signs anything. Only a few requests are in memory at a time, whatever the size of the job.
//!
//! | step | threads |
//! |---|---|
//! | [`SigningJob::prepare`]: each request is read, verified, and checked against every rule | all processors |
//! | [`SigningJob::look_back`]: earlier certificates for the same requests are looked up in the ledger | this one |
//! | [`SigningJob::run`]: the rest is signed, as in [`batch`](super::batch) | |

mod batched;
mod draft;
mod prepare;
mod retry;
mod run;
mod terms;
#[cfg(test)]
mod tests;

pub use retry::{LookedBack, RecordedJob};

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use retry::Source;
use terms::Terms;

use super::record::{Renewed, Waivers};
use super::{Delivered, Delivery, Finished, Named, VerifiedIdentity, WorkflowError};
use crate::ledger::{Digest, EntryId};
use crate::signer::SignatureChoice;
use crate::x509::{
    AskedValidity, Certificate, CertificationRequest, Checked, ExtensionText, Profile, SerialNumber,
    Validity, VerifiedHash, VerifiedRequest, dropped,
};

/// How requests are signed. The same for every request of a job.
#[derive(Clone, Debug)]
pub struct SigningRequest {
    /// The CA certificate.
    pub authority: Named<Certificate>,
    /// The key, if it cannot be found by the CA certificate's public key.
    pub key: Option<String>,
    /// The content of each certificate.
    pub profile: Arc<Profile>,
    /// The HSM whose request this is, if its identity was verified: every request must carry its key.
    pub identity: Option<VerifiedIdentity>,
    /// The validity of each certificate. Without an end: the profile's days, or until the CA ends if that is earlier.
    pub validity: AskedValidity,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// Whether a request is signed even if a certificate was signed for it before.
    pub again: bool,
    /// The rules that the operator waives, if the certificates are CA certificates.
    pub waivers: Waivers,
}

/// Options for a job of several requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchOptions {
    /// The number of sessions that sign at the same time. Without a number, a large job uses one for each processor.
    pub jobs: Option<NonZeroUsize>,
    /// Reports a refused request and signs the others. Otherwise one refusal stops the job before anything is signed.
    pub keep_going: bool,
    /// Accepts an existing file if it is the ledger's certificate for the same request. Run again with the same command, an interrupted job
    /// continues.
    pub resume: bool,
}

/// A request, and the destination of its certificate.
#[derive(Clone, Debug)]
pub struct GivenRequest {
    /// The request. The job verifies its signature.
    pub request: CertificationRequest,
    /// Where its certificate goes.
    pub delivery: Delivery,
}

/// The requests of a job. Several threads read them, each request more than once, so memory does not grow with the job. A request that changed
/// between two reads is refused.
pub trait RequestSource: Sync {
    /// The error of an unreadable request, and every other error of the job.
    type Error: From<WorkflowError> + fmt::Debug + Send + Sync;

    /// The number of requests.
    fn count(&self) -> usize;

    /// The name of a request in errors and results: its file.
    fn name(&self, index: usize) -> String;

    /// Reads one request.
    ///
    /// # Errors
    /// The request cannot be read, is not a request, or its certificate cannot go to its destination.
    fn read(&self, index: usize) -> Result<GivenRequest, Self::Error>;

    /// The error of a job that signs nothing because requests were refused. `first` is the error of the first of them that was found.
    fn none_signed(&self, first: Self::Error, _refusals: Refusals) -> Self::Error {
        first
    }
}

/// How many requests were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusals {
    /// So many.
    pub count: usize,
    /// Whether these are all. Otherwise later checks could refuse others.
    pub are_all: bool,
}

/// Requests that are all in memory.
impl RequestSource for Vec<Named<GivenRequest>> {
    type Error = WorkflowError;

    fn count(&self) -> usize {
        self.len()
    }

    fn name(&self, index: usize) -> String {
        self.get(index)
            .map_or_else(String::new, |given| given.name.clone())
    }

    fn read(&self, index: usize) -> Result<GivenRequest, WorkflowError> {
        let given = self.get(index).map(|given| given.value.clone());
        given.ok_or_else(|| WorkflowError::InputChanged {
            name: "the list of requests".to_owned(),
        })
    }
}

/// The result of one request.
#[derive(Debug)]
pub enum RequestOutcome<E> {
    /// Its certificate was issued.
    Issued(Box<IssueSummary>),
    /// It was refused, and the job continues ([`BatchOptions::keep_going`]).
    Refused {
        /// The request's name, from [`RequestSource::name`].
        request: String,
        /// Why.
        error: E,
    },
}

/// A certificate that was issued.
#[derive(Clone, Debug)]
pub struct IssueSummary {
    /// The request's name, from [`RequestSource::name`]; empty without a request.
    pub request: String,
    /// The certificate.
    pub certificate: Certificate,
    /// Where it is.
    pub delivered: Delivered,
    /// What the request asked for that the certificate does not have.
    pub dropped: Vec<ExtensionText>,
    /// Its entry in the ledger.
    pub entry: EntryId,
    /// True if nothing was signed, because the ledger had a certificate for the same request.
    pub retried: bool,
    /// The valid certificate for the same names that this one renews.
    pub renews: Option<Renewed>,
}

impl IssueSummary {
    /// The summary of a certificate that was signed now. `asked` are the requested extensions.
    pub(super) fn of(finished: Finished<Checked>, asked: &[ExtensionText]) -> Self {
        let certificate = finished.object.certificate().clone();
        let given = certificate.describe_extensions();
        Self {
            request: String::new(),
            certificate,
            delivered: finished.delivered,
            dropped: dropped(asked.to_vec(), &given),
            entry: finished.entry,
            retried: false,
            renews: None,
        }
    }
}

/// Requests that passed every check that needs no token, and whose outputs can be written.
///
/// The job reads the requests more than once, and keeps little of each.
#[derive(Debug)]
pub struct SigningJob<R: RequestSource> {
    requests: R,
    terms: Terms,
    options: BatchOptions,
    /// One for each request.
    items: Vec<Item>,
    /// The refused requests, if the others continue.
    refused: BTreeMap<usize, R::Error>,
    /// The end of the ledger when the requests were looked up.
    looked_at: Option<u64>,
}

/// What the job keeps of one request.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// Shows that the request that is signed is the one that was checked. `None` for a refused request.
    hash: Option<VerifiedHash>,
    /// The digest by which a revocation lists its key.
    key: Digest,
    source: Source,
    /// Whether the place of its certificate is taken.
    is_occupied: bool,
}

impl<R: RequestSource> SigningJob<R> {
    /// The validity of every certificate of the job.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.terms.validity
    }

    /// Whether every request was refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.refused.len() == self.items.len()
    }

    /// Reads a request again and checks that it has not changed.
    fn read_again(&self, index: usize) -> Result<(VerifiedRequest, Delivery), R::Error> {
        let GivenRequest { request, delivery } = self.requests.read(index)?;
        let hash = self.items.get(index).and_then(|item| item.hash);
        let same = match hash {
            Some(hash) => request.verify_again(&hash).map_err(WorkflowError::from)?,
            None => None,
        };
        match same {
            Some(request) => Ok((request, delivery)),
            None => Err(WorkflowError::InputChanged {
                name: self.requests.name(index),
            }
            .into()),
        }
    }

    /// Marks a request as refused.
    fn refuse(&mut self, index: usize, error: R::Error) {
        if let Some(item) = self.items.get_mut(index) {
            item.source = Source::Refused;
        }
        self.refused.insert(index, error);
    }

    /// Ends a job that does not continue after a refusal, with the number of all refusals so far.
    fn stop_if_refused(&mut self) -> Result<(), R::Error> {
        let refusals = Refusals {
            count: self.refused.len(),
            are_all: self.terms.profile.linter.is_none(),
        };
        match self.refused.pop_first() {
            Some((_, first)) if !self.options.keep_going => Err(self.requests.none_signed(first, refusals)),
            Some((index, error)) => {
                self.refused.insert(index, error);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// For certificates whose serial number does not matter.
static PLACEHOLDER: std::sync::LazyLock<SerialNumber> =
    std::sync::LazyLock::new(|| SerialNumber::from_octets([1; 20]));

/// The requested extensions, and the attributes that request none, so that the operator knows they were ignored.
fn everything_asked(request: &VerifiedRequest) -> Vec<ExtensionText> {
    let attribute = |(name, value)| ExtensionText {
        name,
        critical: false,
        value,
    };
    let attributes = request.other_attributes().into_iter().map(attribute);
    request
        .requested_extensions()
        .into_iter()
        .chain(attributes)
        .collect()
}
