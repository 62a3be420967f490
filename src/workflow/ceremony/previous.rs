//! The previous ceremony, whose export binds this plan.

use std::path::PathBuf;
use std::{fmt, io};

use super::export::{issuer_of, read_crl};
use crate::ceremony::{
    CeremonyExport, CeremonyKind, CeremonyPlan, Digest, ExportError, ObjectKind, PlanError, PlannedObject,
    PlannedPrevious, StepAction, Trail, TranscriptError,
};

/// Why a ceremony does not follow the previous one, or has no export.
#[derive(Debug)]
#[non_exhaustive]
pub enum PreviousError {
    /// A file of the ceremony cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The transcript is damaged.
    Transcript(TranscriptError),
    /// The file is not an export.
    Export(ExportError),
    /// The export is not the pinned file.
    OtherFile {
        /// The pinned SHA-256.
        pinned: Digest,
        /// The SHA-256 of the file.
        found: Digest,
    },
    /// The export belongs to another ceremony.
    OtherHead {
        /// The expected head.
        named: String,
        /// The head in the export.
        found: String,
    },
    /// A practice follows a real ceremony, or a real ceremony follows a practice.
    OtherKind {
        /// The kind of the export.
        found: CeremonyKind,
    },
    /// A serial number is already used.
    SerialUsed {
        /// The step.
        step: String,
        /// The issuer.
        issuer: String,
        /// The number.
        serial: String,
    },
    /// A CRL number does not increase.
    CrlNumber {
        /// The step.
        step: String,
        /// The issuer.
        issuer: String,
        /// The number in the plan.
        planned: u64,
        /// The highest number used so far.
        used: u64,
    },
    /// A revocation is missing from the CRL.
    NotRevoked {
        /// The step.
        step: String,
        /// The issuer.
        issuer: String,
        /// The serial number.
        serial: String,
        /// Why it must be on the CRL.
        because: String,
    },
    /// The ceremony is neither closed nor aborted, so it has no export yet.
    NotEnded,
    /// An object of the plan cannot be read.
    Object {
        /// The step.
        step: String,
        /// The reason.
        reason: String,
    },
    /// The plan cannot be written as JSON.
    Plan(PlanError),
}

impl PreviousError {
    pub(super) fn object(object: &PlannedObject, reason: impl fmt::Display) -> Self {
        Self::Object {
            step: object.step.clone(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for PreviousError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, cause } => write!(f, "cannot read {}: {cause}", path.display()),
            Self::Transcript(cause) => cause.fmt(f),
            Self::Export(cause) => cause.fmt(f),
            Self::OtherFile { pinned, found } => write!(
                f,
                "previous: the export has SHA-256 {found}, and the ceremony file pins {pinned}"
            ),
            Self::OtherHead { named, found } => write!(
                f,
                "previous: the export is of the ceremony with head {found}, and the ceremony file names {named}"
            ),
            Self::OtherKind { found } => write!(
                f,
                "previous: the export is of a {} ceremony, and this one is not",
                found.word()
            ),
            Self::SerialUsed { step, issuer, serial } => write!(
                f,
                "step {step:?}: serial number {serial} of \"{issuer}\" was used in an earlier ceremony"
            ),
            Self::CrlNumber {
                step,
                issuer,
                planned,
                used,
            } => write!(
                f,
                "step {step:?}: CRL number {planned} of \"{issuer}\" is not above {used}, the last one of an earlier ceremony"
            ),
            Self::NotRevoked {
                step,
                issuer,
                serial,
                because,
            } => write!(
                f,
                "step {step:?}: the CRL of \"{issuer}\" lacks serial number {serial} ({because} in an earlier ceremony)"
            ),
            Self::NotEnded => {
                f.write_str("the ceremony is neither closed nor aborted, so it cannot be exported yet")
            }
            Self::Object { step, reason } => write!(f, "step {step:?}: {reason}"),
            Self::Plan(cause) => cause.fmt(f),
        }
    }
}

impl std::error::Error for PreviousError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable { cause, .. } => cause.source(),
            Self::Transcript(cause) => cause.source(),
            Self::Export(cause) => cause.source(),
            Self::Plan(cause) => cause.source(),
            _ => None,
        }
    }
}

/// Reads the export that the plan pins, and checks the plan against it: head, kind, serial numbers, CRL numbers and revocations. `None` if the plan
/// names no previous ceremony. This does not compare the people: the old quorum must approve a change.
///
/// # Errors
/// [`PreviousError`]: the first mismatch.
pub fn check_previous(plan: &CeremonyPlan, export: &[u8]) -> Result<Option<CeremonyExport>, PreviousError> {
    let Some(previous) = &plan.previous else {
        return Ok(None);
    };
    let following = Following {
        previous,
        kind: plan.kind,
        action: &|step| plan.step(step).map(|step| &step.action),
        objects: &plan.objects,
    };
    following.check(export).map(Some)
}

/// The following ceremony: its plan, or a draft of it.
pub(super) struct Following<'a> {
    pub(super) previous: &'a PlannedPrevious,
    pub(super) kind: CeremonyKind,
    /// The action of a step.
    pub(super) action: &'a dyn Fn(&str) -> Option<&'a StepAction>,
    pub(super) objects: &'a [PlannedObject],
}

impl Following<'_> {
    pub(super) fn check(&self, export: &[u8]) -> Result<CeremonyExport, PreviousError> {
        let (found, pinned) = (Digest::of(export), self.previous.sha256);
        if found != pinned {
            return Err(PreviousError::OtherFile { pinned, found });
        }
        let export = CeremonyExport::read(export).map_err(PreviousError::Export)?;
        if export.head != self.previous.head {
            return Err(PreviousError::OtherHead {
                named: self.previous.head.clone(),
                found: export.head,
            });
        }
        if export.kind != self.kind {
            return Err(PreviousError::OtherKind { found: export.kind });
        }
        for object in self.objects {
            self.check_object(object, &export)?;
        }
        Ok(export)
    }

    fn check_object(&self, object: &PlannedObject, export: &CeremonyExport) -> Result<(), PreviousError> {
        // No key exists yet. Names, numbers and entries are never in a hole.
        let trail = Trail::default();
        let name = issuer_of(&trail, object)?;
        let Some(issuer) = export.issuers.iter().find(|issuer| issuer.name.0 == name.der()) else {
            return Ok(());
        };
        let (step, shown) = (object.step.clone(), name.to_string());
        let spare = object.spare.as_ref().map(|spare| &spare.serial);
        if let Some(serial) = object
            .serial
            .iter()
            .chain(spare)
            .find(|serial| issuer.serials.contains(serial))
        {
            return Err(PreviousError::SerialUsed {
                step,
                issuer: shown,
                serial: serial.clone(),
            });
        }
        let action = (self.action)(&object.step);
        let (ObjectKind::Crl, Some(StepAction::Crl(crl))) = (object.is, action) else {
            return Ok(());
        };
        if let Some(used) = issuer.crl_number.filter(|used| *used >= crl.number) {
            return Err(PreviousError::CrlNumber {
                step,
                issuer: shown,
                planned: crl.number,
                used,
            });
        }
        let list = read_crl(&trail, object)?;
        let has = |serial: &str| {
            list.entries()
                .any(|entry| entry.to_revocation().serial.to_string() == serial)
        };
        match issuer.revoked.iter().find(|revoked| !has(&revoked.serial)) {
            None => Ok(()),
            Some(missing) => Err(PreviousError::NotRevoked {
                step,
                issuer: shown,
                serial: missing.serial.clone(),
                because: missing.because.clone(),
            }),
        }
    }
}
