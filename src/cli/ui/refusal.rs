//! Prints an error of a command or of its command line.

use std::env;
use std::error::Error as _;
use std::io::{self, IsTerminal as _};

use hsm_ca::values::without_styles;

use super::help_page::{fold_long, fold_usage};
use super::usage_error::UsageError;
use super::{DIM, RED, Ui, print, tell, tell_raw};
use crate::cli::exit::{CliError, FAILED, USAGE, without_number};
use crate::cli::format::Format;
use crate::cli::global::asked_format;
use crate::cli::json::Output as _;
use crate::cli::json::error::{ErrorBody, ErrorReport};
use crate::cli::report::{json_text, printable};
use crate::cli::wrap;

impl Ui {
    /// Prints an error to stderr: one line, and a hint, if any.
    pub(in crate::cli) fn refuse(&self, error: &CliError) -> u8 {
        let refusal = error.explain();
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
        let page = error.render().ansi().to_string();
        let page = fold_usage(&page);
        let printed = match io::stdout().is_terminal()
            && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        {
            true => print(page.as_bytes()),
            false => print(without_styles(&page).as_bytes()),
        };
        return match printed {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let error = without_number(&error.to_string());
                tell(format_args!("error: cannot write the help to stdout: {error}"));
                FAILED
            }
            _ => 0,
        };
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
    } else if let Some(width) = wrap::width_of(io::stderr()) {
        let text = fold_long(&error.render().ansi().to_string(), width);
        match env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) {
            true => tell_raw(format_args!("{text}")),
            false => tell_raw(format_args!("{}", without_styles(&text))),
        }
    } else {
        let _ = error.print();
    }
    if let Some(hint) = hint.filter(|_| !is_json) {
        tell(format_args!("hint: {hint}"));
    }
    USAGE
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
    use super::one_line;

    #[test]
    fn an_error_of_several_lines_is_shown_in_one() {
        let said = "service error\r\n\tcaused by: the key is disabled\n\n(request id: 1)\n";
        assert_eq!(
            one_line(said),
            "service error caused by: the key is disabled (request id: 1)"
        );
    }
}
