//! Shared output of batch jobs.

use std::time::Duration;

use hsm_ca::ledger::Unfinished;
use hsm_ca::workflow::{Progress, Step};

use super::ui::Ui;

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
}
