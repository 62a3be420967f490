//! The terms that all certificates of a job share. Builds and checks one certificate.

use std::sync::Arc;

use super::SigningRequest;
use crate::signer::{PublicKey, RandomSource, SignatureAlgorithm};
use crate::workflow::lint::Rehearsals;
use crate::workflow::record::Waivers;
use crate::workflow::{Clock, Linted, Named, Planned, Progress, WorkflowError};
use crate::x509::{
    AskedValidity, Certificate, Checked, Issuer, Profile, SerialNumber, Tbs, UnixTime, Validity,
    VerifiedRequest, X509Error,
};

#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) authority: Named<Certificate>,
    pub(super) authority_key: PublicKey,
    pub(super) key: Option<String>,
    pub(super) profile: Arc<Profile>,
    pub(super) asked: AskedValidity,
    pub(super) validity: Validity,
    pub(super) signature: SignatureAlgorithm,
    /// The time when the validity was chosen.
    pub(super) now: UnixTime,
    pub(super) again: bool,
    pub(super) waivers: Waivers,
}

impl Terms {
    pub(super) fn choose(request: SigningRequest, clock: &Clock) -> Result<Self, WorkflowError> {
        let now = clock.now();
        let authority = request.authority;
        // The certificates copy the CA's name, identifier and validity from its certificate, so the CA must have signed it.
        authority
            .value
            .check_authority(now)
            .and_then(|()| authority.value.check_self_signature())
            .map_err(|error| authority.about(error))?;
        let authority_key = authority.value.public_key()?;
        // A requested end is kept or refused. The profile's default is cut to the CA's end.
        let issuer_not_after = authority.value.validity().not_after;
        let default_days = request.profile.default_days;
        let validity = request.validity.choose(default_days, &[issuer_not_after], now)?;
        if validity.not_after > issuer_not_after {
            return Err(X509Error::OutlivesIssuer {
                not_after: validity.not_after,
                issuer_not_after,
            }
            .into());
        }
        Ok(Self {
            signature: authority_key.algorithm().choose(request.signature)?,
            authority,
            authority_key,
            key: request.key,
            profile: request.profile,
            asked: request.validity,
            validity,
            now,
            again: request.again,
            waivers: request.waivers,
        })
    }

    /// A certificate that passed every rule.
    pub(super) fn check(
        &self,
        request: &VerifiedRequest,
        serial: &SerialNumber,
    ) -> Result<Checked, X509Error> {
        let authority = &self.authority.value;
        let tbs = Tbs::for_request(
            Arc::clone(&self.profile),
            request,
            authority,
            serial,
            self.validity,
            self.signature,
        )?;
        tbs.check(Issuer::Authority(authority), self.now)
    }

    /// A certificate that passed every rule, both decoders, and the profile's linter.
    pub(super) fn plan(
        &self,
        random: &dyn RandomSource,
        rehearsals: &Rehearsals<'_>,
        request: &VerifiedRequest,
        progress: &dyn Progress,
    ) -> Result<Planned<Checked>, WorkflowError> {
        let checked = self.check(request, &SerialNumber::random(random)?)?;
        let issuer = Issuer::Authority(&self.authority.value);
        rehearsals.lint_checked(&checked, issuer, self.now, Linted::Certificate, progress)?;
        Ok(Planned::new(checked)?.waiving(self.waivers))
    }
}
