//! Who may sign what: prepares a statement by the owner of a key.

use super::approvals::refuse_late_approval;
use super::gate::{objects_at_gate, path_at_gate};
use super::lost::{LostStatement, prepare_lost};
use super::opened::refuse_ended;
use super::prepared::{Count, PreparedStatement, prepare};
use super::{OpenedCeremony, PeopleError};
use crate::ceremony::{
    ApprovalCount, ApprovalStatement, AttestationCount, AttestationStatement, Course, Decision, GateBytes,
    GateCount, GateStatement, Occurrence, PlanError, PlannedPeople, PlannedPerson, Remarks, Role, SshKey,
    StepAction, Transcript,
};
use crate::values::UnixTime;

/// What a person wants to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Saying {
    /// A decision about the plan.
    Plan(Decision),
    /// A confirmation at a gate that is waiting.
    Gate(GateBytes),
    /// The statement with which a gate was passed, once more: its signature is lost.
    PassedGate(LostStatement),
    /// An attestation, once the ceremony is closed or aborted.
    Attestation(Remarks),
}

/// Prepares a statement by the owner of `key`. `transcript` is the one from which the person was shown how far the ceremony has come, if it has begun. An
/// attestation is over its head. Nothing is written.
///
/// # Errors
/// [`PeopleError`]: the person may not sign this, has signed it already, or the ceremony has not come that far.
pub fn prepare_statement(
    ceremony: &OpenedCeremony,
    transcript: Option<&Transcript>,
    key: &SshKey,
    saying: &Saying,
    now: UnixTime,
) -> Result<PreparedStatement, PeopleError> {
    let course = OpenedCeremony::course_of(transcript)?;
    match saying {
        Saying::Plan(decision) => {
            refuse_ended(&course)?;
            if *decision == Decision::Approve {
                refuse_late_approval(ceremony, &course)?;
            }
            prepare_approval(ceremony, key, decision, now)
        }
        Saying::Gate(bytes) => {
            refuse_ended(&course)?;
            prepare_gate(ceremony, &course, key, bytes, now)
        }
        Saying::PassedGate(lost) => prepare_lost(ceremony, &course, key, lost),
        Saying::Attestation(remarks) => {
            let transcript = transcript.ok_or(PeopleError::NotBegun)?;
            prepare_attestation(ceremony, transcript, &course, key, remarks, now)
        }
    }
}

fn prepare_approval(
    ceremony: &OpenedCeremony,
    key: &SshKey,
    decision: &Decision,
    now: UnixTime,
) -> Result<PreparedStatement, PeopleError> {
    let word = match decision {
        Decision::Reject { .. } => "reject",
        _ => "approve",
    };
    let approvers =
        |people: &PlannedPeople| -> Vec<PlannedPerson> { people.with(Role::Approver).cloned().collect() };
    let previous = ceremony.previous_people()?;
    let candidates = [(Some(&ceremony.plan.people), ""), (previous.as_ref(), "old-")];
    for (people, prefix) in candidates {
        let Some(people) = people else { continue };
        let Some((place, person)) = find_by_key(people, &approvers(people), key)? else {
            continue;
        };
        let name = format!("{prefix}{place:02}-{word}.json");
        let statement = ApprovalStatement::new(&ceremony.identity, &person.name, key, now, decision);
        let count = ApprovalCount::of_people(ceremony.identity.clone(), people)?;
        return prepare(
            ceremony,
            &statement.map_err(|cause| PeopleError::Saying { cause })?,
            ceremony.directory.approvals().join(name),
            match decision {
                Decision::Approve => Count::Approval(count),
                _ => Count::Rejection(count),
            },
        );
    }
    Err(unknown_key(
        key,
        "the approvers",
        &approvers(&ceremony.plan.people),
    ))
}

fn prepare_gate(
    ceremony: &OpenedCeremony,
    course: &Course,
    key: &SshKey,
    bytes: &GateBytes,
    now: UnixTime,
) -> Result<PreparedStatement, PeopleError> {
    let attending = course.in_the_room().to_vec();
    let count = GateCount::of(&ceremony.plan, &attending, bytes.clone())?;
    let people = &ceremony.plan.people;
    let role = ceremony
        .plan
        .step(&bytes.step)
        .and_then(|step| match &step.action {
            StepAction::Confirm(confirm) => Some(confirm.sign_by.role),
            _ => None,
        });
    let may = people
        .persons
        .iter()
        .filter(|person| attending.contains(&person.name));
    let may: Vec<_> = may
        .filter(|person| role.is_some_and(|role| person.roles.contains(&role)))
        .cloned()
        .collect();
    let Some((place, person)) = find_by_key(people, &may, key)? else {
        return Err(unknown_key(
            key,
            "those in the room who may sign at this gate",
            &may,
        ));
    };
    let objects = objects_at_gate(ceremony, course, bytes)?;
    let prepared = prepare(
        ceremony,
        &GateStatement::new(&ceremony.identity, &person.name, key, now, bytes),
        path_at_gate(ceremony, bytes, place),
        Count::Gate(count),
    )?;
    Ok(prepared.confirming(objects))
}

fn prepare_attestation(
    ceremony: &OpenedCeremony,
    transcript: &Transcript,
    course: &Course,
    key: &SshKey,
    remarks: &Remarks,
    now: UnixTime,
) -> Result<PreparedStatement, PeopleError> {
    if course.ending().is_none() {
        return Err(PeopleError::NotEnded);
    }
    let people = &ceremony.plan.people;
    let there = people
        .persons
        .iter()
        .filter(|person| course.attended.contains(&person.name));
    let there: Vec<_> = there.cloned().collect();
    let Some((place, person)) = find_by_key(people, &there, key)? else {
        return Err(unknown_key(key, "those who attended", &there));
    };
    let occurrences = Occurrence::all_in(transcript);
    if let Some(found) = occurrences.iter().find(|found| !found.kind.is_as_planned())
        && remarks.as_planned
    {
        return Err(PeopleError::NotAsPlanned {
            what: format!("{}: {}", found.kind.word(), found.text),
        });
    }
    let head = transcript.head();
    let statement = AttestationStatement::new(&ceremony.identity, &person.name, key, now, head, remarks);
    prepare(
        ceremony,
        &statement.map_err(|cause| PeopleError::Saying { cause })?,
        ceremony.directory.attestations().join(format!("{place:02}.json")),
        Count::Attestation(AttestationCount::of(&ceremony.plan, &course.attended, head)?),
    )
}

/// Finds the key's owner, with the place among all people from 1.
fn find_by_key(
    people: &PlannedPeople,
    among: &[PlannedPerson],
    key: &SshKey,
) -> Result<Option<(usize, PlannedPerson)>, PlanError> {
    for (index, person) in people.persons.iter().enumerate() {
        if among.contains(person) && person.ssh_key()? == *key {
            return Ok(Some((index + 1, person.clone())));
        }
    }
    Ok(None)
}

fn unknown_key(key: &SshKey, called: &str, people: &[PlannedPerson]) -> PeopleError {
    let names: Vec<_> = people.iter().map(|person| person.name.as_str()).collect();
    let called = match names.is_empty() {
        true => format!("{called} (nobody)"),
        false => format!("{called} ({})", names.join(", ")),
    };
    PeopleError::UnknownKey {
        fingerprint: key.fingerprint(),
        called,
    }
}
