//! `csr create`: a certification request, signed by a key on the token or in KMS, for another CA.

use std::sync::Arc;

use super::signing_key::find_named_key;
use super::{Delivered, Delivery, Planned, Progress, Recorder, Step, WorkflowError};
use crate::signer::{KeyStore, PublicKey, SignatureChoice};
use crate::x509::{AlternativeName, CertificationRequest, CheckedRequest, Name, Profile, RequestTbs};

/// A requested certification request.
#[derive(Clone, Debug)]
pub struct CsrRequest {
    /// The key, as the store names it: a label, a `pkcs11:` URI, `kms:KEY`.
    pub key: String,
    /// Its subject.
    pub subject: Name,
    /// The requested names.
    pub names: Vec<AlternativeName>,
    /// The profile whose extensions it requests: whether it is a CA, usages, purposes.
    pub profile: Option<Arc<Profile>>,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// Where it goes.
    pub delivery: Delivery,
}

/// A certification request that was made.
#[derive(Clone, Debug)]
pub struct CsrSummary {
    /// The request.
    pub request: CertificationRequest,
    /// Where it is.
    pub delivered: Delivered,
}

impl CsrRequest {
    /// Builds the request for `key` and checks it. Needs no token: the public half of the key is enough.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn plan(&self, key: &PublicKey) -> Result<Planned<CheckedRequest>, WorkflowError> {
        let signature = key.algorithm().choose(self.signature)?;
        let profile = self.profile.as_deref();
        let tbs = RequestTbs::build(key, &self.subject, &self.names, profile, signature)?;
        Planned::new(tbs.check()?)
    }
}

/// Checks the place, and has the store sign a request for one of its keys, once.
///
/// # Errors
/// [`WorkflowError`]; no file is left.
pub fn create_request(
    store: &dyn KeyStore,
    recorder: &mut Recorder,
    request: &CsrRequest,
    progress: &dyn Progress,
) -> Result<CsrSummary, WorkflowError> {
    let signer = find_named_key(store, &request.key)?;
    let key = signer.public_key();
    signer.check(key.algorithm().choose(request.signature)?)?;
    let held = request.plan(key)?.hold(&request.delivery)?;
    recorder.tell_unfinished_of(&held.planned().intent().authority, progress)?;
    let begun = recorder.begin_one(held, store)?;
    progress.step(&Step::SignRequest);
    let finished = recorder.finish(begun, signer.as_ref())?;
    Ok(CsrSummary {
        request: finished.object.request().clone(),
        delivered: finished.delivered,
    })
}
