//! The progress of a ceremony, derived from the events of its transcript.

use std::collections::BTreeMap;

use super::{CanonicalError, Choice, Digest, Event, GateBytes, KeyOrigin, Octets, StepAction, Transcript};
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

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(course: &mut Course, session: &str, time: u64) {
        let event = Event::Opened {
            run: course.runs + 1,
            session: session.to_owned(),
            tool: Digest::of(b"tool"),
            module: Digest::of(b"module"),
            boot: "boot".to_owned(),
            host: "host".to_owned(),
            network: Vec::new(),
            by: "A".to_owned(),
        };
        course.add(event, Some(UnixTime(time)));
    }

    #[test]
    fn a_gate_is_passed_for_one_session_only() {
        let mut course = Course::default();
        opened(&mut course, "main", 100);
        let (step, objects) = ("gate".to_owned(), BTreeMap::new());
        course.add(
            Event::GateOpen {
                step: step.clone(),
                objects,
            },
            None,
        );
        let people = vec!["A".to_owned()];
        course.add(Event::GatePassed { step, people }, None);
        opened(&mut course, "main", 200);
        assert!(course.step("gate").gate_passed);
        opened(&mut course, "standby", 300);
        assert_eq!(course.step("gate"), StepCourse::default());
    }

    fn attending(people: &[&str]) -> Event {
        Event::Attending {
            people: people.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_gate_waits_until_it_is_passed_or_the_run_stops() {
        let objects = BTreeMap::from([("root".to_owned(), Digest::of(b"root"))]);
        let step = "gate".to_owned();
        let mut course = Course::default();
        opened(&mut course, "main", 100);
        course.add(attending(&["A", "B"]), None);
        let open = Event::GateOpen {
            step: step.clone(),
            objects: objects.clone(),
        };
        course.add(open, None);
        let waiting = GateBytes {
            session: "main".to_owned(),
            step: step.clone(),
            objects,
        };
        assert_eq!(course.waiting_gate().as_ref(), Some(&waiting));
        assert_eq!(course.in_the_room(), ["A", "B"]);
        let mut passed = course.clone();
        passed.add(
            Event::GatePassed {
                step,
                people: Vec::new(),
            },
            None,
        );
        assert_eq!(passed.waiting_gate(), None);
        let because = "Ctrl-C".to_owned();
        course.add(Event::Stopped { because }, None);
        assert_eq!((course.waiting_gate(), course.in_the_room().len()), (None, 0));
        // Another session shows its own bytes. The next run of the same session continues with the gate once the attendees are known.
        let mut other = course.clone();
        opened(&mut other, "standby", 200);
        other.add(attending(&["A", "B"]), None);
        assert_eq!(other.waiting_gate(), None);
        opened(&mut course, "main", 200);
        assert_eq!(course.waiting_gate(), None);
        course.add(attending(&["C", "A"]), None);
        assert_eq!(course.waiting_gate().as_ref(), Some(&waiting));
        assert_eq!(course.in_the_room(), ["C", "A"]);
        assert_eq!(course.attended, ["A", "B", "C"]);
    }

    #[test]
    fn a_ceremony_ends_closed_or_aborted() {
        let mut course = Course::default();
        opened(&mut course, "main", 100);
        course.add(attending(&["A"]), None);
        assert_eq!(course.ending(), None);
        let mut closed = course.clone();
        closed.add(Event::Closed { out: BTreeMap::new() }, None);
        assert_eq!(closed.ending(), Some(Ending::Closed));
        assert!(closed.in_the_room().is_empty());
        let (because, by) = ("the bag was open".to_owned(), "A".to_owned());
        let aborted = Event::Aborted {
            because: because.clone(),
            by: by.clone(),
        };
        course.add(aborted, None);
        assert_eq!(course.ending(), Some(Ending::Aborted { because, by }));
        assert!(course.in_the_room().is_empty());
    }

    #[test]
    fn a_clock_that_went_back_stays_behind_until_people_decide() {
        let mut course = Course::default();
        opened(&mut course, "main", 100);
        opened(&mut course, "main", 50);
        assert_eq!(course.latest, Some(UnixTime(100)));
        let decision = Event::Decision {
            step: "opening".to_owned(),
            choice: Choice::ClockIsRight,
            people: vec!["A".to_owned()],
        };
        course.add(decision, Some(UnixTime(60)));
        assert_eq!(course.latest, Some(UnixTime(60)));
    }
}
