//! The PKCS#11 library of AWS CloudHSM, Client SDK 5, as its documents describe it, in front of a
//! target that does the cryptography.
//!
//! Every rule names where it is from. A name such as `pkcs11-apis` is a page of the AWS CloudHSM
//! User Guide, <https://docs.aws.amazon.com/cloudhsm/latest/userguide/pkcs11-apis.html>; "INF" is
//! our inference, which no source states. The rules by subject:
//! - [`identity`]: how the library, the slot and the token describe themselves
//! - [`operations`]: the supported functions
//! - [`sessions`]: sessions and the login
//! - [`mechanisms`]: the supported mechanisms, and the target's names for them
//! - [`attributes`]: the attributes that a template may have, their defaults, and which can be read
//! - [`handles`]: object handles that mean nothing in another run
//! - [`availability`]: a cluster of one HSM
//! - [`objects`], [`reading`], [`generation`], [`wrapping`], [`signing`], [`ciphers`]: the functions that use them
//!
//! Throttling and latency are in [`crate::weather`], which works in front of any target.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use cryptoki_sys::*;

use crate::calls::Call;
use crate::rules::{Mode, Settings};
use crate::target::{Answer, Target};
use handles::Handles;
use sessions::Sessions;

pub mod attributes;
pub mod availability;
pub mod ciphers;
pub mod generation;
pub mod handles;
pub mod identity;
pub mod mechanisms;
pub mod objects;
pub mod operations;
pub mod reading;
pub mod sessions;
pub mod signing;
pub mod wrapping;

/// The cluster as one process sees it.
pub struct CloudHsm {
    pub target: &'static Target,
    pub settings: Settings,
    pub handles: Handles,
    pub sessions: Sessions,
    /// The target's slot, found at its first use after `C_Initialize`.
    slot: Mutex<Option<CK_SLOT_ID>>,
    target_mechanisms: OnceLock<Vec<CK_MECHANISM_TYPE>>,
}

impl CloudHsm {
    pub fn new(target: &'static Target, settings: Settings) -> Self {
        Self {
            target,
            settings,
            handles: Handles::of_this_run(),
            sessions: Sessions::default(),
            slot: Mutex::default(),
            target_mechanisms: OnceLock::new(),
        }
    }

    pub fn supports(&self, call: Call) -> bool {
        operations::SUPPORTED.contains(&call)
    }

    pub fn is_fips(&self) -> bool {
        self.settings.mode == Mode::Fips
    }

    /// Reads a numeric attribute of an object from the target.
    fn number(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        kind: CK_ATTRIBUTE_TYPE,
    ) -> Answer<CK_ULONG> {
        let bytes = self.bytes(session, object, kind)?;
        let number = bytes.try_into().map_err(|_| CKR_GENERAL_ERROR)?;
        Ok(CK_ULONG::from_ne_bytes(number))
    }

    /// Reads an attribute of an object from the target. `object` is the target's handle.
    fn bytes(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        kind: CK_ATTRIBUTE_TYPE,
    ) -> Answer<Vec<u8>> {
        // Long enough for every attribute read here: CKA_MODULUS of RSA 8192 has 1,024 bytes.
        let mut value = vec![0_u8; 1024];
        let mut query = CK_ATTRIBUTE {
            type_: kind,
            pValue: value.as_mut_ptr().cast(),
            ulValueLen: value.len() as CK_ULONG,
        };
        // SAFETY: one attribute, whose buffer is as long as it says and outlives the call.
        unsafe { self.target.C_GetAttributeValue(session, object, &mut query, 1) }?;
        value.truncate(query.ulValueLen as usize);
        Ok(value)
    }
}

/// A lock that another thread's panic does not close.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
