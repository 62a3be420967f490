//! `csr sign`. Everything that can be refused is refused before the token signs anything. Only a few requests are in memory at a time, however many
//! there are.
//!
//! | step | threads |
//! |---|---|
//! | [`SigningJob::prepare`]: each request is read, verified, and held against every rule | all processors |
//! | [`SigningJob::look_back`]: what the ledger has for the same requests | this one |
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

/// How requests are signed; the same for all of a job.
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
    /// The validity of each; when no end is given the profile's days, or as long as the CA's if that ends earlier.
    pub validity: AskedValidity,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// Whether a request is signed even if a certificate was signed for it before.
    pub again: bool,
    /// The rules that the operator waives, if the certificates are CAs'.
    pub waivers: Waivers,
}

/// Options for a job of several requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchOptions {
    /// Sessions that sign at one time; as many as there are processors, where it is not given and the job is large.
    pub jobs: Option<NonZeroUsize>,
    /// A refused request is reported, and the others are signed. Otherwise nothing is signed if one is refused.
    pub keep_going: bool,
    /// A file that is there already, with the certificate that the ledger has for the same request, is a result and no obstacle: the
    /// same command continues what was interrupted.
    pub resume: bool,
}

/// A request as it was read, and the destination of its certificate.
#[derive(Clone, Debug)]
pub struct GivenRequest {
    /// The request. Its signature is verified here.
    pub request: CertificationRequest,
    /// Where its certificate goes.
    pub delivery: Delivery,
}

/// The requests of a job. Several threads read them, and each more than once, so that a job of any length runs in the same memory.
/// One that is another the second time is refused.
pub trait RequestSource: Sync {
    /// Why a request cannot be read, and every other error of the job.
    type Error: From<WorkflowError> + fmt::Debug + Send + Sync;

    /// How many there are.
    fn count(&self) -> usize;

    /// What errors and results call one: its file.
    fn name(&self, index: usize) -> String;

    /// Reads one.
    ///
    /// # Errors
    /// That it cannot be read, is not a request, or that its certificate cannot go where it should.
    fn read(&self, index: usize) -> Result<GivenRequest, Self::Error>;
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
    /// It was refused, and the job continues: [`BatchOptions::keep_going`].
    Refused {
        /// The request, as [`RequestSource::name`] has it.
        request: String,
        /// Why.
        error: E,
    },
}

/// A certificate that was issued.
#[derive(Clone, Debug)]
pub struct IssueSummary {
    /// The request, as [`RequestSource::name`] has it; empty where there was none.
    pub request: String,
    /// The certificate.
    pub certificate: Certificate,
    /// Where it is.
    pub delivered: Delivered,
    /// What the request asked for but did not get.
    pub dropped: Vec<ExtensionText>,
    /// The entry that it is in.
    pub entry: EntryId,
    /// Whether nothing was signed, because the certificate was signed before for the same request.
    pub retried: bool,
    /// The valid certificate for the same names that it follows.
    pub renews: Option<Renewed>,
}

impl IssueSummary {
    /// Of one that was signed now, and for which `asked` was asked.
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
/// The job goes through the requests more than once and keeps of each only what it must know again.
#[derive(Debug)]
pub struct SigningJob<R: RequestSource> {
    requests: R,
    terms: Terms,
    options: BatchOptions,
    /// One for each request.
    items: Vec<Item>,
    /// The refused requests, while the others continue.
    refused: BTreeMap<usize, R::Error>,
    /// The end of the ledger when the requests were looked up.
    looked_at: Option<u64>,
}

/// What is known of one request.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// Shows that the signed request is the checked one. `None` for a refused request.
    hash: Option<VerifiedHash>,
    /// By which a revocation remembers its key.
    key: Digest,
    source: Source,
    /// Whether something is in the place of its certificate.
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

    /// Reads a request again, and makes sure that it has not changed.
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

    /// Takes out a request that is refused, or ends the job.
    fn refuse(&mut self, index: usize, error: R::Error) -> Result<(), R::Error> {
        if !self.options.keep_going {
            return Err(error);
        }
        if let Some(item) = self.items.get_mut(index) {
            item.source = Source::Refused;
        }
        self.refused.insert(index, error);
        Ok(())
    }
}

/// Where no serial number matters.
static PLACEHOLDER: std::sync::LazyLock<SerialNumber> =
    std::sync::LazyLock::new(|| SerialNumber::from_octets([1; 20]));

/// Extensions, and the attributes that ask for none: nobody should think that those were read.
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
