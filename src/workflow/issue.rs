//! `ca create` and `csr sign`. Everything that can be refused is refused before the token is asked for anything, and every
//! certificate of a job is built and checked before the first is signed.

mod retry;

use retry::Source;
pub use retry::{LookedBack, RecordedJob};

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::VerifiedIdentity;
use super::delivery::Slot;
use super::kept_head::refuse_kept_head;
use super::lint::Rehearsals;
use super::record::{Guards, NewAuthority, Renewed, Waivers, authority_with, certificate_intent};
use super::signing_key::{find_named_key, find_signing_key};
use super::{Delivered, Delivery, Progress, Recorder, WorkflowError};
use crate::ledger::{Digest, EntryId, Intent, LedgerError};
use crate::signer::{KeyStore, PublicKey, SignatureAlgorithm, SignatureChoice, Signer};
use crate::x509::{
    AskedValidity, Certificate, Checked, ExtensionText, Issuer, Name, Profile, Role, SerialNumber, Tbs,
    UnixTime, Validity, VerifiedRequest, X509Error, dropped,
};

/// A self-signed CA certificate to be.
#[derive(Clone, Debug)]
pub struct AuthorityPlan {
    /// The key, as the store names it: a label, a `pkcs11:` URI, `kms:KEY`.
    pub key: String,
    /// Its subject and issuer.
    pub subject: Name,
    /// What it holds.
    pub profile: Profile,
    /// Its validity; the profile's days when no end is given.
    pub validity: AskedValidity,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// The rules that the operator waives.
    pub waivers: Waivers,
    /// Where it goes.
    pub delivery: Delivery,
}

/// Requests to be signed.
#[derive(Clone, Debug)]
pub struct RequestPlan {
    /// The requests.
    pub requests: Vec<PlannedRequest>,
    /// The CA certificate.
    pub authority: Certificate,
    /// The key, where it is not to be found by the CA certificate's public key.
    pub key: Option<String>,
    /// What each certificate holds.
    pub profile: Profile,
    /// The HSM whose request this is, where its identity was verified: every request must carry its key.
    pub identity: Option<VerifiedIdentity>,
    /// The validity of each; when no end is given the profile's days, or as long as the CA's if that ends earlier.
    pub validity: AskedValidity,
    /// How it is signed.
    pub signature: SignatureChoice,
    /// Whether a request is signed also where its certificate was signed before.
    pub again: bool,
    /// The rules that the operator waives, where the certificates are CAs'.
    pub waivers: Waivers,
}

/// A request whose own signature verified, and where its certificate goes.
#[derive(Clone, Debug)]
pub struct PlannedRequest {
    /// What errors call it: its file.
    pub name: String,
    /// The request.
    pub request: VerifiedRequest,
    /// Where its certificate goes.
    pub delivery: Delivery,
}

/// A certificate that was issued.
#[derive(Clone, Debug)]
pub struct IssueSummary {
    /// The certificate.
    pub certificate: Certificate,
    /// Where it is.
    pub delivered: Delivered,
    /// What the request asked for and did not get.
    pub dropped: Vec<ExtensionText>,
    /// The entry that it is in.
    pub entry: EntryId,
    /// Whether nothing was signed: the certificate is the one that was signed before for the same request.
    pub retried: bool,
    /// The valid certificate for the same names that it follows.
    pub renews: Option<Renewed>,
}

/// A self-signed CA certificate that passed every rule, and whose place is kept. Only the signature is missing.
pub struct PlannedAuthority<'a> {
    checked: Checked,
    slot: Slot,
    store: &'a dyn KeyStore,
    signer: Box<dyn Signer + 'a>,
    subject: Name,
    waivers: Waivers,
    now: UnixTime,
}

impl AuthorityPlan {
    /// The validity of a certificate that is made `now`.
    ///
    /// # Errors
    /// [`X509Error`] where what was asked for is not a validity period.
    pub fn choose_validity(&self, now: UnixTime) -> Result<Validity, X509Error> {
        self.validity.choose(self.profile.default_days, &[], now)
    }

    /// Finds the key, builds the certificate, checks and rehearses it, and keeps its place. Nothing is signed or recorded.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare<'a>(
        self,
        store: &'a dyn KeyStore,
        now: UnixTime,
        progress: &dyn Progress,
    ) -> Result<PlannedAuthority<'a>, WorkflowError> {
        let slot = self.delivery.reserve()?;
        let signer = find_named_key(store, &self.key)?;
        let key = signer.public_key().clone();
        let signature = key.algorithm().choose(self.signature)?;
        signer.check(signature)?;
        let serial = SerialNumber::random(store.random_source())?;
        let validity = self.choose_validity(now)?;
        let tbs = Tbs::self_signed(
            self.profile.clone(),
            &key,
            &self.subject,
            &serial,
            validity,
            signature,
        )?;
        let checked = tbs.check(Issuer::Itself, now)?;
        let rehearsals = Rehearsals::of(&self.profile, &key)?;
        rehearsals.judge(&checked, Issuer::Itself, now, "the CA certificate", progress)?;
        Ok(PlannedAuthority {
            subject: self.subject,
            waivers: self.waivers,
            now,
            checked,
            slot,
            store,
            signer,
        })
    }
}

impl PlannedAuthority<'_> {
    /// Before a ledger is made for it: refuses a key whose token keeps the head of another one.
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
        recorder.refuse_compromised(self.signer.public_key())?;
        self.checked.confirm_key()?;
        let intent = certificate_intent(&self.checked, None, None)?;
        recorder.tell_unfinished_of(&intent.authority, progress)?;
        let new = NewAuthority {
            subject: &self.subject,
            authority: intent.authority.clone(),
            cross_issuer: None,
            itself: None,
            entry: None,
        };
        let entries =
            recorder.begin_authorities(self.store, &mut [intent], &mut [new], self.waivers, self.now)?;
        let entry = entries.first().copied();
        let entry = entry.ok_or(LedgerError::NoEntry { entry: EntryId(0) })?;
        progress.step("the key signs the CA certificate");
        sign_and_deliver(
            self.checked,
            self.slot,
            self.signer.as_ref(),
            recorder,
            entry,
            Vec::new(),
        )
    }
}

/// Requests that passed every check that needs no token, and whose outputs can be written.
#[derive(Debug)]
pub struct SigningJob {
    requests: Vec<PlannedRequest>,
    authority: Certificate,
    authority_key: PublicKey,
    key: Option<String>,
    profile: Profile,
    validity: Validity,
    signature: SignatureAlgorithm,
    now: UnixTime,
    again: bool,
    /// One for each request.
    sources: Vec<Source>,
    /// How far the ledger went when they were looked for.
    looked_at: Option<u64>,
    waivers: Waivers,
}

impl SigningJob {
    /// Checks the CA certificate, the validity and every output, and holds certificates of the same fields, but for the serial numbers,
    /// against every rule. Nothing is left behind: a PIN may be asked for next, and whoever is asked may walk away.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn prepare(plan: RequestPlan, now: UnixTime) -> Result<Self, WorkflowError> {
        plan.authority.check_authority(now)?;
        let authority_key = plan.authority.public_key()?;
        // Its name, identifier and validity are copied into what is signed: they must be the CA's own words.
        plan.authority.check_self_signature()?;
        let validity = choose_validity(&plan, now)?;
        let signature = authority_key.algorithm().choose(plan.signature)?;
        let mut paths = BTreeSet::new();
        for planned in &plan.requests {
            let is_other = |identity: &VerifiedIdentity| planned.request.public_key() != identity.key();
            if plan.identity.as_ref().is_some_and(is_other) {
                return Err(in_request(planned, WorkflowError::OtherHsm));
            }
            let delivery = &planned.delivery;
            if let Some(path) = delivery.path().filter(|path| !paths.insert(*path)) {
                return Err(WorkflowError::SameOutput { path: path.clone() });
            }
            delivery.check()?;
        }
        let requests = plan.requests;
        let job = Self {
            again: plan.again,
            sources: vec![Source::New; requests.len()],
            looked_at: None,
            requests,
            authority: plan.authority,
            authority_key,
            key: plan.key,
            profile: plan.profile,
            waivers: plan.waivers,
            validity,
            signature,
            now,
        };
        for planned in &job.requests {
            job.check(&planned.request, &SerialNumber::from_octets([1; 20]))
                .map_err(|error| in_request(planned, error.into()))?;
        }
        Ok(job)
    }

    /// The validity of every certificate of the job.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Builds and checks every certificate that was not [signed before](Self::look_back), records what will be signed, then has the
    /// token sign them one after the other, once each. A place for the output is kept before each signature.
    ///
    /// # Errors
    /// [`WorkflowError`]; [`WorkflowError::Partly`] names the certificates that were delivered before the failure.
    pub fn run(
        mut self,
        store: &dyn KeyStore,
        recorder: &mut Recorder,
        progress: &dyn Progress,
    ) -> Result<Vec<IssueSummary>, WorkflowError> {
        for planned in &self.requests {
            recorder
                .refuse_compromised(planned.request.public_key())
                .map_err(|error| in_request(planned, error))?;
        }
        self.look(recorder)?;
        let signer = find_signing_key(store, self.key.as_deref(), &self.authority_key, self.signature)?;
        let rehearsals = Rehearsals::of(&self.profile, &self.authority_key)?;
        let mut checked = Vec::with_capacity(self.requests.len());
        let mut intents = Vec::with_capacity(self.requests.len());
        for (planned, source) in self.requests.iter().zip(&self.sources) {
            if !matches!(source, Source::New) {
                continue;
            }
            let built = self.build(store, &rehearsals, &planned.request, progress);
            let built = built.map_err(|error| in_request(planned, error))?;
            built
                .confirm_key()
                .map_err(|error| in_request(planned, error.into()))?;
            intents.push(certificate_intent(
                &built,
                Some(&self.authority),
                Some(&planned.request),
            )?);
            checked.push(built);
        }
        recorder.refuse_revoked(&self.authority)?;
        self.tell_other_identifiers(&checked, recorder)?;
        let renewed = self.find_renewed(&checked, recorder)?;
        let entries = self.begin(store, &mut intents, recorder)?;
        let count = checked.len();
        let mut to_sign = checked.into_iter().zip(&entries).enumerate();
        let mut issued: Vec<IssueSummary> = Vec::with_capacity(self.requests.len());
        for (planned, source) in self.requests.iter().zip(&self.sources) {
            let delivered = match source {
                Source::New => {
                    let Some((index, (checked, entry))) = to_sign.next() else {
                        continue;
                    };
                    progress.step(&format!(
                        "the CA's key signs certificate {} of {count}",
                        index + 1
                    ));
                    let signed = sign_one(planned, checked, signer.as_ref(), recorder, *entry);
                    signed.map(|summary| IssueSummary {
                        renews: renewed.get(index).cloned().flatten(),
                        ..summary
                    })
                }
                other => self.deliver_again(planned, other, &issued, recorder),
            };
            match delivered {
                Ok(summary) => issued.push(summary),
                Err(error) => {
                    let rest: Vec<_> = to_sign.map(|(_, (_, entry))| *entry).collect();
                    recorder.abandon(&rest, "not signed: the one before it failed");
                    return Err(after(&issued, error));
                }
            }
        }
        Ok(issued)
    }

    /// Warns where what a CA has issued would not name it any more.
    fn tell_other_identifiers(
        &self,
        checked: &[Checked],
        recorder: &mut Recorder,
    ) -> Result<(), WorkflowError> {
        if self.profile.role != Role::Intermediate {
            return Ok(());
        }
        let to_sign = self.requests.iter().zip(&self.sources);
        let to_sign = to_sign.filter(|(_, source)| matches!(source, Source::New));
        for ((planned, _), checked) in to_sign.zip(checked) {
            if let Some(given) = checked.describe()?.key_identifier {
                recorder.tell_other_identifier(&planned.request, &given)?;
            }
        }
        Ok(())
    }

    /// What each certificate follows, where it is a leaf's.
    fn find_renewed(
        &self,
        checked: &[Checked],
        recorder: &Recorder,
    ) -> Result<Vec<Option<Renewed>>, WorkflowError> {
        if self.profile.role != Role::Leaf {
            return Ok(vec![None; checked.len()]);
        }
        let find = |checked: &Checked| {
            let planned = checked.describe()?;
            recorder.find_renewed(&self.authority, planned.profile, &planned.names, &planned.subject)
        };
        checked.iter().map(find).collect()
    }

    /// Records what will be signed, if the rules about CA certificates let it.
    fn begin(
        &self,
        store: &dyn KeyStore,
        intents: &mut [Intent],
        recorder: &mut Recorder,
    ) -> Result<Vec<EntryId>, WorkflowError> {
        if self.profile.role == Role::Leaf {
            return recorder.begin(store, intents);
        }
        let new = |planned: &'_ PlannedRequest| {
            let subject = planned.request.subject();
            (
                subject.clone(),
                authority_with(subject, planned.request.public_key()),
            )
        };
        let to_sign = self.requests.iter().zip(&self.sources);
        let to_sign = to_sign.filter(|(_, source)| matches!(source, Source::New));
        let named: Vec<_> = to_sign.map(|(planned, _)| new(planned)).collect();
        let mut new: Vec<_> = named
            .iter()
            .map(|(subject, authority)| NewAuthority {
                subject,
                authority: authority.clone(),
                cross_issuer: None,
                itself: None,
                entry: None,
            })
            .collect();
        recorder.begin_authorities(store, intents, &mut new, self.waivers, self.now)
    }

    /// A certificate that passed every rule.
    fn check(&self, request: &VerifiedRequest, serial: &SerialNumber) -> Result<Checked, X509Error> {
        let tbs = Tbs::for_request(
            self.profile.clone(),
            request,
            &self.authority,
            serial,
            self.validity,
            self.signature,
        )?;
        tbs.check(Issuer::Authority(&self.authority), self.now)
    }

    /// A certificate that passed every rule, twice, and the profile's linter.
    fn build(
        &self,
        store: &dyn KeyStore,
        rehearsals: &Rehearsals<'_>,
        request: &VerifiedRequest,
        progress: &dyn Progress,
    ) -> Result<Checked, WorkflowError> {
        let checked = self.check(request, &SerialNumber::random(store.random_source())?)?;
        let issuer = Issuer::Authority(&self.authority);
        rehearsals.judge(&checked, issuer, self.now, "a certificate", progress)?;
        Ok(checked)
    }
}

/// Keeps the place for the certificate, and has it signed.
fn sign_one(
    planned: &PlannedRequest,
    checked: Checked,
    signer: &dyn Signer,
    recorder: &mut Recorder,
    entry: EntryId,
) -> Result<IssueSummary, WorkflowError> {
    match planned.delivery.reserve() {
        Ok(slot) => {
            let asked = everything_asked(&planned.request);
            sign_and_deliver(checked, slot, signer, recorder, entry, asked)
        }
        Err(error) => {
            recorder.abandon(&[entry], &error.to_string());
            Err(error.into())
        }
    }
}

/// Extensions, and the attributes that ask for none: nobody should think that those were read.
fn everything_asked(request: &VerifiedRequest) -> Vec<ExtensionText> {
    let attribute = |(name, value)| ExtensionText {
        name,
        critical: false,
        value,
    };
    let attributes = request.other_attributes().into_iter().map(attribute);
    request
        .requested_extensions()
        .into_iter()
        .chain(attributes)
        .collect()
}

/// Only a refusal is about the request; what the token failed to do is not.
fn in_request(planned: &PlannedRequest, error: WorkflowError) -> WorkflowError {
    match error {
        WorkflowError::X509(X509Error::Signer(_) | X509Error::Throwaway) | WorkflowError::Linter(_) => error,
        refused => WorkflowError::InRequest {
            name: planned.name.clone(),
            cause: Box::new(refused),
        },
    }
}

/// The error of one request, and what was done before it.
fn after(issued: &[IssueSummary], error: WorkflowError) -> WorkflowError {
    let done: Vec<PathBuf> = issued
        .iter()
        .filter_map(|summary| match &summary.delivered {
            Delivered::File(path) => Some(path.clone()),
            Delivered::Content(_) => None,
        })
        .collect();
    if done.is_empty() {
        return error;
    }
    WorkflowError::Partly {
        done,
        cause: Box::new(error),
    }
}

pub(super) fn sign_and_deliver(
    checked: Checked,
    slot: Slot,
    signer: &dyn Signer,
    recorder: &mut Recorder,
    entry: EntryId,
    asked: Vec<ExtensionText>,
) -> Result<IssueSummary, WorkflowError> {
    let (issued, delivered) = recorder.sign_and_deliver(
        entry,
        slot,
        || checked.sign(signer),
        |issued| issued.certificate().der(),
    )?;
    let given = issued.certificate().describe_extensions();
    let dropped = dropped(asked, &given);
    Ok(IssueSummary {
        certificate: issued.certificate().clone(),
        delivered,
        dropped,
        entry,
        retried: false,
        renews: None,
    })
}

/// An end that was asked for is kept or refused; the profile's own days give way to the end of the CA.
fn choose_validity(plan: &RequestPlan, now: UnixTime) -> Result<Validity, X509Error> {
    let issuer_not_after = plan.authority.validity().not_after;
    let default_days = plan.profile.default_days;
    let validity = plan.validity.choose(default_days, &[issuer_not_after], now)?;
    if validity.not_after > issuer_not_after {
        return Err(X509Error::OutlivesIssuer {
            not_after: validity.not_after,
            issuer_not_after,
        });
    }
    Ok(validity)
}
