//! `csr create`: a certification request by a key on the token or in KMS, for another CA to sign.

use super::record::request_intent;
use super::signing_key::find_named_key;
use super::{Delivered, Delivery, Progress, Recorder, WorkflowError};
use crate::signer::{KeyStore, SignatureChoice};
use crate::x509::{AlternativeName, CertificationRequest, Name, Profile, RequestTbs};

/// A request to be.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// The key, as the store names it: a label, a `pkcs11:` URI, `kms:KEY`.
    pub key: String,
    /// Its subject.
    pub subject: Name,
    /// The names that it asks for.
    pub names: Vec<AlternativeName>,
    /// Whose extensions it asks for: whether it is a CA, usages, purposes.
    pub profile: Option<Profile>,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// Where it goes.
    pub delivery: Delivery,
}

/// A request that was made.
#[derive(Clone, Debug)]
pub struct RequestSummary {
    /// The request.
    pub request: CertificationRequest,
    /// Where it is.
    pub delivered: Delivered,
}

/// Has the store sign a request for one of its keys, once, when there is a place for it.
///
/// # Errors
/// [`WorkflowError`]; no file is left.
pub fn create_request(
    store: &dyn KeyStore,
    recorder: &mut Recorder,
    new: &NewRequest,
    progress: &dyn Progress,
) -> Result<RequestSummary, WorkflowError> {
    let slot = new.delivery.reserve()?;
    let signer = find_named_key(store, &new.key)?;
    let key = signer.public_key();
    recorder.refuse_compromised(key)?;
    let signature = key.algorithm().choose(new.signature)?;
    signer.check(signature)?;
    let tbs = RequestTbs::build(key, &new.subject, &new.names, new.profile.as_ref(), signature)?;
    let checked = tbs.check()?;
    let intent = request_intent(&checked, key, &new.subject);
    recorder.tell_unfinished_of(&intent.authority, progress)?;
    let entry = recorder.begin_one(store, &intent)?;
    progress.step("the key signs the request");
    let (issued, delivered) = recorder.sign_and_deliver(
        entry,
        slot,
        || checked.sign(signer.as_ref()),
        |issued| issued.request().der(),
    )?;
    Ok(RequestSummary {
        request: issued.request().clone(),
        delivered,
    })
}
