//! The PIN prompt on the terminal: without echo, and discarding input that is typed around a suspension.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::ui::end_progress;

/// The control character that erases a word, if the terminal does not define one.
const CTRL_W: u8 = 0x17;
const BACKSPACE: u8 = 0x08;

/// How an answer ended.
enum End {
    Line,
    Hangup,
    Signal(Signal),
}

/// The terminal without echo and without signals. The keys for signals arrive as characters.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Now, &silent)?;
        Ok(Self { terminal, before })
    }

    fn is(&self, typed: u8, key: SpecialCodeIndex) -> bool {
        typed != 0 && self.before.special_codes[key] == typed
    }

    /// Reads a line into `answer`, handling the keys that erase characters.
    fn read(&self, answer: &mut Vec<u8>, longest: usize) -> io::Result<End> {
        let mut terminal = self.terminal;
        loop {
            let mut typed = Zeroizing::new([0]);
            if terminal.read(&mut *typed)? == 0 {
                return Ok(End::Hangup);
            }
            let signals = [
                (SpecialCodeIndex::VSUSP, Signal::TSTP),
                (SpecialCodeIndex::VINTR, Signal::INT),
                (SpecialCodeIndex::VQUIT, Signal::QUIT),
            ];
            if let Some((_, signal)) = signals.into_iter().find(|(key, _)| self.is(typed[0], *key)) {
                return Ok(End::Signal(signal));
            }
            match typed[0] {
                b'\n' | b'\r' => return Ok(End::Line),
                key if self.is(key, SpecialCodeIndex::VEOF) => return Ok(End::Line),
                key if key == BACKSPACE || self.is(key, SpecialCodeIndex::VERASE) => take_back(answer),
                key if key == CTRL_W || self.is(key, SpecialCodeIndex::VKILL) => answer.clear(),
                character if answer.len() < longest => answer.push(character),
                _ => {}
            }
        }
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
        let _ = (&mut &*self.terminal).write_all(b"\n");
    }
}

/// Erases the last character, which may have several bytes.
fn take_back(answer: &mut Vec<u8>) {
    while let Some(byte) = answer.pop() {
        if byte & 0xc0 != 0x80 {
            return;
        }
    }
}

/// Prompts for a line of at most `longest` bytes. Ctrl-Z suspends the job as usual. Afterwards the prompt is shown again, and earlier input
/// is discarded.
pub(super) fn ask(question: &str, longest: usize) -> io::Result<Zeroizing<String>> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    // Large enough, because a growing buffer would leave copies behind.
    let mut answer = Zeroizing::new(Vec::with_capacity(longest));
    loop {
        answer.clear();
        let silent = Silent::begin(&terminal)?;
        end_progress();
        (&terminal).write_all(question.as_bytes())?;
        let end = silent.read(&mut answer, longest)?;
        drop(silent);
        match end {
            End::Line => {
                let text = std::str::from_utf8(&answer);
                let text =
                    text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "this is not UTF-8"))?;
                return Ok(Zeroizing::new(text.to_owned()));
            }
            End::Hangup => return Err(io::ErrorKind::UnexpectedEof.into()),
            // Stops the whole job. It continues here when the shell continues it.
            End::Signal(Signal::TSTP) => kill_current_process_group(Signal::TSTP)?,
            End::Signal(signal) => {
                kill_process(getpid(), signal)?;
                // A handler says something, and ends the process a moment later.
                thread::sleep(Duration::from_secs(1));
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
    }
}
