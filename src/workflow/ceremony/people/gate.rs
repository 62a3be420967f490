//! The signatures at a gate, as `run` counts them.

use super::{OpenedCeremony, PeopleError};
use crate::ceremony::{GateBytes, GateCount, GateStatement, Statement, UnsignedStatement, read_statements};

/// Reads and counts the signatures at a gate. `attending` are the names of those in the room. Statements at other gates, in other
/// sessions, and those without a signature, are passed over.
///
/// # Errors
/// [`PeopleError`]: a file that does not verify ends the count, and is named.
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
