//! Ctrl-C and SIGTERM during a batch. The first one stops it between two signatures; the second ends the process at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::{Ui, tell};

/// The signal that arrived last, or 0.
static RECEIVED: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

impl Ui {
    /// From now on, the first of these signals only interrupts the batch, and sets the returned flag. If this cannot be arranged, it ends the
    /// process, as always.
    pub(in crate::cli) fn stop_batch_on_signals(&self) -> Arc<AtomicBool> {
        let received = RECEIVED.get_or_init(Arc::default);
        let is_interrupted = Arc::<AtomicBool>::default();
        for signal in [SIGINT, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or_default();
            // In this order: the second signal finds what the first one has set.
            let registered = flag::register_conditional_default(signal, Arc::clone(&is_interrupted))
                .and_then(|_| flag::register(signal, Arc::clone(&is_interrupted)))
                .and_then(|_| flag::register_usize(signal, Arc::clone(received), number));
            if registered.is_err() {
                return is_interrupted;
            }
        }
        if self.is_for_people() {
            let _ = thread::Builder::new().spawn(explain_first);
        }
        is_interrupted
    }
}

fn explain_first() {
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    if signals.forever().next().is_some() {
        tell(format_args!(
            "\nstopping after the signatures that are being made; Ctrl-C again ends the program at once"
        ));
    }
}

/// The signal that interrupts the batch, if one arrived.
pub(in crate::cli) fn interruption() -> Option<i32> {
    let signal = RECEIVED.get()?.load(Ordering::SeqCst);
    i32::try_from(signal).ok().filter(|signal| *signal != 0)
}

/// Ends the process by the signal that interrupted a batch, so that a shell stops its loop. If no signal arrived, or the batch was complete
/// by then, it does nothing.
pub(in crate::cli) fn end_as_signalled(exit_code: u8) {
    if let Some(signal) = interruption().filter(|_| exit_code != 0) {
        let _ = emulate_default_handler(signal);
    }
}
