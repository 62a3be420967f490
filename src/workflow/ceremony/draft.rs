//! Every object of every session, built with stand-in keys and held against every rule.
//!
//! A stand-in has the kind of the key that it stands for, so a drafted object differs from the final one only in the key's own octets and in what
//! follows from them: the key identifiers, and the signature. No rule depends on those. Serial numbers are drawn for the draft only.

mod budget;
mod certificates;
mod crls;
mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;

use budget::budget;

use super::stand_in::StandIn;
use super::{CeremonyError, CeremonyInputs};
use crate::ceremony::{
    CeremonyFile, CreateCa, DestroyKey, GenerateKey, ImportKey, Session, Step, StepAction,
};
use crate::signer::{KeyAlgorithm, PublicKey, RandomSource, SignatureAlgorithm};
use crate::workflow::{Progress, WorkflowError};
use crate::x509::{
    Certificate, CrlNumber, Name, Profile, RULES, Revocation, ThrowawayKey, UnixTime, Validity,
};

pub use budget::KeyBudget;

/// A ceremony whose every object passed every rule, with stand-in keys.
#[derive(Clone, Debug)]
pub struct CeremonyDraft {
    /// One for each session of the file.
    pub sessions: Vec<DraftedSession>,
    /// How often each key signs, at most and at least.
    pub budget: Vec<KeyBudget>,
}

/// What one session would make.
#[derive(Clone, Debug)]
pub struct DraftedSession {
    /// Its name.
    pub name: String,
    /// Its objects, in the order of the steps.
    pub objects: Vec<DraftObject>,
}

/// An object that a step would make.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DraftObject {
    /// A certificate.
    Certificate {
        /// The step.
        step: String,
        /// Its file.
        out: String,
        /// Subject.
        subject: Name,
        /// Issuer.
        issuer: Name,
        /// The key that it certifies.
        key: KeyAlgorithm,
        /// Validity.
        validity: Validity,
        /// How it is signed.
        signature: SignatureAlgorithm,
    },
    /// A CRL.
    Crl {
        /// The step.
        step: String,
        /// Its file.
        out: String,
        /// Issuer.
        issuer: Name,
        /// `cRLNumber`
        number: CrlNumber,
        /// `thisUpdate`
        this_update: UnixTime,
        /// `nextUpdate`
        next_update: UnixTime,
        /// How many certificates are on it.
        entries: usize,
    },
}

/// Builds and checks every object of every session. `profiles` has each profile that the file names.
///
/// # Errors
/// [`WorkflowError::Ceremony`]: the first step that breaks a rule, with the rule.
pub fn draft_ceremony(
    file: &CeremonyFile,
    inputs: &CeremonyInputs,
    profiles: &BTreeMap<String, Arc<Profile>>,
    random: &dyn RandomSource,
    progress: &dyn Progress,
) -> Result<CeremonyDraft, WorkflowError> {
    let mut draft = Draft {
        file,
        inputs,
        profiles,
        random,
        progress,
        keys: BTreeMap::new(),
    };
    draft.check_waivers()?;
    draft.make_stand_ins()?;
    let sessions = file.sessions.iter().map(|session| draft.session(session));
    Ok(CeremonyDraft {
        sessions: sessions.collect::<Result<_, _>>()?,
        budget: budget(file),
    })
}

struct Draft<'a> {
    file: &'a CeremonyFile,
    inputs: &'a CeremonyInputs,
    profiles: &'a BTreeMap<String, Arc<Profile>>,
    random: &'a dyn RandomSource,
    progress: &'a dyn Progress,
    /// By the step that makes the key, or the input that has its public half.
    keys: BTreeMap<String, StandIn>,
}

/// What a session has made so far.
#[derive(Default)]
struct Made {
    certificates: BTreeMap<String, Certificate>,
    revocations: BTreeMap<String, Vec<Revocation>>,
    objects: Vec<DraftObject>,
}

/// The CA that signs.
struct Authority<'a> {
    certificate: Certificate,
    key: PublicKey,
    /// `None` where the CA is older than this ceremony: nothing has to verify under its key in a draft.
    stand_in: Option<&'a ThrowawayKey>,
}

impl Draft<'_> {
    fn check_waivers(&self) -> Result<(), CeremonyError> {
        for waiver in &self.file.close.waivers {
            let reason = match RULES.iter().find(|rule| rule.name == waiver.rule) {
                None => "there is no rule of that name",
                Some(rule) if !rule.can_be_waived => "this rule cannot be waived",
                Some(_) => continue,
            };
            return Err(value(&waiver.step, "waive", format!("{}: {reason}", waiver.rule)));
        }
        Ok(())
    }

    fn make_stand_ins(&mut self) -> Result<(), WorkflowError> {
        for step in &self.file.steps {
            let (name, stand_in) = match &step.action {
                StepAction::GenerateKey(GenerateKey { key_type, .. }) => {
                    let kind = key_type.parse::<KeyAlgorithm>();
                    let kind = kind.map_err(|error| value(&step.id, "type", error.to_string()))?;
                    (&step.id, StandIn::of(kind)?)
                }
                StepAction::ImportKey(ImportKey { pair, .. }) => {
                    let known = self.inputs.pair(pair)?.public_key;
                    (&step.id, self.stand_in_for(pair, known)?)
                }
                StepAction::CreateCa(CreateCa { key, .. })
                | StepAction::DestroyKey(DestroyKey { key, .. })
                    if self.inputs.has(key) =>
                {
                    (key, self.stand_in_for(key, self.inputs.public_key(key)?)?)
                }
                _ => continue,
            };
            self.keys.insert(name.clone(), stand_in);
        }
        Ok(())
    }

    fn stand_in_for(&self, input: &str, known: PublicKey) -> Result<StandIn, WorkflowError> {
        for (other, stand_in) in &self.keys {
            if other != input && stand_in.known.as_ref() == Some(&known) {
                let reason = format!("it has the same key as {other:?}");
                let name = input.to_owned();
                return Err(CeremonyError::InputContent { name, reason }.into());
            }
        }
        if let Some(fault) = known.find_fault() {
            let (name, reason) = (input.to_owned(), fault.to_string());
            return Err(CeremonyError::InputContent { name, reason }.into());
        }
        Ok(StandIn::for_known(known)?)
    }

    fn session(&self, session: &Session) -> Result<DraftedSession, WorkflowError> {
        let mut made = Made::default();
        for step in &self.file.steps {
            self.step(step, session, &mut made)
                .map_err(|error| in_step(step, session, error))?;
        }
        Ok(DraftedSession {
            name: session.name.clone(),
            objects: made.objects,
        })
    }

    fn step(&self, step: &Step, session: &Session, made: &mut Made) -> Result<(), WorkflowError> {
        match &step.action {
            StepAction::CreateCa(create) => self.create_ca(step, create, session, made),
            StepAction::SignCsr(sign) => self.sign_csr(step, sign, session, made),
            StepAction::CrossSign(cross) => self.cross_sign(step, cross, session, made),
            StepAction::Revoke(revoke) => self.revoke(step, revoke, session, made),
            StepAction::Crl(crl) => self.crl(step, crl, session, made),
            _ => Ok(()),
        }
    }

    fn authority(&self, name: &str, session: &Session, made: &Made) -> Result<Authority<'_>, WorkflowError> {
        let certificate = self.certificate(name, made)?;
        for time in [session.begins, session.ends] {
            certificate.check_authority(time)?;
        }
        certificate.check_self_signature()?;
        let key = certificate.public_key()?;
        let of_step = self.file.step(name).and_then(|step| match &step.action {
            StepAction::CreateCa(create) => self.keys.get(&create.key),
            _ => None,
        });
        Ok(Authority {
            stand_in: of_step.map(|stand_in| &stand_in.key),
            certificate,
            key,
        })
    }

    fn certificate(&self, name: &str, made: &Made) -> Result<Certificate, CeremonyError> {
        match made.certificates.get(name) {
            Some(certificate) => Ok(certificate.clone()),
            None => self.inputs.certificate(name),
        }
    }
}

impl Made {
    fn take(
        &mut self,
        step: &Step,
        out: &str,
        certificate: Certificate,
        signature: SignatureAlgorithm,
    ) -> Result<(), WorkflowError> {
        self.objects.push(DraftObject::Certificate {
            step: step.id.clone(),
            out: out.to_owned(),
            subject: certificate.subject().clone(),
            issuer: certificate.issuer().clone(),
            key: certificate.public_key()?.algorithm(),
            validity: certificate.validity(),
            signature,
        });
        self.certificates.insert(step.id.clone(), certificate);
        Ok(())
    }
}

fn time(step: &Step, field: &'static str, text: &str) -> Result<UnixTime, CeremonyError> {
    text.parse()
        .map_err(|error| value(&step.id, field, format!("{error}")))
}

fn value(step: &str, field: &'static str, reason: String) -> CeremonyError {
    CeremonyError::Value {
        step: step.to_owned(),
        field,
        reason,
    }
}

/// A rule that a step breaks is told with the session; what is wrong in every session is not.
fn in_step(step: &Step, session: &Session, error: WorkflowError) -> WorkflowError {
    match error {
        WorkflowError::Ceremony(_) | WorkflowError::Linter(_) => error,
        cause => CeremonyError::Step {
            step: step.id.clone(),
            session: session.name.clone(),
            cause: Box::new(cause),
        }
        .into(),
    }
}
