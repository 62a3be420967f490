//! The previous ceremony's export, adapted for a practice.

use super::people::PracticePeople;
use crate::ceremony::{CeremonyExport, CeremonyKind};
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::{CeremonyError, PreviousError};

/// The same numbers and revocations as an export of a practice, with stand-in keys for the same people.
pub(super) fn for_practice(export: &[u8], people: &PracticePeople) -> Result<Vec<u8>, WorkflowError> {
    let wrong = |error| CeremonyError::from(PreviousError::Export(error));
    let mut export = CeremonyExport::read(export).map_err(wrong)?;
    export.kind = CeremonyKind::Practice;
    for person in &mut export.people.persons {
        person.key = people.key_for(&person.key)?.line();
        person.require.clear();
    }
    Ok(export.to_bytes().map_err(wrong)?)
}
