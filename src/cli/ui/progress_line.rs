//! Results one by one on stdout, and below them, on a terminal, the progress of the job.

use std::fs::File;
use std::io::{self, IsTerminal, Write as _};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use hsm_ca::values::{columns, cut};
use serde_json::Value;

use super::live::{self, CLEAR, moves_cursor};
use super::{Ui, print, tell_raw};
use crate::cli::report::{json_line, printable};
use crate::cli::wrap;

/// The shortest interval between measurements of the rate, and between updates of the progress where no result is printed above it.
const PAUSE: Duration = Duration::from_millis(100);

/// The progress of a job with several results.
#[derive(Debug)]
pub(in crate::cli) struct ProgressLine {
    place: Place,
    pace: Pace,
    /// When the progress was last drawn. `None` if it is not on the terminal.
    drawn: Option<Instant>,
}

/// Where the progress is shown.
#[derive(Debug)]
enum Place {
    Nowhere,
    /// On stderr. The results go elsewhere.
    Alone,
    /// On the terminal that also gets the results. Unlike stdout, this file has no buffer: a result and the progress below it are one write.
    Below(File),
}

impl Place {
    fn find(is_wanted: bool) -> Self {
        let stdout = io::stdout();
        match (is_wanted, stdout.is_terminal()) {
            (false, _) => Self::Nowhere,
            (true, false) => Self::Alone,
            (true, true) => match stdout.as_fd().try_clone_to_owned() {
                Ok(terminal) => Self::Below(terminal.into()),
                Err(_) => Self::Nowhere,
            },
        }
    }
}

impl Ui {
    /// For a job of `count` results.
    pub(in crate::cli) fn progress_line(&self, count: usize) -> ProgressLine {
        let is_wanted = !self.quiet && !self.json && moves_cursor(io::stderr().is_terminal());
        ProgressLine {
            place: Place::find(is_wanted),
            pace: Pace::new(count),
            drawn: None,
        }
    }

    /// Whether the format is JSON.
    pub(in crate::cli) const fn writes_json(&self) -> bool {
        self.json
    }
}

impl ProgressLine {
    /// Prints a line of the result, and counts it. Errors are ignored: the job continues without a reader.
    pub(in crate::cli) fn print(&mut self, line: &str) {
        self.pace.count_one(Instant::now());
        let Place::Below(terminal) = &mut self.place else {
            let _ = print(format!("{line}\n").as_bytes());
            return self.draw_alone();
        };
        live::clear();
        // The progress stays below the results while the job waits for the next ones.
        let _ = terminal.write_all(above(line, &self.pace.describe()).as_bytes());
        self.drawn = Some(Instant::now());
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

    fn draw_alone(&mut self) {
        let is_due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= PAUSE);
        if is_due && matches!(self.place, Place::Alone) {
            self.drawn = Some(Instant::now());
            tell_raw(format_args!("{CLEAR}{}", fitting(&self.pace.describe())));
        }
    }

    /// Clears the line.
    pub(in crate::cli) fn finish(mut self) {
        self.clear();
    }

    fn clear(&mut self) {
        if self.drawn.take().is_some() {
            tell_raw(format_args!("{CLEAR}"));
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A result, with the progress below it instead of above it.
fn above(line: &str, progress: &str) -> String {
    format!("{CLEAR}{line}\n{}", fitting(progress))
}

/// Cut to one line of the terminal: more than one could not be cleared.
fn fitting(progress: &str) -> String {
    let width = wrap::width_of(io::stderr()).unwrap_or(80);
    cut(progress, width.saturating_sub(1), "…")
}

/// How much is done, and how fast.
#[derive(Debug)]
struct Pace {
    count: usize,
    done: usize,
    /// The time of the first result. What comes before it, such as the checks of all requests, says nothing about the rate.
    first: Option<Instant>,
    measured: Option<Measured>,
}

/// A measurement of the rate.
#[derive(Debug)]
struct Measured {
    time: Instant,
    per_second: f64,
}

impl Pace {
    const fn new(count: usize) -> Self {
        Self {
            count,
            done: 0,
            first: None,
            measured: None,
        }
    }

    /// Results come in groups, many at once and then none for a while. The time from the first result of one group to the first result of
    /// a later one was needed for all results between them, so the rate is measured at the first result after a pause.
    fn count_one(&mut self, now: Instant) {
        let first = *self.first.get_or_insert(now);
        let last = self.measured.as_ref().map_or(first, |measured| measured.time);
        if now.duration_since(last) >= PAUSE {
            self.measured = Some(Measured {
                time: now,
                per_second: number(self.done) / now.duration_since(first).as_secs_f64(),
            });
        }
        self.done += 1;
    }

    /// `412 of 1000, 296/s, 2 s left`
    fn describe(&self) -> String {
        let Self { count, done, .. } = self;
        let Some(Measured { per_second, .. }) = self.measured else {
            return format!("{done} of {count}");
        };
        let left = number(count.saturating_sub(*done)) / per_second.max(0.001);
        format!("{done} of {count}, {per_second:.0}/s, {left:.0} s left")
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_and_the_time_left_follow_from_what_is_done() {
        let start = Instant::now();
        let mut pace = Pace::new(1001);
        let mut count = |at: u64, results: usize| {
            for _ in 0..results {
                pace.count_one(start + Duration::from_millis(at));
            }
            pace.describe()
        };
        assert_eq!(count(0, 1), "1 of 1001");
        // A group at once says nothing about the rate.
        assert_eq!(count(1, 63), "64 of 1001");
        assert_eq!(count(640, 1), "65 of 1001, 100/s, 9 s left");
        assert_eq!(count(641, 63), "128 of 1001, 100/s, 9 s left");
        assert_eq!(count(1280, 64), "192 of 1001, 100/s, 8 s left");
        assert_eq!(count(2560, 809), "1001 of 1001, 75/s, 0 s left");
    }

    #[test]
    fn the_progress_stays_below_each_result() {
        assert_eq!(above("signed", "2 of 9"), "\r\u{1b}[Ksigned\n2 of 9");
    }
}
