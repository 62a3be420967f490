//! Encrypting, decrypting, digesting and deriving.

use cryptoki_sys::*;

use super::CloudHsm;
use crate::log;
use crate::target::Answer;

/// # Safety
///
/// As for `C_EncryptInit` in PKCS#11 v2.40 section 5.8.
pub unsafe fn encrypt_init(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> Answer {
    // SAFETY: as the caller promises, for as long as the call.
    unsafe {
        let asked = hsm.mechanism(mechanism, CKF_ENCRYPT)?;
        let mut translated = hsm.translated(asked)?;
        let key = hsm.key_to_use(session, key)?;
        hsm.target.C_EncryptInit(session, translated.as_mut_ptr(), key)
    }
}

/// # Safety
///
/// As for `C_DecryptInit` in PKCS#11 v2.40 section 5.9.
pub unsafe fn decrypt_init(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    key: CK_OBJECT_HANDLE,
) -> Answer {
    // SAFETY: as the caller promises, for as long as the call.
    unsafe {
        let asked = hsm.mechanism(mechanism, CKF_DECRYPT)?;
        let mut translated = hsm.translated(asked)?;
        let key = hsm.key_to_use(session, key)?;
        hsm.target.C_DecryptInit(session, translated.as_mut_ptr(), key)
    }
}

/// # Safety
///
/// As for `C_DigestInit` in PKCS#11 v2.40 section 5.10.
pub unsafe fn digest_init(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
) -> Answer {
    // SAFETY: as the caller promises.
    unsafe {
        hsm.mechanism(mechanism, CKF_DIGEST)?;
        hsm.target.C_DigestInit(session, mechanism)
    }
}

/// Not emulated. `CKM_ECDH1_DERIVE` takes the `CKD_CLOUDHSM_X963_*` functions only
/// (pkcs11-mechanisms), whose numbers no public source has, so every other is refused. No target
/// has the counter KDF under CloudHSM's number.
///
/// # Safety
///
/// As for `C_DeriveKey` in PKCS#11 v2.40 section 5.13.
pub unsafe fn derive(
    hsm: &CloudHsm,
    _session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    _base_key: CK_OBJECT_HANDLE,
    _template: *mut CK_ATTRIBUTE,
    _count: CK_ULONG,
    _key: *mut CK_OBJECT_HANDLE,
) -> Answer {
    // SAFETY: as the caller promises.
    unsafe { hsm.mechanism(mechanism, CKF_DERIVE) }?;
    log::note("not emulated: deriving keys");
    Err(CKR_MECHANISM_PARAM_INVALID)
}
