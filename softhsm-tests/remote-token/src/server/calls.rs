//! Making a call: its arguments from the request, the real module's function, its answer.
//! A line of `functions` is a function, the kinds of its arguments in the order of the request, and the values that it is called with.

use std::ptr;

use cryptoki_sys::*;

use super::arguments::{Argument, ByteRoom, Bytes, NumberRoom, Out, Question, write_handle};
use super::clients::Client;
use super::module::Module;
use crate::call::Call;
use crate::mechanism::Mechanism;
use crate::template::Template;
use crate::wire::{Malformed, Reader, Writer};

/// Makes the requested call.
pub(super) fn answer(module: &Module, client: &Client, request: &mut Reader) -> Result<Writer, Malformed> {
    let call = Call::by_number(request.number()?).ok_or(Malformed)?;
    let answer = match call {
        // The module is initialised as long as this process lives.
        Call::C_Initialize => just(CKR_OK),
        Call::C_Finalize => {
            client.close_all(module, None);
            just(CKR_OK)
        }
        Call::C_OpenSession => open_session(module, client, request)?,
        Call::C_CloseSession => {
            let session = request.number()?;
            let rv = call_with(module.functions.C_CloseSession, |close| {
                // SAFETY: a function of the module with a number.
                unsafe { close(session) }
            });
            if rv == CKR_OK {
                client.forget(session);
            }
            just(rv)
        }
        // Not the module's function, which would close the other clients' sessions.
        Call::C_CloseAllSessions => {
            client.close_all(module, Some(request.number()?));
            just(CKR_OK)
        }
        call => forward(module, call, request)?,
    };
    if answer.is_too_long() {
        return Ok(just(CKR_HOST_MEMORY));
    }
    if request.is_at_end() {
        Ok(answer)
    } else {
        Err(Malformed)
    }
}

/// An answer without results.
fn just(rv: CK_RV) -> Writer {
    let mut answer = Writer::new();
    answer.number(rv);
    answer
}

fn call_with<F>(function: Option<F>, call: impl FnOnce(F) -> CK_RV) -> CK_RV {
    function.map_or(CKR_FUNCTION_NOT_SUPPORTED, call)
}

fn open_session(module: &Module, client: &Client, request: &mut Reader) -> Result<Writer, Malformed> {
    let (slot, flags) = (request.number()?, request.number()?);
    let (rv, session) = client.open(slot, || {
        let mut session = 0;
        let rv = call_with(module.functions.C_OpenSession, |open| {
            // SAFETY: a function of the module with numbers, no callback, and a place for the handle.
            unsafe { open(slot, flags, ptr::null_mut(), None, &raw mut session) }
        });
        (rv, session)
    });
    let mut answer = just(rv);
    write_handle(rv, session, &mut answer);
    Ok(answer)
}

macro_rules! functions {
    ($($name:ident: $($arg:ident $kind:ty),* => ($($passed:expr),*);)*) => {
        /// Makes a call that concerns only the module.
        fn forward(module: &Module, call: Call, request: &mut Reader) -> Result<Writer, Malformed> {
            match call {
                $(
                    #[allow(unused_mut, reason = "numbers are only passed on")]
                    Call::$name => {
                        $(let mut $arg = <$kind as Argument>::read(request)?;)*
                        let rv = call_with(module.functions.$name, |function| {
                            // SAFETY: every pointer is null or to memory of the argument beside it, of the length that is
                            // passed along, and the argument outlives the call.
                            unsafe { function($($passed),*) }
                        });
                        let mut answer = just(rv);
                        $(Argument::write(&$arg, rv, &mut answer);)*
                        Ok(answer)
                    }
                )*
                Call::C_Initialize
                | Call::C_Finalize
                | Call::C_OpenSession
                | Call::C_CloseSession
                | Call::C_CloseAllSessions => Err(Malformed),
            }
        }
    };
}

functions! {
    C_GetInfo: info Out<CK_INFO> => (info.pointer());
    C_GetSlotList: present CK_ULONG, slots NumberRoom => (CK_BBOOL::from(present != 0), slots.pointer(), slots.length());
    C_GetSlotInfo: slot CK_ULONG, info Out<CK_SLOT_INFO> => (slot, info.pointer());
    C_GetTokenInfo: slot CK_ULONG, info Out<CK_TOKEN_INFO> => (slot, info.pointer());
    C_GetMechanismList: slot CK_ULONG, list NumberRoom => (slot, list.pointer(), list.length());
    C_GetMechanismInfo: slot CK_ULONG, kind CK_ULONG, info Out<CK_MECHANISM_INFO> => (slot, kind, info.pointer());
    C_GetSessionInfo: session CK_ULONG, info Out<CK_SESSION_INFO> => (session, info.pointer());
    C_Login: session CK_ULONG, user CK_ULONG, pin Bytes => (session, user, pin.pointer(), pin.length);
    C_Logout: session CK_ULONG => (session);
    C_CreateObject: session CK_ULONG, template Template, object Out<CK_ULONG> => (session, template.pointer(), template.count(), object.pointer());
    C_CopyObject: session CK_ULONG, object CK_ULONG, template Template, copy Out<CK_ULONG> => (session, object, template.pointer(), template.count(), copy.pointer());
    C_DestroyObject: session CK_ULONG, object CK_ULONG => (session, object);
    C_GetAttributeValue: session CK_ULONG, object CK_ULONG, question Question => (session, object, question.0.pointer(), question.0.count());
    C_SetAttributeValue: session CK_ULONG, object CK_ULONG, template Template => (session, object, template.pointer(), template.count());
    C_FindObjectsInit: session CK_ULONG, template Template => (session, template.pointer(), template.count());
    C_FindObjects: session CK_ULONG, objects NumberRoom => (session, objects.pointer(), objects.capacity, objects.length());
    C_FindObjectsFinal: session CK_ULONG => (session);
    C_EncryptInit: session CK_ULONG, mechanism Mechanism, key CK_ULONG => (session, mechanism.pointer(), key);
    C_Encrypt: session CK_ULONG, data Bytes, out ByteRoom => (session, data.pointer(), data.length, out.pointer(), out.length());
    C_DecryptInit: session CK_ULONG, mechanism Mechanism, key CK_ULONG => (session, mechanism.pointer(), key);
    C_Decrypt: session CK_ULONG, data Bytes, out ByteRoom => (session, data.pointer(), data.length, out.pointer(), out.length());
    C_SignInit: session CK_ULONG, mechanism Mechanism, key CK_ULONG => (session, mechanism.pointer(), key);
    C_Sign: session CK_ULONG, data Bytes, signature ByteRoom => (session, data.pointer(), data.length, signature.pointer(), signature.length());
    C_VerifyInit: session CK_ULONG, mechanism Mechanism, key CK_ULONG => (session, mechanism.pointer(), key);
    C_Verify: session CK_ULONG, data Bytes, signature Bytes => (session, data.pointer(), data.length, signature.pointer(), signature.length);
    C_GenerateKey: session CK_ULONG, mechanism Mechanism, template Template, key Out<CK_ULONG> => (session, mechanism.pointer(), template.pointer(), template.count(), key.pointer());
    C_GenerateKeyPair: session CK_ULONG, mechanism Mechanism, public Template, private Template, public_key Out<CK_ULONG>, private_key Out<CK_ULONG> => (session, mechanism.pointer(), public.pointer(), public.count(), private.pointer(), private.count(), public_key.pointer(), private_key.pointer());
    C_WrapKey: session CK_ULONG, mechanism Mechanism, wrapping_key CK_ULONG, key CK_ULONG, wrapped ByteRoom => (session, mechanism.pointer(), wrapping_key, key, wrapped.pointer(), wrapped.length());
    C_UnwrapKey: session CK_ULONG, mechanism Mechanism, unwrapping_key CK_ULONG, wrapped Bytes, template Template, key Out<CK_ULONG> => (session, mechanism.pointer(), unwrapping_key, wrapped.pointer(), wrapped.length, template.pointer(), template.count(), key.pointer());
    C_SeedRandom: session CK_ULONG, seed Bytes => (session, seed.pointer(), seed.length);
    C_GenerateRandom: session CK_ULONG, out ByteRoom => (session, out.pointer(), out.capacity);
}
