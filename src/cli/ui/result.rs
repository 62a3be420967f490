//! The result of a command.

use std::io;

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};

use super::refusal::tell_error;
use super::{DIM, RED, Ui, YELLOW, print, tell, tell_raw};
use crate::cli::exit::{CliError, FAILED, without_number};
use crate::cli::json::error::ErrorBody;
use crate::cli::report::{Report, json_line, json_text, printable};
use crate::cli::wrap;

impl Ui {
    /// Prints the result to stdout and warnings to stderr. In JSON format, also prints a failed check as an error on stderr.
    pub(in crate::cli) fn present(&self, report: Report) -> u8 {
        let Report {
            text,
            mut json,
            content,
            receipt,
            mut warnings,
            next,
            failure,
            is_laid_out,
            lines,
        } = report;
        warnings.splice(0..0, self.warned.take());
        for warning in &mut warnings {
            *warning = without_number(warning);
        }
        // Losing part of the report is harmless; losing part of the content is not.
        let is_content = content.is_some();
        if let (Some(content), Some(object)) = (&content, json.as_object_mut())
            && self.json
        {
            insert_content(object, content);
        }
        let written = if self.json && json.is_null() {
            Ok(())
        } else if self.json {
            if !warnings.is_empty()
                && let Some(object) = json.as_object_mut()
            {
                object.insert("warnings".to_owned(), json!(warnings));
            }
            print(
                match lines {
                    true => format!("{}\n", json_line(&json)),
                    false => format!("{}\n", json_text(&json)),
                }
                .as_bytes(),
            )
        } else {
            for warning in &warnings {
                self.tell_labelled(YELLOW, "warning:", &printable(warning));
            }
            let written = match content {
                Some(content) => {
                    if !self.quiet {
                        let text = match wrap::width_of(io::stderr()).filter(|_| !is_laid_out) {
                            Some(width) => wrap::reflow(&text, width),
                            None => text,
                        };
                        tell_raw(format_args!("{text}"));
                    }
                    print(&content)
                }
                None => match wrap::width_of(io::stdout()).filter(|_| !is_laid_out) {
                    Some(width) => print(wrap::reflow(&text, width).as_bytes()),
                    None => print(text.as_bytes()),
                },
            };
            if let Some(next) = next.filter(|_| !self.quiet) {
                // Lines for a shell, which users copy unchanged.
                let next = next.replace('\n', "\n      ");
                tell(format_args!("{} {next}", self.paint(DIM, "Next:")));
            }
            written
        };
        match written {
            Ok(()) => {
                if let Some(mut recorder) = receipt {
                    recorder.confirm_delivery();
                }
                self.end_with(failure.as_ref())
            }
            // The reader has closed stdout.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && !is_content => {
                self.end_with(failure.as_ref())
            }
            Err(error) => {
                self.tell_lost(&error);
                FAILED
            }
        }
    }

    /// The exit code of a result.
    fn end_with(&self, failure: Option<&CliError>) -> u8 {
        match failure {
            None => 0,
            Some(failure) if self.json => self.refuse(failure),
            Some(failure) => failure.explain().exit_code,
        }
    }

    /// Reports that the result could not be written.
    fn tell_lost(&self, error: &io::Error) {
        let error = without_number(&error.to_string());
        let message = format!("cannot write the result to stdout: {error}");
        if self.json {
            tell_error(ErrorBody {
                kind: "output",
                message,
                hint: None,
                exit_code: FAILED,
                causes: None,
                warnings: Vec::new(),
            });
        } else {
            tell(format_args!("{} {message}", self.paint(RED, "error:")));
        }
    }
}

/// Adds the content to the JSON object if stdout was chosen as the output: PEM as text, DER as base64.
fn insert_content(object: &mut serde_json::Map<String, Value>, content: &[u8]) {
    if content.is_empty() {
        return;
    }
    let (name, text) = match std::str::from_utf8(content) {
        Ok(text) => ("content", text.to_owned()),
        Err(_) => ("content_base64", Base64::encode_string(content)),
    };
    object.insert(name.to_owned(), json!(text));
}
