mod idle_options;
mod wrong_values;

use clap::{Command as Parsed, CommandFactory};

use super::Cli;

/// The place and the summary of every command: its line in the list of commands and in a manual page.
fn summaries(command: &Parsed, place: &str) -> Vec<(String, String)> {
    let place = format!("{place} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut found = vec![(place.clone(), about)];
    found.extend(
        command
            .get_subcommands()
            .flat_map(|below| summaries(below, &place)),
    );
    found
}

#[test]
fn every_command_has_a_summary_of_one_line() {
    const LONGEST: usize = 110;
    for (place, about) in summaries(&Cli::command(), "") {
        assert!(!about.is_empty() && about.len() <= LONGEST, "{place}: {about:?}");
        assert!(
            !about.contains('\n') && !about.contains(". "),
            "{place}: {about:?}"
        );
    }
}
