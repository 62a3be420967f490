//! The end of the process, after its result is out: the session is closed and the module finalised. What a module does wrong there
//! changes nothing any more, neither the result nor the exit code.

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

/// How long a module may take: CloudHSM's has connections to close. After that the process ends without it.
const LONGEST_SECONDS: u32 = 10;

const CRASHED: &[u8] = b"warning: the module crashed when it was closed, after its work was done\n";
const HANGS: &[u8] =
    b"warning: the module did not close within 10 seconds; exiting without it, after its work was done\n";

/// What an invalid access, a failed assertion, or the alarm sends.
const SIGNALS: [libc::c_int; 6] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGABRT,
    libc::SIGALRM,
];

/// What stays open until the result is out. The session is dropped before the module.
#[derive(Debug, Default)]
pub(super) struct Opened {
    session: OnceCell<Session>,
    module: OnceCell<Module>,
    /// The module while another thread loads it.
    loading: RefCell<Option<Loading>>,
}

type Loading = JoinHandle<Result<Module, TokenError>>;

impl Opened {
    /// Begins to load the module on another thread. Without a thread, it is loaded when it is needed.
    pub(super) fn begin_loading(&self, module: PathBuf) {
        let load = move || Module::load(&module);
        self.loading.replace(thread::Builder::new().spawn(load).ok());
    }

    /// Waits for the module that another thread loads; `None` if none does.
    pub(super) fn wait_for_module(&self) -> Option<Result<Module, TokenError>> {
        let loaded = self.loading.take()?.join();
        Some(loaded.unwrap_or_else(|panicked| panic::resume_unwind(panicked)))
    }

    /// Keeps the module: no later drop of anything else finalises it.
    pub(super) fn keep_module(&self, module: &Module) {
        self.module.get_or_init(|| module.clone());
    }

    /// Keeps the session of this process: a command opens one.
    pub(super) fn keep_session(&self, session: Session) -> &Session {
        self.session.get_or_init(|| session)
    }

    /// Closes both, and ends the process. `exit_code` is what it ends with, whatever happens here; `tells` is whether a person reads
    /// stderr. Returns only where no module was loaded.
    pub(super) fn close(self, exit_code: u8, tells: bool) {
        let loading = self.loading.take();
        if self.module.get().is_none() && loading.is_none() {
            return;
        }
        let _ = io::stdout().flush();
        EXIT_CODE.store(exit_code.into(), Ordering::Relaxed);
        TELLS.store(tells, Ordering::Relaxed);
        // A module that was not needed in the end, as after a refusal, is not waited for: nothing was done with it.
        if loading.as_ref().is_some_and(|loading| !loading.is_finished()) {
            end_now();
        }
        end_at_signals();
        drop(loading.map(JoinHandle::join));
        drop(self);
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
    // SAFETY: a `sigaction` of zeros is one without flags and without a handler; both follow.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    let handler: extern "C" fn(libc::c_int) = end;
    action.sa_sigaction = handler as libc::sighandler_t;
    // A stack that has overflown has no room for a handler; Rust gave the main thread another one.
    action.sa_flags = libc::SA_ONSTACK;
    for signal in SIGNALS {
        // SAFETY: the action outlives the call, and its handler makes async-signal-safe calls only (signal-safety(7)). What was
        // installed before is not asked for.
        unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
    }
    // SAFETY: the set outlives the calls, which fill and read it; this process was perhaps started with some of them blocked.
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
        // SAFETY: the text is as long as it says and stays; write(2) is async-signal-safe.
        unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
    }
    end_now();
}

/// The module was finalised, or crashed, or is being loaded by another thread. The destructors of C libraries have nothing left to do, and
/// they could crash (again).
fn end_now() -> ! {
    // SAFETY: _exit(2) is async-signal-safe, and runs no destructor.
    unsafe { libc::_exit(EXIT_CODE.load(Ordering::Relaxed)) }
}
