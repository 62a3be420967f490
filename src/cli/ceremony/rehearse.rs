//! `ceremony rehearse`.

mod describe;
mod rig;
mod session;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use hsm_ca::ceremony::{
    CeremonyDirectory, CeremonyPage, Finding, PaperSize, ScriptState, rules, script_page,
};
use hsm_ca::output::NewDirectory;
use hsm_ca::token::RigToken;
use hsm_ca::workflow::{
    CeremonyError, OpenedCeremony, RehearsalError, RunError, SessionComparison, check_plan, compare_session,
    verify_ceremony,
};

use self::describe::describe;
use self::rig::RehearsalRig;
pub(super) use self::session::RehearseSession;
use super::kms::warn_of_network;
use super::plan::this_program;
use super::report::page_of;
use super::source::{self, ReadCeremony};
use crate::cli::exit::{CliError, NotPassed};
use crate::cli::global::Settings;
use crate::cli::report::Report;
use crate::cli::shell::quote;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct RehearseCeremony {
    /// The directory of the planned ceremony; DIR/rehearsal must not exist
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// SoftHSM's PKCS#11 module, if it is not at one of the usual paths. The module of the settings is never used
    #[arg(long, value_name = "FILE")]
    rig_module: Option<PathBuf>,
}

/// The result of a rehearsal.
struct Rehearsed {
    ceremony: OpenedCeremony,
    sessions: Vec<SessionComparison>,
    /// The difference, if the real plan cannot be reproduced from its files.
    plan: Option<String>,
}

impl Rehearsed {
    fn is_sound(&self) -> bool {
        self.plan.is_none() && self.sessions.iter().all(SessionComparison::is_sound)
    }
}

/// The token type for a rehearsal's rig. It must show several tokens at once.
const RIG: RigToken = RigToken::SOFTHSM;

/// The names of a session's pages in its directory.
const SCRIPT: &str = "script.html";
const REPORT: &str = "report.html";

impl RehearseCeremony {
    pub(super) fn run(&self, _: &Settings, ui: &Ui) -> Result<Report, CliError> {
        let ceremony = OpenedCeremony::open(&self.directory)?;
        ceremony.refuse_missing_files()?;
        let read = source::read(&ceremony.directory.file())?.refusing_keys_of_plan(&ceremony.plan);
        let place = ceremony.directory.rehearsal();
        // Check the target directory first, because a rehearsal takes seconds. It is created at the end, so that a killed rehearsal leaves nothing
        // there.
        if place.symlink_metadata().is_ok() {
            return Err(RehearsalError::AlreadyThere { path: place }.into());
        }
        drop(NewDirectory::begin(&place)?);
        refuse_other_program(&ceremony)?;
        let module = self.find_module()?;
        let rig = RehearsalRig::new(RIG, module)?;
        let (mut compared, mut pages) = (Vec::new(), Vec::new());
        for session in &ceremony.plan.sessions {
            ui.announce(&format!("rehearsing session {}", session.name));
            let _busy = ui.busy("on software tokens");
            let practice = rig.rehearse(&self.directory, &session.name)?;
            compared.push(examine(
                &ceremony,
                &read,
                &practice,
                &session.name,
                &mut pages,
                ui,
            )?);
        }
        let plan = check_plan(&ceremony.plan, &read.source, ui)
            .err()
            .map(|error| error.to_string());
        let written = publish(&rig, &ceremony, &pages, NewDirectory::begin(&place)?)?;
        let rehearsed = Rehearsed {
            ceremony,
            sessions: compared,
            plan,
        };
        let mut report = describe(&rehearsed, &written);
        // A rehearsal does not use KMS.
        report.warnings.extend(warn_of_network(&read.source, ui)?);
        if rehearsed.is_sound() {
            let directory = quote(&self.directory.display().to_string());
            report.next = Some(format!("hsm-ca ceremony approve {directory} --ssh-key FILE"));
        } else {
            report.failure = Some(CliError::NotPassed(NotPassed::Differs {
                ceremony: rehearsed.ceremony.plan.ceremony.clone(),
            }));
        }
        Ok(report)
    }

    fn find_module(&self) -> Result<PathBuf, CliError> {
        let found = self.rig_module.clone().or_else(|| RIG.find_module());
        let found = found.ok_or_else(|| {
            CliError::options(format!(
                "{RIG} is not at any of its usual paths: install it ({}), or name its module with --rig-module",
                RIG.package()
            ))
        })?;
        std::path::absolute(&found).map_err(|cause| CliError::read(&found, cause))
    }
}

/// Refuses what `run` would refuse on the day.
fn refuse_other_program(ceremony: &OpenedCeremony) -> Result<(), CliError> {
    let (planned, found) = (ceremony.plan.tool.sha256, this_program()?.sha256);
    match planned == found {
        true => Ok(()),
        false => Err(RunError::Swapped {
            what: "the program".to_owned(),
            planned: planned.to_string(),
            found: found.to_string(),
        }
        .into()),
    }
}

/// A page of a session, with its path relative to the rehearsal directory.
type Page = (String, CeremonyPage);

/// Verifies the practice of a session like any ceremony, compares it with the real plan, and makes its pages.
fn examine(
    ceremony: &OpenedCeremony,
    read: &ReadCeremony,
    practice: &Path,
    session: &str,
    pages: &mut Vec<Page>,
    ui: &Ui,
) -> Result<SessionComparison, CliError> {
    let directory = CeremonyDirectory::at(practice);
    let mut verified = verify_ceremony(&directory, None);
    let practice_source = source::read(&directory.file())?
        .refusing_keys_of_plan(&ceremony.plan)
        .source;
    if let Some(plan) = &verified.content
        && let Err(error) = check_plan(plan, &practice_source, ui)
    {
        let finding = Finding::in_file("plan.json", rules::PLAN_AGAIN, error.to_string());
        verified.findings.push(finding);
    }
    let compared = compare_session(&ceremony.plan, &read.source, &verified, &practice_source, session);
    if let Some(plan) = &verified.content {
        // The practice was carried out, so its plan was approved.
        let script = script_page(plan, ScriptState::Approved, PaperSize::A4).map_err(CeremonyError::from)?;
        pages.push((format!("{session}/{SCRIPT}"), script));
    }
    pages.push((format!("{session}/{REPORT}"), page_of(&verified, PaperSize::A4)?));
    Ok(compared)
}

/// Copies the practice of every session into the ceremony's directory. It appears there complete or not at all.
fn publish(
    rig: &RehearsalRig,
    ceremony: &OpenedCeremony,
    pages: &[Page],
    directory: NewDirectory,
) -> Result<PathBuf, CliError> {
    for session in &ceremony.plan.sessions {
        copy_below(&rig.practice(&session.name), &session.name, &directory)?;
    }
    for (name, page) in pages {
        directory.add(name, page.text().as_bytes())?;
    }
    Ok(directory.commit()?)
}

fn copy_below(from: &Path, to: &str, directory: &NewDirectory) -> Result<(), CliError> {
    let unread = |cause| CliError::read(from, cause);
    directory.add_directory(to)?;
    for entry in fs::read_dir(from).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let (path, name) = (entry.path(), entry.file_name());
        let below = format!("{to}/{}", name.to_string_lossy());
        if entry.file_type().map_err(unread)?.is_dir() {
            copy_below(&path, &below, directory)?;
        } else {
            let bytes = fs::read(&path).map_err(|cause| CliError::read(&path, cause))?;
            directory.add(&below, &bytes)?;
        }
    }
    Ok(())
}
