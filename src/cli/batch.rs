//! Shared output of batch jobs.

use std::time::Duration;

use hsm_ca::ledger::Unfinished;
use hsm_ca::workflow::{Progress, Step};

use super::exit::{CliError, NotPassed, REFUSED, Refusal, USAGE};
use super::ui::{Ui, interruption};

/// The requests or files of a batch that have no result.
#[derive(Debug, Default)]
pub(super) struct Missed {
    refused: usize,
    /// Because of this machine, the token or the ledger, not because of the request or the file.
    failed: usize,
}

impl Missed {
    /// Counts one, and returns the first word of its line.
    pub(super) const fn add(&mut self, why: &Refusal) -> &'static str {
        match why.exit_code {
            REFUSED | USAGE => {
                self.refused += 1;
                "REFUSED"
            }
            _ => {
                self.failed += 1;
                "FAILED"
            }
        }
    }

    pub(super) const fn count(&self) -> usize {
        self.refused + self.failed
    }

    /// `, 2 refused, 1 FAILED` for a summary, or nothing.
    pub(super) fn describe(&self) -> String {
        let part = |count, word| match count {
            0 => String::new(),
            count => format!(", {count} {word}"),
        };
        part(self.refused, "refused") + &part(self.failed, "FAILED")
    }

    /// Why the batch does not end with exit code 0. `what` is "request" or "file".
    pub(super) fn failure(&self, what: &'static str) -> Option<CliError> {
        let (refused, failed) = (self.refused, self.failed);
        let not_passed = match (failed, refused) {
            (0, 0) => return None,
            (0, _) => NotPassed::SomeRefused { refused, what },
            _ => NotPassed::SomeFailed { failed, what },
        };
        Some(CliError::NotPassed(not_passed))
    }
}

/// The message, with the name of the request or file if it lacks it.
pub(super) fn about(name: &str, message: &str) -> String {
    match message.contains(name) {
        true => message.to_owned(),
        false => format!("{name}: {message}"),
    }
}

/// `3.4 s (296/s)`, or only the time if nothing was done.
pub(super) fn describe_rate(count: usize, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if count == 0 {
        return format!("{seconds:.1} s");
    }
    let rate = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds.max(0.001);
    format!("{seconds:.1} s ({rate:.0}/s)")
}

/// In seconds, to the millisecond.
pub(super) fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Reports the steps of a batch, but not each signature.
pub(super) struct Quietly<'a>(pub(super) &'a Ui);

impl Progress for Quietly<'_> {
    fn step(&self, step: &Step<'_>) {
        if !matches!(
            step,
            Step::SignCertificate { .. } | Step::SignOcsp | Step::Lint(_)
        ) {
            self.0.step(step);
        }
    }

    fn unfinished(&self, found: &Unfinished) {
        self.0.unfinished(found);
    }

    fn is_interrupted(&self) -> bool {
        interruption().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_request_once() {
        assert_eq!(about("a.csr", "a.csr: no"), "a.csr: no");
        assert_eq!(
            about("a.csr", "od/a.crt already exists"),
            "a.csr: od/a.crt already exists"
        );
    }

    #[test]
    fn a_fault_of_this_machine_is_not_a_refusal() {
        let why = |exit_code| Refusal {
            kind: "test",
            exit_code,
            message: String::new(),
            hint: None,
        };
        let mut missed = Missed::default();
        assert!(missed.failure("file").is_none() && missed.describe().is_empty());
        assert_eq!(missed.add(&why(REFUSED)), "REFUSED");
        assert_eq!(missed.add(&why(USAGE)), "REFUSED");
        let code = |missed: &Missed| missed.failure("file").unwrap().explain().exit_code;
        assert_eq!((missed.describe().as_str(), code(&missed)), (", 2 refused", 3));
        assert_eq!(missed.add(&why(1)), "FAILED");
        assert_eq!(missed.describe(), ", 2 refused, 1 FAILED");
        assert_eq!((missed.count(), code(&missed)), (3, 1));
        let message = missed.failure("file").unwrap().explain().message;
        assert_eq!(message, "1 file could not be completed");
    }
}
