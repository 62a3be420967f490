//! Wrapping and unwrapping keys.

use cryptoki_sys::*;

use super::CloudHsm;
use super::attributes::Kind;
use super::attributes::tables::UNWRAP_KEY;
use super::mechanisms::{Translated, Wrapping};
use crate::log;
use crate::target::Answer;
use crate::template::Template;

static SECRET_KEY: CK_OBJECT_CLASS = CKO_SECRET_KEY;
static AES: CK_KEY_TYPE = CKK_AES;

/// # Safety
///
/// As for `C_WrapKey` in PKCS#11 v2.40 section 5.13.
pub unsafe fn wrap(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    wrapping_key: CK_OBJECT_HANDLE,
    key: CK_OBJECT_HANDLE,
    wrapped: *mut CK_BYTE,
    wrapped_len: *mut CK_ULONG,
) -> Answer {
    // SAFETY: as the caller promises.
    let wrapping = unsafe {
        let asked = hsm.mechanism(mechanism, CKF_WRAP)?;
        hsm.wrapping(asked)?
    };
    let wrapping_key = hsm.key_to_use(session, wrapping_key)?;
    let key = hsm.key_to_use(session, key)?;
    match wrapping {
        // SAFETY: the translated mechanism, and the caller's buffer.
        Wrapping::One(mut one) => unsafe {
            let mechanism = one.as_mut_ptr();
            hsm.target
                .C_WrapKey(session, mechanism, wrapping_key, key, wrapped, wrapped_len)
        },
        Wrapping::Two { .. } => {
            log::note("not emulated: wrapping by CKM_RSA_AES_KEY_WRAP, which the target lacks");
            Err(CKR_MECHANISM_INVALID)
        }
    }
}

/// # Safety
///
/// As for `C_UnwrapKey` in PKCS#11 v2.40 section 5.13.
#[allow(clippy::too_many_arguments, reason = "PKCS#11 fixes them")]
pub unsafe fn unwrap(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    mechanism: *mut CK_MECHANISM,
    unwrapping_key: CK_OBJECT_HANDLE,
    wrapped: *mut CK_BYTE,
    wrapped_len: CK_ULONG,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    key: *mut CK_OBJECT_HANDLE,
) -> Answer {
    // SAFETY: as the caller promises, for as long as the call.
    let (wrapping, given) = unsafe {
        let asked = hsm.mechanism(mechanism, CKF_UNWRAP)?;
        (hsm.wrapping(asked)?, Template::read(template, count)?)
    };
    // No column for Ed25519: `CKK_EC_EDWARDS` is a key type that the table does not have.
    let complete = UNWRAP_KEY.complete(Kind::stated(&given)?, &given)?;
    hsm.may_make(&complete)?;
    let unwrapping_key = hsm.key_to_use(session, unwrapping_key)?;
    let from = Unwrapping {
        hsm,
        session,
        unwrapping_key,
        wrapped,
        wrapped_len,
    };
    // SAFETY: the caller's wrapped key, and the caller's place for the handle.
    unsafe {
        match wrapping {
            Wrapping::One(mechanism) => from.by(mechanism, complete, key)?,
            Wrapping::Two { oaep, aes } => from.by_two(oaep, aes, complete, key)?,
        }
        hsm.handles.give(key);
    }
    Ok(())
}

/// A wrapped key and the unwrapping key. The handles are the target's.
#[derive(Clone, Copy)]
struct Unwrapping<'a> {
    hsm: &'a CloudHsm,
    session: CK_SESSION_HANDLE,
    unwrapping_key: CK_OBJECT_HANDLE,
    wrapped: *mut CK_BYTE,
    wrapped_len: CK_ULONG,
}

impl Unwrapping<'_> {
    /// # Safety
    ///
    /// `wrapped` points to `wrapped_len` readable bytes; `key` is null or can be written.
    unsafe fn by(
        self,
        mut mechanism: Translated,
        mut template: Template,
        key: *mut CK_OBJECT_HANDLE,
    ) -> Answer {
        let attributes = template.as_mut_ptr();
        // SAFETY: as the caller promises.
        unsafe {
            self.hsm.target.C_UnwrapKey(
                self.session,
                mechanism.as_mut_ptr(),
                self.unwrapping_key,
                self.wrapped,
                self.wrapped_len,
                attributes,
                template.count(),
                key,
            )
        }
    }

    /// The wrapped key of `CKM_RSA_AES_KEY_WRAP` is the AES key by RSA-OAEP, as long as the modulus,
    /// and then the key under it by RFC 5649: PKCS#11 v2.40 mechanisms section 2.1.21.
    ///
    /// # Safety
    ///
    /// As for [`Self::by`].
    unsafe fn by_two(
        self,
        oaep: Translated,
        aes: Translated,
        template: Template,
        key: *mut CK_OBJECT_HANDLE,
    ) -> Answer {
        let modulus = self.hsm.bytes(self.session, self.unwrapping_key, CKA_MODULUS);
        let modulus = modulus.map_err(|_| CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT)?;
        let start = modulus.iter().take_while(|byte| **byte == 0).count();
        let first_len = modulus.len() - start;
        if self.wrapped_len as usize <= first_len {
            return Err(CKR_WRAPPED_KEY_LEN_RANGE);
        }
        let mut aes_key = CK_INVALID_HANDLE;
        let first = Self {
            wrapped_len: first_len as CK_ULONG,
            ..self
        };
        // SAFETY: the first `first_len` of more bytes, and a place for a handle.
        unsafe { first.by(oaep, aes_template(), &mut aes_key) }?;
        let second = Self {
            unwrapping_key: aes_key,
            // SAFETY: within the wrapped key, which is longer.
            wrapped: unsafe { self.wrapped.add(first_len) },
            wrapped_len: self.wrapped_len - first_len as CK_ULONG,
            ..self
        };
        // SAFETY: the bytes that are left, and the caller's place for the handle.
        let answer = unsafe { second.by(aes, template, key) };
        // SAFETY: no pointers. A session object, which is gone with the session at the latest.
        let _ = unsafe { self.hsm.target.C_DestroyObject(self.session, aes_key) };
        answer
    }
}

fn aes_template() -> Template {
    let mut template = Template::default();
    template.put(CKA_CLASS, &SECRET_KEY);
    template.put(CKA_KEY_TYPE, &AES);
    for (kind, value) in [
        (CKA_TOKEN, false),
        (CKA_PRIVATE, true),
        (CKA_SENSITIVE, true),
        (CKA_EXTRACTABLE, false),
        (CKA_UNWRAP, true),
    ] {
        template.set(kind, value);
    }
    template
}
