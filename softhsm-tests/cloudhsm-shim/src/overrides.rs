//! Changes the target's answers.
//!
//! Every function here gets the target's return value and the arguments of the call, and is called
//! with the guarantee that the target accepted the pointers as PKCS#11 v2.40 describes them.

use std::ffi::c_void;
use std::ptr;
use std::slice;
use std::sync::atomic::Ordering;

use cryptoki_sys::*;

use crate::calls::Call;
use crate::oddities;
pub use crate::oddities::{copy, set_attributes, sign_init, unwrap};
use crate::rules::{Corruption, Moment};
use crate::shim::Shim;
pub use crate::stored_pair::generate_pair;

/// `C_Initialize`, section 5.4: refuses a caller that asks for locking.
///
/// # Safety
///
/// `args` is null or points to `CK_C_INITIALIZE_ARGS`.
pub unsafe fn locking(shim: &Shim, args: *mut c_void) -> Option<CK_RV> {
    // SAFETY: as the caller promises.
    let args = unsafe { args.cast::<CK_C_INITIALIZE_ARGS>().as_ref() };
    let asks = args.is_some_and(|args| args.flags & CKF_OS_LOCKING_OK != 0 || args.CreateMutex.is_some());
    (asks && shim.rules.corrupts(Corruption::NoLocks)).then_some(CKR_CANT_LOCK)
}

/// `C_GetTokenInfo`, section 5.5: what one slot answers.
///
/// # Safety
///
/// No requirements: it takes no pointer.
pub unsafe fn slot(shim: &Shim, slot: CK_SLOT_ID) -> Option<CK_RV> {
    shim.rules.slot_fault(slot)
}

/// `C_OpenSession`, section 5.6: refuses a session above the limit.
///
/// # Safety
///
/// No requirements: it takes no pointer.
pub unsafe fn open_session(shim: &Shim) -> Option<CK_RV> {
    let most = shim.rules.sessions?;
    let one_more = |open| (open < most).then_some(open + 1);
    let taken = shim
        .open_sessions
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
    taken.is_err().then_some(CKR_SESSION_COUNT)
}

/// `C_OpenSession`: releases the slot of a session that was not opened.
///
/// # Safety
///
/// No requirements: it takes no pointer.
pub unsafe fn opened(shim: &Shim, rv: CK_RV) {
    if rv != CKR_OK && shim.rules.sessions.is_some() {
        shim.open_sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `C_CloseSession`: releases the slot.
///
/// # Safety
///
/// No requirements: it takes no pointer.
pub unsafe fn closed(shim: &Shim, rv: CK_RV) {
    if rv == CKR_OK && shim.rules.sessions.is_some() {
        shim.open_sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `C_CloseAllSessions`: releases all slots.
///
/// # Safety
///
/// No requirements: it takes no pointer.
pub unsafe fn all_closed(shim: &Shim, rv: CK_RV) {
    if rv == CKR_OK {
        shim.open_sessions.store(0, Ordering::Relaxed);
    }
}

/// `C_FindObjects`, section 5.7: returns fewer objects than requested.
pub fn objects_at_a_time(shim: &Shim, max: CK_ULONG) -> CK_ULONG {
    shim.rules.find_at_most.map_or(max, |most| max.min(most))
}

/// `C_GetTokenInfo`, section 5.5: changes flags, limits and texts of `CK_TOKEN_INFO` (section 3.2).
///
/// # Safety
///
/// `info` is the argument of a `C_GetTokenInfo` that answered `rv`.
pub unsafe fn token_info(shim: &Shim, rv: CK_RV, info: *mut CK_TOKEN_INFO) {
    if rv != CKR_OK {
        return;
    }
    // SAFETY: null, or the structure that the target has just filled.
    if let Some(info) = unsafe { info.as_mut() } {
        info.flags |= shim.rules.token_flags;
        info.flags &= !shim.rules.token_flags_off;
        if let Some((least, most)) = shim.rules.pin_lengths {
            (info.ulMinPinLen, info.ulMaxPinLen) = (least, most);
        }
        if let Some(most) = shim.rules.sessions {
            (info.ulMaxSessionCount, info.ulSessionCount) =
                (most, shim.open_sessions.load(Ordering::Relaxed));
        }
        if shim.rules.corrupts(Corruption::Clock) {
            info.flags |= CKF_CLOCK_ON_TOKEN;
            info.utcTime = *b"not a clock \xff\0\0 ";
        }
        if shim.rules.corrupts(Corruption::Manufacturer) {
            info.manufacturerID = NOBODY;
        }
        if shim.rules.corrupts(Corruption::Unpadded) {
            info.label = [0xff; 32];
            info.manufacturerID = [0xff; 32];
            info.model = [0xff; 16];
            info.serialNumber = [0xff; 16];
        }
    }
}

/// `C_GetSlotList`, section 5.5: reports another number of slots.
///
/// # Safety
///
/// The arguments are those of a call that answered `rv`.
pub unsafe fn slot_list(shim: &Shim, rv: CK_RV, list: *mut CK_SLOT_ID, count: *mut CK_ULONG) {
    // SAFETY: passed on to the caller of this function.
    unsafe { tell(shim, Call::C_GetSlotList, rv, !list.is_null(), count) };
}

/// `C_GetMechanismList`, section 5.5: reports another number of mechanisms.
///
/// # Safety
///
/// The arguments are those of a call that answered `rv`.
pub unsafe fn mechanism_list(shim: &Shim, rv: CK_RV, list: *mut CK_MECHANISM_TYPE, count: *mut CK_ULONG) {
    // SAFETY: passed on to the caller of this function.
    unsafe { tell(shim, Call::C_GetMechanismList, rv, !list.is_null(), count) };
    if rv == CKR_OK {
        // SAFETY: as above.
        unsafe { oddities::shorten(shim, list, count) };
    }
}

/// `C_FindObjects`, section 5.7: reports another number of objects.
///
/// # Safety
///
/// `count` is the argument of a call that answered `rv`.
pub unsafe fn found(shim: &Shim, rv: CK_RV, count: *mut CK_ULONG) {
    // SAFETY: passed on to the caller of this function.
    unsafe { tell(shim, Call::C_FindObjects, rv, true, count) };
}

/// Writes the number of the rule `TELL` over a count or length.
///
/// # Safety
///
/// `number` is null or the count that the target has just written.
unsafe fn tell(shim: &Shim, call: Call, rv: CK_RV, is_filled: bool, number: *mut CK_ULONG) {
    let moment = if is_filled { Moment::After } else { Moment::Before };
    if rv != CKR_OK {
        return;
    }
    // SAFETY: as the caller promises.
    if let (Some(told), Some(number)) = (shim.rules.told(call, moment), unsafe { number.as_mut() }) {
        *number = told;
    }
}

/// Blanks, as a token without a manufacturer would have.
const NOBODY: [CK_UTF8CHAR; 32] = [b' '; 32];

/// `C_GetInfo`, section 5.4: blanks the manufacturer.
///
/// # Safety
///
/// `info` is the argument of a `C_GetInfo` that answered `rv`.
pub unsafe fn module_info(shim: &Shim, rv: CK_RV, info: *mut CK_INFO) {
    if rv != CKR_OK || !shim.rules.corrupts(Corruption::Manufacturer) {
        return;
    }
    // SAFETY: null, or the structure that the target has just filled.
    if let Some(info) = unsafe { info.as_mut() } {
        info.manufacturerID = NOBODY;
    }
}

/// `C_Sign` and `C_SignFinal`, section 5.11: flips the lowest bit of the last byte.
///
/// # Safety
///
/// The arguments are those of a call that answered `rv`.
pub unsafe fn signature(shim: &Shim, rv: CK_RV, value: *mut CK_BYTE, len: *mut CK_ULONG) {
    // SAFETY: passed on to the caller of this function.
    unsafe { tell(shim, Call::C_Sign, rv, !value.is_null(), len) };
    if rv != CKR_OK || !shim.rules.corrupts(Corruption::Sign) {
        return;
    }
    // SAFETY: null, or the length that the target has just written.
    let Some(len) = (unsafe { len.as_ref() }) else {
        return;
    };
    // SAFETY: null (a question for the length), or the target wrote `len` bytes there.
    unsafe { flip_last(value, *len) };
}

/// `C_GenerateRandom`, section 5.15: zeroes.
///
/// # Safety
///
/// The arguments are those of a call that answered `rv`.
pub unsafe fn random(shim: &Shim, rv: CK_RV, out: *mut CK_BYTE, len: CK_ULONG) {
    if rv == CKR_OK && !out.is_null() && shim.rules.corrupts(Corruption::Random) {
        // SAFETY: the target filled `len` bytes at `out`.
        unsafe { ptr::write_bytes(out, 0, len as usize) };
    }
}

/// `C_GetAttributeValue`, section 5.7: lies about `CKA_EXTRACTABLE` and about public key values.
///
/// # Safety
///
/// The arguments are those of a call that answered `rv`.
pub unsafe fn attributes(
    shim: &Shim,
    rv: CK_RV,
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) {
    // With the last three, section 5.7 has the other attributes of the template answered.
    let answered = matches!(
        rv,
        CKR_OK | CKR_ATTRIBUTE_SENSITIVE | CKR_ATTRIBUTE_TYPE_INVALID | CKR_BUFFER_TOO_SMALL
    );
    if !answered || template.is_null() {
        return;
    }
    // SAFETY: not null, and the target read `count` attributes there.
    let template = unsafe { slice::from_raw_parts_mut(template, count as usize) };
    for attribute in template.iter_mut().filter(|a| !is_fixed(a.type_)) {
        // SAFETY: a length that the target has just written.
        unsafe {
            tell(
                shim,
                Call::C_GetAttributeValue,
                CKR_OK,
                !attribute.pValue.is_null(),
                &mut attribute.ulValueLen,
            )
        };
    }
    // SAFETY: they were answered.
    unsafe { oddities::attributes(shim, session, object, template) };
    let extractable = shim.rules.corrupts(Corruption::Extractable);
    let modulus = shim.rules.corrupts(Corruption::Modulus);
    let point = shim.rules.corrupts(Corruption::Point);
    let private_modulus = shim.rules.corrupts(Corruption::PrivateModulus);
    let sensitive = shim.rules.corrupts(Corruption::Sensitive);
    let token = shim.rules.corrupts(Corruption::Token);
    for attribute in template.iter().filter(|a| has_value(a)) {
        let value = attribute.pValue.cast::<CK_BYTE>();
        match attribute.type_ {
            CKA_EXTRACTABLE if extractable => {
                // SAFETY: the target wrote `ulValueLen` bytes, at least one, to `pValue`.
                unsafe { *value = CK_TRUE };
            }
            kind if kind == CKA_SENSITIVE && sensitive || kind == CKA_TOKEN && token => {
                // SAFETY: as above.
                unsafe { *value = CK_FALSE };
            }
            kind if (kind == CKA_MODULUS && modulus || kind == CKA_EC_POINT && point)
                && class_of(shim, session, object) == CKO_PUBLIC_KEY
                || kind == CKA_MODULUS
                    && private_modulus
                    && class_of(shim, session, object) == CKO_PRIVATE_KEY =>
            {
                // SAFETY: the target wrote `ulValueLen` bytes to `pValue`.
                unsafe { flip_last(value, attribute.ulValueLen) };
            }
            _ => {}
        }
    }
}

/// Whether an attribute is a `CK_BBOOL` or a `CK_ULONG`: the program accepts no other length for them.
fn is_fixed(kind: CK_ATTRIBUTE_TYPE) -> bool {
    !matches!(
        kind,
        CKA_LABEL | CKA_ID | CKA_MODULUS | CKA_PUBLIC_EXPONENT | CKA_EC_PARAMS | CKA_EC_POINT | CKA_VALUE
    )
}

/// Whether the target wrote a value, rather than a length or the mark for "not available".
fn has_value(attribute: &CK_ATTRIBUTE) -> bool {
    !attribute.pValue.is_null()
        && attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION
        && attribute.ulValueLen != 0
}

/// Asks the target for the object's class, past counters, rules and log.
fn class_of(shim: &Shim, session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> CK_OBJECT_CLASS {
    let object = match &shim.cloudhsm {
        Some(hsm) => hsm.handles.of_target(object),
        None => object,
    };
    let mut class: CK_OBJECT_CLASS = CK_UNAVAILABLE_INFORMATION;
    let mut query = CK_ATTRIBUTE {
        type_: CKA_CLASS,
        pValue: ptr::from_mut(&mut class).cast(),
        ulValueLen: size_of::<CK_OBJECT_CLASS>() as CK_ULONG,
    };
    // SAFETY: one attribute whose buffer is as long as it says and outlives the call.
    match unsafe { shim.target.C_GetAttributeValue(session, object, &mut query, 1) } {
        Ok(()) => class,
        Err(_) => CK_UNAVAILABLE_INFORMATION,
    }
}

/// Flips the lowest bit of the last byte.
///
/// # Safety
///
/// `value` is null or points to `len` readable and writable bytes.
unsafe fn flip_last(value: *mut CK_BYTE, len: CK_ULONG) {
    if !value.is_null() && len > 0 {
        // SAFETY: `len - 1` is within the bytes that the caller guarantees.
        unsafe { *value.add(len as usize - 1) ^= 1 };
    }
}
