//! A wrong value is answered in this program's words, not in those of Rust's parsers.

use clap::{ArgAction, Command, CommandFactory};

use crate::cli::Cli;

const WRONG: [&str; 5] = ["foo", "", "-1", "1.5", "99999999999999999999999999"];

/// What `std` says about a number that it cannot read.
const OF_RUST: [&str; 4] = [
    "invalid digit",
    "empty string",
    "number too large",
    "number too small",
];

/// Every option with a value, and every argument, as words after the program's name.
fn lines(command: &Command, above: &[String], found: &mut Vec<Vec<String>>) {
    for argument in command.get_arguments() {
        let takes_value = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
        for value in WRONG.iter().filter(|_| takes_value) {
            let mut line = above.to_vec();
            match argument.get_long() {
                Some(long) => line.push(format!("--{long}={value}")),
                None => line.extend(["--".to_owned(), (*value).to_owned()]),
            }
            found.push(line);
        }
    }
    for below in command.get_subcommands() {
        lines(below, &[above, &[below.get_name().to_owned()]].concat(), found);
    }
}

#[test]
fn no_value_is_answered_in_the_words_of_rust() {
    let mut all = Vec::new();
    lines(&Cli::command(), &["hsm-ca".to_owned()], &mut all);
    assert!(all.len() > 500, "{}", all.len());
    let root = Cli::command();
    for line in all {
        let Err(error) = root.clone().try_get_matches_from(&line) else {
            continue;
        };
        let said = error.to_string();
        assert!(
            !OF_RUST.iter().any(|words| said.contains(words)),
            "{line:?}: {said}"
        );
    }
}
