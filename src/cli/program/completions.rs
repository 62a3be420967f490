//! `completions`.

use clap::Args;
use clap_complete::{Shell, generate};

use super::shown::shown_commands;
use crate::cli::json::Output as _;
use crate::cli::json::program::Completions as Output;
use crate::cli::report::Report;

#[derive(Debug, Args)]
pub(in crate::cli) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Report {
        let script = match self.shell {
            Shell::Bash => for_bash(),
            shell => write(shell, "hsm-ca"),
        };
        let json = Output {
            shell: self.shell.to_string(),
        };
        Report {
            content: Some(script.into_bytes()),
            ..Report::new("", json.document())
        }
    }
}

fn write(shell: Shell, name: &str) -> String {
    let mut script = Vec::new();
    generate(shell, &mut shown_commands(), name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// `clap_complete` 4.6 spells a program's name with a hyphen in two ways, so the script does not find the commands. This generates it for a
/// name without a hyphen, and puts the real name only into the last lines, which register the script.
fn for_bash() -> String {
    write(Shell::Bash, "hsm_ca").replace(" default hsm_ca\n", " default hsm-ca\n")
}
