use clap::{Command as Parsed, CommandFactory};

use super::Cli;

mod idle_options;

/// Phrases that a reader under stress must read twice, or that the project has replaced everywhere.
const AVOIDED: &[&str] = &[
    "whoever",
    "nobody else",
    "by nobody",
    "is told",
    "told by",
    "stands in",
    "is no ",
    "is none of",
    " mend",
    "well again",
    "where there is",
    "has to ",
    "have to ",
    "as it is asked",
    "held against",
    "vouch",
    "for ever",
    "in the world",
    "to the world",
];

/// Every help text of `command` and its subcommands, with the command or option that it explains.
fn texts(command: &Parsed, place: &str) -> Vec<(String, String)> {
    let place = format!("{place} {}", command.get_name());
    let about = [
        command.get_about(),
        command.get_long_about(),
        command.get_after_help(),
    ];
    let mut found: Vec<_> = about
        .into_iter()
        .flatten()
        .map(|text| (place.clone(), text.to_string()))
        .collect();
    for argument in command.get_arguments() {
        let help = [argument.get_help(), argument.get_long_help()];
        let values = argument.get_possible_values();
        let values = values.iter().filter_map(|value| value.get_help());
        found.extend(
            help.into_iter()
                .flatten()
                .chain(values)
                .map(|text| (format!("{place} {}", argument.get_id()), text.to_string())),
        );
    }
    for below in command.get_subcommands() {
        found.extend(texts(below, &place));
    }
    found
}

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

#[test]
fn help_is_plain_english() {
    let mut root = Cli::command();
    root.build();
    let texts = texts(&root, "");
    assert!(texts.len() > 100, "only {} texts", texts.len());
    for (place, text) in texts {
        let lower = text.to_lowercase();
        for avoided in AVOIDED {
            assert!(!lower.contains(avoided), "{place}: {avoided:?} in {text:?}");
        }
    }
}
