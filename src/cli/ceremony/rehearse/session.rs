//! `ceremony rehearse-session`: `ceremony rehearse` starts it for each session.

use std::env;
use std::path::PathBuf;

use clap::Args;
use hsm_ca::ledger::LedgerUrl;
use hsm_ca::workflow::{OpenedCeremony, RehearsalRequest, rehearse_session};
use rustix::fs::Mode;
use rustix::process::{Signal, set_parent_process_death_signal, umask};

use super::RIG;
use super::rig::{LEDGER, PRACTICE};
use crate::cli::ceremony::plan::{describe_module, this_program};
use crate::cli::ceremony::run::describe_machine;
use crate::cli::ceremony::source;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony_rehearsal::CeremonyRehearseSession;
use crate::cli::lock_directory::lock_directory;
use crate::cli::report::Report;
use crate::cli::ui::Ui;

#[derive(Debug, Args)]
pub(in crate::cli) struct RehearseSession {
    /// The directory of the planned ceremony
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The session
    #[arg(long, value_name = "NAME")]
    session: String,
    /// The directory of the rig, with its configuration
    #[arg(long, value_name = "DIR")]
    rig: PathBuf,
}

impl RehearseSession {
    pub(in crate::cli::ceremony) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        self.refuse_other_tokens()?;
        // If the rehearsal is killed, end this process too.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        // SoftHSM would otherwise create token files that others can read.
        umask(Mode::RWXG | Mode::RWXO);
        let ceremony = OpenedCeremony::open(&self.directory)?;
        let read = source::read(&ceremony.directory.file())?.refusing_keys_of_plan(&ceremony.plan);
        let file = ceremony.directory.file();
        let text = String::from_utf8(read.bytes);
        let module = settings.load_module()?;
        let request = RehearsalRequest {
            text: text.map_err(|_| CliError::config(&file, None, "it is not UTF-8 text"))?,
            source: read.source,
            files: read.files,
            session: self.session.clone(),
            out: self.rig.join(PRACTICE),
            ledger: LedgerUrl::Sqlite(self.rig.join(LEDGER)),
            rig: RIG,
            module: describe_module(&module)?,
            tool: this_program()?,
            machine: describe_machine(),
            lock_directory: lock_directory(ui),
            ceremony,
        };
        let summary = rehearse_session(&request, &module, ui)?;
        let head = summary.head.to_string();
        let text = format!("Rehearsed session {}: {head}\n", self.session);
        let json = CeremonyRehearseSession {
            session: self.session.clone(),
            head,
        };
        Ok(Report::new(text, json.document()))
    }
}

impl RehearseSession {
    /// Without the rig's configuration, SoftHSM would show this user's tokens, and the rehearsal would initialise one of them.
    fn refuse_other_tokens(&self) -> Result<(), CliError> {
        let expected = self.rig.join(RIG.configuration_file());
        let variable = RIG.variable();
        match env::var_os(variable).is_some_and(|found| self.rig.is_absolute() && *expected == *found) {
            true => Ok(()),
            false => Err(CliError::options(format!(
                "{variable} does not name the rig's configuration; `hsm-ca ceremony rehearse` starts this command"
            ))),
        }
    }
}
