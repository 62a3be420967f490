//! `ca create`: a self-signed CA certificate.

use std::sync::Arc;

use super::kept_head::refuse_kept_head;
use super::lint::Rehearsals;
use super::record::{Guards, Waivers};
use super::signing_key::find_named_key;
use super::{Clock, Delivery, Held, IssueSummary, Linted, Planned, Progress, Recorder, Step, WorkflowError};
use crate::ledger::Digest;
use crate::signer::{KeyStore, PublicKey, RandomSource, SignatureChoice, Signer};
use crate::x509::{
    AskedValidity, Checked, Issuer, Name, Profile, SerialNumber, Tbs, UnixTime, Validity, X509Error,
};

/// A self-signed CA certificate that is requested.
#[derive(Clone, Debug)]
pub struct AuthorityRequest {
    /// The key, as the store names it: a label, a `pkcs11:` URI, `kms:KEY`.
    pub key: String,
    /// Its subject and issuer.
    pub subject: Name,
    /// Its content.
    pub profile: Arc<Profile>,
    /// Its validity; without an end, the profile's days.
    pub validity: AskedValidity,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// The rules that the operator waives.
    pub waivers: Waivers,
    /// Where it goes.
    pub delivery: Delivery,
}

/// A self-signed CA certificate that passed every rule. Its place is held; only the signature is missing.
pub struct PlannedAuthority<'a> {
    held: Held<Checked>,
    store: &'a dyn KeyStore,
    signer: Box<dyn Signer + 'a>,
}

impl AuthorityRequest {
    /// The validity of a certificate made `now`.
    ///
    /// # Errors
    /// [`X509Error`] if the request is not a validity period.
    pub fn choose_validity(&self, now: UnixTime) -> Result<Validity, X509Error> {
        self.validity.choose(self.profile.default_days, &[], now)
    }

    /// Builds, checks and rehearses the certificate for `key`. Needs no token: the public half of the key is enough.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn plan(
        &self,
        key: &PublicKey,
        random: &dyn RandomSource,
        clock: &Clock,
        progress: &dyn Progress,
    ) -> Result<Planned<Checked>, WorkflowError> {
        let now = clock.now();
        let signature = key.algorithm().choose(self.signature)?;
        let serial = SerialNumber::random(random)?;
        let profile = Arc::clone(&self.profile);
        let validity = self.choose_validity(now)?;
        let tbs = Tbs::self_signed(profile, key, &self.subject, &serial, validity, signature)?;
        let checked = tbs.check(Issuer::Itself, now)?;
        let rehearsals = Rehearsals::of(&self.profile, key)?;
        rehearsals.lint(&checked, Issuer::Itself, now, Linted::Authority, progress)?;
        Ok(Planned::new(checked)?.waiving(self.waivers))
    }

    /// Finds the key, plans the certificate for it, and holds its place. Nothing is signed or recorded.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare<'a>(
        &self,
        store: &'a dyn KeyStore,
        clock: &Clock,
        progress: &dyn Progress,
    ) -> Result<PlannedAuthority<'a>, WorkflowError> {
        let signer = find_named_key(store, &self.key)?;
        let key = signer.public_key();
        signer.check(key.algorithm().choose(self.signature)?)?;
        let planned = self.plan(key, store.random_source(), clock, progress)?;
        Ok(PlannedAuthority {
            held: planned.hold(&self.delivery)?,
            store,
            signer,
        })
    }
}

impl PlannedAuthority<'_> {
    /// For use before a ledger is made for the CA: refuses a key whose token keeps the head of another ledger.
    ///
    /// # Errors
    /// [`WorkflowError::KeptHead`]
    pub fn refuse_another_ledger(&self, guards: &Guards) -> Result<(), WorkflowError> {
        refuse_kept_head(guards, self.store, Digest::of(self.signer.public_key().der()))
    }

    /// Records what will be signed, and has the key sign it, once.
    ///
    /// # Errors
    /// [`WorkflowError`]; no file is left.
    pub fn sign(
        self,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<IssueSummary, WorkflowError> {
        recorder.tell_unfinished_of(&self.held.planned().intent().authority, progress)?;
        let begun = recorder.begin_one(self.held, self.store)?;
        progress.step(&Step::SignAuthority);
        let finished = recorder.finish(begun, self.signer.as_ref())?;
        Ok(IssueSummary::of(finished, &[]))
    }
}
