//! Reads the directory of a ceremony.

use std::path::Path;

use hsm_ca::ceremony::{CeremonyDirectory, CeremonyPlan, Digest};
use hsm_ca::file_trust::Owners;
use hsm_ca::workflow::{Approvals, CeremonyError, OpenedCeremony, PeopleError, count_approvals};

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;

/// The plan in a ceremony's directory.
pub(super) struct ReadPlan {
    pub(super) directory: CeremonyDirectory,
    pub(super) plan: CeremonyPlan,
    /// SHA-256 of the plan file.
    pub(super) hash: Digest,
}

impl ReadPlan {
    /// Reads the plan. Only trusted users may be able to write the file, because it decides what is signed.
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let directory = CeremonyDirectory::at(path);
        let file = directory.plan();
        let bytes = input::read_trusted(&file, Owners::Any)?;
        let plan = CeremonyPlan::read(&bytes);
        let plan = plan.map_err(|error| CliError::in_file(&file, CeremonyError::from(error)))?;
        Ok(Self {
            directory,
            plan,
            hash: Digest::of(&bytes),
        })
    }

    /// Reads the plan once, and counts the approvals of exactly this plan. The plan is returned even if they cannot be counted.
    pub(super) fn with_approvals(
        path: &Path,
        settings: &Settings,
    ) -> Result<(Self, Result<Approvals, PeopleError>), CliError> {
        let ceremony = match OpenedCeremony::open(path) {
            Ok(ceremony) => ceremony,
            Err(error) => return Ok((Self::read(path)?, Err(error))),
        };
        let counted = count_approvals(&ceremony, settings.ceremony_quorum());
        let read = Self {
            directory: ceremony.directory,
            plan: ceremony.plan,
            hash: ceremony.identity.hash,
        };
        Ok((read, counted))
    }
}
