//! Creates the directory of a planned ceremony.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::CeremonyError;
use crate::ceremony::{CeremonyDirectory, CeremonyPlan, Digest, plan_text};
use crate::output::NewDirectory;
use crate::workflow::WorkflowError;

/// Writes the ceremony file, the files that it names (at their paths), and the plan for programs and for people. Returns the path and the plan's
/// hash.
///
/// # Errors
/// [`WorkflowError`]: nothing was written.
pub fn write_plan(
    directory: NewDirectory,
    file: &[u8],
    named: &BTreeMap<String, Vec<u8>>,
    plan: &CeremonyPlan,
) -> Result<(PathBuf, Digest), WorkflowError> {
    let bytes = plan.to_bytes().map_err(CeremonyError::from)?;
    let names = CeremonyDirectory::at(Path::new(""));
    let name = |path: PathBuf| path.display().to_string();
    directory.add(&name(names.file()), file)?;
    for (below, content) in named {
        directory.add(below, content)?;
    }
    directory.add(&name(names.plan()), &bytes)?;
    let text = plan_text(plan).map_err(CeremonyError::from)?;
    directory.add(&name(names.plan_text()), text.as_bytes())?;
    directory.add_directory(&name(names.approvals()))?;
    Ok((directory.commit()?, Digest::of(&bytes)))
}
