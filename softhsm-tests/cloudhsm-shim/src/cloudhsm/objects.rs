//! Creating, finding and destroying objects.

use std::slice;

use cryptoki_sys::*;

use super::CloudHsm;
use super::attributes::Kind;
use super::attributes::tables::CREATE_OBJECT;
use crate::target::Answer;
use crate::template::Template;

/// Plaintext keys may be created: the table of pkcs11-attributes-interpreting has columns for
/// private keys. Certificates (pkcs11-certificate-storage) must be enabled first, and are
/// refused here (INF: `CKR_TEMPLATE_INCONSISTENT`).
///
/// # Safety
///
/// As for `C_CreateObject` in PKCS#11 v2.40 section 5.7.
pub unsafe fn create(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    object: *mut CK_OBJECT_HANDLE,
) -> Answer {
    // SAFETY: as the caller promises, for as long as the call.
    let given = unsafe { Template::read(template, count) }?;
    let mut complete = CREATE_OBJECT.complete(Kind::stated(&given)?, &given)?;
    hsm.may_make(&complete)?;
    // SAFETY: the completed template, and the caller's place for the handle.
    unsafe {
        hsm.target
            .C_CreateObject(session, complete.as_mut_ptr(), complete.count(), object)?;
        hsm.handles.give(object);
    }
    Ok(())
}

/// # Safety
///
/// No requirements.
pub unsafe fn destroy(hsm: &CloudHsm, session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> Answer {
    // SAFETY: no pointers.
    unsafe { hsm.target.C_DestroyObject(session, hsm.handles.of_target(object)) }
}

/// # Safety
///
/// As for `C_FindObjects` in PKCS#11 v2.40 section 5.7.
pub unsafe fn find(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    objects: *mut CK_OBJECT_HANDLE,
    max: CK_ULONG,
    count: *mut CK_ULONG,
) -> Answer {
    // SAFETY: the caller's arguments.
    unsafe { hsm.target.C_FindObjects(session, objects, max, count) }?;
    // SAFETY: the target has just written to it.
    let found = unsafe { *count } as usize;
    if found > 0 {
        // SAFETY: the target has just written so many.
        let found = unsafe { slice::from_raw_parts_mut(objects, found) };
        for handle in found {
            *handle = hsm.handles.of_caller(*handle);
        }
    }
    Ok(())
}
