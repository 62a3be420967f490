//! A progress line at the bottom of the terminal for long steps: what, how far, and how long so far. It disappears by itself.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hsm_ca::values::cut;

use super::Ui;
use crate::cli::terminal_type::is_dumb;
use crate::cli::wrap;

/// Back to the start of the line, and clear it (ECMA-48, EL).
pub(super) const CLEAR: &str = "\r\u{1b}[K";

/// Whether a stream is a terminal that can clear a line.
pub(super) fn moves_cursor(is_terminal: bool) -> bool {
    is_terminal && !is_dumb()
}

/// Shorter steps get no line.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// The interval between updates.
const PACE: Duration = Duration::from_millis(500);

/// The thread's stack; writing a line needs less.
const STACK: usize = 128 * 1024;

/// The current step. Any other output to the terminal clears the line first.
static SHOWN: Mutex<Option<Line>> = Mutex::new(None);

#[derive(Debug)]
struct Line {
    what: String,
    count: Option<Count>,
    began: Instant,
    passed: Duration,
    is_drawn: bool,
}

/// Progress: how much is done, and the total.
#[derive(Clone, Debug)]
struct Count {
    done: Arc<AtomicU64>,
    all: u64,
    /// The unit of the count.
    unit: &'static str,
}

/// A counted long step. It ends when this value is dropped.
#[derive(Debug)]
pub(in crate::cli) struct Counted {
    done: Arc<AtomicU64>,
    _busy: Busy,
}

impl Counted {
    /// Sets how many are done.
    pub(in crate::cli) fn set(&self, done: u64) {
        self.done.store(done, Ordering::Relaxed);
    }
}

/// A long step. It ends when this value is dropped.
#[derive(Debug)]
pub(in crate::cli) struct Busy(());

impl Drop for Busy {
    fn drop(&mut self) {
        clear();
    }
}

impl Ui {
    /// Shows on a terminal what this process is doing, until the returned value is dropped or something is written.
    pub(in crate::cli) fn busy(&self, what: &str) -> Busy {
        self.show(format!("{what} … "), None, Duration::ZERO);
        Busy(())
    }

    /// The same with progress.
    pub(in crate::cli) fn busy_with(&self, what: &str, all: u64, unit: &'static str) -> Counted {
        let done = Arc::<AtomicU64>::default();
        let count = Count {
            done: Arc::clone(&done),
            all,
            unit,
        };
        self.show(format!("{what}, "), Some(count), Duration::ZERO);
        Counted {
            done,
            _busy: Busy(()),
        }
    }

    /// Shows the elapsed time on a terminal. `passed` is the time before this call.
    pub(super) fn show_time(&self, passed: Duration) {
        self.show(String::new(), None, passed);
    }

    fn show(&self, what: String, count: Option<Count>, passed: Duration) {
        if self.is_for_people() && moves_cursor(wrap::width_of(io::stderr()).is_some()) {
            show(what, count, passed);
        }
    }
}

fn show(what: String, count: Option<Count>, passed: Duration) {
    static TICKER: Once = Once::new();
    clear();
    *shown() = Some(Line {
        what,
        count,
        began: Instant::now(),
        passed,
        is_drawn: false,
    });
    // The thread has no state to lose when the process ends. Its stack is small because it counts as locked memory, which is scarce.
    TICKER.call_once(|| drop(thread::Builder::new().stack_size(STACK).spawn(tick)));
}

/// Clears the line before other output or a prompt.
pub(in crate::cli) fn clear() {
    if shown().take().is_some_and(|line| line.is_drawn) {
        let _ = write!(io::stderr(), "{CLEAR}");
    }
}

fn shown() -> MutexGuard<'static, Option<Line>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tick() {
    loop {
        thread::sleep(PACE);
        // The lock is held while drawing, so that a cleared line is not drawn again.
        if let Some(line) = shown()
            .as_mut()
            .filter(|line| line.began.elapsed() >= SHOWN_AFTER)
        {
            line.is_drawn = true;
            let columns = wrap::width_of(io::stderr()).unwrap_or(80);
            let text = line.describe(line.passed + line.began.elapsed());
            let _ = write!(
                io::stderr(),
                "{CLEAR}{}",
                cut(&text, columns.saturating_sub(1), "…")
            );
        }
    }
}

impl Line {
    /// `checking the ledger, 1200 of 5000 events … 12 s`
    fn describe(&self, passed: Duration) -> String {
        let count = self.count.as_ref().map(|Count { done, all, unit }| {
            // The count can exceed the total that was known at the start.
            let done = done.load(Ordering::Relaxed);
            format!("{done} of {} {unit} … ", done.max(*all))
        });
        format!("{}{}{}", self.what, count.unwrap_or_default(), in_words(passed))
    }
}

/// `12 s`, `3 min 05 s`
fn in_words(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds:02} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_much_is_done_stands_before_the_time() {
        let done = Arc::<AtomicU64>::default();
        let line = |count| Line {
            what: "checking the ledger, ".to_owned(),
            count,
            began: Instant::now(),
            passed: Duration::ZERO,
            is_drawn: false,
        };
        let counted = line(Some(Count {
            done: Arc::clone(&done),
            all: 5000,
            unit: "events",
        }));
        for (so_far, words) in [(0, "0 of 5000"), (1200, "1200 of 5000"), (5001, "5001 of 5001")] {
            done.store(so_far, Ordering::Relaxed);
            let text = counted.describe(Duration::from_secs(12));
            assert_eq!(text, format!("checking the ledger, {words} events … 12 s"));
        }
        assert_eq!(
            line(None).describe(Duration::from_secs(1)),
            "checking the ledger, 1 s"
        );
    }

    #[test]
    fn the_time_is_short() {
        for (seconds, words) in [(0, "0 s"), (59, "59 s"), (60, "1 min 00 s"), (605, "10 min 05 s")] {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
