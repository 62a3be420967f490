//! `cert cross-sign`: this CA certifies another CA, by repeating its certificate under its own name.

use std::sync::Arc;

use super::lint::Rehearsals;
use super::record::Waivers;
use super::signing_key::find_signing_key;
use super::{Clock, Delivered, Delivery, Linted, Named, Planned, Progress, Recorder, Step, WorkflowError};
use crate::signer::{KeyList, KeyStore, PublicKey, RandomSource, SignatureAlgorithm, SignatureChoice};
use crate::x509::{
    AskedValidity, Certificate, Change, Checked, Issuer, NameFault, Original, Profile, SerialNumber, Tbs,
    UnixTime, Validity, X509Error, compare_with_original,
};

/// A cross-certificate that is requested.
#[derive(Clone, Debug)]
pub struct CrossRequest {
    /// The certificate of the other CA.
    pub original: Named<Original>,
    /// This CA's certificate.
    pub authority: Named<Certificate>,
    /// The key, if it cannot be found by this CA's public key.
    pub key: Option<String>,
    /// This CA's own profile, for the fields that the original lacks.
    pub profile: Option<Arc<Profile>>,
    /// Keys that are refused.
    pub refused_keys: Option<Arc<KeyList>>,
    /// Its validity. Without an end: the profile's days, or until one of the two certificates ends.
    pub validity: AskedValidity,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// Where it goes.
    pub delivery: Delivery,
    /// The rules that the operator waives.
    pub waivers: Waivers,
}

/// A cross-certificate that was issued.
#[derive(Clone, Debug)]
pub struct CrossSummary {
    /// The certificate.
    pub certificate: Certificate,
    /// Where it is.
    pub delivered: Delivered,
    /// The names of the fields that are the same as in the original.
    pub kept: Vec<String>,
    /// The fields that differ.
    pub changes: Vec<Change>,
    /// The RFC 5280 faults of the original that it corrects, in words.
    pub repairs: Vec<String>,
    /// The faults of the subject that it repeats.
    pub subject_faults: Vec<NameFault>,
}

/// A cross-certificate that passed every check that needs no token, and whose output can be written.
#[derive(Debug)]
pub struct CrossJob {
    request: CrossRequest,
    authority_key: PublicKey,
    profile: Arc<Profile>,
    validity: Validity,
    signature: SignatureAlgorithm,
    now: UnixTime,
}

impl CrossJob {
    /// Checks both certificates and the output. Checks a certificate with the same fields, except for the serial number, against every rule: a
    /// refusal comes before the PIN prompt.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare(request: CrossRequest, clock: &Clock) -> Result<Self, WorkflowError> {
        let now = clock.now();
        let (authority, original) = (&request.authority, &request.original);
        authority
            .value
            .check_authority(now)
            .and_then(|()| authority.value.check_self_signature())
            .map_err(|error| authority.about(error))?;
        let authority_key = authority.value.public_key()?;
        let refused = |error: X509Error| original.about(error);
        let mut profile = Profile::cross(&original.value, request.profile.as_deref()).map_err(refused)?;
        profile.refused_keys.clone_from(&request.refused_keys);
        // A requested end is kept, or refused by the rules.
        let ends = [&authority.value, original.value.certificate()].map(|one| one.validity().not_after);
        let validity = request.validity.choose(profile.default_days, &ends, now);
        let validity = validity.map_err(refused)?;
        request.delivery.check()?;
        let job = Self {
            signature: authority_key.algorithm().choose(request.signature)?,
            request,
            authority_key,
            profile: Arc::new(profile),
            validity,
            now,
        };
        job.build(&SerialNumber::from_octets([1; 20]))
            .map_err(|error| job.request.original.about(error))?;
        Ok(job)
    }

    /// The validity of the certificate.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Builds, checks and rehearses the certificate. Needs no token.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn plan(
        &self,
        random: &dyn RandomSource,
        progress: &dyn Progress,
    ) -> Result<Planned<Checked>, WorkflowError> {
        let checked = self.build(&SerialNumber::random(random)?)?;
        let issuer = Issuer::Authority(&self.request.authority.value);
        let rehearsals = Rehearsals::of(&self.profile, &self.authority_key)?;
        rehearsals.lint(&checked, issuer, self.now, Linted::Cross, progress)?;
        Ok(Planned::new(checked)?.waiving(self.request.waivers))
    }

    /// Plans the certificate, holds its place, records it, and makes the token sign it, once.
    ///
    /// # Errors
    /// [`WorkflowError`]; no file is left.
    pub fn run(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<CrossSummary, WorkflowError> {
        let key = self.request.key.as_deref();
        let signer = find_signing_key(store, key, &self.authority_key, self.signature)?;
        let planned = self.plan(store.random_source(), progress)?;
        let begun = recorder.begin_one(planned.hold(&self.request.delivery)?, store)?;
        progress.step(&Step::SignCross);
        let finished = recorder.finish(begun, signer.as_ref())?;
        let certificate = finished.object.certificate().clone();
        let original = &self.request.original.value;
        let (kept, changes) = compare_with_original(original.certificate(), &certificate);
        Ok(CrossSummary {
            certificate,
            delivered: finished.delivered,
            kept,
            changes,
            repairs: original.repairs(),
            subject_faults: original.subject_faults(),
        })
    }

    fn build(&self, serial: &SerialNumber) -> Result<Checked, X509Error> {
        let authority = &self.request.authority.value;
        let tbs = Tbs::cross(
            Arc::clone(&self.profile),
            &self.request.original.value,
            authority,
            serial,
            self.validity,
            self.signature,
        )?;
        tbs.check(Issuer::Authority(authority), self.now)
    }
}
