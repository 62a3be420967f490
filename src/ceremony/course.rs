//! The progress of a ceremony, derived from the events of its transcript.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{
    CanonicalError, CeremonyPlan, Choice, Digest, Event, GateBytes, KeyOrigin, Octets, PlannedStep,
    StepAction, Transcript,
};
use crate::values::UnixTime;

/// The progress of a ceremony.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// How many times `run` was started.
    pub runs: u64,
    /// The session of the last run.
    pub session: Option<String>,
    /// The session to which the ceremony is bound, because a key was made or used in it.
    pub bound: Option<String>,
    /// Who attends the last run. See [`Course::in_the_room`] for a run that is still open.
    pub attending: Vec<String>,
    /// Everyone who attended any run.
    pub attended: Vec<String>,
    /// Each step that was begun.
    pub steps: BTreeMap<String, StepCourse>,
    /// SHA-256 of each result, if the ceremony is closed.
    pub closed: Option<BTreeMap<String, Digest>>,
    /// Why it was aborted, and who said so.
    pub aborted: Option<(String, String)>,
    /// Whether the last run recorded that it stopped. A run that was killed did not.
    pub stopped: bool,
    /// The latest event time since people last confirmed the clock. A run that only began does not reset it.
    pub latest: Option<UnixTime>,
}

/// How a ceremony ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It was completed.
    Closed,
    /// It was aborted.
    Aborted {
        /// The reason.
        because: String,
        /// Who said so.
        by: String,
    },
}

/// The progress of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepCourse {
    /// The manual step was carried out.
    pub said: bool,
    /// A key is being made.
    pub key_begun: bool,
    /// The key that was made.
    pub key: Option<MadeKey>,
    /// The objects shown at the gate.
    pub gate: Option<BTreeMap<String, Digest>>,
    /// The gate was passed.
    pub gate_passed: bool,
    /// The last signature that was begun.
    pub begun: Option<BegunSignature>,
    /// How many signatures were begun.
    pub signatures: u64,
    /// What people decided after the last signature was begun.
    pub decision: Option<Choice>,
    /// The signature.
    pub signature: Option<Octets>,
    /// SHA-256 of the DER of the signed object, once it is on disk and in the ledger.
    pub written: Option<Digest>,
    /// The ledger has recorded the revocation.
    pub revoked: bool,
    /// A key is being destroyed.
    pub destroy_begun: bool,
    /// The key was destroyed.
    pub destroyed: bool,
}

/// A key that the step made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeKey {
    /// How it came onto the token.
    pub how: KeyOrigin,
    /// DER of its `subjectPublicKeyInfo`.
    pub public_key: Octets,
}

/// A signature that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunSignature {
    /// SHA-256 of the bytes to sign.
    pub sha256: Digest,
    /// The ledger entry.
    pub entry: u64,
    /// Whether these bytes contain the spare serial number.
    pub spare: bool,
}

impl Course {
    /// Derives the progress from a transcript.
    ///
    /// # Errors
    /// [`CanonicalError`]: a line is not an event.
    pub fn of(transcript: &Transcript) -> Result<Self, CanonicalError> {
        let mut course = Self::default();
        for record in transcript.records() {
            course.add(record.event()?, record.time());
        }
        Ok(course)
    }

    /// The progress of a step, or the default if the step was not begun.
    #[must_use]
    pub fn step(&self, id: &str) -> StepCourse {
        self.steps.get(id).cloned().unwrap_or_default()
    }

    /// How the ceremony ended, if it has ended.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        match (&self.aborted, &self.closed) {
            (Some((because, by)), _) => Some(Ending::Aborted {
                because: because.clone(),
                by: by.clone(),
            }),
            (None, Some(_)) => Some(Ending::Closed),
            (None, None) => None,
        }
    }

    /// Who attends the open run; nobody between runs. After a killed run, this still names its attendees.
    #[must_use]
    pub fn in_the_room(&self) -> &[String] {
        match self.stopped || self.ending().is_some() {
            true => &[],
            false => &self.attending,
        }
    }

    /// The gate that is waiting for signatures of the attendees.
    #[must_use]
    pub fn waiting_gate(&self) -> Option<GateBytes> {
        let mut open = self.steps.iter().filter(|(_, course)| !course.gate_passed);
        let (step, objects) = open.find_map(|(step, course)| Some((step, course.gate.as_ref()?)))?;
        let session = self.session.as_ref().filter(|_| !self.in_the_room().is_empty())?;
        Some(GateBytes {
            session: session.clone(),
            step: step.clone(),
            objects: objects.clone(),
        })
    }

    /// The last gate of the plan that was passed.
    #[must_use]
    pub fn passed_gate(&self, plan: &CeremonyPlan) -> Option<String> {
        let is_passed = |step: &&PlannedStep| self.steps.get(&step.id).is_some_and(|step| step.gate_passed);
        plan.steps
            .iter()
            .rev()
            .find(is_passed)
            .map(|step| step.id.clone())
    }

    /// Applies one more event.
    pub fn add(&mut self, event: Event, time: Option<UnixTime>) {
        self.latest = match event {
            Event::Decision {
                choice: Choice::ClockIsRight,
                ..
            } => time.or(self.latest),
            _ => self.latest.max(time),
        };
        match event {
            Event::Opened { run, session, .. } => {
                self.runs = run;
                // Another session signs other bytes, so its gates must be shown again.
                if self.session.as_ref().is_some_and(|before| *before != session) {
                    for step in self.steps.values_mut() {
                        step.gate = None;
                        step.gate_passed = false;
                    }
                }
                self.session = Some(session);
                self.stopped = false;
                self.attending.clear();
            }
            Event::Attending { people } => {
                for person in &people {
                    if !self.attended.contains(person) {
                        self.attended.push(person.clone());
                    }
                }
                self.attending = people;
            }
            Event::Said { step, .. } => self.at(step).said = true,
            Event::KeyBegin { step, .. } => {
                self.bind();
                self.at(step).key_begun = true;
            }
            Event::KeyEnd {
                step,
                how,
                public_key,
                ..
            } => self.at(step).key = Some(MadeKey { how, public_key }),
            Event::GateOpen { step, objects } => self.at(step).gate = Some(objects),
            Event::GatePassed { step, .. } => self.at(step).gate_passed = true,
            Event::SignBegin {
                step,
                sha256,
                entry,
                spare,
                ..
            } => {
                self.bind();
                let step = self.at(step);
                step.signatures += 1;
                step.decision = None;
                step.begun = Some(BegunSignature { sha256, entry, spare });
            }
            Event::SignEnd { step, signature } => self.at(step).signature = Some(signature),
            Event::Written { step, sha256 } => self.at(step).written = Some(sha256),
            Event::Revoked { step, .. } => self.at(step).revoked = true,
            Event::DestroyBegin { step, .. } => {
                self.bind();
                self.at(step).destroy_begun = true;
            }
            Event::DestroyEnd { step } => self.at(step).destroyed = true,
            Event::Decision { step, choice, .. } => self.at(step).decision = Some(choice),
            Event::Stopped { .. } => self.stopped = true,
            Event::Closed { out } => self.closed = Some(out),
            Event::Aborted { because, by } => self.aborted = Some((because, by)),
            Event::Clock { .. } | Event::Confirmed { .. } | Event::Note { .. } | Event::Deviation { .. } => {}
        }
    }

    /// A key was made or used. From now on only this session can continue, because another day would sign other bytes.
    fn bind(&mut self) {
        self.bound.clone_from(&self.session);
    }

    fn at(&mut self, step: String) -> &mut StepCourse {
        self.steps.entry(step).or_default()
    }
}

impl StepCourse {
    /// Whether the step is finished.
    #[must_use]
    pub const fn is_done(&self, action: &StepAction) -> bool {
        match action {
            StepAction::Manual(_) => self.said,
            StepAction::GenerateKey(_) | StepAction::ImportKey(_) => self.key.is_some(),
            StepAction::Confirm(_) => self.gate_passed,
            StepAction::CreateCa(_)
            | StepAction::SignCsr(_)
            | StepAction::CrossSign(_)
            | StepAction::Crl(_) => self.written.is_some(),
            StepAction::Revoke(_) => self.revoked,
            StepAction::DestroyKey(_) => self.destroyed,
        }
    }
}
