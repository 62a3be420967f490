//! The one shim of the process: its target, its rules, its counters and its log.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use cryptoki_sys::{
    CK_FUNCTION_LIST, CK_FUNCTION_LIST_PTR, CK_RV, CKR_ARGUMENTS_BAD, CKR_FUNCTION_FAILED, CKR_GENERAL_ERROR,
};

use crate::calls::{self, Call};
use crate::rules::{Moment, Rules};
use crate::target::Target;

static SHIM: OnceLock<Result<Shim, CK_RV>> = OnceLock::new();

/// Everything a forwarder needs. Shared by all threads; only the counters change.
pub struct Shim {
    pub target: Target,
    pub rules: Rules,
    list: CK_FUNCTION_LIST,
    log: Option<File>,
    counters: [AtomicU64; Call::COUNT],
}

/// The shim, made from the environment at the first call. A failure is reported on stderr once
/// and stays: bad rules are `CKR_ARGUMENTS_BAD`, a target that does not load is
/// `CKR_FUNCTION_FAILED`.
pub fn start() -> Result<&'static Shim, CK_RV> {
    let made = SHIM.get_or_init(|| {
        Shim::from_environment().map_err(|(rv, why)| {
            complain(&why);
            rv
        })
    });
    made.as_ref().map_err(|rv| *rv)
}

/// Counts one call and lets the rules act around it; `forward` asks the target.
///
/// The order is: kill or stop before, injected fault or target, log line, kill or stop after.
pub fn watch(call: Call, forward: impl FnOnce(&Shim) -> CK_RV) -> CK_RV {
    // Forwarders are only reachable through the table that a successful start handed out.
    let Some(Ok(shim)) = SHIM.get() else {
        return CKR_GENERAL_ERROR;
    };
    let nth = shim.counters[call as usize].fetch_add(1, Ordering::Relaxed) + 1;
    shim.interrupt(call, nth, Moment::Before);
    let rv = match shim.rules.fault(call, nth) {
        Some(rv) => rv,
        None => forward(shim),
    };
    shim.log(call, rv);
    shim.interrupt(call, nth, Moment::After);
    rv
}

impl Shim {
    fn from_environment() -> Result<Self, (CK_RV, String)> {
        let rules = Rules::parse(std::env::vars_os()).map_err(|why| (CKR_ARGUMENTS_BAD, why))?;
        let log = match &rules.log {
            None => None,
            Some(path) => Some(
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .mode(0o600)
                    .open(path)
                    .map_err(|e| (CKR_ARGUMENTS_BAD, format!("TOKEN_SHIM_LOG: {e}")))?,
            ),
        };
        let target = Target::load(&rules.target).map_err(|why| (CKR_FUNCTION_FAILED, why))?;
        let mut list = target.functions;
        list.C_GetFunctionList = Some(crate::C_GetFunctionList);
        calls::install(&mut list);
        Ok(Self {
            target,
            rules,
            list,
            log,
            counters: [const { AtomicU64::new(0) }; Call::COUNT],
        })
    }

    fn interrupt(&self, call: Call, nth: u64, moment: Moment) {
        if self.rules.kills(call, nth, moment) {
            signal_self(libc::SIGKILL);
        }
        if self.rules.stops(call, nth, moment) {
            signal_self(libc::SIGSTOP);
        }
    }

    /// The table for the caller, which by section 5.4 only reads it.
    pub fn function_list(&'static self) -> CK_FUNCTION_LIST_PTR {
        ptr::from_ref(&self.list).cast_mut()
    }

    /// One write per line: with `O_APPEND`, lines of several threads or processes do not mix.
    fn log(&self, call: Call, rv: CK_RV) {
        if let Some(mut file) = self.log.as_ref() {
            let line = format!("{} rv={rv:#x}\n", call.name());
            if let Err(e) = file.write_all(line.as_bytes()) {
                complain(&format!("TOKEN_SHIM_LOG: {e}"));
            }
        }
    }
}

/// Unlike `eprintln!`, does not panic when stderr is gone.
fn complain(why: &str) {
    let _ = writeln!(io::stderr(), "token-shim: {why}");
}

/// `SIGKILL` ends the process at once: no destructor, no flush, no chance for the caller to clean up. `SIGSTOP` leaves it as
/// it is until `SIGCONT`, for somebody to look at.
fn signal_self(signal: libc::c_int) {
    // SAFETY: plain system calls without pointers.
    unsafe { libc::kill(libc::getpid(), signal) };
}
