//! Behaviours of some real tokens, for any target. Every function here gets the arguments of the call, for which the caller upholds the
//! contract of PKCS#11 v2.40.

use std::ptr;
use std::slice;

use cryptoki_sys::*;

use crate::shim::Shim;
use crate::target::rv_of;
use crate::template::Template;

/// An oddity by its word in `CLOUDHSM_SHIM_ODD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// `key-type`: a key whose label begins with `odd` reports a `CKA_KEY_TYPE` of 0x35.
    KeyType,
    /// `boolean`: such a key reports a `CKA_DERIVE` of zero bytes.
    Boolean,
    /// `no-raw`: `CKM_RSA_PKCS`, `CKM_RSA_PKCS_PSS` and `CKM_ECDSA` are neither listed nor accepted.
    NoRaw,
    /// `refuses-raw`: they are listed, but `C_SignInit` refuses them.
    RefusesRaw,
    /// `unwraps-open`: `C_UnwrapKey` ignores `CKA_SENSITIVE` and `CKA_EXTRACTABLE` of a private key, as opencryptoki 3.23's soft
    /// token does: the key is extractable and not sensitive.
    UnwrapsOpen,
    /// `keeps-session-keys`: `C_GenerateKeyPair` ignores a `CKA_TOKEN` that is false: both keys stay.
    KeepsSessionKeys,
    /// `stays-open`: such a key's two attributes are not changed later, either.
    StaysOpen,
}

impl Oddity {
    pub const ALL: [(&'static str, Self); 7] = [
        ("key-type", Self::KeyType),
        ("boolean", Self::Boolean),
        ("no-raw", Self::NoRaw),
        ("refuses-raw", Self::RefusesRaw),
        ("unwraps-open", Self::UnwrapsOpen),
        ("keeps-session-keys", Self::KeepsSessionKeys),
        ("stays-open", Self::StaysOpen),
    ];
}

const RAW: [CK_MECHANISM_TYPE; 3] = [CKM_RSA_PKCS, CKM_RSA_PKCS_PSS, CKM_ECDSA];
/// No type has this number (PKCS#11 v3.2 ends at `CKK_SLH_DSA`, 0x4b, and leaves it out).
const UNKNOWN_TYPE: CK_KEY_TYPE = 0x35;

/// `C_SignInit`: refuses the raw mechanisms.
///
/// # Safety
///
/// As in section 5.11.
pub unsafe fn sign_init(shim: &Shim, mechanism: *mut CK_MECHANISM) -> Option<CK_RV> {
    let refuses = shim.rules.is_odd(Oddity::NoRaw) || shim.rules.is_odd(Oddity::RefusesRaw);
    // SAFETY: null, or the caller's mechanism.
    let raw = unsafe { mechanism.as_ref() }.is_some_and(|mechanism| RAW.contains(&mechanism.mechanism));
    (refuses && raw).then_some(CKR_MECHANISM_INVALID)
}

/// `C_UnwrapKey`: makes an extractable private key.
///
/// # Safety
///
/// As in section 5.13.
#[allow(clippy::too_many_arguments, reason = "PKCS#11 fixes them")]
pub unsafe fn unwrap(
    shim: &Shim,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    unwrapping_key: CK_OBJECT_HANDLE,
    wrapped: *mut CK_BYTE,
    wrapped_len: CK_ULONG,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    key: *mut CK_OBJECT_HANDLE,
) -> Option<CK_RV> {
    if !shim.rules.is_odd(Oddity::UnwrapsOpen) {
        return None;
    }
    // SAFETY: the caller's template, for as long as the call.
    let mut given = unsafe { Template::read(template, count) }.ok()?;
    if given.number(CKA_CLASS) != Some(CKO_PRIVATE_KEY) {
        return None;
    }
    given.set(CKA_SENSITIVE, false);
    given.set(CKA_EXTRACTABLE, true);
    // SAFETY: the caller's arguments, and a template that outlives the call.
    let answer = unsafe {
        shim.target.C_UnwrapKey(
            session,
            mechanism,
            unwrapping_key,
            wrapped,
            wrapped_len,
            given.as_mut_ptr(),
            given.count(),
            key,
        )
    };
    Some(rv_of(answer))
}

/// `C_SetAttributeValue`: does not change `CKA_SENSITIVE` and `CKA_EXTRACTABLE`.
///
/// # Safety
///
/// As in section 5.7.
pub unsafe fn set_attributes(shim: &Shim, template: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Option<CK_RV> {
    // SAFETY: the caller's template.
    unsafe { refuse_closing(shim, template, count) }
}

/// `C_CopyObject`: the same.
///
/// # Safety
///
/// As in section 5.7.
pub unsafe fn copy(shim: &Shim, template: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Option<CK_RV> {
    // SAFETY: the caller's template.
    unsafe { refuse_closing(shim, template, count) }
}

/// # Safety
///
/// `template` has `count` attributes.
unsafe fn refuse_closing(shim: &Shim, template: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Option<CK_RV> {
    if !shim.rules.is_odd(Oddity::StaysOpen) {
        return None;
    }
    // SAFETY: as the caller promises.
    let given = unsafe { Template::read(template, count) }.ok()?;
    let closes = given.has(CKA_SENSITIVE) || given.has(CKA_EXTRACTABLE);
    closes.then_some(CKR_ATTRIBUTE_READ_ONLY)
}

/// `C_GetMechanismList`: removes the raw mechanisms from the list. A query for only the count is unchanged, which may be too high (section
/// 5.2).
///
/// # Safety
///
/// The arguments are those of a call that answered `CKR_OK`.
pub unsafe fn shorten(shim: &Shim, list: *mut CK_MECHANISM_TYPE, count: *mut CK_ULONG) {
    // SAFETY: null, or the count that the target has written.
    let Some(count) = (unsafe { count.as_mut() }) else {
        return;
    };
    if !shim.rules.is_odd(Oddity::NoRaw) || list.is_null() {
        return;
    }
    // SAFETY: the target has filled `count` places.
    let listed = unsafe { slice::from_raw_parts_mut(list, *count as usize) };
    let kept: Vec<_> = listed.iter().copied().filter(|one| !RAW.contains(one)).collect();
    listed[..kept.len()].copy_from_slice(&kept);
    *count = kept.len() as CK_ULONG;
}

/// `C_GetAttributeValue`: the type and the `CKA_DERIVE` of keys whose label begins with `odd`.
///
/// # Safety
///
/// `template` is that of a call whose attributes were answered.
pub unsafe fn attributes(
    shim: &Shim,
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: &mut [CK_ATTRIBUTE],
) {
    let (key_type, boolean) = (
        shim.rules.is_odd(Oddity::KeyType),
        shim.rules.is_odd(Oddity::Boolean),
    );
    if !key_type && !boolean || !is_labelled_odd(shim, session, object) {
        return;
    }
    for attribute in template {
        match attribute.type_ {
            CKA_KEY_TYPE if key_type && attribute.ulValueLen == size_of::<CK_KEY_TYPE>() as CK_ULONG => {
                // SAFETY: null, or room for as many bytes as it says.
                if let Some(value) = unsafe { attribute.pValue.cast::<CK_KEY_TYPE>().as_mut() } {
                    *value = UNKNOWN_TYPE;
                }
            }
            CKA_DERIVE if boolean => attribute.ulValueLen = 0,
            _ => {}
        }
    }
}

fn is_labelled_odd(shim: &Shim, session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> bool {
    let mut label = [0_u8; 64];
    let mut query = CK_ATTRIBUTE {
        type_: CKA_LABEL,
        pValue: ptr::from_mut(&mut label).cast(),
        ulValueLen: label.len() as CK_ULONG,
    };
    // SAFETY: one attribute whose buffer is as long as it says and outlives the call.
    let answer = unsafe { shim.target.C_GetAttributeValue(session, object, &mut query, 1) };
    answer.is_ok() && label.starts_with(b"odd")
}
