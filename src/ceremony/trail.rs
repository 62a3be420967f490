//! The trail of a ceremony: what its transcript says was done, held against its plan.
//!
//! The plan fixes the order of everything. So this is a small machine: it knows which step is next and what may happen in it, and it notes
//! whatever else happens as a [`Finding`]. It goes on after a finding, so that people see all of them.

mod finish;
mod in_step;
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
    CeremonyPlan, Choice, Digest, Event, Finding, KeyOctets, KeyOrigin, Keys, PlannedObject, PlannedStep,
    Transcript,
};
use crate::signer::PublicKey;
use crate::values::UnixTime;

/// What the transcript says, step by step.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// The session of the last run. Once something is signed, there is no other.
    pub session: Option<String>,
    /// How many runs there were.
    pub runs: u64,
    /// How many steps are done.
    pub done: usize,
    /// Everybody who attended any of them.
    pub attended: BTreeSet<String>,
    /// The keys that were made, by step.
    pub keys: BTreeMap<String, TrailKey>,
    /// Every signature that was begun, in order.
    pub signatures: Vec<TrailSignature>,
    /// SHA-256 of the DER of each object that was written, by step, with the line.
    pub written: BTreeMap<String, (u64, Digest)>,
    /// The gates that were passed, by step. Of a gate that was passed in two sessions, the later one.
    pub gates: BTreeMap<String, TrailGate>,
    /// Every gate that was opened, by step and session.
    pub opened_gates: BTreeMap<(String, String), OpenedGate>,
    /// Serial numbers that were revoked, by step, with the line.
    pub revoked: BTreeMap<String, (u64, String)>,
    /// Who decided what, in order, with the line.
    pub decisions: Vec<(u64, String, Choice)>,
    /// How it ended.
    pub end: TrailEnd,
    /// What does not follow the plan.
    pub findings: Vec<Finding>,
}

/// A key that a step made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailKey {
    /// The line of its `key-end`.
    pub line: u64,
    /// When.
    pub time: UnixTime,
    /// How it came.
    pub how: KeyOrigin,
    /// DER of its `subjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
}

/// A signature that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailSignature {
    /// The line of its `sign-begin`.
    pub line: u64,
    /// When.
    pub time: UnixTime,
    /// The session.
    pub session: String,
    /// The step.
    pub step: String,
    /// The key.
    pub key: String,
    /// SHA-256 of what is signed.
    pub sha256: Digest,
    /// The entry in the ledger.
    pub entry: u64,
    /// Whether it has the spare serial number.
    pub spare: bool,
    /// The octets of the signature, with the line, where there is an end.
    pub signature: Option<(u64, Vec<u8>)>,
}

/// A gate that was opened in a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenedGate {
    /// SHA-256 of the completed bytes, by step.
    pub objects: BTreeMap<String, Digest>,
    /// How it was passed there, if it was.
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
    /// Who signed.
    pub people: Vec<String>,
    /// Who was in the room.
    pub attending: Vec<String>,
}

/// How a transcript ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrailEnd {
    /// It does not: the ceremony is not finished.
    #[default]
    Open,
    /// The ceremony is complete.
    Closed {
        /// The line.
        line: u64,
        /// SHA-256 of each file in `out`.
        out: BTreeMap<String, Digest>,
    },
    /// The ceremony was given up.
    Aborted {
        /// Why.
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
                Err(error) => follower.find(line, "event", format!("not an event of this format: {error}")),
            }
        }
        follower.finish()
    }

    /// The octets that the keys of the ceremony fill in.
    #[must_use]
    pub fn filled(&self) -> Keys {
        let read = |(step, made): (&String, &TrailKey)| {
            let key = PublicKey::from_der(&made.public_key).ok()?;
            Some((step.clone(), KeyOctets::of(&key)))
        };
        Keys(self.keys.iter().filter_map(read).collect())
    }

    /// The bytes that a step signs in this session, with its spare serial number or without, if their holes can be filled.
    #[must_use]
    pub fn completed(&self, object: &PlannedObject, spare: bool) -> Option<Vec<u8>> {
        let keys = self.filled();
        match spare {
            true => object.with_spare().ok()?.completed(&keys).ok(),
            false => object.completed(&keys).ok(),
        }
    }

    /// The last signature of a step that has an end.
    #[must_use]
    pub fn signature_of(&self, step: &str) -> Option<&TrailSignature> {
        let ended = |begun: &&TrailSignature| begun.step == step && begun.signature.is_some();
        self.signatures.iter().rev().find(ended)
    }
}

/// The machine.
struct Follower<'a> {
    plan: &'a CeremonyPlan,
    trail: Trail,
    /// The line before.
    last: Option<(u64, UnixTime)>,
    /// Where the ceremony is.
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

    fn find(&mut self, line: u64, rule: &'static str, found: impl Into<String>) {
        self.trail.findings.push(Finding::in_line(line, rule, found));
    }

    fn take(&mut self, line: u64, time: UnixTime, event: Event) {
        if self.trail.end != TrailEnd::Open {
            self.find(line, "end", "something follows the end of the ceremony");
        }
        if let Some((_, before)) = self.last
            && time < before
        {
            match &mut self.run {
                Some(run) => run.went_back = Some(line),
                None => self.find(
                    line,
                    "clock",
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
            Event::Note { .. } => {}
            Event::Deviation { .. } => {
                if let Some(run) = &mut self.run {
                    run.deviation = true;
                }
            }
            Event::Decision { step, choice, people } => self.decide(line, step, choice, &people),
            Event::Stopped { .. } => match self.run.take() {
                Some(_) => {}
                None => self.find(line, "order", "stopped, and no run is open"),
            },
            Event::Closed { out } => self.close(line, out),
            Event::Aborted { because, by } => self.trail.end = TrailEnd::Aborted { because, by },
            event => self.step(line, time, event),
        }
    }

    /// The step that is next; none before the first and after the last.
    fn current(&self) -> Option<&'a PlannedStep> {
        self.plan.steps.get(self.place.next?)
    }
}
