//! The command line as shown to users.

use clap::Command;

use crate::cli::help;

/// Every command and option except the hidden ones, which only this program itself uses.
pub(super) fn shown_commands() -> Command {
    without_hidden(help::commands())
}

fn without_hidden(command: Command) -> Command {
    let below: Vec<_> = command.get_subcommands().cloned().collect();
    if below.is_empty() {
        return command;
    }
    let mut shown = Command::new(command.get_name().to_owned())
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(!command.is_propagate_version_set())
        .propagate_version(command.is_propagate_version_set())
        .subcommand_required(true)
        .subcommand_value_name("COMMAND")
        .args(command.get_arguments().cloned())
        .subcommands(
            below
                .into_iter()
                .filter(|below| !below.is_hide_set())
                .map(without_hidden),
        );
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    if let Some(about) = command.get_long_about() {
        shown = shown.long_about(about.clone());
    }
    if let Some(help) = command.get_after_help() {
        shown = shown.after_help(help.clone());
    }
    if let Some(help) = command.get_after_long_help() {
        shown = shown.after_long_help(help.clone());
    }
    shown
}
