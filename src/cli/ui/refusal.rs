//! Prints an error of a command or of its command line.

use std::env;
use std::error::Error as _;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use hsm_ca::values::without_styles;

use super::help_page::{fold_long, fold_usage};
use super::usage_error::UsageError;
use super::{DIM, RED, Ui, print, tell, tell_raw};
use crate::cli::exit::{CliError, FAILED, USAGE, without_number};
use crate::cli::format::Format;
use crate::cli::global::{asked_color, asked_format, asks_for_options};
use crate::cli::help;
use crate::cli::json::Output as _;
use crate::cli::json::error::{ErrorBody, ErrorReport};
use crate::cli::report::{json_text, printable};
use crate::cli::wrap;

impl Ui {
    /// Prints an error to stderr: one line, and a hint, if any.
    pub(in crate::cli) fn refuse(&self, error: &CliError) -> u8 {
        let mut refusal = error.explain();
        let arguments: Vec<_> = env::args_os().skip(1).collect();
        refusal.hint = refusal.hint.filter(|hint| !repeats_command(hint, &arguments));
        let message = shorten(&printable(&one_line(&refusal.message)));
        let causes = if self.verbose > 0 {
            causes(error)
        } else {
            Vec::new()
        };
        if self.json {
            tell_error(ErrorBody {
                kind: refusal.kind,
                message,
                hint: refusal.hint.clone(),
                exit_code: refusal.exit_code,
                causes: (self.verbose > 0).then_some(causes),
                warnings: self.warned.take(),
            });
        } else {
            self.tell_labelled(RED, "error:", &message);
            if let Some(hint) = &refusal.hint {
                self.tell_labelled(DIM, "hint:", &printable(hint));
            }
            for cause in &causes {
                self.tell_labelled(DIM, "cause:", cause);
            }
            if self.verbose > 0 {
                tell(format_args!(
                    "{} {}, exit code {}",
                    self.paint(DIM, "kind:"),
                    refusal.kind,
                    refusal.exit_code
                ));
            }
            if self.verbose > 1 {
                let settings = self.settings.as_ref().map(|path| path.display().to_string());
                let settings = settings.unwrap_or_else(|| "no file".to_owned());
                tell(format_args!(
                    "{} {}",
                    self.paint(DIM, "settings:"),
                    printable(&settings)
                ));
                tell(format_args!(
                    "{} {}",
                    self.paint(DIM, "version:"),
                    env!("CARGO_PKG_VERSION")
                ));
            }
        }
        refusal.exit_code
    }
}

/// Whether the hint begins with the command that was just run, as "`hsm-ca ceremony approvals DIR` shows …".
fn repeats_command(hint: &str, arguments: &[OsString]) -> bool {
    let Some(command) = hint.strip_prefix("`hsm-ca ") else {
        return false;
    };
    let is_name = |word: &&str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let names: Vec<_> = command
        .split([' ', '`'])
        .take_while(|word| !word.is_empty() && is_name(word) && !word.starts_with('-'))
        .take(2)
        .collect();
    !names.is_empty() && arguments.windows(names.len()).any(|words| words == names)
}

/// The causes that are not in the error's own message.
fn causes(error: &CliError) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(shorten(&printable(&one_line(&cause.to_string()))));
        next = cause.source();
    }
    causes
}

/// Joins the lines of a foreign message: an error has one line.
fn one_line(text: &str) -> String {
    let lines = text.split(['\n', '\r', '\t']).map(str::trim);
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Shortens a foreign text, which could be a megabyte long.
fn shorten(message: &str) -> String {
    const LONGEST: usize = 2000;
    match message.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} [cut here]", &message[..at]),
        None => message.to_owned(),
    }
}

/// Prints help and version as clap formats them, and a usage error in the requested format.
pub(in crate::cli) fn report_usage(error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        if asks_for_options() && asked_format() == Format::Json {
            return finish_help(print(
                format!("{}\n", json_text(&help::options().json)).as_bytes(),
            ));
        }
        let page = error.render().ansi().to_string();
        let page = fold_usage(&page);
        return finish_help(match asked_color().has_colors(io::stdout().is_terminal()) {
            true => print(page.as_bytes()),
            false => print(without_styles(&page).as_bytes()),
        });
    }
    let hint = absent_hint(error);
    let is_json = asked_format() == Format::Json;
    if is_json {
        let usage = UsageError::of(error);
        tell_error(ErrorBody {
            kind: "usage",
            message: printable(&usage.message),
            hint: hint.map(str::to_owned).or(usage.hint),
            exit_code: USAGE,
            causes: None,
            warnings: Vec::new(),
        });
    } else {
        let text = error.render().ansi().to_string();
        let text = match wrap::width_of(io::stderr()) {
            Some(width) => fold_long(&text, width),
            None => text,
        };
        match asked_color().has_colors(io::stderr().is_terminal()) {
            true => tell_raw(format_args!("{text}")),
            false => tell_raw(format_args!("{}", without_styles(&text))),
        }
    }
    if let Some(hint) = hint.filter(|_| !is_json) {
        tell(format_args!("hint: {hint}"));
    }
    USAGE
}

/// The exit code after a help page. Nobody misses the rest of one that was closed.
fn finish_help(printed: io::Result<()>) -> u8 {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = without_number(&error.to_string());
            tell(format_args!("error: cannot write the help to stdout: {error}"));
            FAILED
        }
        _ => 0,
    }
}

/// Why a command is not there, where it is one of the network.
#[cfg(not(feature = "aws"))]
fn absent_hint(error: &clap::Error) -> Option<&'static str> {
    use clap::error::{ContextKind, ContextValue};

    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let arguments: Vec<_> = env::args_os().collect();
    super::absent::hint_for(word, &arguments)
}

#[cfg(feature = "aws")]
const fn absent_hint(_: &clap::Error) -> Option<&'static str> {
    None
}

pub(super) fn tell_error(error: ErrorBody) {
    tell(format_args!("{}", json_text(&ErrorReport { error }.document())));
}

#[cfg(test)]
mod tests {
    use super::{OsString, one_line, repeats_command};

    #[test]
    fn a_hint_does_not_name_the_command_that_was_just_run() {
        let hint = "`hsm-ca ceremony approvals DIR` shows who has approved";
        let after =
            |line: &str| repeats_command(hint, &line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert!(after("--json ceremony approvals room"));
        assert!(!after("ceremony run room") && !after("ceremony"));
        assert!(!repeats_command(
            "try `hsm-ca key list`",
            &["key".into(), "list".into()]
        ));
    }

    #[test]
    fn an_error_of_several_lines_is_shown_in_one() {
        let said = "service error\r\n\tcaused by: the key is disabled\n\n(request id: 1)\n";
        assert_eq!(
            one_line(said),
            "service error caused by: the key is disabled (request id: 1)"
        );
    }
}
