//! Reading a ceremony file with everything that it names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hsm_ca::ceremony::{
    CeremonyFile, CeremonyPlan, CreateCa, CrossSign, Digest, PreviousCeremony, SignCsr, StepAction,
};
use hsm_ca::file_trust::Owners;
use hsm_ca::workflow::{CeremonyError, CeremonyInputs, CeremonyProfile, CeremonySource, RefusedKeys};

use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::input;
use crate::cli::profile;

/// A ceremony file, with what it names, and the bytes of all of it.
pub(super) struct ReadCeremony {
    pub(super) source: CeremonySource,
    /// The ceremony file's own.
    pub(super) bytes: Vec<u8>,
    /// Of inputs and profiles, by their path below the file's directory.
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

impl ReadCeremony {
    /// With the keys that the settings of this machine refuse.
    pub(super) fn refusing_keys_of(mut self, settings: &Settings) -> Result<Self, CliError> {
        let list = settings.refused_keys_with_digest()?;
        self.source.refused_keys = list.map(|(list, sha256)| RefusedKeys::of(list, sha256));
        Ok(self)
    }

    /// With the list that the plan names by its SHA-256, which may not be on this machine.
    pub(super) fn refusing_keys_of_plan(mut self, plan: &CeremonyPlan) -> Self {
        self.source.refused_keys = plan.refused_keys.map(RefusedKeys::unread);
        self
    }
}

/// Reads it. Inputs and profiles are below the directory of the file.
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

/// Every profile that the file names.
fn find_profiles(
    file: &CeremonyFile,
    directory: &Path,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<String, CeremonyProfile>, CliError> {
    let mut profiles = BTreeMap::new();
    for step in &file.steps {
        let (name, self_signed) = match &step.action {
            StepAction::CreateCa(CreateCa { profile, .. }) => (profile, true),
            StepAction::SignCsr(SignCsr { profile, .. }) => (profile, false),
            StepAction::CrossSign(CrossSign {
                profile: Some(profile),
                ..
            }) => (profile, false),
            _ => continue,
        };
        let own = path_of(name).map(|below| (directory.join(&below), below));
        let shown = own
            .as_ref()
            .map_or_else(|| name.clone(), |(path, _)| path.display().to_string());
        let profile = Arc::new(profile::find(&shown, self_signed)?);
        let mut sha256 = None;
        if let Some((path, below)) = own {
            let bytes = input::read_trusted(&path, Owners::Any)?;
            sha256 = Some(Digest::of(&bytes));
            files.insert(below, bytes);
        }
        profiles.insert(
            name.clone(),
            CeremonyProfile {
                profile,
                file: sha256,
            },
        );
    }
    Ok(profiles)
}

/// The path of a profile's file below the directory; none for a name.
fn path_of(name: &str) -> Option<String> {
    name.strip_prefix("./").map(str::to_owned)
}
