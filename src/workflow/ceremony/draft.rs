//! Drafts: every object of every session, built with stand-in keys and checked against every rule.
//!
//! A stand-in has the same key type as the real key. So a drafted object differs from the final one only in the octets of the key and in values that
//! depend on them: the key identifiers and the signature. No rule depends on those.

mod budget;
mod planned;
mod serials;
mod shown;
mod stand_ins;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(super) use budget::budget;
pub(super) use serials::{DrawnSerials, PlanSerials};
pub(super) use shown::{show_certificate, show_list};

use self::stand_ins::make_stand_ins;
use super::foreseen::{Foreseen, LedgerToday};
use super::objects::{Built, Made, ObjectBuilder, in_step, issuer_of, lint};
use super::previous::Following;
use super::stand_in::StandIn;
use super::waivers::{check_waivers, waived_in_ledger};
use super::{CeremonyError, CeremonySource};
use crate::ceremony::{KeyBudget, PlannedObject, PlannedPrevious, Session, Step, StepAction};
use crate::signer::{KeyAlgorithm, PublicKey, RandomSource, SignatureAlgorithm};
use crate::workflow::{Progress, Recorder, WorkflowError};
use crate::x509::{Certificate, Checked, CheckedCrl, CrlNumber, Name, ThrowawayKey, UnixTime, Validity};

/// A ceremony in which every object passed every rule, with stand-in keys.
#[derive(Clone, Debug)]
pub struct CeremonyDraft {
    /// One entry for each session of the file.
    pub sessions: Vec<DraftedSession>,
    /// How many times each key signs. The number is exact.
    pub budget: Vec<KeyBudget>,
    /// The exact bytes of all objects, for a plan.
    pub(super) objects: Vec<PlannedObject>,
}

/// The objects of one session.
#[derive(Clone, Debug)]
pub struct DraftedSession {
    /// Its name.
    pub name: String,
    /// The objects, in the order of the steps.
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
        /// The name of its file.
        out: String,
        /// Subject.
        subject: Name,
        /// Issuer.
        issuer: Name,
        /// The type of the certified key.
        key: KeyAlgorithm,
        /// Validity.
        validity: Validity,
        /// The signature algorithm.
        signature: SignatureAlgorithm,
    },
    /// A CRL.
    Crl {
        /// The step.
        step: String,
        /// The name of its file.
        out: String,
        /// Issuer.
        issuer: Name,
        /// `cRLNumber`
        number: CrlNumber,
        /// `thisUpdate`
        this_update: UnixTime,
        /// `nextUpdate`
        next_update: UnixTime,
        /// The number of revoked certificates on it.
        entries: usize,
    },
}

/// Builds and checks every object of every session. `ledger` is the ledger in which the ceremony will be recorded, if there is one. It is only read,
/// and anything it would refuse on the day is refused now.
///
/// # Errors
/// [`WorkflowError::Ceremony`]: the first step that breaks a rule, and the rule.
pub fn draft_ceremony(
    source: &CeremonySource,
    random: &dyn RandomSource,
    ledger: Option<&Recorder>,
    progress: &dyn Progress,
) -> Result<CeremonyDraft, WorkflowError> {
    let serials = DrawnSerials::from(random);
    let today = ledger.map(LedgerToday::read).transpose()?;
    draft_with(source, &serials, today.as_ref(), progress)
}

pub(super) fn draft_with(
    source: &CeremonySource,
    serials: &dyn PlanSerials,
    today: Option<&LedgerToday<'_>>,
    progress: &dyn Progress,
) -> Result<CeremonyDraft, WorkflowError> {
    let CeremonySource { file, inputs, .. } = source;
    check_waivers(file)?;
    let stand_ins = make_stand_ins(source)?;
    let public = |(name, stand_in): (&String, &StandIn)| (name.clone(), stand_in.public_key.clone());
    let known = |(name, stand_in): (&String, &StandIn)| Some((name.clone(), stand_in.known.clone()?));
    let draft = Draft {
        builder: ObjectBuilder {
            file,
            inputs,
            profiles: &source.profiles,
            refused_keys: source.refused_keys.as_ref(),
            serials,
            keys: stand_ins.iter().map(public).collect(),
            known: stand_ins.iter().filter_map(known).collect(),
        },
        serials,
        stand_ins,
        throwaways: RefCell::default(),
        progress,
    };
    let mut drafted = CeremonyDraft {
        sessions: Vec::new(),
        budget: budget(file),
        objects: Vec::new(),
    };
    let older = older_authorities(source)?;
    for session in &file.sessions {
        let mut foreseen = Foreseen::begin(today, &draft.stand_ins, session, &older);
        let objects = draft.session(session, &mut foreseen, &mut drafted.objects)?;
        drafted.sessions.push(DraftedSession {
            name: session.name.clone(),
            objects,
        });
    }
    if let Some(previous) = PlannedPrevious::of(&file.previous) {
        let following = Following {
            previous: &previous,
            kind: file.kind,
            action: &|step| file.step(step).map(|step| &step.action),
            objects: &drafted.objects,
        };
        let export = source.previous.as_deref().unwrap_or_default();
        following.check(export).map_err(CeremonyError::from)?;
    }
    Ok(drafted)
}

struct Draft<'a> {
    builder: ObjectBuilder<'a>,
    serials: &'a dyn PlanSerials,
    /// Keyed by the step that makes the key, or by the input with its public key.
    stand_ins: BTreeMap<String, StandIn>,
    /// One key for each key type with which older CAs sign, because making an RSA key takes longer than the rest of a plan.
    throwaways: RefCell<Vec<(KeyAlgorithm, Rc<ThrowawayKey>)>>,
    progress: &'a dyn Progress,
}

impl Draft<'_> {
    fn session(
        &self,
        session: &Session,
        foreseen: &mut Foreseen<'_>,
        planned: &mut Vec<PlannedObject>,
    ) -> Result<Vec<DraftObject>, WorkflowError> {
        let mut made = Made::default();
        let mut objects = Vec::new();
        for step in &self.builder.file.steps {
            let drafted = self
                .step(step, session, &mut made, foreseen, planned)
                .map_err(|error| in_step(self.builder.file.kind, step, session, error))?;
            objects.extend(drafted);
        }
        Ok(objects)
    }

    fn step(
        &self,
        step: &Step,
        session: &Session,
        made: &mut Made,
        foreseen: &mut Foreseen<'_>,
        planned: &mut Vec<PlannedObject>,
    ) -> Result<Option<DraftObject>, WorkflowError> {
        Ok(match self.builder.build(step, session, made)? {
            Some(Built::Certificate(checked)) => {
                lint(&checked, session, self.progress)?;
                let certificate = self.rehearse(&checked, session)?;
                let waivers = waived_in_ledger(self.builder.file, &step.id);
                foreseen.at(step, |foreseen| {
                    foreseen.certificate(step, &checked, &certificate, waivers)
                })?;
                planned.push(self.plan_certificate(step, session, &checked, &certificate)?);
                let drafted = describe(step, &certificate, checked.signature())?;
                made.certificates.insert(step.id.clone(), certificate);
                Some(drafted)
            }
            Some(Built::Crl(checked)) => {
                let revocations = match &step.action {
                    StepAction::Crl(crl) => made.revocations.get(&crl.issuer),
                    _ => None,
                };
                let revocations = revocations.map_or(&[][..], Vec::as_slice);
                foreseen.at(step, |foreseen| foreseen.crl(step, &checked, revocations))?;
                planned.push(self.plan_crl(step, session, &checked, revocations)?);
                Some(describe_crl(step, &checked))
            }
            Some(Built::Revocation) => {
                self.foresee_revocation(step, made, foreseen)?;
                None
            }
            None => {
                if let StepAction::DestroyKey(destroy) = &step.action {
                    foreseen.destroyed(step, &destroy.key);
                }
                None
            }
        })
    }

    fn foresee_revocation(
        &self,
        step: &Step,
        made: &Made,
        foreseen: &mut Foreseen<'_>,
    ) -> Result<(), WorkflowError> {
        let StepAction::Revoke(revoke) = &step.action else {
            return Ok(());
        };
        let last = made.revocations.get(&revoke.issuer).and_then(|list| list.last());
        let Some(revoked) = last else {
            return Ok(());
        };
        let authority = self.builder.certificate(&revoke.issuer, made)?;
        let certificate = self.builder.certificate(&revoke.certificate, made)?;
        foreseen.at(step, |foreseen| {
            foreseen.revocation(step, &authority, &certificate, revoked)
        })
    }

    /// The final certificate, except for octets of keys and the signature.
    fn rehearse(&self, checked: &Checked, session: &Session) -> Result<Certificate, WorkflowError> {
        let is_issuer = |stand_in: &&StandIn| stand_in.public_key == *checked.issuer_key();
        let own;
        let key = match self.stand_ins.values().find(is_issuer) {
            Some(stand_in) => &stand_in.key,
            None => {
                own = self.throwaway_like(checked.issuer_key())?;
                &own
            }
        };
        let rehearsal = checked.rehearse(key, issuer_of(checked), session.begins)?;
        Ok(rehearsal.certificate().clone())
    }

    fn throwaway_like(&self, key: &PublicKey) -> Result<Rc<ThrowawayKey>, WorkflowError> {
        let kind = key.algorithm();
        let mut made = self.throwaways.borrow_mut();
        if let Some((_, found)) = made.iter().find(|(other, _)| *other == kind) {
            return Ok(Rc::clone(found));
        }
        let new = Rc::new(ThrowawayKey::like(key)?);
        made.push((kind, Rc::clone(&new)));
        Ok(new)
    }
}

fn describe(
    step: &Step,
    certificate: &Certificate,
    signature: SignatureAlgorithm,
) -> Result<DraftObject, WorkflowError> {
    Ok(DraftObject::Certificate {
        step: step.id.clone(),
        out: step.action.out().unwrap_or_default().to_owned(),
        subject: certificate.subject().clone(),
        issuer: certificate.issuer().clone(),
        key: certificate.public_key()?.algorithm(),
        validity: certificate.validity(),
        signature,
    })
}

fn describe_crl(step: &Step, checked: &CheckedCrl) -> DraftObject {
    let content = checked.plan();
    DraftObject::Crl {
        step: step.id.clone(),
        out: step.action.out().unwrap_or_default().to_owned(),
        issuer: checked.authority().subject().clone(),
        number: content.number,
        this_update: content.this_update,
        next_update: content.next_update,
        entries: checked.entries(),
    }
}

/// The signing CAs that are older than the ceremony. The ledger must know them on the day.
fn older_authorities(source: &CeremonySource) -> Result<BTreeMap<&str, Certificate>, CeremonyError> {
    let mut older = BTreeMap::new();
    for step in &source.file.steps {
        if let Some(issuer) = step.action.issuer().filter(|name| source.inputs.has(name)) {
            older.insert(issuer, source.inputs.certificate(issuer)?);
        }
    }
    Ok(older)
}
