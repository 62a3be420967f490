//! `csr sign`. Everything that can be refused is refused before the token signs anything, and however many requests there are, only a
//! few of them are held in memory.

mod batch;
mod retry;
mod terms;
#[cfg(test)]
mod tests;

pub use retry::{LookedBack, RecordedJob};

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use retry::Source;
use terms::Terms;

use super::named::in_input;
use super::record::{Renewed, Waivers};
use super::{Clock, Delivered, Delivery, Finished, Named, VerifiedIdentity, WorkflowError};
use crate::ledger::{Digest, EntryId};
use crate::signer::SignatureChoice;
use crate::x509::{
    AskedValidity, Certificate, Checked, ExtensionText, Issued, Profile, SerialNumber, Validity,
    VerifiedRequest, dropped,
};

/// What requests are signed by, all of a job alike.
#[derive(Clone, Debug)]
pub struct SigningRequest {
    /// The CA certificate.
    pub authority: Named<Certificate>,
    /// The key, where it is not to be found by the CA certificate's public key.
    pub key: Option<String>,
    /// What each certificate holds.
    pub profile: Arc<Profile>,
    /// The HSM whose request this is, where its identity was verified: every request must carry its key.
    pub identity: Option<VerifiedIdentity>,
    /// The validity of each; when no end is given the profile's days, or as long as the CA's if that ends earlier.
    pub validity: AskedValidity,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// Whether a request is signed also where its certificate was signed before.
    pub again: bool,
    /// The rules that the operator waives, where the certificates are CAs'.
    pub waivers: Waivers,
}

/// A request whose own signature verified, and where its certificate goes.
#[derive(Clone, Debug)]
pub struct RequestToSign {
    /// What errors call it: its file.
    pub name: String,
    /// The request.
    pub request: VerifiedRequest,
    /// Where its certificate goes.
    pub delivery: Delivery,
}

/// A certificate that was issued.
#[derive(Clone, Debug)]
pub struct IssueSummary {
    /// The certificate.
    pub certificate: Certificate,
    /// Where it is.
    pub delivered: Delivered,
    /// What the request asked for and did not get.
    pub dropped: Vec<ExtensionText>,
    /// The entry that it is in.
    pub entry: EntryId,
    /// Whether nothing was signed: the certificate is the one that was signed before for the same request.
    pub retried: bool,
    /// The valid certificate for the same names that it follows.
    pub renews: Option<Renewed>,
}

impl IssueSummary {
    /// Of one that was signed now, and for which `asked` was asked.
    pub(super) fn of(finished: Finished<Checked>, asked: &[ExtensionText]) -> Self {
        Self::new(&finished.object, finished.delivered, finished.entry, asked)
    }

    fn new(issued: &Issued, delivered: Delivered, entry: EntryId, asked: &[ExtensionText]) -> Self {
        let certificate = issued.certificate().clone();
        let given = certificate.describe_extensions();
        Self {
            certificate,
            delivered,
            dropped: dropped(asked.to_vec(), &given),
            entry,
            retried: false,
            renews: None,
        }
    }
}

/// Requests that passed every check that needs no token, and whose outputs can be written.
///
/// The job goes through the requests more than once, by clones of the iterator, and keeps of each only what it must know again: an iterator
/// that reads files lets a job of any length run in the same memory. A request that is another one the second time is refused.
#[derive(Clone, Debug)]
pub struct SigningJob<R> {
    requests: R,
    terms: Terms,
    /// Of each request, its hash: what is signed is what was checked.
    hashes: Vec<Digest>,
    /// One for each request.
    sources: Vec<Source>,
    /// How far the ledger went when they were looked for.
    looked_at: Option<u64>,
}

impl<R, E> SigningJob<R>
where
    R: Iterator<Item = Result<RequestToSign, E>> + Clone,
    E: From<WorkflowError>,
{
    /// Checks the CA certificate, the validity and every output, and holds certificates of the same fields, but for the serial numbers,
    /// against every rule. Nothing is left behind: a PIN prompt may follow, and the user may walk away from it.
    ///
    /// # Errors
    /// What the iterator says; [`WorkflowError`]
    pub fn prepare(request: SigningRequest, requests: R, clock: &Clock) -> Result<Self, E> {
        let identity = request.identity.clone();
        let terms = Terms::choose(request, clock)?;
        let mut paths = BTreeSet::new();
        let mut hashes = Vec::new();
        for to_sign in requests.clone() {
            let to_sign = to_sign?;
            let is_other = |identity: &VerifiedIdentity| to_sign.request.public_key() != identity.key();
            if identity.as_ref().is_some_and(is_other) {
                return Err(in_input(&to_sign.name, WorkflowError::OtherHsm).into());
            }
            if let Some(path) = to_sign.delivery.path()
                && !paths.insert(path.clone())
            {
                return Err(WorkflowError::SameOutput { path: path.clone() }.into());
            }
            to_sign.delivery.check().map_err(WorkflowError::from)?;
            terms
                .check(&to_sign.request, &PLACEHOLDER)
                .map_err(|error| in_input(&to_sign.name, error))?;
            hashes.push(Digest::of(to_sign.request.der()));
        }
        Ok(Self {
            sources: vec![Source::New; hashes.len()],
            looked_at: None,
            requests,
            terms,
            hashes,
        })
    }

    /// The validity of every certificate of the job.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.terms.validity
    }

    /// The requests once more, each with what is known of it. They are as many as before, and the same ones.
    fn again(&self) -> impl Iterator<Item = Result<(usize, RequestToSign), E>> {
        let mut hashes = self.hashes.iter().enumerate();
        self.requests.clone().map_while(move |to_sign| {
            let (index, hash) = hashes.next()?;
            Some(to_sign.and_then(|to_sign| {
                if Digest::of(to_sign.request.der()) != *hash {
                    return Err(WorkflowError::InputChanged { name: to_sign.name }.into());
                }
                Ok((index, to_sign))
            }))
        })
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

/// The error of one request, and what was delivered before it.
fn after(done: &[PathBuf], error: WorkflowError) -> WorkflowError {
    if done.is_empty() {
        return error;
    }
    WorkflowError::Partly {
        done: done.to_vec(),
        cause: Box::new(error),
    }
}
