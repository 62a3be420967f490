//! Makes a plan from a ceremony file, and makes the same plan again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::draft::{CeremonyDraft, DrawnSerials, PlanSerials, draft_with};
use super::foreseen::LedgerToday;
use super::objects::SerialSource;
use super::{CeremonyError, CeremonyInputs, RefusedKeys};
use crate::ceremony::{
    CeremonyFile, CeremonyPlan, Digest, PlannedLinter, PlannedModule, PlannedObject, PlannedPeople,
    PlannedPrevious, PlannedSession, PlannedStep, PlannedToken, PlannedTool, PlannedWaiver, SeenToken,
    StepAction, TokenBinding,
};
use crate::signer::RandomSource;
use crate::token::TokenDescription;
use crate::workflow::{LinterFiles, Progress, Recorder, WorkflowError};
use crate::x509::{Profile, SerialNumber, UnixTime};

/// A profile that a ceremony uses.
#[derive(Clone, Debug)]
pub struct CeremonyProfile {
    /// The profile.
    pub profile: Arc<Profile>,
    /// SHA-256 of its file; `None` for a built-in profile.
    pub file: Option<Digest>,
}

/// All inputs of a plan. None of them needs a token.
#[derive(Clone, Debug)]
pub struct CeremonySource {
    /// The ceremony file.
    pub file: CeremonyFile,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// The export of the previous ceremony, if the file names one.
    pub previous: Option<Vec<u8>>,
    /// The inputs of the file.
    pub inputs: CeremonyInputs,
    /// The profiles that the file names.
    pub profiles: BTreeMap<String, CeremonyProfile>,
    /// Keys for which nothing is signed, whatever the profile says.
    pub refused_keys: Option<RefusedKeys>,
}

/// Where and when a ceremony is planned. A plan that is made again takes these from the first one.
#[derive(Clone, Debug)]
pub struct PlanCircumstances {
    /// The program.
    pub tool: PlannedTool,
    /// The module, if there is one.
    pub module: Option<PlannedModule>,
    /// What the tokens report, by their names in the file. It contains only tokens that were found.
    pub tokens: BTreeMap<String, SeenToken>,
    /// Whether the program can use KMS to import keys (feature `aws`). The plan pins the program that will carry it out.
    pub has_kms: bool,
    /// The time.
    pub time: UnixTime,
}

/// Plans a ceremony: draws every serial number, and fixes every octet that is known before a key is made. `ledger` is the ledger in which the
/// ceremony will be recorded, if there is one. It is only read, anything it would refuse on the day is refused now, and no part of it goes into the
/// plan.
///
/// # Errors
/// [`WorkflowError::Ceremony`]: the first step that breaks a rule, and the rule.
pub fn plan_ceremony(
    source: &CeremonySource,
    circumstances: &PlanCircumstances,
    random: &dyn RandomSource,
    ledger: Option<&Recorder>,
    progress: &dyn Progress,
) -> Result<CeremonyPlan, WorkflowError> {
    if let Some(over) = source
        .file
        .sessions
        .iter()
        .find(|session| session.ends < circumstances.time)
    {
        return Err(CeremonyError::SessionOver {
            session: over.name.clone(),
            ends: over.ends,
        }
        .into());
    }
    // Fail at planning time, not at the step.
    for step in &source.file.steps {
        if let (StepAction::ImportKey(_), false) = (&step.action, circumstances.has_kms) {
            let step = step.id.clone();
            return Err(CeremonyError::NoKms { step }.into());
        }
    }
    let serials = DrawnSerials::from(random);
    let today = ledger.map(LedgerToday::read).transpose()?;
    plan_with(source, circumstances, &serials, today.as_ref(), progress)
}

/// Makes a plan again from the same files, with the serial numbers, the time, the tool and the tokens of the first one. Every other octet must be the
/// same.
///
/// # Errors
/// [`CeremonyError::OtherRefusedKeys`]; [`CeremonyError::OtherPlan`] with the first part that differs; the errors of [`plan_ceremony`].
pub fn check_plan(
    plan: &CeremonyPlan,
    source: &CeremonySource,
    progress: &dyn Progress,
) -> Result<(), WorkflowError> {
    check_plan_today(plan, source, None, progress)
}

/// The same, and refuses what the ledger would refuse today.
pub(super) fn check_plan_today(
    plan: &CeremonyPlan,
    source: &CeremonySource,
    today: Option<&LedgerToday<'_>>,
    progress: &dyn Progress,
) -> Result<(), WorkflowError> {
    let found = source.refused_keys.as_ref().map(RefusedKeys::sha256);
    if plan.refused_keys != found {
        let planned = plan.refused_keys;
        return Err(CeremonyError::OtherRefusedKeys { planned, found }.into());
    }
    let time = plan.time.parse::<UnixTime>();
    let time = time.map_err(|_| CeremonyError::OtherPlan {
        what: "the time".to_owned(),
    })?;
    let circumstances = PlanCircumstances {
        tool: plan.tool.clone(),
        module: plan.module.clone(),
        tokens: plan
            .tokens
            .iter()
            .filter_map(|(name, token)| Some((name.clone(), token.seen.clone()?)))
            .collect(),
        has_kms: true,
        time,
    };
    let again = plan_with(source, &circumstances, &PlannedSerials(plan), today, progress)?;
    match first_difference(plan, &again) {
        Some(what) => Err(CeremonyError::OtherPlan { what }.into()),
        None => Ok(()),
    }
}

/// The serial numbers of a plan.
pub(super) struct PlannedSerials<'a>(pub(super) &'a CeremonyPlan);

impl PlannedSerials<'_> {
    fn find(
        &self,
        session: &str,
        step: &str,
        of: impl Fn(&PlannedObject) -> Option<String>,
    ) -> Result<SerialNumber, WorkflowError> {
        let text = self.0.object(session, step).and_then(of);
        let serial = text.as_deref().and_then(SerialNumber::from_hex);
        Ok(serial.ok_or_else(|| CeremonyError::OtherPlan {
            what: format!("the serial number of step {step:?}, session {session:?}"),
        })?)
    }
}

impl SerialSource for PlannedSerials<'_> {
    fn serial(&self, session: &str, step: &str) -> Result<SerialNumber, WorkflowError> {
        self.find(session, step, |object| object.serial.clone())
    }
}

impl PlanSerials for PlannedSerials<'_> {
    fn spare(&self, session: &str, step: &str) -> Result<SerialNumber, WorkflowError> {
        self.find(session, step, |object| {
            Some(object.spare.as_ref()?.serial.clone())
        })
    }
}

pub(super) fn plan_with(
    source: &CeremonySource,
    circumstances: &PlanCircumstances,
    serials: &dyn PlanSerials,
    today: Option<&LedgerToday<'_>>,
    progress: &dyn Progress,
) -> Result<CeremonyPlan, WorkflowError> {
    let CeremonySource { file, inputs, .. } = source;
    let CeremonyDraft { budget, objects, .. } = draft_with(source, serials, today, progress)?;
    let token = |(name, token): (&String, &TokenBinding)| {
        let planned = PlannedToken {
            serial: token.serial.clone(),
            seen: circumstances.tokens.get(name).cloned(),
        };
        (name.clone(), planned)
    };
    let planned_inputs = file.inputs.iter().map(|(name, input)| {
        let planned = inputs.describe(name, input)?;
        Ok((name.clone(), planned))
    });
    let plan = CeremonyPlan {
        format: CeremonyPlan::format(),
        kind: file.kind,
        ceremony: file.id.clone(),
        file: source.sha256,
        policy: file.policy.clone(),
        previous: PlannedPrevious::of(&file.previous),
        time: circumstances.time.to_string(),
        tool: circumstances.tool.clone(),
        module: circumstances.module.clone(),
        tokens: file.tokens.iter().map(token).collect(),
        people: PlannedPeople::of(file),
        inputs: planned_inputs.collect::<Result<_, CeremonyError>>()?,
        profiles: source
            .profiles
            .iter()
            .filter_map(|(name, profile)| Some((name.clone(), profile.file?)))
            .collect(),
        linters: find_linters(&source.profiles)?,
        refused_keys: source.refused_keys.as_ref().map(RefusedKeys::sha256),
        sessions: file
            .sessions
            .iter()
            .map(|session| PlannedSession {
                name: session.name.clone(),
                begins: session.begins.to_string(),
                ends: session.ends.to_string(),
            })
            .collect(),
        steps: file
            .steps
            .iter()
            .map(|step| PlannedStep {
                id: step.id.clone(),
                action: step.action.clone(),
            })
            .collect(),
        objects,
        budget,
        waived: file
            .close
            .waivers
            .iter()
            .map(|waiver| PlannedWaiver {
                rule: waiver.rule.clone(),
                step: waiver.step.clone(),
                because: waiver.because.clone(),
            })
            .collect(),
    };
    // Read the plan back before it is used, so that an inconsistent plan is never written.
    Ok(CeremonyPlan::read(&plan.to_bytes().map_err(CeremonyError::from)?).map_err(CeremonyError::from)?)
}

fn find_linters(
    profiles: &BTreeMap<String, CeremonyProfile>,
) -> Result<BTreeMap<String, PlannedLinter>, WorkflowError> {
    let mut linters = BTreeMap::new();
    for (name, found) in profiles {
        let Some(linter) = &found.profile.linter else {
            continue;
        };
        if let Some(program) = LinterFiles::find(linter)?.program {
            linters.insert(
                name.clone(),
                PlannedLinter {
                    command: linter.command.iter().map(ToString::to_string).collect(),
                    sha256: digest_of_file(&program).map_err(|cause| CeremonyError::Unreadable {
                        path: program.clone(),
                        cause,
                    })?,
                },
            );
        }
    }
    Ok(linters)
}

/// What a plan records about a token, besides its serial number.
#[must_use]
pub fn see_token(token: &TokenDescription) -> SeenToken {
    SeenToken {
        manufacturer: token.manufacturer.clone(),
        model: token.model.clone(),
        firmware: token.firmware.clone(),
        hardware: token.hardware.clone(),
    }
}

/// SHA-256 of a file, such as a program or a module.
///
/// # Errors
/// The system's error.
pub fn digest_of_file(path: &Path) -> std::io::Result<Digest> {
    Ok(Digest::of(&std::fs::read(path)?))
}

/// The first part in which two plans differ.
fn first_difference(plan: &CeremonyPlan, again: &CeremonyPlan) -> Option<String> {
    for (one, other) in plan.objects.iter().zip(&again.objects) {
        if one != other {
            return Some(format!("step {:?}, session {:?}", one.step, one.session));
        }
    }
    for (name, one) in &plan.inputs {
        if again.inputs.get(name) != Some(one) {
            return Some(format!("input {name:?}"));
        }
    }
    let parts = [
        ("the ceremony file", plan.file == again.file),
        ("the people", plan.people == again.people),
        ("the profiles", plan.profiles == again.profiles),
        ("the linters", plan.linters == again.linters),
        ("the sessions", plan.sessions == again.sessions),
        ("the steps", plan.steps == again.steps),
        ("the budget of signatures", plan.budget == again.budget),
        ("something", plan == again),
    ];
    let differs = parts.iter().find(|(_, is_same)| !is_same);
    differs.map(|(what, _)| (*what).to_owned())
}
