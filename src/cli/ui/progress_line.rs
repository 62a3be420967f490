//! Results one by one on stdout, and below them, on a terminal, the progress of the job.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use hsm_ca::values::columns;
use serde_json::Value;

use super::{Ui, print, tell_raw};
use crate::cli::report::{json_line, printable};
use crate::cli::terminal_type::is_dumb;
use crate::cli::wrap;

/// The shortest interval between updates.
const PAUSE: Duration = Duration::from_millis(100);

/// Back to the start of the line, and clear it (ECMA-48, EL).
pub(super) const CLEAR: &str = "\r\u{1b}[K";

/// Whether a stream is a terminal that can clear a line.
pub(super) fn moves_cursor(is_terminal: bool) -> bool {
    is_terminal && !is_dumb()
}

/// The progress of a job with several results.
#[derive(Debug)]
pub(in crate::cli) struct ProgressLine {
    is_shown: bool,
    count: usize,
    done: usize,
    /// The time of the first result. What comes before it, such as the checks of all requests, says nothing about the rate.
    first: Option<Instant>,
    drawn: Option<Instant>,
}

impl Ui {
    /// For a job of `count` results.
    pub(in crate::cli) fn progress_line(&self, count: usize) -> ProgressLine {
        ProgressLine {
            is_shown: !self.quiet && !self.json && moves_cursor(io::stderr().is_terminal()),
            count,
            done: 0,
            first: None,
            drawn: None,
        }
    }

    /// Whether the format is JSON.
    pub(in crate::cli) const fn writes_json(&self) -> bool {
        self.json
    }
}

impl ProgressLine {
    /// Prints a line of the result. Errors are ignored: the job continues without a reader.
    pub(in crate::cli) fn print(&mut self, line: &str) {
        self.clear();
        let _ = print(format!("{line}\n").as_bytes());
    }

    /// Prints two parts of a result in a line, or the second below the first, if the terminal is too narrow.
    pub(in crate::cli) fn print_two(&mut self, first: &str, second: &str) {
        let length = columns(first) + 2 + columns(second);
        let is_narrow = wrap::width_of(io::stdout()).is_some_and(|width| width < length);
        self.print(&match is_narrow {
            true => format!("{}\n         {second}", first.trim_end()),
            false => format!("{first}  {second}"),
        });
    }

    /// Prints a word and why, as a line of the result. On a terminal, it is wrapped.
    pub(in crate::cli) fn print_reason(&mut self, word: &str, reason: &str) {
        let first = format!("{word:8} ");
        let width = wrap::width_of(io::stdout());
        self.print(&wrap::hang(&first, first.len(), &printable(reason), width));
    }

    /// Prints one JSON object as a line of the result.
    pub(in crate::cli) fn print_json(&mut self, value: &Value) {
        self.print(&json_line(value));
    }

    /// Counts one more result.
    pub(in crate::cli) fn advance(&mut self) {
        self.done += 1;
        let first = *self.first.get_or_insert_with(Instant::now);
        if !self.is_shown || self.drawn.is_some_and(|drawn| drawn.elapsed() < PAUSE) {
            return;
        }
        self.drawn = Some(Instant::now());
        let words = describe(self.done, self.count, first.elapsed());
        tell_raw(format_args!("{CLEAR}{words}"));
    }

    /// Clears the line.
    pub(in crate::cli) fn finish(mut self) {
        self.clear();
    }

    fn clear(&mut self) {
        if self.is_shown && self.drawn.is_some() {
            tell_raw(format_args!("{CLEAR}"));
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.clear();
    }
}

/// `412 of 1000, 296/s, 2 s left`. `passed` is the time since the first of them.
fn describe(done: usize, count: usize, passed: Duration) -> String {
    if done < 2 {
        return format!("{done} of {count}");
    }
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let rate = number(done - 1) / passed.as_secs_f64().max(0.001);
    let left = number(count.saturating_sub(done)) / rate.max(0.001);
    format!("{done} of {count}, {rate:.0}/s, {left:.0} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_and_the_time_left_follow_from_what_is_done() {
        let words = describe(201, 1001, Duration::from_secs(2));
        assert_eq!(words, "201 of 1001, 100/s, 8 s left");
        assert_eq!(describe(5, 5, Duration::from_secs(1)), "5 of 5, 4/s, 0 s left");
        assert_eq!(describe(1, 1000, Duration::ZERO), "1 of 1000");
    }
}
