//! Reads a ceremony file and every file that it names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hsm_ca::ceremony::{CeremonyFile, CeremonyFileError, CeremonyPlan, Digest, PreviousCeremony, StepAction};
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
    // Profiles come first: only trusted users may be able to write them.
    let profiles = find_profiles(path, &file, &mut files)?;
    let inputs = CeremonyInputs::read(&file, |name| {
        read_once(directory, name, &mut files, input::read_regular).map_err(|error| {
            let named = file.inputs.iter().find(|(_, input)| input.file == name);
            let named = named.map_or(name, |(input, _)| input.as_str());
            in_place(path, format!("input {named:?}"), error)
        })
    })?;
    let previous = match &file.previous {
        PreviousCeremony::Exported { export, .. } => Some(read_once(
            directory,
            &export.file,
            &mut files,
            input::read_regular,
        )?),
        _ => None,
    };
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

/// Reads a file that the ceremony file names. If the ceremony file names it more than once, its bytes are the same each time, even if another process
/// changes it in the meantime.
fn read_once(
    directory: &Path,
    name: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
    read: impl FnOnce(&Path) -> Result<Vec<u8>, CliError>,
) -> Result<Vec<u8>, CliError> {
    if let Some(bytes) = files.get(name) {
        return Ok(bytes.clone());
    }
    let bytes = read(&directory.join(name))?;
    files.insert(name.to_owned(), bytes.clone());
    Ok(bytes)
}

/// Says where the ceremony file names a file that cannot be read.
fn in_place(path: &Path, place: String, error: CliError) -> CliError {
    let CliError::Read { path: named, cause } = error else {
        return error;
    };
    let error = CeremonyFileError {
        place: Some(place),
        line: None,
        reason: format!("{} cannot be read: {cause}", named.display()),
    };
    CliError::in_file(path, CeremonyError::from(error))
}

/// Finds every profile that the file names.
fn find_profiles(
    of: &Path,
    file: &CeremonyFile,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<String, CeremonyProfile>, CliError> {
    let directory = of.parent().unwrap_or(Path::new(""));
    let mut profiles = BTreeMap::new();
    for step in &file.steps {
        let Some(name) = step.action.profile() else {
            continue;
        };
        let self_signed = matches!(step.action, StepAction::CreateCa(_));
        let unknown = |cause| {
            let step = step.id.clone();
            CliError::in_file(of, CeremonyError::UnknownProfile { step, cause })
        };
        let found = match name.strip_prefix("./") {
            None => CeremonyProfile {
                profile: Arc::new(Profile::named(name, self_signed).map_err(unknown)?),
                file: None,
            },
            Some(below) => {
                let path = directory.join(below);
                let read = |path: &Path| input::read_trusted(path, Owners::Any);
                let bytes = read_once(directory, below, files, read)
                    .map_err(|error| in_place(of, format!("step {:?}", step.id), error))?;
                let sha256 = Digest::of(&bytes);
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
