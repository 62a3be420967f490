//! The statement that people sign at a gate: it has the SHA-256 of the completed bytes, before a key signs them.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ssh_key::SshKey;
use super::statement::{
    PlanIdentity, QuorumError, Signatories, SignedStatement, Statement, StatementError, StatementFrame,
    StatementKind,
};
use super::{CeremonyPlan, ClaimedTime, Confirm, Digest, PlanError, StepAction};
use crate::output::Sealed;
use crate::values::UnixTime;

/// The completed bytes at a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateBytes {
    /// The session. Another session signs other bytes, or the same bytes on another day.
    pub session: String,
    /// The step.
    pub step: String,
    /// For each later object that is complete: its step, and the SHA-256 of its completed bytes.
    pub objects: BTreeMap<String, Digest>,
}

/// The statement that is signed, as canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateStatement {
    #[serde(flatten)]
    frame: StatementFrame,
    objects: BTreeMap<String, Digest>,
    session: String,
    step: String,
}

/// A verified statement about the completed bytes.
pub type Gate = SignedStatement<GateBytes>;

impl GateStatement {
    /// The statement of `person` at the gate, to be signed with `key`. The time comes from this machine's clock; it is a claim, not a proof.
    #[must_use]
    pub fn new(plan: &PlanIdentity, person: &str, key: &SshKey, time: UnixTime, bytes: &GateBytes) -> Self {
        Self {
            frame: StatementFrame::new(StatementKind::Gate, plan, person, key, time),
            objects: bytes.objects.clone(),
            session: bytes.session.clone(),
            step: bytes.step.clone(),
        }
    }
}

impl Sealed for GateStatement {}

impl Statement for GateStatement {
    type Content = GateBytes;

    const KIND: StatementKind = StatementKind::Gate;

    fn frame(&self) -> &StatementFrame {
        &self.frame
    }

    fn content(&self) -> Result<GateBytes, StatementError> {
        Ok(GateBytes {
            session: self.session.clone(),
            step: self.step.clone(),
            objects: self.objects.clone(),
        })
    }
}

/// Counts the signatures at one gate as they are read. Only distinct attendees with the gate's role count. If someone with that role does not attend
/// (they left after an interruption, say), their signature is verified but not counted.
#[derive(Clone, Debug)]
pub struct GateCount {
    signatories: Signatories,
    attending: Vec<String>,
    threshold: usize,
    bytes: GateBytes,
    signed: Vec<Gate>,
}

impl GateCount {
    /// Starts at zero. `attending` names the attendees; those with the gate's role may sign.
    ///
    /// # Errors
    /// [`PlanError::NotAGate`]; [`PlanError::Quorum`] if too few attendees may sign.
    pub fn of(plan: &CeremonyPlan, attending: &[String], bytes: GateBytes) -> Result<Self, PlanError> {
        let Some(StepAction::Confirm(Confirm { sign_by })) = plan.step(&bytes.step).map(|step| &step.action)
        else {
            return Err(PlanError::NotAGate { step: bytes.step });
        };
        let people = plan.people.with(sign_by.role);
        let signatories = Signatories::of(plan.identity()?, people, "those who may sign at this gate")?;
        let there = plan.people.with(sign_by.role);
        let there = there.filter(|person| attending.contains(&person.name));
        let (threshold, people) = (sign_by.threshold, there.count());
        if threshold == 0 || threshold > people {
            return Err(PlanError::Quorum(QuorumError::Threshold { threshold, people }));
        }
        Ok(Self {
            signatories,
            attending: attending.to_vec(),
            threshold,
            bytes,
            signed: Vec::new(),
        })
    }

    /// The bytes to sign.
    #[must_use]
    pub const fn bytes(&self) -> &GateBytes {
        &self.bytes
    }

    /// Verifies a statement and its signature, and counts it. A person who signs twice counts once.
    ///
    /// # Errors
    /// [`StatementError`]; the statement is not counted.
    pub fn add(&mut self, statement: &[u8], signature: &[u8]) -> Result<&Gate, StatementError> {
        let gate = self.signatories.verify::<GateStatement>(statement, signature)?;
        self.bytes.refuse_other(gate.content())?;
        let index = self.signed.len();
        self.signed.push(gate);
        Ok(&self.signed[index])
    }

    /// The attendees who have signed, by name.
    #[must_use]
    pub fn people(&self) -> Vec<String> {
        let names: BTreeSet<_> = self.signed.iter().map(Gate::person).collect();
        let attends = |name: &&str| self.attending.iter().any(|there| there == name);
        names.into_iter().filter(attends).map(str::to_owned).collect()
    }

    /// The attendees who have signed, each with the time of their statement: the earliest one, if there are several.
    #[must_use]
    pub fn statements(&self) -> BTreeMap<String, ClaimedTime> {
        let mut statements = BTreeMap::new();
        for name in self.people() {
            let own = self.signed.iter().filter(|gate| gate.person() == name);
            if let Some(first) = own.map(Gate::claimed_time).min() {
                statements.insert(name, ClaimedTime(first));
            }
        }
        statements
    }

    /// Whether this person has signed a statement with this time.
    #[must_use]
    pub fn has(&self, person: &str, time: ClaimedTime) -> bool {
        let mut signed = self.signed.iter();
        signed.any(|gate| gate.person() == person && gate.claimed_time() == time.0)
    }

    /// How many more people must sign. At 0 the gate is passed.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.threshold.saturating_sub(self.people().len())
    }
}

impl GateBytes {
    fn refuse_other(&self, other: &Self) -> Result<(), StatementError> {
        if other.step != self.step {
            let what = format!("it is about step {:?}, and this is {:?}", other.step, self.step);
            return Err(StatementError::OtherGate { what });
        }
        if other.session != self.session {
            let what = format!(
                "it is about session {:?}, and this is {:?}",
                other.session, self.session
            );
            return Err(StatementError::OtherGate { what });
        }
        let steps = self.objects.keys().chain(other.objects.keys());
        for step in steps {
            if self.objects.get(step) != other.objects.get(step) {
                let what = format!("the SHA-256 of step {step:?} differs");
                return Err(StatementError::OtherGate { what });
            }
        }
        Ok(())
    }
}
