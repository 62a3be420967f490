//! What people sign at a gate: the SHA-256 of the completed bytes, before a key signs them.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ssh_key::SshKey;
use super::statement::{
    PlanIdentity, QuorumError, Signatories, SignedStatement, Statement, StatementError, StatementFrame,
    StatementKind,
};
use super::{CeremonyPlan, Confirm, Digest, PlanError, StepAction};
use crate::output::Sealed;
use crate::values::UnixTime;

/// The completed bytes at a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateBytes {
    /// The session: another one signs other bytes, or the same on another day.
    pub session: String,
    /// The step.
    pub step: String,
    /// SHA-256 of the completed bytes of each later object that is complete, by step.
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

/// A statement about the completed bytes whose signature was verified.
pub type Gate = SignedStatement<GateBytes>;

impl GateStatement {
    /// What `person` says at the gate, to be signed with `key`. The time is what this machine's clock says, and only a claim.
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

/// The signatures at one gate, as they are read: distinct people of the gate's role who attend. A signature of somebody with that role who does not
/// attend (they left after an interruption, say) is verified too, and does not count.
#[derive(Clone, Debug)]
pub struct GateCount {
    signatories: Signatories,
    attending: Vec<String>,
    threshold: usize,
    bytes: GateBytes,
    signed: Vec<Gate>,
}

impl GateCount {
    /// Nothing counted yet. `attending` are the names of those in the room; of them, those with the gate's role may sign.
    ///
    /// # Errors
    /// [`PlanError::NotAGate`]; [`PlanError::Quorum`] if fewer people may sign than have to.
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

    /// What is signed.
    #[must_use]
    pub const fn bytes(&self) -> &GateBytes {
        &self.bytes
    }

    /// Verifies a statement and its signature, and counts it. Somebody who signs twice counts once.
    ///
    /// # Errors
    /// [`StatementError`]; then it is not counted.
    pub fn add(&mut self, statement: &[u8], signature: &[u8]) -> Result<&Gate, StatementError> {
        let gate = self.signatories.verify::<GateStatement>(statement, signature)?;
        self.bytes.refuse_other(gate.content())?;
        let index = self.signed.len();
        self.signed.push(gate);
        Ok(&self.signed[index])
    }

    /// Who has signed and attends, by name.
    #[must_use]
    pub fn people(&self) -> Vec<String> {
        let names: BTreeSet<_> = self.signed.iter().map(Gate::person).collect();
        let attends = |name: &&str| self.attending.iter().any(|there| there == name);
        names.into_iter().filter(attends).map(str::to_owned).collect()
    }

    /// How many more people have to sign. At 0 the gate is passed.
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
