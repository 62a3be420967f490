//! The controlling terminal, regardless of standard input and output.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};

use hsm_ca::values::{WIDTH, printable};

use super::live;
use crate::cli::wrap;

/// The controlling terminal, regardless of standard input and output.
#[derive(Debug)]
pub(in crate::cli) struct Terminal(File);

impl Terminal {
    pub(in crate::cli) fn open() -> io::Result<Self> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map(Self)
    }

    pub(super) fn width(&self) -> Option<usize> {
        wrap::width_of(&self.0)
    }

    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())
    }

    /// A paragraph in lines as wide as the terminal, at most 80 columns.
    pub(in crate::cli) fn wrapped(&self, text: &str) -> String {
        let width = wrap::width_of(&self.0).map_or(WIDTH, |width| width.min(WIDTH));
        wrap::lines(&printable(text), width).join("\n") + "\n"
    }

    /// Asks, and reads one line without its end.
    pub(in crate::cli) fn ask(&mut self, question: &str) -> io::Result<String> {
        live::clear();
        let question = match self.width() {
            Some(width) => wrap::reflow(question, width),
            None => question.to_owned(),
        };
        self.0.write_all(question.as_bytes())?;
        let mut answer = String::new();
        BufReader::new(&self.0).read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }
}
