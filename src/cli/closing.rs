//! The end of the process, after the result is printed: closes the session and finalises the module. A faulty module can then no longer
//! change the result or the exit code.

#![allow(
    unsafe_code,
    reason = "std has no safe way to handle a crash, or to end without the destructors of C libraries; each block has its argument"
)]

use std::cell::{OnceCell, RefCell};
use std::io::{self, Write};
use std::mem;
use std::panic;
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread::{self, JoinHandle};

use hsm_ca::token::{Module, Session, TokenError};

use super::ui::end_as_signalled;

/// How long a module may take to close. CloudHSM's has connections to close. After this time the process ends anyway.
const LONGEST_SECONDS: u32 = 10;

const CRASHED: &[u8] = b"warning: the module crashed when it was closed, after its work was done\n";
const HANGS: &[u8] =
    b"warning: the module did not close within 10 seconds; exiting without it, after its work was done\n";

/// The signals of an invalid access, a failed assertion, or the alarm.
const SIGNALS: [libc::c_int; 6] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGABRT,
    libc::SIGALRM,
];

/// What stays open until the result is printed. The session is dropped before the module.
#[derive(Debug, Default)]
pub(super) struct Opened {
    session: OnceCell<Session>,
    module: OnceCell<Module>,
    /// The module that another thread is loading.
    loading: RefCell<Option<Loading>>,
}

type Loading = JoinHandle<Result<Module, TokenError>>;

impl Opened {
    /// Starts loading the module on another thread. If no thread can be started, it is loaded when it is needed.
    pub(super) fn begin_loading(&self, module: PathBuf) {
        let load = move || Module::load(&module);
        self.loading.replace(thread::Builder::new().spawn(load).ok());
    }

    /// Waits for the module that another thread is loading; `None` if none is.
    pub(super) fn wait_for_module(&self) -> Option<Result<Module, TokenError>> {
        let loaded = self.loading.take()?.join();
        Some(loaded.unwrap_or_else(|panicked| panic::resume_unwind(panicked)))
    }

    /// Keeps the module, so that dropping another reference does not finalise it.
    pub(super) fn keep_module(&self, module: &Module) {
        self.module.get_or_init(|| module.clone());
    }

    /// Whether a session is open.
    pub(super) fn has_session(&self) -> bool {
        self.session.get().is_some()
    }

    /// Keeps the session. A command opens only one.
    pub(super) fn keep_session(&self, session: Session) -> &Session {
        self.session.get_or_init(|| session)
    }

    /// Closes both, and ends the process with `exit_code`, whatever happens here. `tells`: whether a person reads stderr. Returns only if
    /// no module was loaded.
    pub(super) fn close(self, exit_code: u8, tells: bool) {
        let loading = self.loading.take();
        if self.module.get().is_none() && loading.is_none() {
            return;
        }
        let _ = io::stdout().flush();
        EXIT_CODE.store(exit_code.into(), Ordering::Relaxed);
        TELLS.store(tells, Ordering::Relaxed);
        // Do not wait for a module that was not needed, for example after a refusal: nothing was done with it.
        if loading.as_ref().is_some_and(|loading| !loading.is_finished()) {
            end_now();
        }
        end_at_signals();
        drop(loading.map(JoinHandle::join));
        drop(self);
        end_as_signalled(exit_code);
        end_now();
    }
}

static EXIT_CODE: AtomicI32 = AtomicI32::new(0);
static TELLS: AtomicBool = AtomicBool::new(false);

#[expect(
    clippy::as_conversions,
    reason = "C's structure holds the handler as a number"
)]
fn end_at_signals() {
    // SAFETY: a `sigaction` of zeros has no flags and no handler; both are set below.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    let handler: extern "C" fn(libc::c_int) = end;
    action.sa_sigaction = handler as libc::sighandler_t;
    // After a stack overflow, the handler needs the alternate stack that Rust gave the main thread.
    action.sa_flags = libc::SA_ONSTACK;
    for signal in SIGNALS {
        // SAFETY: the action outlives the call, and its handler makes only async-signal-safe calls (signal-safety(7)). The previous action
        // is not requested.
        unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
    }
    // SAFETY: the set outlives the calls, which fill and read it. The signals are unblocked because this process may have been started with
    // some of them blocked.
    unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in SIGNALS {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut());
        libc::alarm(LONGEST_SECONDS);
    }
}

/// The end, from inside a signal handler.
extern "C" fn end(signal: libc::c_int) {
    let text = if signal == libc::SIGALRM { HANGS } else { CRASHED };
    if TELLS.load(Ordering::Relaxed) {
        // SAFETY: the text is static and has this length; write(2) is async-signal-safe.
        unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
    }
    end_now();
}

/// Ends without the destructors of C libraries. The module was finalised, or crashed, or another thread is loading it: the destructors have
/// nothing left to do, and could crash (again).
fn end_now() -> ! {
    // SAFETY: _exit(2) is async-signal-safe, and runs no destructor.
    unsafe { libc::_exit(EXIT_CODE.load(Ordering::Relaxed)) }
}
