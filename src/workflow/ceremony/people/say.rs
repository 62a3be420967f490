//! Makes a statement, has it signed, and keeps either both files or none.

use std::fs;
use std::path::{Path, PathBuf};

use super::gate::objects_at_gate;
use super::opened::{make_directory, refuse_ended};
use super::{OpenedCeremony, PeopleError, SshKeygen};
use crate::ceremony::{
    ApprovalCount, ApprovalStatement, AttestationCount, AttestationStatement, Course, Decision, GateBytes,
    GateCount, GateStatement, Occurrence, PlanError, PlannedPeople, PlannedPerson, Remarks, Role,
    SignatureFile, SshKey, Statement, StatementError, StepAction, Transcript, UnsignedStatement,
};
use crate::output::Destination;
use crate::values::UnixTime;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CompletedObject;

/// What a person wants to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Saying {
    /// A decision about the plan.
    Plan(Decision),
    /// A confirmation at a gate that is waiting.
    Gate(GateBytes),
    /// An attestation, once the ceremony is closed or aborted.
    Attestation(Remarks),
}

/// A statement that is ready to sign: it is about this plan, and the person may sign it with this key.
#[derive(Debug)]
pub struct PreparedStatement {
    person: String,
    statement: UnsignedStatement,
    path: PathBuf,
    /// Whether the statement was written earlier and only its signature is missing.
    is_there: bool,
    count: Count,
    objects: Vec<CompletedObject>,
}

/// The two files of a signed statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedFiles {
    /// The statement.
    pub statement: PathBuf,
    /// The signature.
    pub signature: PathBuf,
}

#[derive(Debug)]
enum Count {
    Approval(ApprovalCount),
    Gate(GateCount),
    Attestation(AttestationCount),
}

impl Count {
    fn verify(&mut self, statement: &[u8], signature: &[u8]) -> Result<SignatureFile, StatementError> {
        match self {
            Self::Approval(count) => count.add(statement, signature).map(|signed| signed.signature()),
            Self::Gate(count) => count.add(statement, signature).map(|signed| signed.signature()),
            Self::Attestation(count) => count.add(statement, signature).map(|signed| signed.signature()),
        }
    }
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
            prepare_approval(ceremony, key, decision, now)
        }
        Saying::Gate(bytes) => {
            refuse_ended(&course)?;
            prepare_gate(ceremony, &course, key, bytes, now)
        }
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
            Count::Approval(count),
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
    let name = format!("{}@{}-{place:02}.json", bytes.step, bytes.session);
    let prepared = prepare(
        ceremony,
        &GateStatement::new(&ceremony.identity, &person.name, key, now, bytes),
        ceremony.directory.gates().join(name),
        Count::Gate(count),
    )?;
    Ok(PreparedStatement { objects, ..prepared })
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

/// If the statement exists without its signature and says the same, it is signed unchanged.
fn prepare<T: Statement>(
    ceremony: &OpenedCeremony,
    statement: &T,
    path: PathBuf,
    count: Count,
) -> Result<PreparedStatement, PeopleError>
where
    T::Content: PartialEq,
{
    let saying = |cause| PeopleError::Saying { cause };
    let (person, _) = statement.frame().signer();
    if signature_path(&path).symlink_metadata().is_ok() {
        return Err(PeopleError::AlreadySigned {
            person: person.to_owned(),
            path,
        });
    }
    let there = super::opened::read_if_there(&path)?;
    let is_there = there.is_some();
    let unsigned = match there {
        None => UnsignedStatement::of(statement, &ceremony.identity).map_err(saying)?,
        Some(bytes) => {
            let other = |_| PeopleError::OtherStatement { path: path.clone() };
            let (unsigned, found) =
                UnsignedStatement::read::<T>(&bytes, &ceremony.identity).map_err(other)?;
            let is_same = found.frame().signer() == statement.frame().signer()
                && found.content().map_err(saying)? == statement.content().map_err(saying)?;
            if !is_same {
                return Err(PeopleError::OtherStatement { path });
            }
            unsigned
        }
    };
    Ok(PreparedStatement {
        person: person.to_owned(),
        statement: unsigned,
        path,
        is_there,
        count,
        objects: Vec::new(),
    })
}

impl PreparedStatement {
    /// Who signs.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.person
    }

    /// The statement to sign, with its namespace.
    #[must_use]
    pub const fn statement(&self) -> &UnsignedStatement {
        &self.statement
    }

    /// The objects confirmed at a gate, in the order of the steps. Other statements have none.
    #[must_use]
    pub fn objects(&self) -> &[CompletedObject] {
        &self.objects
    }

    /// Writes only the statement, to be signed on another machine.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn write_unsigned(self) -> Result<PathBuf, WorkflowError> {
        if !self.is_there {
            self.make_directory()?;
            let place = Destination::new(&self.path).reserve()?;
            place.commit(&self.statement)?;
        }
        Ok(self.path)
    }

    /// Has the statement signed, verifies the signature as any verifier does, and writes both files. If this is interrupted between the two files,
    /// the statement waits for its signature, and the same command continues with it.
    ///
    /// # Errors
    /// [`WorkflowError`]: neither file was written.
    pub fn sign(
        self,
        ceremony: &OpenedCeremony,
        ssh_keygen: &SshKeygen,
        key: &Path,
    ) -> Result<SignedFiles, WorkflowError> {
        self.sign_with(ceremony, |statement| {
            Ok(ssh_keygen.sign(key, statement).map_err(PeopleError::from)?)
        })
    }

    /// The same with a custom signer, which returns an armoured signature.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub(in crate::workflow::ceremony) fn sign_with(
        mut self,
        ceremony: &OpenedCeremony,
        sign: impl FnOnce(&UnsignedStatement) -> Result<Vec<u8>, WorkflowError>,
    ) -> Result<SignedFiles, WorkflowError> {
        self.make_directory()?;
        let signature_path = signature_path(&self.path);
        let statement_place = match self.is_there {
            true => None,
            false => Some(Destination::new(&self.path).reserve()?),
        };
        let signature_place = Destination::new(&signature_path).reserve()?;
        let armoured = sign(&self.statement)?;
        let signature = self.count.verify(self.statement.bytes(), &armoured);
        let signature = signature.map_err(|cause| PeopleError::Signature { cause })?;
        // Minutes may have passed before the person touched the key.
        self.refuse_late(ceremony)?;
        let is_new = statement_place.is_some();
        if let Some(place) = statement_place {
            place.commit(&self.statement)?;
        }
        if let Err(cause) = signature_place.commit(&signature) {
            if is_new && !signature_path.exists() {
                // A statement left here only waits for a signature, so a failed removal does not matter.
                let _ = fs::remove_file(&self.path);
            }
            return Err(cause.into());
        }
        Ok(SignedFiles {
            statement: self.path,
            signature: signature_path,
        })
    }

    /// Refuses if the signature is no longer asked for.
    fn refuse_late(&self, ceremony: &OpenedCeremony) -> Result<(), PeopleError> {
        match &self.count {
            Count::Approval(_) => ceremony.refuse_ended(),
            Count::Gate(count) => match ceremony.course()?.waiting_gate().as_ref() == Some(count.bytes()) {
                true => Ok(()),
                false => Err(PeopleError::GateGone {
                    step: count.bytes().step.clone(),
                }),
            },
            // Nothing is added after the end, so an attestation cannot be late.
            Count::Attestation(_) => Ok(()),
        }
    }

    fn make_directory(&self) -> Result<(), PeopleError> {
        self.path.parent().map_or(Ok(()), make_directory)
    }
}

fn signature_path(statement: &Path) -> PathBuf {
    let mut name = statement.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}
