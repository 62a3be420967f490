//! Protects the memory of the process before a private key enters it.

use std::fmt;
use std::io;

use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{CapabilitySet, capabilities};

/// Proof that core dumps and `ptrace` by the same user are off for this process.
///
/// Code that asks for a plaintext private key must show one. It stays on until the process ends: `PR_SET_DUMPABLE` and the limit are the
/// process's own, and a program that has held a CA key has no use for a core dump afterwards.
#[derive(Debug)]
pub struct MemoryGuard(());

/// The process could not be protected.
#[derive(Debug)]
pub struct MemoryError {
    /// The call that failed.
    pub call: &'static str,
    /// What the system said.
    pub cause: io::Error,
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "memory for secrets cannot be protected: {}: {}",
            self.call, self.cause
        )
    }
}

impl std::error::Error for MemoryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

impl MemoryGuard {
    /// Turns core dumps and same-user `ptrace` off (`prctl(PR_SET_DUMPABLE, 0)`, `RLIMIT_CORE` 0).
    ///
    /// # Errors
    /// [`MemoryError`] if they cannot be turned off.
    pub fn engage() -> Result<Self, MemoryError> {
        let failed = |call| {
            move |error: rustix::io::Errno| MemoryError {
                call,
                cause: error.into(),
            }
        };
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failed("prctl(PR_SET_DUMPABLE)"))?;
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        setrlimit(Resource::Core, none).map_err(failed("setrlimit(RLIMIT_CORE)"))?;
        Ok(Self(()))
    }

    /// Locks every page of the process, the AWS SDK's buffers included, where the system allows it (root, `CAP_IPC_LOCK`, or
    /// `RLIMIT_MEMLOCK` unlimited), and says whether it did. Where it does not,
    /// [`LockedBytes`](super::LockedBytes) still locks the key's own pages.
    #[must_use]
    pub fn lock_everything(&self) -> bool {
        lock_all()
    }
}

/// Under a finite limit, `MCL_FUTURE` would let a later, unrelated allocation fail, so it is tried only by a process that
/// the limit does not bind.
fn lock_all() -> bool {
    let may_lock = capabilities(None).is_ok_and(|held| held.effective.contains(CapabilitySet::IPC_LOCK));
    let unbound = may_lock || getrlimit(Resource::Memlock).current.is_none();
    unbound && mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT).is_ok()
}
