//! Object handles that are valid only in one run.
//!
//! "Key handles are now session-specific": with Client SDK 5 "you must obtain key handles each time
//! you run an application".
//! <https://docs.aws.amazon.com/cloudhsm/latest/userguide/client-sdk-migration-pkcs11.html>. How the
//! library makes them is not known; here they are the target's, moved by a random distance.

use std::process;

use cryptoki_sys::*;

/// The translation between the caller's handles and the target's.
pub struct Handles {
    distance: CK_OBJECT_HANDLE,
}

impl Handles {
    pub fn of_this_run() -> Self {
        let mut random = [0_u8; 8];
        // SAFETY: the buffer has this length. getrandom returns so few bytes completely.
        let got = unsafe { libc::getrandom(random.as_mut_ptr().cast(), random.len(), 0) };
        if got != 8 {
            random = u64::from(process::id()).to_ne_bytes();
        }
        // Some distance away from the target's small numbers, and from the end.
        let distance = (CK_OBJECT_HANDLE::from_ne_bytes(random) >> 16) | 1 << 32;
        Self { distance }
    }

    /// The target's handle; for one of another run, a handle that the target does not have.
    pub fn of_target(&self, ours: CK_OBJECT_HANDLE) -> CK_OBJECT_HANDLE {
        match ours {
            CK_INVALID_HANDLE => CK_INVALID_HANDLE,
            _ => ours.wrapping_sub(self.distance),
        }
    }

    pub fn of_caller(&self, target: CK_OBJECT_HANDLE) -> CK_OBJECT_HANDLE {
        match target {
            CK_INVALID_HANDLE => CK_INVALID_HANDLE,
            _ => target.wrapping_add(self.distance),
        }
    }

    /// Translates a handle that the target has written.
    ///
    /// # Safety
    ///
    /// `handle` is null or can be read and written.
    pub unsafe fn give(&self, handle: *mut CK_OBJECT_HANDLE) {
        // SAFETY: as the caller promises.
        if let Some(handle) = unsafe { handle.as_mut() } {
            *handle = self.of_caller(*handle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_of_two_runs_differ_and_come_back() {
        let (one, other) = (Handles::of_this_run(), Handles::of_this_run());
        for target in [1, 2, 77, 1 << 40] {
            assert_eq!(one.of_target(one.of_caller(target)), target);
            assert_ne!(one.of_caller(target), target);
            assert_ne!(one.of_caller(target), other.of_caller(target));
        }
        assert_eq!(one.of_caller(CK_INVALID_HANDLE), CK_INVALID_HANDLE);
    }
}
