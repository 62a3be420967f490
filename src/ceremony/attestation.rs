//! The statement that the attendees sign at the end: it covers the transcript's head.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ssh_key::SshKey;
use super::statement::{
    PlanIdentity, Signatories, SignedStatement, Statement, StatementError, StatementFrame, StatementKind,
    is_line, is_plain_line,
};
use super::{CeremonyPlan, PlanError, TranscriptHead};
use crate::output::Sealed;
use crate::values::UnixTime;

/// How much of the ceremony the person saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presence {
    /// All of it.
    All,
    /// Only a part.
    Part,
}

impl Presence {
    /// The word in the statement.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Part => "part",
        }
    }
}

/// What an attendee says about the ceremony.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remarks {
    /// How much of it they saw.
    pub present: Presence,
    /// Whether it went as planned, as far as they saw.
    pub as_planned: bool,
    /// Any other remarks, in one line.
    pub remarks: Option<String>,
}

/// The statement that is signed, as canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AttestationStatement {
    as_planned: String,
    #[serde(flatten)]
    frame: StatementFrame,
    head: String,
    present: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remarks: Option<String>,
}

/// A verified statement about the head.
pub type Attestation = SignedStatement<(TranscriptHead, Remarks)>;

impl AttestationStatement {
    /// What `person` says about the ceremony with this head, to be signed with `key`. The time comes from this machine's clock; it is a claim, not a
    /// proof.
    ///
    /// # Errors
    /// [`StatementError::Text`]: the remarks are not one line of visible text.
    pub fn new(
        plan: &PlanIdentity,
        person: &str,
        key: &SshKey,
        time: UnixTime,
        head: TranscriptHead,
        remarks: &Remarks,
    ) -> Result<Self, StatementError> {
        if remarks.remarks.as_ref().is_some_and(|text| !is_plain_line(text)) {
            return Err(StatementError::Text { field: "remarks" });
        }
        let statement = Self {
            as_planned: if remarks.as_planned { "yes" } else { "no" }.to_owned(),
            frame: StatementFrame::new(StatementKind::Attestation, plan, person, key, time),
            head: head.to_string(),
            present: remarks.present.word().to_owned(),
            remarks: remarks.remarks.clone(),
        };
        statement.content()?;
        Ok(statement)
    }
}

impl Sealed for AttestationStatement {}

impl Statement for AttestationStatement {
    type Content = (TranscriptHead, Remarks);

    const KIND: StatementKind = StatementKind::Attestation;

    fn frame(&self) -> &StatementFrame {
        &self.frame
    }

    fn content(&self) -> Result<Self::Content, StatementError> {
        let word = |field: &'static str, found: &str| StatementError::Word {
            field,
            found: found.to_owned(),
        };
        let present = match self.present.as_str() {
            "all" => Presence::All,
            "part" => Presence::Part,
            other => return Err(word("present", other)),
        };
        let as_planned = match self.as_planned.as_str() {
            "yes" => true,
            "no" => false,
            other => return Err(word("as-planned", other)),
        };
        if self.remarks.as_ref().is_some_and(|remarks| !is_line(remarks)) {
            return Err(StatementError::Text { field: "remarks" });
        }
        let head = self.head.parse().map_err(|_| word("head", &self.head))?;
        let remarks = Remarks {
            present,
            as_planned,
            remarks: self.remarks.clone(),
        };
        Ok((head, remarks))
    }
}

/// Counts the attestations of one ceremony as they are read.
#[derive(Clone, Debug)]
pub struct AttestationCount {
    signatories: Signatories,
    /// Who must attest.
    required: Vec<String>,
    head: TranscriptHead,
    attestations: Vec<Attestation>,
}

impl AttestationCount {
    /// Starts at zero. `attended` names everyone who was there in any run. Each of them may attest. Those who have a role from the plan's `attest`
    /// must.
    ///
    /// # Errors
    /// [`PlanError`]. A plan that was read never causes it.
    pub fn of(plan: &CeremonyPlan, attended: &[String], head: TranscriptHead) -> Result<Self, PlanError> {
        let there = plan.people.persons.iter();
        let there: Vec<_> = there.filter(|person| attended.contains(&person.name)).collect();
        let has_to = there.iter().filter(|person| {
            let roles = &plan.people.attest;
            person.roles.iter().any(|role| roles.contains(role))
        });
        let required = has_to.map(|person| person.name.clone()).collect();
        let signatories = Signatories::of(plan.identity()?, there.into_iter(), "those who attended")?;
        Ok(Self {
            signatories,
            required,
            head,
            attestations: Vec::new(),
        })
    }

    /// Verifies a statement and its signature, and counts it.
    ///
    /// # Errors
    /// [`StatementError`]; the statement is not counted.
    pub fn add(&mut self, statement: &[u8], signature: &[u8]) -> Result<&Attestation, StatementError> {
        let attestation = self
            .signatories
            .verify::<AttestationStatement>(statement, signature)?;
        let (head, _) = attestation.content();
        if *head != self.head {
            return Err(StatementError::OtherHead {
                found: head.to_string(),
                expected: self.head.to_string(),
            });
        }
        let index = self.attestations.len();
        self.attestations.push(attestation);
        Ok(&self.attestations[index])
    }

    /// All attestations counted so far.
    #[must_use]
    pub fn attestations(&self) -> &[Attestation] {
        &self.attestations
    }

    /// Who must attest, in the plan's order.
    #[must_use]
    pub fn required(&self) -> &[String] {
        &self.required
    }

    /// Who must still attest.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let done: BTreeSet<_> = self.attestations.iter().map(Attestation::person).collect();
        let missing = self.required.iter().filter(|name| !done.contains(name.as_str()));
        missing.cloned().collect()
    }
}
