//! The signer and the validity that all responses of a job share.

use super::status::StatusSource;
use crate::signer::{PublicKey, SignatureAlgorithm, SignatureChoice};
use crate::workflow::record::SKEW;
use crate::workflow::{Named, Planned, WorkflowError};
use crate::x509::{
    AcceptedOcspRequest, Certificate, CertificateStatus, CheckedOcsp, OcspContent, OcspTbs, Period,
    Responder, ResponderIdKind, UnixTime, X509Error, rules,
};

/// What a caller chooses about the signer and the validity of responses.
#[derive(Clone, Debug)]
pub struct OcspTerms {
    /// The CA certificate.
    pub authority: Named<Certificate>,
    /// The certificate of a delegated signer; the CA signs if it is `None`.
    pub signer: Option<Certificate>,
    /// The signer's key, if it cannot be found by the public key of its certificate.
    pub key: Option<String>,
    /// How a response names its signer.
    pub responder_id: ResponderIdKind,
    /// How long until nextUpdate. If it is `None`, a day for a single response and a week for a publication, or less if a certificate ends
    /// earlier.
    pub period: Option<Period>,
    /// How responses are signed.
    pub signature: SignatureChoice,
}

/// The same after its checks.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) responder: Responder,
    pub(super) key: Option<String>,
    pub(super) signature: SignatureAlgorithm,
    responder_id: ResponderIdKind,
    period: Option<Period>,
    usual_period: Period,
}

impl Terms {
    /// Checks the CA certificate, and chooses what was not asked for.
    pub(super) fn choose(
        asked: OcspTerms,
        usual_period: Period,
        now: UnixTime,
    ) -> Result<Self, WorkflowError> {
        let named = asked.authority;
        named
            .value
            .check_authority(now)
            .and_then(|()| named.value.check_self_signature())
            .map_err(|error| named.about(error))?;
        let responder = match asked.signer {
            Some(signer) => Responder::delegated(named.value, signer),
            None => Responder::authority(named.value),
        };
        let signature = responder
            .certificate()
            .public_key()?
            .algorithm()
            .choose(asked.signature)?;
        Ok(Self {
            responder,
            key: asked.key,
            signature,
            responder_id: asked.responder_id,
            period: asked.period,
            usual_period,
        })
    }

    /// The CA certificate.
    pub(super) const fn authority(&self) -> &Certificate {
        self.responder.issuer()
    }

    /// The key that signs.
    pub(super) fn signer_key(&self) -> Result<PublicKey, X509Error> {
        self.responder.certificate().public_key()
    }

    /// nextUpdate of a response that is made now.
    pub(super) fn next_update(&self, now: UnixTime) -> Result<UnixTime, X509Error> {
        let latest = self.responder.not_after();
        match self.period {
            Some(period) => period.after(now),
            None => Ok(self
                .usual_period
                .after(now)
                .map_or(latest, |next| next.min(latest))),
        }
    }

    /// Whether a response would be signed with this algorithm, and for this validity if one is requested.
    pub(super) fn would_choose(&self, algorithm: SignatureAlgorithm, begin: UnixTime, end: UnixTime) -> bool {
        let lasts = |period: Period| {
            period
                .after(begin)
                .is_ok_and(|asked| asked.0.abs_diff(end.0) <= SKEW)
        };
        algorithm == self.signature && self.period.is_none_or(lasts)
    }

    /// Refuses a delegated signer that is revoked.
    pub(super) fn refuse_revoked_signer(&self, statuses: &StatusSource<'_>) -> Result<(), WorkflowError> {
        let responder = &self.responder;
        if !responder.is_delegated() {
            return Ok(());
        }
        let status = statuses.of(responder.issuer(), &responder.certificate().serial_number())?;
        match status {
            CertificateStatus::Revoked { .. } => {
                let found = format!("the signer's certificate is {status}");
                Err(X509Error::broken(rules::OCSP_SIGNER_STATUS, found).into())
            }
            _ => Ok(()),
        }
    }

    /// A response that passed every rule.
    pub(super) fn plan(
        &self,
        request: AcceptedOcspRequest,
        statuses: Vec<CertificateStatus>,
        next_update: UnixTime,
        now: UnixTime,
    ) -> Result<Planned<CheckedOcsp>, WorkflowError> {
        let content = OcspContent {
            request,
            statuses,
            responder: self.responder.clone(),
            responder_id: self.responder_id,
            produced_at: now,
            next_update,
        };
        Planned::new(OcspTbs::build(content, self.signature)?.check(now)?)
    }
}
