//! Counts the signatures at a gate for `run`.

use std::path::PathBuf;

use super::{OpenedCeremony, PeopleError};
use crate::ceremony::{
    Course, Digest, GateBytes, GateCount, GateStatement, Statement, UnsignedStatement, read_statements,
};
use crate::workflow::ceremony::CompletedObject;
use crate::workflow::ceremony::completed::keys_of;

/// Reads and counts the signatures at a gate. `attending` names the attendees. Statements at other gates or in other sessions, and those without a
/// signature, are skipped.
///
/// # Errors
/// [`PeopleError`]. A file that does not verify ends the count; the error names it.
pub fn count_gate(
    ceremony: &OpenedCeremony,
    attending: &[String],
    bytes: GateBytes,
) -> Result<GateCount, PeopleError> {
    let (session, step) = (bytes.session.clone(), bytes.step.clone());
    let mut count = GateCount::of(&ceremony.plan, attending, bytes)?;
    for file in read_statements(&ceremony.directory.gates())? {
        let wrong = |cause| PeopleError::Statement {
            path: file.path.clone(),
            cause,
        };
        let (_, stated) =
            UnsignedStatement::read::<GateStatement>(&file.statement, &ceremony.identity).map_err(wrong)?;
        let Some(signature) = &file.signature else {
            continue;
        };
        let stated = stated.content().map_err(wrong)?;
        if (&stated.session, &stated.step) == (&session, &step) {
            count.add(&file.statement, signature).map_err(wrong)?;
        }
    }
    Ok(count)
}

/// The file of a statement at a gate. `place` is that of the person in the plan, from 1.
pub(super) fn path_at_gate(ceremony: &OpenedCeremony, bytes: &GateBytes, place: usize) -> PathBuf {
    let name = format!("{}@{}-{place:02}.json", bytes.step, bytes.session);
    ceremony.directory.gates().join(name)
}

/// The objects that people sign at the gate, in the order of the steps. They are read from the bytes that follow from the plan and the transcript,
/// which must have the SHA-256 shown at the gate.
pub(super) fn objects_at_gate(
    ceremony: &OpenedCeremony,
    course: &Course,
    bytes: &GateBytes,
) -> Result<Vec<CompletedObject>, PeopleError> {
    let wrong = |step: &str, reason: String| PeopleError::OtherBytes {
        gate: bytes.step.clone(),
        step: step.to_owned(),
        reason,
    };
    let keys = keys_of(course).map_err(|error| wrong(&bytes.step, error.to_string()))?;
    let mut objects = Vec::new();
    for planned in &ceremony.plan.steps {
        let Some(sha256) = bytes.objects.get(&planned.id) else {
            continue;
        };
        let object = ceremony.plan.object(&bytes.session, &planned.id);
        let object = object.ok_or_else(|| wrong(&planned.id, "the plan signs nothing there".to_owned()))?;
        let completed = object.completed(&keys);
        let completed = completed.map_err(|error| wrong(&planned.id, error.to_string()))?;
        let found = Digest::of(&completed);
        if found != *sha256 {
            let reason =
                format!("the gate shows SHA-256 {sha256}, and the plan with its keys comes to {found}");
            return Err(wrong(&planned.id, reason));
        }
        let read = CompletedObject::read(object, &completed);
        objects.push(read.map_err(|error| wrong(&planned.id, error.to_string()))?);
    }
    let is_planned = |step: &&String| ceremony.plan.step(step).is_some();
    match bytes.objects.keys().find(|step| !is_planned(step)) {
        Some(step) => Err(wrong(step, "the plan has no such step".to_owned())),
        None => Ok(objects),
    }
}
