//! A rehearsal: one session of a planned ceremony on a throwaway rig, before the day, without the real tokens and people.
//!
//! Stand-ins replace what is in a safe, in KMS or held by people: tokens, keys of older CAs, key pairs, SSH keys. Everything else is real: the same
//! file, plan, serial numbers, dates and steps, carried out by the same code. The result is marked as a practice.

mod compare;
mod error;
mod export;
mod pairs;
mod people;
mod room;
mod stand_ins;
mod tokens;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use self::compare::{CountedSignatures, SessionComparison, compare_session};
pub use self::error::RehearsalError;
use self::pairs::PracticePairs;
use self::people::PracticePeople;
use self::room::PracticeRoom;
use self::stand_ins::StandIns;
use self::tokens::PracticeTokens;
use super::plan::{PlannedSerials, plan_with};
use super::plan_directory::write_plan;
use super::{CeremonyError, CeremonyInputs, CeremonySource, OpenedCeremony, PlanCircumstances};
use crate::ceremony::{Digest, PlannedModule, PlannedTool, PracticeChanges, PreviousCeremony};
use crate::ledger::LedgerUrl;
use crate::output::NewDirectory;
use crate::token::{Module, RigToken};
use crate::values::UnixTime;
use crate::workflow::{
    AdoptionRequest, CeremonyRun, Clock, Machine, Named, Opening, Progress, Recorder, RunRequest, RunSummary,
    Waivers, WorkflowError,
};

/// The inputs of a rehearsal.
#[derive(Debug)]
pub struct RehearsalRequest {
    /// The planned ceremony. It is only read.
    pub ceremony: OpenedCeremony,
    /// The ceremony's source, from its files.
    pub source: CeremonySource,
    /// The text of the ceremony file.
    pub text: String,
    /// The bytes of its inputs and profiles, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The session.
    pub session: String,
    /// Where the practice is written. The path must not exist.
    pub out: PathBuf,
    /// Where the ledger of the practice is created.
    pub ledger: LedgerUrl,
    /// The token type of the rig.
    pub rig: RigToken,
    /// The rig's module, as recorded in the practice's plan.
    pub module: PlannedModule,
    /// This program.
    pub tool: PlannedTool,
    /// The machine.
    pub machine: Machine,
    /// The directory for the locks between this user's processes on a token.
    pub lock_directory: Option<PathBuf>,
}

/// Carries out the session on the tokens of a new rig. `module` shows them, and this function initialises them. The time stays at the session's first
/// second. PINs and the people's private keys exist only in this process.
///
/// # Errors
/// [`WorkflowError`]: what would have stopped the session on the day, or why a stand-in cannot be made.
pub fn rehearse_session(
    request: &RehearsalRequest,
    module: &Module,
    progress: &dyn Progress,
) -> Result<RunSummary, WorkflowError> {
    let clock = Clock::stopped_at(request.begins()?);
    let tokens = PracticeTokens::initialise(module, request.rig, &request.ceremony.plan)?;
    let people = PracticePeople::of(&request.source)?;
    let lock_directory = request.lock_directory.as_deref();
    let pairs = PracticePairs::make(&request.source)?;
    let stand_ins = StandIns::make(
        &request.source,
        &pairs,
        &tokens.sessions,
        lock_directory,
        progress,
    )?;
    let (text, files, source) = request.practice_source(&tokens, &people, &pairs, &stand_ins)?;
    let circumstances = PlanCircumstances {
        tool: request.tool.clone(),
        module: Some(request.module.clone()),
        tokens: tokens.seen.clone(),
        has_kms: true,
        time: request.time_of_plan()?,
    };
    let serials = PlannedSerials(&request.ceremony.plan);
    let plan = plan_with(&source, &circumstances, &serials, None, progress)?;
    let directory = NewDirectory::begin(&request.out)?;
    let (path, _) = write_plan(directory, text.as_bytes(), &files, &plan)?;
    let ceremony = OpenedCeremony::open(&path).map_err(WorkflowError::from)?;
    people.approve(&ceremony, clock.now())?;
    let mut recorder = Recorder::make(&request.ledger, request.machine.by.clone(), clock.clone())?;
    adopt_stand_ins(&source, &mut recorder, clock.now())?;
    let run = RunRequest {
        ceremony,
        source,
        session: Some(request.session.clone()),
        quorum: None,
        tool: request.tool.sha256,
        module: request.module.clone(),
        tokens: tokens.found(),
        decryptors: pairs.decryptors(),
        machine: request.machine.clone(),
        lock_directory: request.lock_directory.clone(),
        clock: clock.clone(),
    };
    let room = PracticeRoom::new(&run.ceremony, &people, clock.clone());
    let summary = match CeremonyRun::open(&run, recorder, &room, progress)? {
        Opening::Closed(summary) => summary,
        Opening::Run(opened) => {
            let sessions = tokens.sessions.iter();
            let sessions = sessions.map(|(name, session)| (name.clone(), session));
            opened.carry_out(&sessions.collect())?
        }
    };
    people.attest(&run.ceremony, clock.now())?;
    Ok(summary)
}

type PracticeSource = (String, BTreeMap<String, Vec<u8>>, CeremonySource);

impl RehearsalRequest {
    fn begins(&self) -> Result<UnixTime, WorkflowError> {
        let sessions = self.source.file.sessions.iter();
        let mut named = sessions.filter(|session| session.name == self.session);
        let begins = named.next().map(|session| session.begins);
        Ok(begins.ok_or_else(|| RehearsalError::NoSession {
            session: self.session.clone(),
        })?)
    }

    fn time_of_plan(&self) -> Result<UnixTime, WorkflowError> {
        let time = self.ceremony.plan.time.parse();
        Ok(time.map_err(|_| CeremonyError::OtherPlan {
            what: "the time".to_owned(),
        })?)
    }

    /// The file of the practice, the files that it names, and their content.
    fn practice_source(
        &self,
        tokens: &PracticeTokens,
        people: &PracticePeople,
        pairs: &PracticePairs,
        stand_ins: &StandIns,
    ) -> Result<PracticeSource, WorkflowError> {
        let real = &self.source;
        let mut files = self.files.clone();
        let mut changes = PracticeChanges {
            tokens: tokens.serials(),
            keys: people.keys_of(&real.file)?,
            pins: pairs.pins(real),
            ..PracticeChanges::default()
        };
        for (name, bytes) in &stand_ins.inputs {
            if let Some(input) = real.file.inputs.get(name) {
                files.insert(input.file.clone(), bytes.clone());
                changes.inputs.insert(name.clone(), Digest::of(bytes));
            }
        }
        let mut previous = None;
        if let (PreviousCeremony::Exported { export, .. }, Some(bytes)) =
            (&real.file.previous, &real.previous)
        {
            let bytes = export::for_practice(bytes, people)?;
            files.insert(export.file.clone(), bytes.clone());
            changes.previous = Some(Digest::of(&bytes));
            previous = Some(bytes);
        }
        let (text, file) = changes.apply(&self.text).map_err(RehearsalError::File)?;
        let inputs = CeremonyInputs::read(&file, |path| {
            let bytes = files.get(path).cloned();
            bytes.ok_or_else(|| CeremonyError::InputContent {
                name: path.to_owned(),
                reason: "it does not exist".to_owned(),
            })
        })?;
        let source = CeremonySource {
            sha256: Digest::of(text.as_bytes()),
            file,
            previous,
            inputs,
            profiles: real.profiles.clone(),
            refused_keys: real.refused_keys.clone(),
        };
        Ok((text, files, source))
    }
}

/// The ledger of a rehearsal is new, so the older CAs are added to it as `ca adopt` adds them to the real one. Several may share a name: that was
/// waived when the real ledger adopted them, and the plan checked that ledger.
fn adopt_stand_ins(
    source: &CeremonySource,
    recorder: &mut Recorder,
    now: UnixTime,
) -> Result<(), WorkflowError> {
    let issuers = source.file.steps.iter().filter_map(|step| step.action.issuer());
    for issuer in issuers.filter(|issuer| source.inputs.has(issuer)) {
        let request = AdoptionRequest {
            authority: Named::new(issuer, source.inputs.certificate(issuer)?),
            issuers: Vec::new(),
            certificates: Vec::new(),
            index: None,
            crl: None,
            refused_keys: None,
            waivers: Waivers {
                second_certificate: true,
                same_name_other_key: true,
            },
        };
        request.check(now)?.record(recorder)?;
    }
    Ok(())
}
