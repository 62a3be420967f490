//! The people of a rehearsal. Each has a stand-in key that signs in their place.

use std::collections::BTreeMap;

use super::RehearsalError;
use crate::ceremony::{
    CeremonyExport, CeremonyFile, Decision, PlannedPeople, Presence, Remarks, Role, SshKey, StandInSigner,
};
use crate::values::UnixTime;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::{CeremonySource, OpenedCeremony, PreviousError, Saying, prepare_statement};

/// Stand-in keys, by the person's real key as a line.
pub(super) struct PracticePeople(BTreeMap<String, StandInSigner>);

impl PracticePeople {
    /// Stand-in keys for everyone in the file and in the previous ceremony.
    pub(super) fn of(source: &CeremonySource) -> Result<Self, WorkflowError> {
        let mut lines: Vec<_> = source
            .file
            .people
            .iter()
            .map(|person| person.key.line())
            .collect();
        if let Some(export) = &source.previous {
            let export = CeremonyExport::read(export).map_err(PreviousError::Export);
            let export = export.map_err(crate::workflow::CeremonyError::from)?;
            lines.extend(export.people.persons.into_iter().map(|person| person.key));
        }
        let mut signers = BTreeMap::new();
        for line in lines {
            let signer = StandInSigner::generate().map_err(RehearsalError::Signer)?;
            signers.entry(line).or_insert(signer);
        }
        Ok(Self(signers))
    }

    /// The keys for the file of the practice, in its order.
    pub(super) fn keys_of(&self, file: &CeremonyFile) -> Result<Vec<SshKey>, WorkflowError> {
        let people = file.people.iter();
        people.map(|person| self.key_for(&person.key.line())).collect()
    }

    /// The stand-in for a person's key.
    pub(super) fn key_for(&self, line: &str) -> Result<SshKey, WorkflowError> {
        let signer = self.0.get(line);
        let signer = signer.ok_or_else(|| RehearsalError::NoKey { key: line.to_owned() })?;
        Ok(signer.key().clone())
    }

    /// Everyone who may approve the practice does.
    pub(super) fn approve(&self, ceremony: &OpenedCeremony, now: UnixTime) -> Result<(), WorkflowError> {
        let previous = ceremony.previous_people().map_err(WorkflowError::from)?;
        let groups = [Some(&ceremony.plan.people), previous.as_ref()];
        for signer in self.0.values() {
            let line = signer.key().line();
            let approves = |people: &PlannedPeople| {
                let mut approvers = people.with(Role::Approver);
                approvers.any(|person| person.key == line)
            };
            if groups.into_iter().flatten().any(approves) {
                let saying = Saying::Plan(Decision::Approve);
                say(ceremony, signer, &saying, now)?;
            }
        }
        Ok(())
    }

    /// As many people with this role as asked for, who have not signed yet, sign this.
    pub(super) fn say_with(
        &self,
        ceremony: &OpenedCeremony,
        role: Role,
        count: usize,
        saying: &Saying,
        now: UnixTime,
    ) -> Result<(), WorkflowError> {
        for person in ceremony.plan.people.with(role).take(count) {
            say(ceremony, self.signer_of(&person.key)?, saying, now)?;
        }
        Ok(())
    }

    /// Everyone who attended signs the head.
    pub(super) fn attest(&self, ceremony: &OpenedCeremony, now: UnixTime) -> Result<(), WorkflowError> {
        let saying = Saying::Attestation(Remarks {
            present: Presence::All,
            as_planned: true,
            remarks: Some("rehearsal: signed by a stand-in key".to_owned()),
        });
        let attended = ceremony.course().map_err(WorkflowError::from)?.attended;
        for person in &ceremony.plan.people.persons {
            if attended.contains(&person.name) {
                say(ceremony, self.signer_of(&person.key)?, &saying, now)?;
            }
        }
        Ok(())
    }

    /// The signer with this stand-in key.
    fn signer_of(&self, line: &str) -> Result<&StandInSigner, WorkflowError> {
        let mut signers = self.0.values();
        let signer = signers.find(|signer| signer.key().line() == line);
        Ok(signer.ok_or_else(|| RehearsalError::NoKey { key: line.to_owned() })?)
    }
}

/// Prepares, signs and verifies a statement, like any other statement.
fn say(
    ceremony: &OpenedCeremony,
    signer: &StandInSigner,
    saying: &Saying,
    now: UnixTime,
) -> Result<(), WorkflowError> {
    let transcript = ceremony.transcript().map_err(WorkflowError::from)?;
    let prepared = prepare_statement(ceremony, transcript.as_ref(), signer.key(), saying, now)
        .map_err(WorkflowError::from)?;
    let signed = prepared.sign_with(ceremony, |statement| {
        Ok(signer.sign(statement).map_err(RehearsalError::Signer)?)
    });
    signed.map(drop)
}
