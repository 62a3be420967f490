//! An error of the command-line parser, in the parts of an error object.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::help;
use crate::cli::suggest::Unknown;

/// What is wrong with the command line, and what to try.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UsageError {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl UsageError {
    pub(super) fn of(error: &clap::Error) -> Self {
        if let Some(path) = lacks_command(error) {
            return Self {
                hint: commands_below(&path),
                message: format!("{path} needs a command"),
            };
        }
        let text = error.to_string();
        // Up to the hints. Missing arguments are on separate lines.
        let lines = text.lines().map(str::trim);
        let lines = lines.take_while(|line| !line.is_empty() && !line.starts_with('['));
        let message = lines.collect::<Vec<_>>().join(" ");
        let message = message.trim_start_matches("error: ");
        let unknown = std::error::Error::source(error).and_then(<dyn std::error::Error>::downcast_ref);
        match unknown.map(Unknown::to_string) {
            Some(hint) => Self {
                message: message.trim_end_matches(&format!(": {hint}")).to_owned(),
                hint: Some(hint),
            },
            None => Self {
                message: message.to_owned(),
                hint: hint(error),
            },
        }
    }
}

/// The command that was given without one of its subcommands, as `hsm-ca key`.
fn lacks_command(error: &clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::MissingSubcommand => strings(error, ContextKind::InvalidSubcommand).pop(),
        // The text is the help, and has the path in its usage.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let text = error.to_string();
            let usage = text.lines().find_map(|line| line.strip_prefix("Usage: "))?;
            let path = usage.split_whitespace();
            let path: Vec<_> = path.take_while(|word| !word.starts_with(['[', '<'])).collect();
            Some(path.join(" "))
        }
        _ => None,
    }
}

/// The names of the commands below `path`.
fn commands_below(path: &str) -> Option<String> {
    let root = help::commands();
    let mut command = &root;
    for name in path.split(' ').skip(1) {
        command = command.find_subcommand(name)?;
    }
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set());
    let names: Vec<_> = shown.map(Command::get_name).collect();
    Some(format!(
        "one of {}; `{path} --help` describes them",
        names.join(", ")
    ))
}

/// What was probably meant and what is possible; otherwise the usage, where the parser shows it.
fn hint(error: &clap::Error) -> Option<String> {
    let suggested = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let meant: Vec<_> = suggested
        .into_iter()
        .flat_map(|kind| strings(error, kind))
        .collect();
    let possible = strings(error, ContextKind::ValidValue);
    let tips = strings(error, ContextKind::Suggested);
    let usage = || strings(error, ContextKind::Usage);
    let meant = (!meant.is_empty()).then(|| format!("did you mean {}?", meant.join(" or ")));
    let possible = (!possible.is_empty()).then(|| format!("possible values: {}", possible.join(", ")));
    let parts: Vec<_> = meant.into_iter().chain(possible).chain(tips).collect();
    let parts = if parts.is_empty() { usage() } else { parts };
    let parts: Vec<_> = parts.iter().map(|part| in_one_line(part)).collect();
    (!parts.is_empty()).then(|| parts.join("; ").replace("?; ", "? "))
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn strings(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        Some(ContextValue::StyledStrs(texts)) => texts.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> UsageError {
        let words = std::iter::once("hsm-ca").chain(line.split_whitespace());
        UsageError::of(&help::commands().try_get_matches_from(words).unwrap_err())
    }

    #[test]
    fn the_message_is_the_error_and_the_hint_is_what_to_try() {
        for (line, message, hint) in [
            (
                "key lsit",
                "unrecognized subcommand 'lsit'",
                "did you mean ls or list?",
            ),
            (
                "token list --wid",
                "unexpected argument '--wid' found",
                "did you mean --wide?",
            ),
            (
                "completions bsh",
                "invalid value 'bsh' for '<SHELL>'",
                "did you mean bash? possible values: bash, elvish, fish, powershell, zsh",
            ),
            (
                "key show",
                "the following required arguments were not provided: <KEY>",
                "Usage: hsm-ca key show <KEY>",
            ),
            (
                "profile",
                "hsm-ca profile needs a command",
                "one of list, show; `hsm-ca profile --help` describes them",
            ),
            (
                "-q profile",
                "hsm-ca profile needs a command",
                "one of list, show; `hsm-ca profile --help` describes them",
            ),
        ] {
            let found = refused(line);
            assert_eq!(
                (found.message.as_str(), found.hint.as_deref()),
                (message, Some(hint))
            );
        }
        let root = refused("-q");
        assert_eq!(root.message, "hsm-ca needs a command");
        assert!(
            root.hint
                .is_some_and(|hint| hint.starts_with("one of rig, doctor, "))
        );
    }

    #[test]
    fn a_word_from_a_long_list_is_suggested_in_the_hint() {
        let wrong = refused("key generate --label a --type rsa:2084");
        assert_eq!(wrong.message, "invalid value 'rsa:2084' for '--type <TYPE>'");
        let hint = wrong.hint.unwrap();
        assert!(
            hint.starts_with("did you mean rsa:2048? Known: rsa:2048, "),
            "{hint}"
        );
        let wrong = refused("cert revoke 1 --ca a --reason keyCompromize");
        assert_eq!(
            wrong.message,
            "invalid value 'keyCompromize' for '--reason <REASON>'"
        );
        assert!(wrong.hint.unwrap().starts_with("did you mean keyCompromise?"));
    }
}
