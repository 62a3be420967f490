//! The forwarders: one line per function of the PKCS#11 v2.40 list (sections 5.4 to 5.16), in the
//! order of `CK_FUNCTION_LIST`.
//!
//! A line is the function and its parameters, and what else happens at that call:
//! `as` names the function of [`crate::cloudhsm`] that answers in the CloudHSM behaviour, `tell`
//! the one of [`crate::describe`] that puts templates into the log, `unless` and `with` those of
//! [`crate::overrides`] that may answer instead of the target or change an argument, `then` the one of
//! [`crate::overrides`] that may change the answer, and `ends` the method of [`Shim`] that clears
//! up when an injected error was answered instead of the target.
#![allow(clippy::too_many_arguments, reason = "PKCS#11 fixes them")]
#![allow(non_camel_case_types, non_snake_case, reason = "PKCS#11's own names")]

use std::ffi::c_void;

use cryptoki_sys::*;

use crate::shim::{self, Shim};
use crate::target::{Answer, Target, answer, rv_of};
use crate::{cloudhsm, describe, overrides};

macro_rules! forwarders {
    (@ask $shim:ident $name:ident ($($arg:ident),*)) => {
        // SAFETY: the caller keeps PKCS#11's contract for these arguments, which go to the target
        // unchanged.
        unsafe { $shim.target.$name($($arg),*) }
    };
    (@ask $shim:ident $name:ident ($($arg:ident),*) $area:ident $rule:ident) => {
        match &$shim.cloudhsm {
            // SAFETY: the caller keeps PKCS#11's contract for these arguments.
            Some(hsm) => unsafe { cloudhsm::$area::$rule(hsm, $($arg),*) },
            None => forwarders!(@ask $shim $name ($($arg),*)),
        }
    };
    ($($name:ident($($arg:ident: $type:ty),*)
        $(as $area:ident::$rule:ident)?
        $(tell $tell:ident($($told:ident),*))?
        $(unless $refuse:ident($($refused:ident),*))?
        $(with $adjust:ident($adjusted:ident))?
        $(then $change:ident($($seen:ident),*))?
        $(ends $end:ident($ended:ident))?;)*) => {
        /// A function the shim watches, named as in PKCS#11.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Call { $($name),* }

        impl Call {
            pub const ALL: &[Self] = &[$(Self::$name),*];
            pub const COUNT: usize = Self::ALL.len();

            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            pub fn by_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|call| call.name() == name)
            }
        }

        /// The target's functions. Each needs what PKCS#11 v2.40 asks of its arguments.
        impl Target {
            $(
                pub unsafe fn $name(&self, $($arg: $type),*) -> Answer {
                    let function = self.functions.$name.ok_or(CKR_FUNCTION_NOT_SUPPORTED)?;
                    // SAFETY: passed on to the caller of this function.
                    answer(unsafe { function($($arg),*) })
                }
            )*
        }

        $(
            unsafe extern "C" fn $name($($arg: $type),*) -> CK_RV {
                shim::watch(
                    Call::$name,
                    || {
                        // SAFETY: the arguments of the call, which the target has not seen yet.
                        $(unsafe { describe::$tell($($told),*) };)?
                    },
                    |shim: &Shim| {
                        // SAFETY: the arguments of the call, which the target has not seen yet.
                        $(if let Some(rv) = unsafe { overrides::$refuse(shim, $($refused),*) } {
                            return rv;
                        })?
                        $(let $adjusted = overrides::$adjust(shim, $adjusted);)?
                        let rv = rv_of(forwarders!(@ask shim $name ($($arg),*) $($area $rule)?));
                        // SAFETY: the same arguments, after `rv` was answered for them.
                        $(unsafe { overrides::$change(shim, rv, $($seen),*) };)?
                        rv
                    },
                    |shim: &Shim| {
                        let _ = shim;
                        $(shim.$end($ended);)?
                    },
                )
            }
        )*

        /// Replaces the entries of `list` by the forwarders.
        pub fn install(list: &mut CK_FUNCTION_LIST) {
            $(list.$name = Some($name);)*
        }
    };
}

forwarders! {
    C_Initialize(args: *mut c_void)
        unless locking(args);
    C_Finalize(reserved: *mut c_void)
        as sessions::finalize;
    C_GetInfo(info: *mut CK_INFO)
        as identity::info
        then module_info(info);
    C_GetSlotList(present: CK_BBOOL, slots: *mut CK_SLOT_ID, count: *mut CK_ULONG)
        as identity::slot_list
        then slot_list(slots, count);
    C_GetSlotInfo(slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO)
        as identity::slot_info;
    C_GetTokenInfo(slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO)
        as identity::token_info
        unless slot(slot)
        then token_info(info);
    C_GetMechanismList(slot: CK_SLOT_ID, list: *mut CK_MECHANISM_TYPE, count: *mut CK_ULONG)
        as mechanisms::list
        then mechanism_list(list, count);
    C_GetMechanismInfo(slot: CK_SLOT_ID, kind: CK_MECHANISM_TYPE, info: *mut CK_MECHANISM_INFO)
        as mechanisms::info;
    C_InitToken(slot: CK_SLOT_ID, pin: *mut CK_UTF8CHAR, pin_len: CK_ULONG, label: *mut CK_UTF8CHAR);
    C_InitPIN(session: CK_SESSION_HANDLE, pin: *mut CK_UTF8CHAR, pin_len: CK_ULONG);
    C_SetPIN(session: CK_SESSION_HANDLE, old: *mut CK_UTF8CHAR, old_len: CK_ULONG, new: *mut CK_UTF8CHAR, new_len: CK_ULONG);
    C_OpenSession(slot: CK_SLOT_ID, flags: CK_FLAGS, application: *mut c_void, notify: CK_NOTIFY, session: *mut CK_SESSION_HANDLE)
        as sessions::open
        unless open_session()
        then opened();
    C_CloseSession(session: CK_SESSION_HANDLE)
        as sessions::close
        then closed();
    C_CloseAllSessions(slot: CK_SLOT_ID)
        as sessions::close_all
        then all_closed();
    C_GetSessionInfo(session: CK_SESSION_HANDLE, info: *mut CK_SESSION_INFO)
        as sessions::info;
    C_GetOperationState(session: CK_SESSION_HANDLE, state: *mut CK_BYTE, state_len: *mut CK_ULONG);
    C_SetOperationState(session: CK_SESSION_HANDLE, state: *mut CK_BYTE, state_len: CK_ULONG, encryption_key: CK_OBJECT_HANDLE, authentication_key: CK_OBJECT_HANDLE);
    C_Login(session: CK_SESSION_HANDLE, user: CK_USER_TYPE, pin: *mut CK_UTF8CHAR, pin_len: CK_ULONG)
        as sessions::login;
    C_Logout(session: CK_SESSION_HANDLE);
    C_CreateObject(session: CK_SESSION_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG, object: *mut CK_OBJECT_HANDLE)
        as objects::create
        tell template(template, count);
    C_CopyObject(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG, copy: *mut CK_OBJECT_HANDLE)
        unless copy(template, count);
    C_DestroyObject(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE)
        as objects::destroy;
    C_GetObjectSize(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, size: *mut CK_ULONG);
    C_GetAttributeValue(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG)
        as reading::attributes
        tell types(template, count)
        then attributes(session, object, template, count);
    C_SetAttributeValue(session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG)
        unless set_attributes(template, count);
    C_FindObjectsInit(session: CK_SESSION_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG)
        tell template(template, count);
    C_FindObjects(session: CK_SESSION_HANDLE, objects: *mut CK_OBJECT_HANDLE, max: CK_ULONG, count: *mut CK_ULONG)
        as objects::find
        with objects_at_a_time(max)
        then found(count);
    C_FindObjectsFinal(session: CK_SESSION_HANDLE);
    C_EncryptInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        as ciphers::encrypt_init
        tell mechanism(mechanism);
    C_Encrypt(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_EncryptUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_EncryptFinal(session: CK_SESSION_HANDLE, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_DecryptInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        as ciphers::decrypt_init
        tell mechanism(mechanism);
    C_Decrypt(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_DecryptUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_DecryptFinal(session: CK_SESSION_HANDLE, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_DigestInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM)
        as ciphers::digest_init
        tell mechanism(mechanism);
    C_Digest(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_DigestUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_len: CK_ULONG);
    C_DigestKey(session: CK_SESSION_HANDLE, key: CK_OBJECT_HANDLE);
    C_DigestFinal(session: CK_SESSION_HANDLE, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_SignInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        as signing::sign_init
        tell mechanism(mechanism)
        unless sign_init(mechanism);
    C_Sign(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, signature: *mut CK_BYTE, signature_len: *mut CK_ULONG)
        as signing::sign
        then signature(signature, signature_len)
        ends end_signing(session);
    C_SignUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_len: CK_ULONG)
        as signing::sign_update
        ends end_signing(session);
    C_SignFinal(session: CK_SESSION_HANDLE, signature: *mut CK_BYTE, signature_len: *mut CK_ULONG)
        then signature(signature, signature_len)
        ends end_signing(session);
    C_SignRecoverInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE);
    C_SignRecover(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, signature: *mut CK_BYTE, signature_len: *mut CK_ULONG);
    C_VerifyInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE)
        as signing::verify_init
        tell mechanism(mechanism);
    C_Verify(session: CK_SESSION_HANDLE, data: *mut CK_BYTE, data_len: CK_ULONG, signature: *mut CK_BYTE, signature_len: CK_ULONG);
    C_VerifyUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_len: CK_ULONG);
    C_VerifyFinal(session: CK_SESSION_HANDLE, signature: *mut CK_BYTE, signature_len: CK_ULONG);
    C_VerifyRecoverInit(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, key: CK_OBJECT_HANDLE);
    C_VerifyRecover(session: CK_SESSION_HANDLE, signature: *mut CK_BYTE, signature_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_DigestEncryptUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_DecryptDigestUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_SignEncryptUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_DecryptVerifyUpdate(session: CK_SESSION_HANDLE, part: *mut CK_BYTE, part_len: CK_ULONG, out: *mut CK_BYTE, out_len: *mut CK_ULONG);
    C_GenerateKey(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, template: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE)
        as generation::key
        tell made(mechanism, template, count);
    C_GenerateKeyPair(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, public: *mut CK_ATTRIBUTE, public_count: CK_ULONG, private: *mut CK_ATTRIBUTE, private_count: CK_ULONG, public_key: *mut CK_OBJECT_HANDLE, private_key: *mut CK_OBJECT_HANDLE)
        as generation::key_pair
        tell pair(mechanism, public, public_count, private, private_count)
        unless generate_pair(session, mechanism, public, public_count, private, private_count, public_key, private_key);
    C_WrapKey(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, wrapping_key: CK_OBJECT_HANDLE, key: CK_OBJECT_HANDLE, wrapped: *mut CK_BYTE, wrapped_len: *mut CK_ULONG)
        as wrapping::wrap
        tell mechanism(mechanism);
    C_UnwrapKey(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, unwrapping_key: CK_OBJECT_HANDLE, wrapped: *mut CK_BYTE, wrapped_len: CK_ULONG, template: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE)
        as wrapping::unwrap
        tell made(mechanism, template, count)
        unless unwrap(session, mechanism, unwrapping_key, wrapped, wrapped_len, template, count, key);
    C_DeriveKey(session: CK_SESSION_HANDLE, mechanism: *mut CK_MECHANISM, base_key: CK_OBJECT_HANDLE, template: *mut CK_ATTRIBUTE, count: CK_ULONG, key: *mut CK_OBJECT_HANDLE)
        as ciphers::derive
        tell made(mechanism, template, count);
    C_SeedRandom(session: CK_SESSION_HANDLE, seed: *mut CK_BYTE, seed_len: CK_ULONG);
    C_GenerateRandom(session: CK_SESSION_HANDLE, out: *mut CK_BYTE, out_len: CK_ULONG)
        then random(out, out_len);
    C_GetFunctionStatus(session: CK_SESSION_HANDLE);
    C_CancelFunction(session: CK_SESSION_HANDLE);
    C_WaitForSlotEvent(flags: CK_FLAGS, slot: *mut CK_SLOT_ID, reserved: *mut c_void);
}
