//! The commands about the program itself: `completions`, `man`, `schema` and `version`. They need no settings.

mod completions;
mod man;
mod man_examples;
mod schema;
mod shown;
mod version;

use clap::Subcommand;

use super::exit::CliError;
use super::help;
use super::report::Report;
use super::ui::Ui;

#[derive(Debug, Subcommand)]
pub(super) enum ProgramCommand {
    /// Write a shell's completion script to stdout
    ///
    /// For bash, put this into ~/.bashrc: source <(hsm-ca completions bash)
    Completions(completions::Completions),
    /// Write the manual pages, one for each command
    Man(man::WriteManual),
    /// Print the JSON Schema of a command's JSON output
    Schema(schema::ShowSchema),
    /// Show the version; with -v, the commit, features and crates of this build
    Version,
    /// The options of every command
    #[command(hide = true)]
    Options,
}

impl ProgramCommand {
    pub(super) fn run(&self, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::Completions(completions) => Ok(completions.run()),
            Self::Man(manual) => manual.run(),
            Self::Schema(schema) => schema.run(),
            Self::Options => Ok(help::options()),
            Self::Version => Ok(version::show(ui.is_verbose())),
        }
    }
}
