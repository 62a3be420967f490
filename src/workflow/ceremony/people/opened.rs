//! A planned ceremony, read from its directory.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::PeopleError;
use crate::ceremony::{
    CeremonyDirectory, CeremonyPlan, Course, Ending, PlanIdentity, PlannedPeople, Transcript, TranscriptError,
};
use crate::file_trust::{self, Owners, TrustError};
use crate::workflow::ceremony::regular_file::read_opened;
use crate::workflow::{RunError, WorkflowError, check_previous};

/// A planned ceremony. Only this user and root can change its directory, and its plan was read and is consistent.
#[derive(Clone, Debug)]
pub struct OpenedCeremony {
    /// The directory.
    pub directory: CeremonyDirectory,
    /// The plan.
    pub plan: CeremonyPlan,
    /// The identity that people sign: it has the plan's hash.
    pub identity: PlanIdentity,
}

impl OpenedCeremony {
    /// Reads the plan of the ceremony in this directory.
    ///
    /// # Errors
    /// [`PeopleError`]
    pub fn open(path: &Path) -> Result<Self, PeopleError> {
        let directory = CeremonyDirectory::at(path);
        let Some(bytes) = read_if_there(&directory.plan())? else {
            return Err(PeopleError::NoCeremony {
                directory: path.to_owned(),
            });
        };
        file_trust::check_directory(path).map_err(|cause| PeopleError::Trust { cause })?;
        let unread = |cause| PeopleError::Plan {
            path: directory.plan(),
            cause,
        };
        let plan = CeremonyPlan::read(&bytes).map_err(unread)?;
        let identity = plan.identity().map_err(unread)?;
        Ok(Self {
            directory,
            plan,
            identity,
        })
    }

    /// The people of the previous ceremony, from the export that the plan names and pins.
    ///
    /// # Errors
    /// [`PeopleError::Previous`]
    pub fn previous_people(&self) -> Result<Option<PlannedPeople>, PeopleError> {
        let Some(previous) = &self.plan.previous else {
            return Ok(None);
        };
        let path = self.directory.named(&previous.file);
        let wrong = |reason: String| PeopleError::Previous {
            path: path.clone(),
            reason,
        };
        let bytes = read_if_there(&path)?
            .ok_or_else(|| wrong("the export of the previous ceremony is missing".into()))?;
        let export = check_previous(&self.plan, &bytes).map_err(|error| wrong(error.to_string()))?;
        Ok(export.map(|export| export.people))
    }

    /// The transcript so far; `None` while it has no line. A line that is being written or is incomplete is left out.
    ///
    /// # Errors
    /// [`PeopleError`]
    pub fn transcript(&self) -> Result<Option<Transcript>, PeopleError> {
        let Some(bytes) = read_if_there(&self.directory.transcript())? else {
            return Ok(None);
        };
        let transcript = match Transcript::read(&bytes, self.identity.hash) {
            Err(TranscriptError::Torn(torn)) => torn.before,
            read => read?,
        };
        Ok((!transcript.records().is_empty()).then_some(transcript))
    }

    /// Refuses a ceremony that has ended.
    ///
    /// # Errors
    /// [`PeopleError::Ended`]
    pub fn refuse_ended(&self) -> Result<(), PeopleError> {
        refuse_ended(&self.course()?)
    }

    /// Refuses an aborted ceremony. `run` checks this first, because then no other problem matters.
    ///
    /// # Errors
    /// [`RunError::Aborted`]; [`PeopleError`]
    pub fn refuse_aborted(&self) -> Result<(), WorkflowError> {
        match self.course()?.aborted {
            Some((because, _)) => Err(RunError::Aborted { because }.into()),
            None => Ok(()),
        }
    }

    /// Refuses a directory in which a file of the plan is missing: `plan.txt`, the ceremony file, or a file that it names.
    ///
    /// # Errors
    /// [`RunError::Missing`]
    pub fn refuse_missing_files(&self) -> Result<(), WorkflowError> {
        let CeremonyPlan {
            inputs,
            profiles,
            previous,
            ..
        } = &self.plan;
        let inputs = inputs.values().map(|input| input.file.as_str());
        let profiles = profiles.keys().filter_map(|profile| profile.strip_prefix("./"));
        let previous = previous.iter().map(|export| export.file.as_str());
        let named = inputs.chain(profiles).chain(previous);
        let named = named.map(|name| self.directory.named(name));
        let own = [self.directory.file(), self.directory.plan_text()];
        for path in own.into_iter().chain(named) {
            if path
                .symlink_metadata()
                .is_err_and(|cause| cause.kind() == io::ErrorKind::NotFound)
            {
                return Err(RunError::Missing { path }.into());
            }
        }
        Ok(())
    }

    /// The progress so far: who attends, which gate is waiting, and whether the ceremony has ended.
    ///
    /// # Errors
    /// [`PeopleError`]
    pub fn course(&self) -> Result<Course, PeopleError> {
        Self::course_of(self.transcript()?.as_ref())
    }

    /// The progress that a transcript shows; none without a transcript.
    ///
    /// # Errors
    /// [`PeopleError::Event`]
    pub fn course_of(transcript: Option<&Transcript>) -> Result<Course, PeopleError> {
        let course = transcript.map(Course::of).transpose();
        Ok(course
            .map_err(|cause| PeopleError::Event { cause })?
            .unwrap_or_default())
    }
}

/// Refuses a ceremony that has ended.
pub(super) fn refuse_ended(course: &Course) -> Result<(), PeopleError> {
    match course.ending() {
        Some(Ending::Closed) => Err(PeopleError::Ended { how: "closed" }),
        Some(_) => Err(PeopleError::Ended { how: "aborted" }),
        None => Ok(()),
    }
}

/// Reads a file of the ceremony that only this user and root can change; `None` if it does not exist.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, PeopleError> {
    let file = match file_trust::open(path, Owners::Own) {
        Ok(file) => file,
        Err(TrustError::Io { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(PeopleError::Trust { cause }),
    };
    let io = |cause| PeopleError::Trust {
        cause: TrustError::Io {
            path: path.to_owned(),
            cause,
        },
    };
    read_opened(file).map(Some).map_err(io)
}

/// Creates a directory of the ceremony for this user only, if it does not exist.
pub(super) fn make_directory(path: &Path) -> Result<(), PeopleError> {
    let failed = |cause| PeopleError::Trust {
        cause: TrustError::Io {
            path: path.to_owned(),
            cause,
        },
    };
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {
            let parent = path.parent().unwrap_or(Path::new("."));
            fs::File::open(parent)
                .and_then(|parent| parent.sync_all())
                .map_err(failed)?;
        }
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {}
        Err(cause) => return Err(failed(cause)),
    }
    file_trust::check_directory(path)
        .map(drop)
        .map_err(|cause| PeopleError::Trust { cause })
}
