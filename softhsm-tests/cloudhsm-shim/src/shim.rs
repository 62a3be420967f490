//! The one shim of the process: its target, its rules, its counters and its log.

use std::io::{self, Write};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use cryptoki_sys::*;

use crate::calls::{self, Call};
use crate::cloudhsm::CloudHsm;
use crate::log::{self, Log};
use crate::rules::{Behaviour, Moment, Rules};
use crate::target::Target;
use crate::weather::Weather;

static SHIM: OnceLock<Result<Shim, CK_RV>> = OnceLock::new();

/// Everything that a forwarder needs, shared by all threads.
pub struct Shim {
    pub target: &'static Target,
    pub rules: Rules,
    /// Set in the CloudHSM behaviour.
    pub cloudhsm: Option<CloudHsm>,
    weather: Weather,
    list: CK_FUNCTION_LIST,
    log: Option<Log>,
    /// The number of open sessions, if they are limited.
    pub open_sessions: AtomicU64,
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

/// Counts one call and lets the rules act around it.
/// `tell` logs the arguments, `forward` calls the target, and `clear_up` runs if an injected error replaces the target's answer.
///
/// The order is: kill, stop, crash or hang before; injected fault, a function that CloudHSM does not have,
/// throttling, or the target; fault after; log line; kill, stop, crash or hang after.
pub fn watch(
    call: Call,
    tell: impl FnOnce(),
    forward: impl FnOnce(&Shim) -> CK_RV,
    clear_up: impl FnOnce(&Shim),
) -> CK_RV {
    // Forwarders are only reachable through the table that a successful start handed out.
    let Some(Ok(shim)) = SHIM.get() else {
        return CKR_GENERAL_ERROR;
    };
    log::forget();
    let nth = shim.counters[call as usize].fetch_add(1, Ordering::Relaxed) + 1;
    if shim.rules.log_templates {
        tell();
    }
    shim.interrupt(call, nth, Moment::Before);
    let rv = match shim.instead_of(call, nth) {
        None => forward(shim),
        Some(rv) => {
            // Not if the caller queried the length of a buffer, which keeps the operation (section 5.2).
            if !matches!(rv, CKR_OK | CKR_BUFFER_TOO_SMALL) {
                clear_up(shim);
            }
            rv
        }
    };
    let rv = shim.rules.fault(call, nth, Moment::After).unwrap_or(rv);
    shim.log(call, rv);
    shim.interrupt(call, nth, Moment::After);
    rv
}

impl Shim {
    fn from_environment() -> Result<Self, (CK_RV, String)> {
        let rules = Rules::parse(std::env::vars_os()).map_err(|why| (CKR_ARGUMENTS_BAD, why))?;
        let log = match &rules.log {
            None => None,
            Some(path) => {
                let log = Log::open(path);
                Some(log.map_err(|e| (CKR_ARGUMENTS_BAD, format!("CLOUDHSM_SHIM_LOG: {e}")))?)
            }
        };
        let mut target = Target::load(&rules.target).map_err(|why| (CKR_FUNCTION_FAILED, why))?;
        target.stored_pair = rules.stored_pair;
        // It stays for as long as the process, as the library does (build.rs).
        let target: &'static Target = Box::leak(Box::new(target));
        let mut list = target.functions;
        list.C_GetFunctionList = Some(crate::C_GetFunctionList);
        calls::install(&mut list);
        let cloudhsm =
            (rules.behaviour == Behaviour::CloudHsm).then(|| CloudHsm::new(target, rules.cloudhsm.clone()));
        Ok(Self {
            target,
            cloudhsm,
            weather: Weather::new(&rules),
            rules,
            list,
            log,
            open_sessions: AtomicU64::new(0),
            counters: [const { AtomicU64::new(0) }; Call::COUNT],
        })
    }

    /// The answer without calling the target; `None` to call it.
    fn instead_of(&self, call: Call, nth: u64) -> Option<CK_RV> {
        if let Some(rv) = self.rules.fault(call, nth, Moment::Before) {
            return Some(rv);
        }
        if self.cloudhsm.as_ref().is_some_and(|hsm| !hsm.supports(call)) {
            return Some(CKR_FUNCTION_NOT_SUPPORTED);
        }
        self.weather.strikes(call)
    }

    /// Ends the target's signing operation, as a real token does when it returns an error (section 5.11). A resulting signature is
    /// discarded.
    pub fn end_signing(&self, session: CK_SESSION_HANDLE) {
        if let Some(hsm) = &self.cloudhsm {
            hsm.sessions.end_signing(session);
        }
        self.target.end_signing(session);
    }

    fn interrupt(&self, call: Call, nth: u64, moment: Moment) {
        if self.rules.kills(call, nth, moment) {
            signal_self(libc::SIGKILL);
        }
        if self.rules.stops(call, nth, moment) {
            signal_self(libc::SIGSTOP);
        }
        if self.rules.crashes(call, nth, moment) {
            // SAFETY: none: this is the crash that the rule asks for. Nothing is mapped at this address.
            unsafe { ptr::with_exposed_provenance_mut::<u8>(0x10).write_volatile(0) };
        }
        while self.rules.hangs(call, nth, moment) {
            thread::sleep(Duration::from_secs(3600));
        }
    }

    /// The table for the caller, which by section 5.4 only reads it.
    pub fn function_list(&'static self) -> CK_FUNCTION_LIST_PTR {
        ptr::from_ref(&self.list).cast_mut()
    }

    fn log(&self, call: Call, rv: CK_RV) {
        let Some(log) = &self.log else {
            return log::forget();
        };
        if let Err(e) = log.line(call, rv) {
            complain(&format!("CLOUDHSM_SHIM_LOG: {e}"));
        }
    }
}

impl Target {
    /// Lets the target sign 32 bytes into nowhere: PKCS#11 v2.40 has no other way to end a signing
    /// operation.
    pub fn end_signing(&self, session: CK_SESSION_HANDLE) {
        let mut data = [0; 32];
        let mut signature = [0; 1024];
        let mut len = signature.len() as CK_ULONG;
        // SAFETY: both buffers are as long as said, and outlive the call.
        let _ = unsafe {
            self.C_Sign(
                session,
                data.as_mut_ptr(),
                data.len() as CK_ULONG,
                signature.as_mut_ptr(),
                &mut len,
            )
        };
    }
}

/// Unlike `eprintln!`, does not panic when stderr is gone.
pub fn complain(why: &str) {
    let _ = writeln!(io::stderr(), "cloudhsm-shim: {why}");
}

/// `SIGKILL` ends the process at once: no destructor, no flush, no cleanup by the caller. `SIGSTOP` freezes it until `SIGCONT`, for
/// inspection.
fn signal_self(signal: libc::c_int) {
    // SAFETY: plain system calls without pointers.
    unsafe { libc::kill(libc::getpid(), signal) };
}
