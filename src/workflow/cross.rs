//! `cert cross-sign`: this CA vouches for another one, whose certificate it repeats under its own name.

use super::issue::sign_and_deliver;
use super::lint::Rehearsals;
use super::record::{NewAuthority, Waivers, authority_of, certificate_intent};
use super::signing_key::find_signing_key;
use super::{Delivered, Delivery, Progress, Recorder, WorkflowError};
use crate::ledger::{Digest, EntryId, Intent, LedgerError, Object};
use crate::signer::{KeyStore, PublicKey, SignatureAlgorithm, SignatureChoice};
use crate::x509::{
    AskedValidity, Certificate, Change, Checked, Issuer, Original, Profile, SerialNumber, Tbs, UnixTime,
    Validity, X509Error, compare_with_original,
};

/// A cross-certificate to be.
#[derive(Clone, Debug)]
pub struct CrossPlan {
    /// The certificate of the other CA.
    pub original: Original,
    /// This CA's certificate.
    pub authority: Certificate,
    /// The key, where it is not to be found by this CA's public key.
    pub key: Option<String>,
    /// This CA's own profile, for what the original does not say.
    pub profile: Option<Profile>,
    /// Its validity; when no end is given the profile's days, or until one of the two certificates ends.
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
    /// What it has as the original has it, by name.
    pub kept: Vec<String>,
    /// What it has not.
    pub changes: Vec<Change>,
    /// What RFC 5280 does not allow in the original, and is right in it, in words.
    pub repairs: Vec<String>,
}

/// A cross-certificate that passed every check that needs no token, and whose output can be written.
#[derive(Debug)]
pub struct CrossJob {
    original: Original,
    authority: Certificate,
    authority_key: PublicKey,
    key: Option<String>,
    profile: Profile,
    validity: Validity,
    signature: SignatureAlgorithm,
    delivery: Delivery,
    now: UnixTime,
    waivers: Waivers,
}

impl CrossJob {
    /// Checks both certificates and the output, and holds a certificate of the same fields, but for the serial number, against every
    /// rule: what is refused is refused before anybody is asked for a PIN.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare(plan: CrossPlan, now: UnixTime) -> Result<Self, WorkflowError> {
        plan.authority.check_authority(now)?;
        plan.authority.check_self_signature()?;
        let authority_key = plan.authority.public_key()?;
        let profile = Profile::cross(&plan.original, plan.profile.as_ref())?;
        // An end that was asked for is kept, or refused by the rules.
        let ends = [&plan.authority, plan.original.certificate()].map(|one| one.validity().not_after);
        let validity = plan.validity.choose(profile.default_days, &ends, now)?;
        plan.delivery.check()?;
        let job = Self {
            signature: authority_key.algorithm().choose(plan.signature)?,
            original: plan.original,
            waivers: plan.waivers,
            authority: plan.authority,
            authority_key,
            key: plan.key,
            profile,
            validity,
            delivery: plan.delivery,
            now,
        };
        job.build(&SerialNumber::from_octets([1; 20]))?;
        Ok(job)
    }

    /// The validity of the certificate.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Builds and checks the certificate, rehearses and records it, and has the token sign it, once.
    ///
    /// # Errors
    /// [`WorkflowError`]; no file is left.
    pub fn run(
        self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<CrossSummary, WorkflowError> {
        recorder.refuse_compromised(&self.original.certificate().public_key()?)?;
        let signer = find_signing_key(store, self.key.as_deref(), &self.authority_key, self.signature)?;
        let checked = self.build(&SerialNumber::random(store.random_source())?)?;
        let issuer = Issuer::Authority(&self.authority);
        let rehearsals = Rehearsals::of(&self.profile, &self.authority_key)?;
        rehearsals.judge(&checked, issuer, self.now, "the cross-certificate", progress)?;
        checked.confirm_key()?;
        let slot = self.delivery.reserve()?;
        recorder.require_known(&self.authority)?;
        recorder.refuse_revoked(&self.authority)?;
        let other = self.original.certificate();
        let new = NewAuthority {
            subject: other.subject(),
            authority: authority_of(other)?,
            cross_issuer: Some(self.authority.subject()),
            itself: None,
            entry: None,
        };
        let intent = self.intent(&checked)?;
        let entries = recorder.begin_authorities(store, &mut [intent], &mut [new], self.waivers, self.now)?;
        let entry = entries.first().copied();
        let entry = entry.ok_or(LedgerError::NoEntry { entry: EntryId(0) })?;
        progress.step("the CA's key signs the cross-certificate");
        let issued = sign_and_deliver(checked, slot, signer.as_ref(), recorder, entry, Vec::new())?;
        let (kept, changes) = compare_with_original(self.original.certificate(), &issued.certificate);
        Ok(CrossSummary {
            certificate: issued.certificate,
            delivered: issued.delivered,
            kept,
            changes,
            repairs: self.original.repairs(),
        })
    }

    /// What was asked for, and is recorded by its hash, is the original.
    fn intent(&self, checked: &Checked) -> Result<Intent, WorkflowError> {
        let mut intent = certificate_intent(checked, Some(&self.authority), None)?;
        if let Object::Certificate { request_sha256, .. } = &mut intent.object {
            *request_sha256 = Some(Digest::of(self.original.certificate().der()));
        }
        Ok(intent)
    }

    fn build(&self, serial: &SerialNumber) -> Result<Checked, X509Error> {
        let tbs = Tbs::cross(
            self.profile.clone(),
            &self.original,
            &self.authority,
            serial,
            self.validity,
            self.signature,
        )?;
        tbs.check(Issuer::Authority(&self.authority), self.now)
    }
}
