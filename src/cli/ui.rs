//! The only file that prints.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the place for it"
)]

mod help_page;
mod live;
mod progress_line;

use std::cell::RefCell;
use std::env;
use std::error::Error as StdError;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use help_page::{fold_long, fold_usage, without_styles};
use hsm_ca::ledger::Unfinished;
use hsm_ca::workflow::{Progress, Step};
pub(super) use live::clear as end_progress;
pub(super) use progress_line::ProgressLine;
use serde_json::{Value, json};

use super::canvas::Canvas;
use super::exit::{CliError, FAILED, USAGE};
use super::format::Format;
use super::global::{ColorChoice, FoundConfig, GlobalOptions};
use super::json::Output as _;
use super::json::error::{ErrorBody, ErrorReport};
use super::report::{Report, json_line, json_text, printable};
use super::steps::describe_step;
use super::unfinished;
use super::wrap;

/// The person at the terminal, wherever standard input and output go.
#[derive(Debug)]
pub(super) struct Terminal(File);

impl Terminal {
    pub(super) fn open() -> io::Result<Self> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map(Self)
    }

    /// One line in answer, without its end.
    pub(super) fn ask(&mut self, question: &str) -> io::Result<String> {
        live::clear();
        self.0.write_all(question.as_bytes())?;
        let mut answer = String::new();
        BufReader::new(&self.0).read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }
}

/// How to talk to the user.
#[derive(Debug)]
pub(super) struct Ui {
    json: bool,
    quiet: bool,
    verbose: u8,
    settings: Option<PathBuf>,
    #[cfg(feature = "aws")]
    no_input: bool,
    color: ColorChoice,
    /// Warnings that come before the result, for the JSON of it.
    warned: RefCell<Vec<String>>,
}

const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const DIM: &str = "\u{1b}[2m";
const RESET: &str = "\u{1b}[0m";

impl Ui {
    pub(super) fn new(options: &GlobalOptions, config: Option<&FoundConfig>) -> Self {
        Self {
            json: options.format(config) == Format::Json,
            quiet: options.quiet,
            verbose: options.verbose,
            settings: config.and_then(FoundConfig::path),
            #[cfg(feature = "aws")]
            no_input: options.no_input,
            color: options.color,
            warned: RefCell::default(),
        }
    }

    /// Whether someone reads what is asked: a script has decided already.
    #[cfg(feature = "aws")]
    pub(super) fn has_reader() -> bool {
        io::stdin().is_terminal()
    }

    /// Asks for a word on the terminal. Says why it was not given.
    #[cfg(feature = "aws")]
    pub(super) fn confirm(&self, question: &str, word: &str) -> Result<(), &'static str> {
        if self.no_input {
            return Err("--no-input forbids the confirmation prompt, and --yes was not given");
        }
        let answer = Terminal::open().and_then(|mut terminal| terminal.ask(question));
        match answer {
            Ok(answer) if answer == word => Ok(()),
            Ok(_) => Err("what was typed does not match"),
            Err(_) => Err("there is no terminal to ask on, and --yes was not given"),
        }
    }

    /// A warning that must be read before the work is done. A program that reads JSON finds it in the result, so it is given back.
    pub(super) fn warn(&self, warning: &str) -> Option<String> {
        if self.json {
            return Some(warning.to_owned());
        }
        self.tell_labelled(YELLOW, "warning:", &printable(warning));
        None
    }

    /// A result that is larger than memory, to stdout as it is made. The report that follows has no JSON of its own.
    pub(super) fn stream<T, E>(&self, write: impl FnOnce(&mut dyn Write) -> Result<T, E>) -> Result<T, E> {
        live::clear();
        write(&mut BufWriter::new(io::stdout().lock()))
    }

    /// The result to stdout, warnings to stderr.
    pub(super) fn present(&self, report: Report) -> u8 {
        let Report {
            text,
            mut json,
            content,
            receipt,
            mut warnings,
            next,
            exit_code,
            is_laid_out,
            lines,
        } = report;
        warnings.splice(0..0, self.warned.take());
        // Losing part of the report does not matter; losing part of the content does.
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
                // Lines for a shell, which are copied as they are.
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
                exit_code
            }
            // The reader of stdout has closed it.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && !is_content => exit_code,
            Err(error) => {
                self.tell_lost(&error);
                FAILED
            }
        }
    }

    /// The result did not reach its reader.
    fn tell_lost(&self, error: &io::Error) {
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

    /// An error to stderr: one line, and a hint if there is one.
    pub(super) fn refuse(&self, error: &CliError) -> u8 {
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

    /// A label and a text on stderr; on a terminal in lines of its width, below the text's start.
    fn tell_labelled(&self, color: &str, label: &str, text: &str) {
        let first = format!("{} ", self.paint(color, label));
        let width = wrap::width_of(io::stderr());
        tell(format_args!(
            "{}",
            wrap::hang(&first, label.len() + 1, text, width)
        ));
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.has_colors(io::stderr().is_terminal()) {
            format!("{color}{text}{RESET}")
        } else {
            text.to_owned()
        }
    }

    fn has_colors(&self, is_terminal: bool) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && is_terminal,
        }
    }

    /// Whether a person reads what goes to stderr, and did not ask for quiet.
    pub(super) const fn is_for_people(&self) -> bool {
        !self.json && !self.quiet
    }

    /// Whether details are asked for, with `-v`.
    pub(super) const fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// What the result may be drawn with: it goes to stdout.
    pub(super) fn canvas(&self) -> Canvas {
        let is_terminal = io::stdout().is_terminal();
        Canvas::new(is_terminal, self.has_colors(is_terminal))
    }
}

impl Ui {
    /// Says what is being done, to a person.
    pub(super) fn announce(&self, what: &str) {
        if !self.quiet && (!self.json || self.verbose > 0) {
            let text = format!("{} …", printable(what));
            let text = wrap::hang("", 0, &text, wrap::width_of(io::stderr()));
            tell(format_args!("{}", self.paint(DIM, &text)));
        }
    }
}

impl Ui {
    /// Tells the people in the room what happens. A program that reads JSON has only the result on stdout, and an error on stderr: people read it on
    /// the terminal, if there is one.
    pub(super) fn say(&self, text: &str) {
        if self.json {
            if let Ok(mut terminal) = Terminal::open() {
                let _ = terminal.0.write_all(text.as_bytes());
            }
        } else {
            // Nothing of it is lost: the transcript has all that matters.
            let _ = print(text.as_bytes());
        }
    }

    /// Asks the people in the room, and waits for a line on standard input; `None` at its end.
    pub(super) fn ask_line(&self, question: &str) -> io::Result<Option<String>> {
        self.say(question);
        let mut answer = String::new();
        let length = io::stdin().lock().read_line(&mut answer)?;
        if !io::stdin().is_terminal() {
            // What was read is shown, so that a log reads as the room did.
            self.say(&format!("{}\n", printable(answer.trim_end())));
        }
        Ok((length > 0).then(|| answer.trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// Shows what somebody is about to sign. A program that reads JSON finds it in the result.
    pub(super) fn explain(&self, text: &str) {
        if !self.json {
            tell_raw(format_args!("{text}"));
        }
    }
}

impl Progress for Ui {
    fn step(&self, step: &Step<'_>) {
        if let Some(sentence) = describe_step(step) {
            self.announce(&sentence);
            let passed = match step {
                Step::ClusterUnchanged { waited, .. } => *waited,
                _ => Duration::ZERO,
            };
            self.show_time(String::new(), passed);
        }
    }

    fn unfinished(&self, found: &Unfinished) {
        let warned = self.warn(&unfinished::describe(found));
        self.warned.borrow_mut().extend(warned);
    }
}

/// Where the content itself was asked for on stdout, the one object of JSON that goes there has it: PEM as text, DER in base64.
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

/// The causes that an error's own message does not tell.
fn causes(error: &CliError) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(shorten(&printable(&one_line(&cause.to_string()))));
        next = cause.source();
    }
    causes
}

/// What a service or a module says may have several lines; an error has one.
fn one_line(text: &str) -> String {
    let lines = text.split(['\n', '\r', '\t']).map(str::trim);
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A foreign text of a megabyte does not belong in an error message.
fn shorten(message: &str) -> String {
    const LONGEST: usize = 2000;
    match message.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} [cut here]", &message[..at]),
        None => message.to_owned(),
    }
}

fn print(bytes: &[u8]) -> io::Result<()> {
    live::clear();
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Help and version as clap writes them; a usage error in the format that was requested.
pub(super) fn report_usage(error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        let page = error.render().ansi().to_string();
        let page = fold_usage(&page);
        let _ = match io::stdout().is_terminal()
            && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        {
            true => print(page.as_bytes()),
            false => print(without_styles(&page).as_bytes()),
        };
        return 0;
    }
    if wants_json() {
        let text = error.to_string();
        // Up to the blank line before the hints: what is missing is in lines of its own.
        let lines: Vec<_> = text
            .lines()
            .map(str::trim)
            .take_while(|line| !line.is_empty())
            .collect();
        let message = lines.join(" ");
        let message = message.trim_start_matches("error: ");
        tell_error(ErrorBody {
            kind: "usage",
            message: message.to_owned(),
            hint: None,
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
    USAGE
}

/// The arguments did not parse, so they are looked at by hand.
fn wants_json() -> bool {
    let arguments: Vec<_> = env::args_os().collect();
    let named = arguments
        .windows(2)
        .any(|pair| pair[0] == "--format" && pair[1] == "json");
    let joined = arguments.iter().any(|argument| argument == "--format=json");
    let short = arguments.iter().any(|argument| argument == "--json");
    named || joined || short || env::var_os("HSM_CA_FORMAT").as_deref() == Some(OsStr::new("json"))
}

fn tell_error(error: ErrorBody) {
    tell(format_args!("{}", json_text(&ErrorReport { error }.document())));
}

/// A line on stderr. Nobody may be there to read it, and that stops no job: unlike `eprintln!`, it does not panic.
fn tell(line: fmt::Arguments<'_>) {
    live::clear();
    let _ = writeln!(io::stderr(), "{line}");
}

fn tell_raw(text: fmt::Arguments<'_>) {
    live::clear();
    let _ = write!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn an_error_of_several_lines_is_told_in_one() {
        let said = "service error\r\n\tcaused by: the key is disabled\n\n(request id: 1)\n";
        assert_eq!(
            one_line(said),
            "service error caused by: the key is disabled (request id: 1)"
        );
    }
}
