//! `ocsp respond`. Where the statuses come from is in [`StatusSource`]; a response is built and checked before the token is asked
//! for anything.

mod status;

use super::named::in_input;
use super::signing_key::find_signing_key;
use super::{Clock, Delivered, Delivery, Named, Planned, Progress, Recorder, Step, WorkflowError};
use crate::signer::{KeyStore, SignatureAlgorithm, SignatureChoice};
use crate::x509::{
    AcceptedOcspRequest, CertIdHash, Certificate, CertificateStatus, CheckedOcsp, IndexStatuses, IssuedOcsp,
    OcspContent, OcspRequest, OcspTbs, Period, Responder, ResponderIdKind, SerialNumber, UnixTime, X509Error,
    rules,
};

use status::StatusSource;

/// A day, when nothing is asked for: CA/B BR 4.9.10 has between eight hours and ten days.
const DEFAULT: Period = Period::Days(1);

/// Which certificates a response is about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OcspQuestion {
    /// Those that someone asks about.
    Request(Named<OcspRequest>),
    /// Certificates of the CA, by their serial numbers: a response that is made before anyone asks, without a nonce.
    Certificates {
        /// Their serial numbers.
        serials: Vec<SerialNumber>,
        /// The hash that names the CA in the response. A client finds an answer only under the hash that it asked with.
        hash: CertIdHash,
    },
}

/// A response to be.
#[derive(Clone, Debug)]
pub struct OcspResponseRequest {
    /// The CA certificate.
    pub authority: Named<Certificate>,
    /// The certificate of a delegated signer; the CA signs if there is none.
    pub signer: Option<Certificate>,
    /// The signer's key, where it is not to be found by the public key of its certificate.
    pub key: Option<String>,
    /// What it is about.
    pub question: OcspQuestion,
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

/// A question that will be answered, by a signer that may; the statuses are missing.
#[derive(Clone, Debug)]
pub struct OcspJob {
    request: AcceptedOcspRequest,
    responder: Responder,
    responder_id: ResponderIdKind,
    key: Option<String>,
    signature: SignatureAlgorithm,
    next_update: UnixTime,
    delivery: Delivery,
    clock: Clock,
}

impl OcspJob {
    /// Checks the CA certificate, the request and the output, and chooses what was not asked for.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare(request: OcspResponseRequest, clock: &Clock) -> Result<Self, WorkflowError> {
        let (named, now) = (request.authority, clock.now());
        named
            .value
            .check_authority(now)
            .and_then(|()| named.value.check_self_signature())
            .map_err(|error| named.about(error))?;
        let authority = named.value;
        let accepted = match request.question {
            OcspQuestion::Request(Named { name, value }) => {
                let accepted = value.accept(&authority);
                accepted.map_err(|error| in_input(&name, error))?
            }
            OcspQuestion::Certificates { serials, hash } => {
                OcspRequest::about(&authority, &serials, hash)?.accept(&authority)?
            }
        };
        request.delivery.check()?;
        let responder = match request.signer {
            Some(signer) => Responder::delegated(authority, signer),
            None => Responder::authority(authority),
        };
        let signature = responder
            .certificate()
            .public_key()?
            .algorithm()
            .choose(request.signature)?;
        let latest = responder.not_after();
        let next_update = match request.period {
            Some(period) => period.after(now)?,
            None => DEFAULT.after(now).map_or(latest, |next| next.min(latest)),
        };
        Ok(Self {
            request: accepted,
            responder,
            responder_id: request.responder_id,
            key: request.key,
            signature,
            next_update,
            delivery: request.delivery,
            clock: clock.clone(),
        })
    }

    /// The serial numbers whose statuses [`plan`](Self::plan) looks up.
    #[must_use]
    pub fn serial_numbers(&self) -> Vec<SerialNumber> {
        let asked = self.request.certificates().filter(|(_, is_ours)| *is_ours);
        let signer = self
            .responder
            .is_delegated()
            .then(|| self.responder.certificate().serial_number());
        asked.map(|(id, _)| id.serial_number()).chain(signer).collect()
    }

    /// Looks the statuses up as they are now, in the ledger and in what an `index` of `openssl ca` says of
    /// [these serial numbers](Self::serial_numbers), builds the response and checks it. Needs no token. Before a PIN is asked for, it shows
    /// what would be refused; what is signed is planned when the PIN is there.
    ///
    /// # Errors
    /// That the ledger cannot be read; [`WorkflowError::X509`]: a rule that is broken.
    pub fn plan(
        &self,
        recorder: &Recorder,
        index: Option<&IndexStatuses>,
    ) -> Result<Planned<CheckedOcsp>, WorkflowError> {
        let statuses = StatusSource {
            ledger: Some(recorder.ledger()),
            index,
        };
        let (responder, now) = (&self.responder, self.clock.now());
        if responder.is_delegated() {
            let status = statuses.of(responder.issuer(), &responder.certificate().serial_number())?;
            if let CertificateStatus::Revoked { .. } = status {
                let found = format!("the signer's certificate is {status}");
                return Err(X509Error::broken(rules::OCSP_SIGNER_STATUS, found).into());
            }
        }
        let asked = self.request.certificates();
        let found = asked.map(|(id, is_ours)| match is_ours {
            true => statuses.of(responder.issuer(), &id.serial_number()),
            false => Ok(CertificateStatus::Unknown),
        });
        let content = OcspContent {
            statuses: found.collect::<Result<_, WorkflowError>>()?,
            request: self.request.clone(),
            responder: responder.clone(),
            responder_id: self.responder_id,
            produced_at: now,
            next_update: self.next_update,
        };
        Planned::new(OcspTbs::build(content, self.signature)?.check(now)?)
    }

    /// Plans the response, keeps its place, records it, and has the token sign it, once.
    ///
    /// # Errors
    /// [`WorkflowError`]; no file is left.
    pub fn run(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        index: Option<&IndexStatuses>,
        progress: &dyn Progress,
    ) -> Result<OcspSummary, WorkflowError> {
        let signer_key = self.responder.certificate().public_key()?;
        let signer = find_signing_key(store, self.key.as_deref(), &signer_key, self.signature)?;
        let planned = self.plan(recorder, index)?;
        let begun = recorder.begin_one(planned.hold(&self.delivery)?, store)?;
        progress.step(&Step::SignOcsp);
        let finished = recorder.finish(begun, signer.as_ref())?;
        Ok(OcspSummary {
            issued: finished.object,
            delivered: finished.delivered,
            unusual_usage: !self.responder.says_digital_signature()?,
        })
    }
}
