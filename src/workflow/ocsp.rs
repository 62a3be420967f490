//! `ocsp respond`. Where the statuses come from is in [`StatusSource`]; a response is built and checked before the token is asked
//! for anything.

mod status;

use super::record::ocsp_intent;
use super::signing_key::find_signing_key;
use super::{Delivered, Delivery, Progress, Recorder, WorkflowError};
use crate::signer::{KeyStore, PublicKey, SignatureAlgorithm, SignatureChoice};
use crate::x509::{
    AcceptedOcspRequest, Certificate, CertificateStatus, CheckedOcsp, IssuedOcsp, OcspPlan, OcspRequest,
    OcspTbs, Period, Responder, ResponderIdKind, SerialNumber, UnixTime, X509Error,
};

pub use status::StatusSource;

/// A day, when nothing is asked for: CA/B BR 4.9.10 has between eight hours and ten days.
const DEFAULT: Period = Period::Days(1);

/// A response to be.
#[derive(Clone, Debug)]
pub struct OcspOrder {
    /// The CA certificate.
    pub authority: Certificate,
    /// The certificate of a delegated signer; the CA signs where there is none.
    pub signer: Option<Certificate>,
    /// The signer's key, where it is not to be found by the public key of its certificate.
    pub key: Option<String>,
    /// The request.
    pub request: OcspRequest,
    /// How the response names its signer.
    pub responder_id: ResponderIdKind,
    /// How long until nextUpdate; when not given a day, or less if a certificate ends earlier.
    pub period: Option<Period>,
    /// How it is signed.
    pub signature: SignatureChoice,
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
    /// Whether the CA signed with a key whose certificate does not say digitalSignature.
    pub unusual_usage: bool,
}

/// A request that will be answered, by a signer that may; the statuses are missing.
#[derive(Clone, Debug)]
pub struct OcspJob {
    request: AcceptedOcspRequest,
    responder: Responder,
    responder_id: ResponderIdKind,
    key: Option<String>,
    signature: SignatureAlgorithm,
    next_update: UnixTime,
    delivery: Delivery,
    now: UnixTime,
}

/// A response that is built and checked. Only the signature is missing.
#[derive(Debug)]
pub struct PlannedOcsp {
    checked: CheckedOcsp,
    signer_key: PublicKey,
    key: Option<String>,
    signature: SignatureAlgorithm,
    delivery: Delivery,
}

impl OcspJob {
    /// Checks the CA certificate, the request and the output, and chooses what was not asked for.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare(order: OcspOrder, now: UnixTime) -> Result<Self, WorkflowError> {
        order.authority.check_authority(now)?;
        order.authority.check_self_signature()?;
        let request = order.request.accept(&order.authority)?;
        order.delivery.check()?;
        let responder = match order.signer {
            Some(signer) => Responder::delegated(order.authority, signer),
            None => Responder::authority(order.authority),
        };
        let signature = responder
            .certificate()
            .public_key()?
            .algorithm()
            .choose(order.signature)?;
        let latest = responder.not_after();
        let next_update = match order.period {
            Some(period) => period.after(now)?,
            None => DEFAULT.after(now).map_or(latest, |next| next.min(latest)),
        };
        Ok(Self {
            request,
            responder,
            responder_id: order.responder_id,
            key: order.key,
            signature,
            next_update,
            delivery: order.delivery,
            now,
        })
    }

    /// The serial numbers whose statuses [`build`](Self::build) asks for.
    #[must_use]
    pub fn serial_numbers(&self) -> Vec<SerialNumber> {
        let asked = self.request.certificates().filter(|(_, is_ours)| *is_ours);
        let signer = self
            .responder
            .is_delegated()
            .then(|| self.responder.certificate().serial_number());
        asked.map(|(id, _)| id.serial_number()).chain(signer).collect()
    }

    /// The same at a later time: after a PIN was waited for.
    #[must_use]
    pub fn at(self, now: UnixTime) -> Self {
        Self { now, ..self }
    }

    /// Looks the statuses up, builds the response and checks it. Needs no token.
    ///
    /// # Errors
    /// That the ledger cannot be read; [`WorkflowError::X509`]: a rule that is broken.
    pub fn build(self, statuses: &StatusSource<'_>) -> Result<PlannedOcsp, WorkflowError> {
        let responder = self.responder;
        if responder.is_delegated() {
            let status = statuses.of(responder.issuer(), &responder.certificate().serial_number())?;
            if let CertificateStatus::Revoked { .. } = status {
                let found = format!("the signer's certificate is {status}");
                return Err(X509Error::broken("ocsp-signer-status", found).into());
            }
        }
        let asked = self.request.certificates();
        let found = asked.map(|(id, is_ours)| match is_ours {
            true => statuses.of(responder.issuer(), &id.serial_number()),
            false => Ok(CertificateStatus::Unknown),
        });
        let found = found.collect::<Result<_, WorkflowError>>()?;
        let plan = OcspPlan {
            statuses: found,
            request: self.request,
            responder,
            responder_id: self.responder_id,
            produced_at: self.now,
            next_update: self.next_update,
        };
        Ok(PlannedOcsp {
            signer_key: plan.responder.certificate().public_key()?,
            signature: self.signature,
            checked: OcspTbs::build(plan, self.signature)?.check(self.now)?,
            key: self.key,
            delivery: self.delivery,
        })
    }
}

impl PlannedOcsp {
    /// The response that will be signed.
    #[must_use]
    pub const fn checked(&self) -> &CheckedOcsp {
        &self.checked
    }

    /// Records what will be signed, and has the token sign it, once, when there is a place for it.
    ///
    /// # Errors
    /// [`WorkflowError`]; no file is left.
    pub fn sign(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<OcspSummary, WorkflowError> {
        let slot = self.delivery.reserve()?;
        let signer = find_signing_key(store, self.key.as_deref(), &self.signer_key, self.signature)?;
        let responder = self.checked.plan().responder.clone();
        recorder.require_known(responder.issuer())?;
        let entry = recorder.begin_one(store, &ocsp_intent(&self.checked)?)?;
        progress.step("the key signs the OCSP response");
        let checked = self.checked;
        let (issued, delivered) = recorder.sign_and_deliver(
            entry,
            slot,
            || checked.sign(signer.as_ref()),
            |issued| issued.answer().der(),
        )?;
        Ok(OcspSummary {
            issued,
            delivered,
            unusual_usage: !responder.says_digital_signature()?,
        })
    }
}
