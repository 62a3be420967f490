//! The only place that prints.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the place for it"
)]

#[cfg(any(test, not(feature = "aws")))]
mod absent;
mod help_page;
mod interruption;
mod live;
mod progress_line;
mod refusal;
mod result;
mod terminal;
mod usage_error;

use std::cell::RefCell;
use std::fmt;
use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use hsm_ca::ledger::Unfinished;
use hsm_ca::workflow::{Progress, Step};
pub(super) use interruption::{end_as_signalled, interruption};
pub(super) use live::clear as end_progress;
pub(super) use progress_line::ProgressLine;
pub(super) use refusal::report_usage;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
pub(super) use terminal::Terminal;

use super::canvas::{Canvas, DIM, RED, RESET, YELLOW};
use super::format::Format;
use super::global::{ColorChoice, FoundConfig, GlobalOptions};
use super::report::printable;
use super::steps::describe_step;
use super::unfinished;
use super::wrap;

/// How to talk to the user.
#[derive(Debug)]
pub(super) struct Ui {
    json: bool,
    quiet: bool,
    verbose: u8,
    settings: Option<PathBuf>,
    no_input: bool,
    color: ColorChoice,
    /// Warnings that come before the result, for the JSON of it.
    warned: RefCell<Vec<String>>,
}

impl Ui {
    pub(super) fn new(options: &GlobalOptions, config: Option<&FoundConfig>) -> Self {
        Self {
            json: options.format(config) == Format::Json,
            quiet: options.quiet,
            verbose: options.verbose,
            settings: config.and_then(FoundConfig::path),
            no_input: options.no_input,
            color: options.color,
            warned: RefCell::default(),
        }
    }

    /// Whether a person can read the question. A script has already decided.
    pub(super) fn has_reader() -> bool {
        io::stdin().is_terminal()
    }

    /// Asks for a word on the terminal, because `option` was not given. Returns why the word was not given either.
    pub(super) fn confirm(&self, question: &str, word: &str, option: &str) -> Result<(), String> {
        if self.no_input {
            return Err(format!(
                "--no-input forbids the confirmation prompt, and {option} was not given"
            ));
        }
        let answer = Terminal::open().and_then(|mut terminal| terminal.ask(question));
        match answer {
            Ok(answer) if answer == word => Ok(()),
            Ok(_) => Err("the typed text does not match".to_owned()),
            Err(_) => Err(format!("no terminal to ask on, and {option} was not given")),
        }
    }

    /// A warning that people must read before the work is done. Returns it for the result in JSON.
    pub(super) fn warn(&self, warning: &str) -> Option<String> {
        if self.json {
            return Some(warning.to_owned());
        }
        self.tell_labelled(YELLOW, "warning:", &printable(warning));
        None
    }

    /// The same for a warning that must not be lost if the command fails. In JSON, it is in the result or in the error.
    pub(super) fn warn_now(&self, warning: &str) {
        let warned = self.warn(warning);
        self.warned.borrow_mut().extend(warned);
    }

    /// Streams a result that may be larger than memory to stdout. The report that follows has no JSON.
    pub(super) fn stream<T, E>(&self, write: impl FnOnce(&mut dyn Write) -> Result<T, E>) -> Result<T, E> {
        live::clear();
        write(&mut BufWriter::new(io::stdout().lock()))
    }

    /// Prints a label and a text on stderr. On a terminal, the text is wrapped below its start.
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
        self.color.has_colors(is_terminal)
    }

    /// Whether a person reads stderr, and did not give `--quiet`.
    pub(super) const fn is_for_people(&self) -> bool {
        !self.json && !self.quiet
    }

    /// Whether `-v` asks for details.
    pub(super) const fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// The characters and colours for the result on stdout.
    pub(super) fn canvas(&self) -> Canvas {
        let is_terminal = io::stdout().is_terminal();
        Canvas::new(is_terminal, self.has_colors(is_terminal))
    }
}

impl Ui {
    /// Reports progress to a person.
    pub(super) fn announce(&self, what: &str) {
        if !self.quiet && (!self.json || self.verbose > 0) {
            let text = format!("{} …", printable(what));
            let text = wrap::hang("", 0, &text, wrap::width_of(io::stderr()));
            tell(format_args!("{}", self.paint(DIM, &text)));
        }
    }
}

impl Ui {
    /// Reports to the people in the room. In JSON format, stdout has only the result, so this goes to the terminal. Without one it goes to
    /// stderr: people must not confirm what they cannot see.
    pub(super) fn say(&self, text: &str) {
        let text = match self.room_width() {
            Some(width) => wrap::reflow(text, width),
            None => text.to_owned(),
        };
        if self.json {
            write_to_room(&text);
        } else {
            // A failure here loses nothing: the transcript has everything that matters.
            let _ = print(text.as_bytes());
        }
    }

    /// The width of the terminal where [`say`](Self::say) writes, if it is one.
    pub(super) fn room_width(&self) -> Option<usize> {
        match self.json {
            true => match Terminal::open() {
                Ok(terminal) => terminal.width(),
                Err(_) => wrap::width_of(io::stderr()),
            },
            false => wrap::width_of(io::stdout()),
        }
    }

    /// Asks the people in the room, and reads a line from standard input; `None` at its end.
    pub(super) fn ask_line(&self, question: &str) -> io::Result<Option<String>> {
        self.say(question);
        let mut answer = String::new();
        let length = io::stdin().lock().read_line(&mut answer)?;
        if !io::stdin().is_terminal() {
            // Echo the answer, so that a log shows the dialogue.
            self.say(&format!("{}\n", printable(answer.trim_end())));
        }
        Ok((length > 0).then(|| answer.trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// Whether standard input has already ended. Never waits: somebody at a terminal or behind a pipe may answer later.
    pub(super) fn input_has_ended(&self) -> bool {
        let input = io::stdin();
        let mut waiting = [PollFd::new(&input, PollFlags::IN)];
        let is_ready = poll(&mut waiting, Some(&Timespec::default())).is_ok_and(|ready| ready > 0);
        is_ready && !input.is_terminal() && input.lock().fill_buf().is_ok_and(<[u8]>::is_empty)
    }

    /// From now on, Ctrl-C prints this text before it ends the program.
    pub(super) fn explain_ctrl_c(&self, text: String) {
        let json = self.json;
        let text = match wrap::width_of(io::stderr()) {
            Some(width) => wrap::reflow(&text, width),
            None => text,
        };
        let listen = move || {
            // Without a handler, Ctrl-C ends the program silently.
            let Ok(mut signals) = Signals::new([SIGINT]) else {
                return;
            };
            for signal in signals.forever() {
                if json {
                    write_to_room(&text);
                } else {
                    tell_raw(format_args!("{text}"));
                }
                let _ = emulate_default_handler(signal);
            }
        };
        let _ = thread::Builder::new().spawn(listen);
    }

    /// Shows what a person is about to sign. In JSON format, it is in the result.
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
            self.show_time(passed);
        }
    }

    fn unfinished(&self, found: &Unfinished) {
        self.warn_now(&unfinished::describe(found));
    }
}

/// Writes to the terminal, or to stderr without one.
fn write_to_room(text: &str) {
    if Terminal::open()
        .and_then(|mut terminal| terminal.write(text))
        .is_err()
    {
        tell_raw(format_args!("{text}"));
    }
}

fn print(bytes: &[u8]) -> io::Result<()> {
    live::clear();
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Prints a line on stderr. Unlike `eprintln!`, it does not panic if stderr is closed, so that the job continues.
fn tell(line: fmt::Arguments<'_>) {
    live::clear();
    let _ = writeln!(io::stderr(), "{line}");
}

fn tell_raw(text: fmt::Arguments<'_>) {
    live::clear();
    let _ = write!(io::stderr(), "{text}");
}
