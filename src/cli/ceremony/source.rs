//! Reads a ceremony file and every file that it names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hsm_ca::ceremony::{CeremonyFile, CeremonyPlan, Digest, PreviousCeremony, StepAction};
use hsm_ca::file_trust::Owners;
use hsm_ca::workflow::{CeremonyError, CeremonyInputs, CeremonyProfile, CeremonySource, RefusedKeys};
use hsm_ca::x509::Profile;

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::profile;

/// A ceremony file and the files that it names, with all their bytes.
pub(super) struct ReadCeremony {
    pub(super) source: CeremonySource,
    /// The bytes of the ceremony file.
    pub(super) bytes: Vec<u8>,
    /// The bytes of inputs and profiles, by their path relative to the file's directory.
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl ReadCeremony {
    /// Adds the list of refused keys from this machine's settings.
    pub(super) fn refusing_keys_of(mut self, settings: &Settings) -> Result<Self, CliError> {
        let list = settings.refused_keys_with_digest()?;
        self.source.refused_keys = list.map(|(list, sha256)| RefusedKeys::of(list, sha256));
        Ok(self)
    }

    /// Adds the list that the plan names by its SHA-256. The list itself need not be on this machine.
    pub(super) fn refusing_keys_of_plan(mut self, plan: &CeremonyPlan) -> Self {
        self.source.refused_keys = plan.refused_keys.map(RefusedKeys::unread);
        self
    }
}

/// Reads a ceremony. Inputs and profiles must be below the directory of the file.
pub(super) fn read(path: &Path) -> Result<ReadCeremony, CliError> {
    let bytes = input::read_trusted(path, Owners::Any)?;
    let text = str::from_utf8(&bytes).map_err(|_| CliError::config(path, None, "it is not UTF-8 text"))?;
    let in_file = |error| CliError::in_file(path, CeremonyError::from(error));
    let file = CeremonyFile::read(text).map_err(in_file)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let mut files = BTreeMap::new();
    let inputs = CeremonyInputs::read(&file, |name| {
        let bytes = input::read_regular(&directory.join(name))?;
        files.insert(name.to_owned(), bytes.clone());
        Ok::<_, CliError>(bytes)
    })?;
    let mut previous = None;
    if let PreviousCeremony::Exported { export, .. } = &file.previous {
        let bytes = input::read_regular(&directory.join(&export.file))?;
        files.insert(export.file.clone(), bytes.clone());
        previous = Some(bytes);
    }
    let profiles = find_profiles(&file, directory, &mut files)?;
    Ok(ReadCeremony {
        source: CeremonySource {
            sha256: Digest::of(&bytes),
            file,
            previous,
            inputs,
            profiles,
            refused_keys: None,
        },
        bytes,
        files,
    })
}

/// Finds every profile that the file names.
fn find_profiles(
    file: &CeremonyFile,
    directory: &Path,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<String, CeremonyProfile>, CliError> {
    let mut profiles = BTreeMap::new();
    for step in &file.steps {
        let Some(name) = step.action.profile() else {
            continue;
        };
        let self_signed = matches!(step.action, StepAction::CreateCa(_));
        let found = match name.strip_prefix("./") {
            None => CeremonyProfile {
                profile: Arc::new(Profile::named(name, self_signed)?),
                file: None,
            },
            Some(below) => {
                let path = directory.join(below);
                let bytes = input::read_trusted(&path, Owners::Any)?;
                let sha256 = Digest::of(&bytes);
                files.insert(below.to_owned(), bytes.clone());
                CeremonyProfile {
                    profile: Arc::new(profile::of_file(&path, bytes, self_signed)?),
                    file: Some(sha256),
                }
            }
        };
        profiles.insert(name.to_owned(), found);
    }
    Ok(profiles)
}
