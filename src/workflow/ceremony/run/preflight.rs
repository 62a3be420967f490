//! Tries everything that can fail before any operation on a token.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rustix::fs::statvfs;

use super::files::failed;
use super::{CeremonyRun, RunError, RunRequest};
use crate::ceremony::{
    CeremonyDirectory, CeremonyPlan, Digest, ObjectKind, SeenToken, StepAction, plan_text,
};
use crate::ledger::{CrlNumber, EntryFilter, EntryState, Object};
use crate::output::OutputError;
use crate::workflow::ceremony::CeremonyError;
use crate::workflow::ceremony::foreseen::LedgerToday;
use crate::workflow::ceremony::people::count_approvals;
use crate::workflow::ceremony::plan::{check_plan_today, see_token};
use crate::workflow::ceremony::regular_file::read_file;
use crate::workflow::ceremony::tokens::check_token;
use crate::workflow::{Progress, Recorder, WorkflowError, authority_of};
use crate::x509::{Certificate, SerialNumber};

/// The disk space that a ceremony needs at most, in bytes, without CRLs of more than a hundred thousand entries.
const ROOM: u64 = 16 * 1024 * 1024;

/// What was checked before the opening.
pub(super) struct Checked {
    /// Who approved.
    pub(super) approved_by: Vec<String>,
    /// Whether no run is in the transcript yet.
    pub(super) is_first: bool,
    /// SHA-256 of each file that was read or checked, by its path relative to the ceremony's directory.
    pub(super) files: BTreeMap<String, Digest>,
}

/// Checks the plan, its approvals, the program, the module, the tokens, and what the ledger would refuse at the steps that are left.
pub(super) fn check(
    request: &RunRequest,
    recorder: &Recorder,
    progress: &dyn Progress,
) -> Result<Checked, WorkflowError> {
    let plan = &request.ceremony.plan;
    let approvals = count_approvals(&request.ceremony, request.quorum)?;
    approvals.permit()?;
    let swapped = |what: String, planned: String, found: String| {
        Err(WorkflowError::from(RunError::Swapped { what, planned, found }))
    };
    if plan.tool.sha256 != request.tool {
        let (planned, found) = (plan.tool.sha256.to_string(), request.tool.to_string());
        return swapped("the program".to_owned(), planned, found);
    }
    if let Some(module) = plan
        .module
        .as_ref()
        .filter(|module| module.sha256 != request.module.sha256)
    {
        let (planned, found) = (module.sha256.to_string(), request.module.sha256.to_string());
        return swapped("the PKCS#11 module".to_owned(), planned, found);
    }
    for (name, planned) in &plan.tokens {
        let found = request
            .tokens
            .get(name)
            .map(|token| see_token(token.description()));
        if let (Some(planned), Some(found)) = (&planned.seen, &found)
            && planned != found
        {
            return swapped(format!("token {name:?}"), show(planned), show(found));
        }
    }
    // Days may have passed since the plan was made, or since the last run. A run that was refused may have left an empty transcript.
    let course = request.ceremony.course()?;
    let is_first = course.runs == 0;
    let today = match course.ending() {
        None => Some(LedgerToday::after(recorder, plan, &course)?),
        Some(_) => None,
    };
    check_plan_today(plan, &request.source, today.as_ref(), progress)?;
    check_room(request)?;
    let mut names: BTreeSet<String> = BTreeSet::new();
    for file in &approvals.files {
        names.insert(file.approval.person().to_owned());
    }
    Ok(Checked {
        approved_by: names.into_iter().collect(),
        is_first,
        files: files_read(request, approvals.sha256)?,
    })
}

/// The files that this run uses. The plan for people must be the text of the plan, because the checksums will cover it.
fn files_read(
    request: &RunRequest,
    mut files: BTreeMap<String, Digest>,
) -> Result<BTreeMap<String, Digest>, WorkflowError> {
    let CeremonyPlan {
        inputs,
        profiles,
        previous,
        ..
    } = &request.ceremony.plan;
    let directory = &request.ceremony.directory;
    let text = plan_text(&request.ceremony.plan).map_err(CeremonyError::from)?;
    let path = directory.plan_text();
    let found = read_file(&path).map_err(|cause| failed(&path, cause))?;
    if found != text.as_bytes() {
        let what = "plan.txt".to_owned();
        return Err(CeremonyError::OtherPlan { what }.into());
    }
    let names = CeremonyDirectory::at(Path::new(""));
    let name = |path: PathBuf| path.display().to_string();
    files.insert(name(names.plan()), request.ceremony.identity.hash);
    files.insert(name(names.plan_text()), Digest::of(text.as_bytes()));
    files.insert(name(names.file()), request.source.sha256);
    files.extend(inputs.values().map(|input| (input.file.clone(), input.sha256)));
    files.extend(previous.iter().map(|export| (export.file.clone(), export.sha256)));
    let below = |profile: &String| profile.strip_prefix("./").unwrap_or(profile).to_owned();
    files.extend(profiles.iter().map(|(profile, sha256)| (below(profile), *sha256)));
    Ok(files)
}

fn show(token: &SeenToken) -> String {
    let SeenToken {
        manufacturer,
        model,
        firmware,
        hardware,
    } = token;
    format!("{manufacturer} {model}, firmware {firmware}, hardware {hardware}")
}

fn check_room(request: &RunRequest) -> Result<(), WorkflowError> {
    let path = request.ceremony.directory.path();
    let found = statvfs(path).map_err(|errno| failed(path, errno.into()))?;
    if found.f_bavail.saturating_mul(found.f_frsize) < ROOM {
        let path = path.to_owned();
        return Err(OutputError::NoSpace { path }.into());
    }
    Ok(())
}

impl CeremonyRun<'_> {
    /// Refuses what the ledger would refuse, before anyone types a word.
    pub(super) fn check_ledger(&mut self) -> Result<(), WorkflowError> {
        let request = self.request;
        let course = self.course.borrow().clone();
        for step in &request.source.file.steps {
            let Some(issuer) = step.action.issuer() else {
                continue;
            };
            if !request.source.inputs.has(issuer) || course.step(&step.id).signatures > 0 {
                continue;
            }
            let authority = request.source.inputs.certificate(issuer)?;
            self.recorder()?.require_known(&authority)?;
            self.check_unused(&step.id, &authority)?;
        }
        Ok(())
    }

    /// Refuses a key that its token cannot hold, or that KMS would not decrypt.
    pub(super) fn check_new_keys(&self) -> Result<(), WorkflowError> {
        let RunRequest { source, tokens, .. } = self.request;
        let course = self.course.borrow().clone();
        for step in &source.file.steps {
            let token = step.action.token().and_then(|name| tokens.get(name));
            if let Some(token) = token
                && !course.step(&step.id).key_begun
            {
                check_token(step, source, token)?;
            }
        }
        self.try_kms()
    }

    /// Checks that the serial number and the CRL number of the step are unused.
    fn check_unused(&mut self, step: &str, authority: &Certificate) -> Result<(), WorkflowError> {
        let Some(object) = self.plan.object(&self.session.name, step) else {
            return Ok(());
        };
        let issuer = authority_of(authority)?;
        let recorder = self.recorder()?;
        let serial = object.serial.as_deref().and_then(SerialNumber::from_hex);
        if let Some(serial) = serial
            && let Some(entry) = recorder.ledger().certificate(&issuer, &serial)?
            && entry.state != EntryState::Begun
        {
            return Err(RunError::CannotDo {
                step: step.to_owned(),
                reason: format!(
                    "its serial number is already used, in entry {} of the ledger",
                    entry.id
                ),
            }
            .into());
        }
        if object.is == ObjectKind::Crl
            && let Some(StepAction::Crl(crl)) = self.plan.step(step).map(|planned| &planned.action)
            && let Some(number) = CrlNumber::from_octets(&crl.number.to_be_bytes())
        {
            let own = object.completed(&self.key_octets()).ok();
            let own = own.map(|octets| Digest::of(&octets));
            // An interrupted run may have begun this entry without signing.
            let filter = EntryFilter {
                authority: Some(issuer),
                open: true,
                ..EntryFilter::default()
            };
            let mut begun = None;
            self.recorder()?.ledger().entries(&filter, &mut |entry| {
                if matches!(entry.object, Object::Crl { number: found, .. } if found == number) {
                    begun = Some((entry.id, entry.tbs_sha256));
                }
                ControlFlow::Continue(())
            })?;
            match begun {
                None => self
                    .recorder()?
                    .refuse_lower_crl_number(authority, number, false)?,
                // The ledger assigns a number only once, even if nothing was signed.
                Some((entry, sha256)) if own.is_some() && sha256 != own => {
                    let reason = format!(
                        "CRL number {number} was begun with other bytes, in entry {entry} of the ledger: in a session that was given up, or elsewhere. \
                         Abort this ceremony, and plan another one with the next number"
                    );
                    return Err(self.cannot(step, reason).into());
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}
