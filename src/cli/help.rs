//! The short help, `-h`: what is needed to type the command. `--help` has the rest.

pub(super) mod examples;

use clap::{Command, CommandFactory};

use super::Cli;
use super::json::Output as _;
use super::json::program::OptionsHelp;
use super::report::Report;

/// Below every `-h`.
const MORE: &str = "More: --help · options of every command: hsm-ca help options";

/// For commands with many options, those that `-h` shows.
const SHOWN: [(&str, &[&str]); 1] = [(
    "csr sign",
    &[
        "files", "ca", "out", "out_dir", "profile", "identity", "key", "days", "again",
    ],
)];

/// All commands, with their short help set up.
pub(super) fn commands() -> Command {
    describe(Cli::command(), "")
}

/// The text of `hsm-ca help options`.
pub(super) fn options() -> Report {
    let mut root = commands();
    root.build();
    let page = root.find_subcommand_mut("options").map(Command::render_long_help);
    let text = page.map(|page| page.to_string()).unwrap_or_default();
    Report::new(text.clone(), OptionsHelp { text }.document())
}

fn describe(command: Command, path: &str) -> Command {
    let examples = examples::of(path);
    let examples: String = examples.iter().map(|line| format!("  {line}\n")).collect();
    let examples = match examples.is_empty() {
        true => String::new(),
        false => format!("Examples:\n{examples}"),
    };
    let after = command.get_after_help().map(ToString::to_string);
    let long = [after.clone(), Some(examples.trim_end().to_owned())];
    let long: Vec<_> = long
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .collect();
    let short = [&long[..], &[MORE.to_owned()]].concat();
    let command = command
        .after_help(short.join("\n\n"))
        .after_long_help(long.join("\n\n"));
    let command = match SHOWN.iter().find(|(of, _)| *of == path) {
        Some((_, shown)) => command.mut_args(|option| {
            let is_hidden = !shown.contains(&option.get_id().as_str());
            option.hide_short_help(is_hidden)
        }),
        None => command,
    };
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        describe(below, path.trim_start())
    })
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::examples;
    use crate::cli::Cli;

    fn without_examples(command: &Command, path: &str, found: &mut Vec<String>) {
        if examples::of(path).is_empty() {
            found.push(path.to_owned());
        }
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            let path = format!("{path} {}", below.get_name());
            without_examples(below, path.trim_start(), found);
        }
    }

    #[test]
    fn commands_and_groups_have_examples() {
        let mut found = Vec::new();
        without_examples(&Cli::command(), "", &mut found);
        assert_eq!(found, Vec::<String>::new());
        for example in examples::of("key") {
            assert!(example.starts_with("hsm-ca key "), "{example}");
        }
        assert!(examples::of("csr").len() > 2, "those of both commands");
    }
}
