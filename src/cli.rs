//! The command line: the only place that prints, prompts, or reads the environment.

mod batch;
mod ca;
mod canvas;
mod ceremony;
mod cert;
mod closing;
mod cluster;
mod config;
mod connect;
mod crl;
mod csr;
mod doctor;
mod exit;
mod fingerprint;
mod format;
mod global;
mod help;
mod inherited;
mod input;
mod json;
mod key;
mod key_label;
mod key_type;
#[cfg(feature = "aws")]
mod kms;
mod last_rig;
mod ledger;
mod lock_directory;
mod next_steps;
mod number;
mod ocsp;
mod output_file;
mod page;
mod pin;
mod pin_prompt;
mod pin_text;
mod profile;
mod program;
mod recorder;
mod report;
mod rig;
mod shell;
mod show;
mod steps;
mod suggest;
mod table;
mod terminal_type;
mod token;
mod toml_file;
mod ui;
mod unfinished;
mod validity;
mod wrap;

use std::env;
use std::mem;
use std::process::ExitCode;

use clap::{FromArgMatches, Parser, Subcommand};

use exit::CliError;
use global::{GlobalOptions, Settings};
use report::Report;
use ui::Ui;

/// A certificate authority whose private key lives in a PKCS#11 token
#[derive(Debug, Parser)]
#[command(name = "hsm-ca", version, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done · 1 failed · 2 wrong usage or configuration · \
    3 refused by a check · 4 token, KMS or ledger unavailable, or login refused"
)]
struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a throwaway token (SoftHSM or Kryoptic) with its settings in a directory
    #[command(subcommand)]
    Rig(rig::RigCommand),
    /// Check the module, token, login, mechanisms and KMS
    Doctor(doctor::DoctorCommand),
    /// Show the module's tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Show, generate and delete keys on the token
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Have AWS KMS generate a key pair, and import it into the token
    #[cfg(feature = "aws")]
    #[command(subcommand)]
    Kms(kms::KmsCommand),
    /// Create the certificate of a CA whose key is on the token
    #[command(subcommand)]
    Ca(ca::CaCommand),
    /// Create, show and sign certification requests
    #[command(subcommand)]
    Csr(csr::CsrCommand),
    /// Create and show certificate revocation lists
    #[command(subcommand)]
    Crl(crl::CrlCommand),
    /// Answer OCSP requests; show requests and responses
    #[command(subcommand)]
    Ocsp(ocsp::OcspCommand),
    /// AWS CloudHSM clusters: verify the HSM's identity, initialise, check what protects the traffic
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Show, verify, cross-sign and revoke certificates
    #[command(subcommand)]
    Cert(cert::CertCommand),
    /// Signing ceremonies: plan, approve, rehearse and run what is signed in front of witnesses, and verify it
    #[command(
        subcommand,
        after_help = "The commands are listed in the order of a ceremony. Run book: docs/ceremony.md"
    )]
    Ceremony(ceremony::CeremonyCommand),
    /// Show the kinds of certificates that `ca create` and `csr sign` make
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// The record of everything that the CA's keys signed
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Show a file of any kind that these commands read or write
    Show(show::ShowFile),
    #[command(flatten)]
    Program(program::ProgramCommand),
}

impl Command {
    /// Whether it loads the module.
    fn uses_token(&self) -> bool {
        match self {
            Self::Ca(ca::CaCommand::Adopt(adopt)) => return adopt.uses_token(),
            Self::Ceremony(ceremony) => return ceremony.uses_token(),
            _ => {}
        }
        !matches!(
            self,
            Self::Cert(
                cert::CertCommand::Show(_) | cert::CertCommand::Verify(_) | cert::CertCommand::Rules(_)
            ) | Self::Cluster(_)
                | Self::Crl(crl::CrlCommand::Show(_))
                | Self::Ledger(
                    ledger::LedgerCommand::New(_)
                        | ledger::LedgerCommand::List(_)
                        | ledger::LedgerCommand::Show(_)
                        | ledger::LedgerCommand::Export
                )
                | Self::Ocsp(ocsp::OcspCommand::Show(_))
                | Self::Csr(csr::CsrCommand::Show(_))
                | Self::Profile(_)
                | Self::Program(_)
                | Self::Rig(_)
                | Self::Show(_)
        )
    }
}

/// Runs the command line of this process.
pub(crate) fn run() -> ExitCode {
    let mut parser = help::commands();
    let matches = parser.try_get_matches_from_mut(env::args_os());
    // The tree of all commands and options: the process ends before its memory is needed again.
    mem::forget(parser);
    let matches = match matches {
        Ok(matches) => matches,
        Err(error) => return ui::report_usage(&error).into(),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return ui::report_usage(&error).into(),
    };
    if let Err(error) = cli.global.refuse_contradiction() {
        return Ui::new(&cli.global, None).refuse(&error).into();
    }
    // It must work where the settings are wrong: in a shell's start file, or to report a problem.
    if let Command::Program(command) = &cli.command {
        let ui = Ui::new(&cli.global, None);
        return finish(command.run(&ui), &ui).into();
    }
    let config = cli.global.read_config();
    let rest;
    let ui = match &config {
        Ok(found) => Ui::new(&cli.global, Some(found)),
        Err(_) => {
            rest = cli.global.rest_of_config();
            Ui::new(&cli.global, Some(&rest))
        }
    };
    let uses_token = cli.command.uses_token();
    let settings = config.and_then(|config| Settings::load(cli.global, config, uses_token));
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return ui.refuse(&error).into(),
    };
    let exit_code = finish(dispatch(&cli.command, &settings, &ui), &ui);
    settings.opened.close(exit_code, ui.is_for_people());
    ui::end_as_signalled(exit_code);
    exit_code.into()
}

fn finish(done: Result<Report, CliError>, ui: &Ui) -> u8 {
    match done {
        Ok(report) => ui.present(report),
        Err(error) => ui.refuse(&error),
    }
}

fn dispatch(command: &Command, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
    match command {
        Command::Rig(command) => command.run(settings),
        Command::Doctor(command) => command.run(settings, ui),
        Command::Token(command) => command.run(settings, ui),
        Command::Key(command) => command.run(settings, ui),
        #[cfg(feature = "aws")]
        Command::Kms(command) => command.run(settings, ui),
        Command::Ca(command) => command.run(settings, ui),
        Command::Csr(command) => command.run(settings, ui),
        Command::Crl(command) => command.run(settings, ui),
        Command::Ocsp(command) => command.run(settings, ui),
        Command::Cluster(command) => command.run(ui),
        Command::Cert(command) => command.run(settings, ui),
        Command::Ceremony(command) => command.run(settings, ui),
        Command::Profile(command) => command.run(),
        Command::Ledger(command) => command.run(settings, ui),
        Command::Show(show) => show.run(settings, ui),
        Command::Program(command) => command.run(ui),
    }
}

#[cfg(test)]
mod tests;
