//! Sessions and the login.

use std::collections::HashMap;
use std::ffi::c_void;
use std::slice;
use std::sync::Mutex;

use cryptoki_sys::*;

use super::signing::Signing;
use super::{CloudHsm, identity, lock};
use crate::log;
use crate::target::Answer;

/// The open sessions, and the signing operation of each.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<CK_SESSION_HANDLE, Option<Signing>>>);

impl Sessions {
    pub fn count(&self) -> usize {
        lock(&self.0).len()
    }

    pub fn signing(&self, session: CK_SESSION_HANDLE) -> Option<Signing> {
        lock(&self.0).get(&session).copied().flatten()
    }

    pub fn begin_signing(&self, session: CK_SESSION_HANDLE, signing: Signing) {
        lock(&self.0).insert(session, Some(signing));
    }

    pub fn end_signing(&self, session: CK_SESSION_HANDLE) {
        if let Some(signing) = lock(&self.0).get_mut(&session) {
            *signing = None;
        }
    }
}

/// "If you attempt to call C_OpenSession without providing CKF_RW_SESSION, the call will fail with
/// the error CKR_FUNCTION_FAILED":
/// <https://docs.aws.amazon.com/cloudhsm/latest/userguide/ki-pkcs11-sdk.html>. "1,024 PKCS #11
/// sessions per application": limits; that the next answers `CKR_SESSION_COUNT` is INF.
///
/// # Safety
///
/// As for `C_OpenSession` in PKCS#11 v2.40 section 5.6.
pub unsafe fn open(
    hsm: &CloudHsm,
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    application: *mut c_void,
    notify: CK_NOTIFY,
    session: *mut CK_SESSION_HANDLE,
) -> Answer {
    let slot = hsm.slot(slot)?;
    if flags & CKF_RW_SESSION == 0 {
        return Err(CKR_FUNCTION_FAILED);
    }
    let mut sessions = lock(&hsm.sessions.0);
    if sessions.len() >= identity::SESSIONS {
        return Err(CKR_SESSION_COUNT);
    }
    // SAFETY: the caller's arguments.
    unsafe {
        hsm.target
            .C_OpenSession(slot, flags, application, notify, session)
    }?;
    // SAFETY: the target has just written to it.
    sessions.insert(unsafe { *session }, None);
    Ok(())
}

/// # Safety
///
/// No requirements.
pub unsafe fn close(hsm: &CloudHsm, session: CK_SESSION_HANDLE) -> Answer {
    // SAFETY: no pointers.
    unsafe { hsm.target.C_CloseSession(session) }?;
    lock(&hsm.sessions.0).remove(&session);
    Ok(())
}

/// # Safety
///
/// No requirements.
pub unsafe fn close_all(hsm: &CloudHsm, slot: CK_SLOT_ID) -> Answer {
    let slot = hsm.slot(slot)?;
    // SAFETY: no pointers.
    unsafe { hsm.target.C_CloseAllSessions(slot) }?;
    lock(&hsm.sessions.0).clear();
    Ok(())
}

/// # Safety
///
/// As for `C_Finalize` in PKCS#11 v2.40 section 5.4.
pub unsafe fn finalize(hsm: &CloudHsm, reserved: *mut c_void) -> Answer {
    // SAFETY: the caller's argument.
    unsafe { hsm.target.C_Finalize(reserved) }?;
    lock(&hsm.sessions.0).clear();
    hsm.forget_slot();
    Ok(())
}

/// # Safety
///
/// `info` is null or can be written.
pub unsafe fn info(hsm: &CloudHsm, session: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO) -> Answer {
    // SAFETY: the caller's arguments.
    unsafe { hsm.target.C_GetSessionInfo(session, info) }?;
    // SAFETY: null, or the target has just written to it.
    if let Some(info) = unsafe { info.as_mut() } {
        info.slotID = identity::slot_of_caller();
    }
    Ok(())
}

/// The PIN is `<CU_user_name>:<password>` (pkcs11-pin). A password alone is `CKR_PIN_INCORRECT`:
/// <https://github.com/mtrojnar/osslsigncode/issues/431>. The user must be a crypto user (pkcs11-pin); that another user name and a
/// security officer get the same answer is INF. For an admin, the client says "This user doesn't exist":
/// <https://github.com/awsdocs/aws-cloudhsm-user-guide/issues/20>.
///
/// # Safety
///
/// `pin` is null or points to `pin_len` readable bytes.
pub unsafe fn login(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: *mut CK_UTF8CHAR,
    pin_len: CK_ULONG,
) -> Answer {
    if user != CKU_USER {
        return Err(CKR_USER_TYPE_INVALID);
    }
    if pin.is_null() {
        return Err(CKR_PIN_INCORRECT);
    }
    // SAFETY: as the caller promises.
    let whole = unsafe { slice::from_raw_parts(pin, pin_len as usize) };
    let Some(password) = password(whole, &hsm.settings.user) else {
        if whole.starts_with(format!("{}:", hsm.settings.admin).as_bytes()) {
            log::note("This user doesn't exist");
        }
        return Err(CKR_PIN_INCORRECT);
    };
    let start = whole.len() - password.len();
    // SAFETY: the end of the caller's PIN, only in the caller's memory.
    unsafe {
        hsm.target
            .C_Login(session, user, pin.add(start), password.len() as CK_ULONG)
    }
}

/// What is after the first colon, if the user's name is before it.
fn password<'a>(pin: &'a [u8], user: &str) -> Option<&'a [u8]> {
    let colon = pin.iter().position(|byte| *byte == b':')?;
    (&pin[..colon] == user.as_bytes()).then(|| &pin[colon + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_a_user_and_a_password() {
        assert_eq!(password(b"u:pass", "u"), Some(&b"pass"[..]));
        assert_eq!(password(b"u:pa:ss", "u"), Some(&b"pa:ss"[..]));
        for pin in [&b"pass"[..], b"v:pass", b":pass", b"u", b"", b"uu:pass"] {
            assert_eq!(password(pin, "u"), None);
        }
    }
}
