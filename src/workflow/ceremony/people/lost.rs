//! A signature at a gate that was passed, whose files are lost. The transcript has everything that the statement says, so the same person can sign the
//! same statement again.

use super::gate::{objects_at_gate, path_at_gate};
use super::opened::refuse_ended;
use super::prepared::{Count, PreparedStatement, prepare_again};
use super::{OpenedCeremony, PeopleError};
use crate::ceremony::{
    Course, GateBytes, GateCount, GateStatement, SshKey, Trail, Transcript, UnsignedStatement,
    read_statements,
};
use crate::values::UnixTime;

/// A statement with which a gate was passed, and which is not in the directory any more, or has no signature there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostStatement {
    bytes: GateBytes,
    attending: Vec<String>,
    person: String,
    place: usize,
    time: UnixTime,
}

impl LostStatement {
    /// The bytes that the person confirmed.
    #[must_use]
    pub const fn bytes(&self) -> &GateBytes {
        &self.bytes
    }

    /// When the person signed, as their machine claimed.
    #[must_use]
    pub const fn time(&self) -> UnixTime {
        self.time
    }

    fn statement(&self, ceremony: &OpenedCeremony, key: &SshKey) -> GateStatement {
        GateStatement::new(&ceremony.identity, &self.person, key, self.time, &self.bytes)
    }

    fn count(&self, ceremony: &OpenedCeremony) -> Result<GateCount, PeopleError> {
        Ok(GateCount::of(
            &ceremony.plan,
            &self.attending,
            self.bytes.clone(),
        )?)
    }
}

/// Finds the first gate that was passed with a signature by the owner of `key`, and at which this signature is missing. Nothing is missing of a ceremony
/// that has not begun.
///
/// # Errors
/// [`PeopleError`]: the statements cannot be read, or the signature is there and does not verify.
pub fn find_lost_statement(
    ceremony: &OpenedCeremony,
    transcript: Option<&Transcript>,
    key: &SshKey,
) -> Result<Option<LostStatement>, PeopleError> {
    let Some(transcript) = transcript else {
        return Ok(None);
    };
    let mut place = None;
    for (index, person) in ceremony.plan.people.persons.iter().enumerate() {
        if person.ssh_key()? == *key {
            place = Some((index + 1, person));
        }
    }
    let Some((place, person)) = place else {
        return Ok(None);
    };
    for ((step, session), gate) in Trail::follow(&ceremony.plan, transcript).opened_gates {
        let Some(passed) = gate.passed else { continue };
        let Some(time) = passed.people.get(&person.name) else {
            continue;
        };
        let lost = LostStatement {
            bytes: GateBytes {
                session,
                step,
                objects: gate.objects,
            },
            attending: passed.attending,
            person: person.name.clone(),
            place,
            time: time.0,
        };
        if !is_there(ceremony, key, &lost)? {
            return Ok(Some(lost));
        }
    }
    Ok(None)
}

fn is_there(ceremony: &OpenedCeremony, key: &SshKey, lost: &LostStatement) -> Result<bool, PeopleError> {
    let statement = UnsignedStatement::of(&lost.statement(ceremony, key), &ceremony.identity);
    let statement = statement.map_err(|cause| PeopleError::Saying { cause })?;
    for file in read_statements(&ceremony.directory.gates())? {
        let Some(signature) = file.signature.filter(|_| file.statement == statement.bytes()) else {
            continue;
        };
        return match lost.count(ceremony)?.add(&file.statement, &signature) {
            Ok(_) => Ok(true),
            Err(cause) => Err(PeopleError::Statement {
                path: file.path,
                cause,
            }),
        };
    }
    Ok(false)
}

/// Prepares the same statement.
pub(super) fn prepare_lost(
    ceremony: &OpenedCeremony,
    course: &Course,
    key: &SshKey,
    lost: &LostStatement,
) -> Result<PreparedStatement, PeopleError> {
    refuse_ended(course)?;
    let statement = lost.statement(ceremony, key);
    let objects = objects_at_gate(ceremony, course, &lost.bytes)?;
    let path = path_at_gate(ceremony, &lost.bytes, lost.place);
    let count = Count::PassedGate(lost.count(ceremony)?);
    Ok(prepare_again(ceremony, &statement, path, count)?.confirming(objects))
}
