//! By whom responses are signed, and how long they are valid: what all responses of a job have in common.

use super::status::StatusSource;
use crate::signer::{PublicKey, SignatureAlgorithm, SignatureChoice};
use crate::workflow::{Named, Planned, WorkflowError};
use crate::x509::{
    AcceptedOcspRequest, Certificate, CertificateStatus, CheckedOcsp, OcspContent, OcspTbs, Period,
    Responder, ResponderIdKind, UnixTime, X509Error, rules,
};

/// What a caller chooses about the signer and the validity of responses.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) authority: Named<Certificate>,
    pub(super) signer: Option<Certificate>,
    pub(super) key: Option<String>,
    pub(super) responder_id: ResponderIdKind,
    pub(super) signature: SignatureChoice,
    /// How long until nextUpdate, where it was asked for.
    pub(super) period: Option<Period>,
    /// Where it was not; or less, if a certificate ends earlier.
    pub(super) usual_period: Period,
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
    pub(super) fn choose(chosen: Chosen, now: UnixTime) -> Result<Self, WorkflowError> {
        let named = chosen.authority;
        named
            .value
            .check_authority(now)
            .and_then(|()| named.value.check_self_signature())
            .map_err(|error| named.about(error))?;
        let responder = match chosen.signer {
            Some(signer) => Responder::delegated(named.value, signer),
            None => Responder::authority(named.value),
        };
        let signature = responder
            .certificate()
            .public_key()?
            .algorithm()
            .choose(chosen.signature)?;
        Ok(Self {
            responder,
            key: chosen.key,
            signature,
            responder_id: chosen.responder_id,
            period: chosen.period,
            usual_period: chosen.usual_period,
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
