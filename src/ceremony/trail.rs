//! The trail of a ceremony: what was done according to its transcript, checked against its plan.
//!
//! The plan fixes the order of all actions, so this is a small state machine. It knows the next step and the events allowed in it, and reports
//! anything else as a [`Finding`]. It continues after a finding, so that people see every problem.

mod finish;
mod in_step;
mod left;
mod made;
mod room;
#[cfg(test)]
mod sound;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::in_step::Place;
use self::room::Run;
use super::{
    CeremonyPlan, CeremonyRule, ClaimedTime, Digest, Event, Finding, KeyOctets, KeyOrigin, Keys,
    PlannedObject, PlannedStep, Transcript, rules,
};
use crate::signer::PublicKey;
use crate::values::UnixTime;

/// What the transcript shows, step by step.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// The session of the last run. Once something is signed, no other session is possible.
    pub session: Option<String>,
    /// How many runs there were.
    pub runs: u64,
    /// How many steps are done.
    pub done: usize,
    /// Everyone who attended any run.
    pub attended: BTreeSet<String>,
    /// The keys made, by step.
    pub keys: BTreeMap<String, TrailKey>,
    /// Every signature that was begun, in order.
    pub signatures: Vec<TrailSignature>,
    /// SHA-256 of the DER of each written object, by step, with the line.
    pub written: BTreeMap<String, (u64, Digest)>,
    /// The gates that were passed, by step. If a gate was passed in two sessions, this is the later one.
    pub gates: BTreeMap<String, TrailGate>,
    /// Every gate that was opened, by step and session.
    pub opened_gates: BTreeMap<(String, String), OpenedGate>,
    /// Serial numbers that were revoked, by step, with the line.
    pub revoked: BTreeMap<String, (u64, String)>,
    /// The steps whose certificate people gave the spare serial number, each with the time of the first such decision.
    pub replaced: BTreeMap<String, UnixTime>,
    /// How the transcript ends.
    pub end: TrailEnd,
    /// Every departure from the plan.
    pub findings: Vec<Finding>,
}

/// A key that the step made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailKey {
    /// The line of its `key-end`.
    pub line: u64,
    /// The time of that line.
    pub time: UnixTime,
    /// How it came onto the token.
    pub how: KeyOrigin,
    /// DER of its `subjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
}

/// A signature that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailSignature {
    /// The line of its `sign-begin`.
    pub line: u64,
    /// The time of that line.
    pub time: UnixTime,
    /// The session.
    pub session: String,
    /// The step.
    pub step: String,
    /// The key.
    pub key: String,
    /// SHA-256 of the bytes to sign.
    pub sha256: Digest,
    /// The ledger entry.
    pub entry: u64,
    /// Whether these bytes contain the spare serial number.
    pub spare: bool,
    /// The octets of the signature, with the line of its `sign-end`, if there is one.
    pub signature: Option<(u64, Vec<u8>)>,
}

/// A gate that was opened in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenedGate {
    /// SHA-256 of the completed bytes, by step.
    pub objects: BTreeMap<String, Digest>,
    /// How it was passed in that session, if it was.
    pub passed: Option<TrailGate>,
}

/// A gate that was passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailGate {
    /// The line of its `gate-passed`.
    pub line: u64,
    /// The session.
    pub session: String,
    /// SHA-256 of the completed bytes, by step.
    pub objects: BTreeMap<String, Digest>,
    /// Who signed, with the time of the statement.
    pub people: BTreeMap<String, ClaimedTime>,
    /// Who attended.
    pub attending: Vec<String>,
}

/// How a transcript ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrailEnd {
    /// It has no end: the ceremony is not finished.
    #[default]
    Open,
    /// The ceremony is complete.
    Closed {
        /// The line.
        line: u64,
        /// SHA-256 of each file in `out`.
        out: BTreeMap<String, Digest>,
    },
    /// The ceremony was aborted.
    Aborted {
        /// The reason.
        because: String,
        /// Who says so.
        by: String,
    },
}

impl Trail {
    /// Follows the transcript from its first line to its last.
    #[must_use]
    pub fn follow(plan: &CeremonyPlan, transcript: &Transcript) -> Self {
        let mut follower = Follower::of(plan);
        for record in transcript.records() {
            let line = record.number();
            let time = record.time().unwrap_or(UnixTime(0));
            match record.event() {
                Ok(event) => follower.take(line, time, event),
                Err(error) => follower.find(
                    line,
                    rules::EVENT,
                    format!("not an event of this format: {error}"),
                ),
            }
        }
        follower.finish()
    }

    /// The octets of the ceremony's keys, for the holes.
    #[must_use]
    pub fn filled(&self) -> Keys {
        let read = |(step, made): (&String, &TrailKey)| {
            let key = PublicKey::from_der(&made.public_key).ok()?;
            Some((step.clone(), KeyOctets::of(&key)))
        };
        Keys(self.keys.iter().filter_map(read).collect())
    }

    /// The bytes that a step signs in this session, with or without the spare serial number, if all holes can be filled.
    #[must_use]
    pub fn completed(&self, object: &PlannedObject, spare: bool) -> Option<Vec<u8>> {
        let keys = self.filled();
        match spare {
            true => object.with_spare().ok()?.completed(&keys).ok(),
            false => object.completed(&keys).ok(),
        }
    }

    /// The last finished signature of a step.
    #[must_use]
    pub fn signature_of(&self, step: &str) -> Option<&TrailSignature> {
        let ended = |begun: &&TrailSignature| begun.step == step && begun.signature.is_some();
        self.signatures.iter().rev().find(ended)
    }
}

/// The state machine.
struct Follower<'a> {
    plan: &'a CeremonyPlan,
    trail: Trail,
    /// The previous line.
    last: Option<(u64, UnixTime)>,
    /// The current place in the ceremony.
    place: Place,
    run: Option<Run>,
}

impl<'a> Follower<'a> {
    fn of(plan: &'a CeremonyPlan) -> Self {
        Self {
            plan,
            trail: Trail::default(),
            last: None,
            place: Place::default(),
            run: None,
        }
    }

    fn find(&mut self, line: u64, rule: CeremonyRule, found: impl Into<String>) {
        self.trail.findings.push(Finding::in_line(line, rule, found));
    }

    fn take(&mut self, line: u64, time: UnixTime, event: Event) {
        if self.trail.end != TrailEnd::Open {
            self.find(line, rules::END, "something follows the end of the ceremony");
        }
        if let Some((_, before)) = self.last
            && time < before
        {
            match &mut self.run {
                Some(run) => run.went_back = Some(line),
                None => self.find(
                    line,
                    rules::CLOCK,
                    "the clock went back between two runs, before the next one began",
                ),
            }
        }
        self.last = Some((line, time));
        match event {
            Event::Opened {
                run,
                session,
                tool,
                module,
                ..
            } => self.open(line, run, session, tool, module),
            Event::Clock { .. } => self.clock(line),
            Event::Attending { people } => self.attend(line, people),
            Event::Note { by, .. } => self.check_author(line, &by),
            Event::Deviation { by, .. } => {
                self.check_author(line, &by);
                if let Some(run) = &mut self.run {
                    run.deviation = true;
                }
            }
            Event::Decision { step, choice, people } => self.decide(line, time, step, choice, &people),
            Event::Stopped { .. } => match self.run.take() {
                Some(_) => {}
                None => self.find(line, rules::ORDER, "stopped, and no run is open"),
            },
            Event::Closed { out } => self.close(line, out),
            Event::Aborted { because, by } => {
                self.check_author(line, &by);
                self.trail.end = TrailEnd::Aborted { because, by };
            }
            event => self.step(line, time, event),
        }
    }

    /// The next step; `None` before the first step and after the last.
    fn current(&self) -> Option<&'a PlannedStep> {
        self.plan.steps.get(self.place.next?)
    }
}
