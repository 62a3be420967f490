//! What cryptoki 0.12 does not do. Its list of a token's mechanisms leaves out every one that it has no name for (vendors' own, and
//! `CKM_RSA_AES_KEY_WRAP`), and it cannot name an unknown one below `CKM_VENDOR_DEFINED`. It trusts every count and length that a module reports:
//! it allocates as much, reads as far, and asks for slots again for as long as `CKR_BUFFER_TOO_SMALL` comes.
//! It refuses a token whose clock does not report a number.
//!
//! The only `unsafe` code of this library.

#![allow(unsafe_code, reason = "PKCS#11 is a C interface; each block has its argument")]

mod authentication;
mod bound;
mod objects;

use std::mem;
use std::path::Path;
use std::ptr;
use std::sync::OnceLock;

use cryptoki::context::Function;
use cryptoki::error::{Error as CryptokiError, Rv, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;
use cryptoki::slot::Slot;
use cryptoki_sys::{
    CK_BYTE, CK_C_GetFunctionList, CK_C_INITIALIZE_ARGS, CK_FLAGS, CK_FUNCTION_LIST, CK_MECHANISM,
    CK_MECHANISM_TYPE, CK_RV, CK_SESSION_HANDLE, CK_SLOT_ID, CK_TOKEN_INFO, CK_TRUE, CK_ULONG,
    CKF_OS_LOCKING_OK, CKU_CONTEXT_SPECIFIC,
};
use libloading::Library;

pub(super) use authentication::Authentication;
pub(super) use bound::{Absurd, Bounded};
use bound::{LONGEST_SIGNATURE, MOST_ENTRIES, TRIES, at_most};
pub(super) use objects::find_by_cryptoki;

use super::mechanism::MechanismNumber;

impl From<MechanismNumber> for MechanismType {
    fn from(number: MechanismNumber) -> Self {
        // SAFETY: `MechanismType` is `#[repr(transparent)]` over CK_MECHANISM_TYPE, "so that a vector of MechanismType should have
        // the same layout than a vector of CK_MECHANISM_TYPE" (its source), and every number is a value of that type. Nothing
        // in cryptoki rests on the number being one that it knows.
        unsafe { mem::transmute::<CK_MECHANISM_TYPE, Self>(number.0) }
    }
}

/// A second handle on a module that cryptoki has loaded, for the calls that need a bound, and for the unfiltered `C_GetMechanismList` and
/// `C_GetTokenInfo`.
///
/// Most modules return the same function list again, which cryptoki has initialised: sessions and objects are the same. p11-kit's returns a new
/// instance at every `C_GetFunctionList`, which knows nothing about cryptoki's sessions; it is initialised here when it is first needed for a slot,
/// and cryptoki makes all other calls. Answers from behind p11-kit have passed p11-kit's own bounds.
#[derive(Debug)]
pub(super) struct NativeModule {
    functions: CK_FUNCTION_LIST,
    /// Set once this is known to be a separate instance.
    apart: OnceLock<()>,
    _library: Library,
}

impl NativeModule {
    /// Loads the module. cryptoki must load the same one.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        // SAFETY: loading runs the module's initialisers. The user has named this file as the module, and its owner and mode were checked.
        let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
        // SAFETY: PKCS#11 v2.40 section 5.4 fixes the type of this symbol; an `Option` of a function pointer has its layout.
        let entry = unsafe { library.get::<CK_C_GetFunctionList>(b"C_GetFunctionList\0") };
        let get_list = entry
            .ok()
            .and_then(|entry| *entry)
            .ok_or_else(|| "it has no C_GetFunctionList".to_owned())?;
        let mut list = ptr::null_mut();
        // SAFETY: one pointer to be written, which outlives the call.
        check(unsafe { get_list(&raw mut list) }, Function::GetFunctionList)
            .map_err(|error| error.to_string())?;
        // SAFETY: null, or the module's own list, which "should be regarded as read-only" (section 5.4) and stays as long as the
        // module is loaded; it is copied, and the copy lives beside the library.
        let functions = unsafe { list.as_ref() }.copied();
        Ok(Self {
            functions: functions.ok_or_else(|| "C_GetFunctionList gave no list".to_owned())?,
            apart: OnceLock::new(),
            _library: library,
        })
    }

    /// Makes a call here, or through cryptoki if this is a separate instance.
    pub(super) fn bounded<T>(
        &self,
        here: impl FnOnce(&Self) -> Result<Bounded<T>, CryptokiError>,
        by_cryptoki: impl FnOnce() -> Result<Bounded<T>, CryptokiError>,
    ) -> Result<Bounded<T>, CryptokiError> {
        if self.apart.get().is_none() {
            match here(self) {
                Err(CryptokiError::Pkcs11(RvError::CryptokiNotInitialized, _)) => {
                    self.apart.get_or_init(|| ());
                }
                answer => return answer,
            }
        }
        by_cryptoki()
    }

    /// `C_GetSlotList` (section 5.5): the slots with a token.
    pub(super) fn slots(&self) -> Result<Bounded<Vec<Slot>>, CryptokiError> {
        const FUNCTION: Function = Function::GetSlotList;
        let get = self
            .functions
            .C_GetSlotList
            .ok_or(CryptokiError::NullFunctionPointer)?;
        let mut count: CK_ULONG = 0;
        // SAFETY: the function is the loaded module's own; with a null list only the count is written (section 5.2).
        check(unsafe { get(CK_TRUE, ptr::null_mut(), &raw mut count) }, FUNCTION)?;
        let mut tried = 1;
        loop {
            if let Err(absurd) = at_most(FUNCTION, count, MOST_ENTRIES, "slots") {
                return Ok(Err(absurd));
            }
            let mut list: Vec<CK_SLOT_ID> = vec![0; usize::try_from(count)?];
            // SAFETY: as above; `count` says how long the list is, and both outlive the call.
            let answer = check(
                unsafe { get(CK_TRUE, list.as_mut_ptr(), &raw mut count) },
                FUNCTION,
            );
            match answer {
                Err(CryptokiError::Pkcs11(RvError::BufferTooSmall, _)) if tried < TRIES => tried += 1,
                Err(error) => return Err(error),
                Ok(()) => {
                    list.truncate(usize::try_from(count)?);
                    return list
                        .into_iter()
                        .map(Slot::try_from)
                        .collect::<Result<_, _>>()
                        .map(Ok);
                }
            }
        }
    }

    /// `C_Login` as `CKU_CONTEXT_SPECIFIC` (section 5.6), for the operation that has just begun.
    fn authenticate(
        &self,
        session: CK_SESSION_HANDLE,
        authentication: Authentication<'_>,
    ) -> Result<(), CryptokiError> {
        let (pin, length) = match authentication {
            Authentication::None => return Ok(()),
            Authentication::Pin(pin) => {
                let pin = pin.expose().as_bytes();
                (pin.as_ptr().cast_mut(), CK_ULONG::try_from(pin.len())?)
            }
            Authentication::Keypad => (ptr::null_mut(), 0),
        };
        let login = self.functions.C_Login.ok_or(CryptokiError::NullFunctionPointer)?;
        // SAFETY: the module's own function; the PIN is as long as it says, outlives the call, and is only read.
        let answer = unsafe { login(session, CKU_CONTEXT_SPECIFIC, pin, length) };
        check(answer, Function::Login)
    }

    /// `C_SignInit` and `C_Sign` (section 5.11), with room for every possible signature instead of a call for its length. The PIN goes between the
    /// two, for a key that needs it for each use.
    pub(super) fn sign(
        &self,
        session: CK_SESSION_HANDLE,
        mechanism: &Mechanism<'_>,
        key: ObjectHandle,
        authentication: Authentication<'_>,
        data: &[u8],
    ) -> Result<Bounded<Vec<u8>>, CryptokiError> {
        const FUNCTION: Function = Function::Sign;
        let functions = &self.functions;
        let (Some(begin), Some(sign)) = (functions.C_SignInit, functions.C_Sign) else {
            return Err(CryptokiError::NullFunctionPointer);
        };
        let mut raw: CK_MECHANISM = mechanism.into();
        // SAFETY: the module's own function; the mechanism points into the caller's, which outlives the call.
        check(
            unsafe { begin(session, &raw mut raw, key.handle()) },
            Function::SignInit,
        )?;
        self.authenticate(session, authentication)?;
        let (input, input_length) = (data.as_ptr().cast_mut(), CK_ULONG::try_from(data.len())?);
        let mut signature: Vec<CK_BYTE> = vec![0; LONGEST_SIGNATURE];
        let room = CK_ULONG::try_from(signature.len())?;
        let mut length = room;
        // SAFETY: the input is as long as it says and only read; the signature has as many bytes as `length` says, and both outlive the
        // call.
        let answer = unsafe {
            sign(
                session,
                input,
                input_length,
                signature.as_mut_ptr(),
                &raw mut length,
            )
        };
        check(answer, FUNCTION)?;
        if let Err(absurd) = at_most(FUNCTION, length, room, "bytes of the signature") {
            return Ok(Err(absurd));
        }
        signature.truncate(usize::try_from(length)?);
        Ok(Ok(signature))
    }

    /// `C_GetMechanismList` (PKCS#11 v2.40 section 5.5). The caller has called `C_Initialize`.
    pub(super) fn mechanisms(&self, slot: Slot) -> Result<Bounded<Vec<MechanismNumber>>, CryptokiError> {
        self.initialised(|| self.list_mechanisms(slot))
    }

    /// `C_GetTokenInfo` (section 5.5), as the module fills it: cryptoki refuses a token whose `utcTime` is not a number.
    pub(super) fn token_info(&self, slot: Slot) -> Result<CK_TOKEN_INFO, CryptokiError> {
        self.initialised(|| self.read_token_info(slot))
    }

    /// Makes a call about a slot, not about a session: a separate instance is initialised for it.
    fn initialised<T>(&self, call: impl Fn() -> Result<T, CryptokiError>) -> Result<T, CryptokiError> {
        match call() {
            Err(CryptokiError::Pkcs11(RvError::CryptokiNotInitialized, _)) => {
                self.apart.get_or_init(|| ());
                self.initialise()?;
                call()
            }
            answer => answer,
        }
    }

    fn read_token_info(&self, slot: Slot) -> Result<CK_TOKEN_INFO, CryptokiError> {
        let get = self
            .functions
            .C_GetTokenInfo
            .ok_or(CryptokiError::NullFunctionPointer)?;
        let mut info = CK_TOKEN_INFO::default();
        // SAFETY: the function is the loaded module's own; the structure is as large as the standard has it, and outlives the call.
        check(unsafe { get(slot.id(), &raw mut info) }, Function::GetTokenInfo)?;
        Ok(info)
    }

    fn list_mechanisms(&self, slot: Slot) -> Result<Bounded<Vec<MechanismNumber>>, CryptokiError> {
        const FUNCTION: Function = Function::GetMechanismList;
        let get = self
            .functions
            .C_GetMechanismList
            .ok_or(CryptokiError::NullFunctionPointer)?;
        let mut count: CK_ULONG = 0;
        // SAFETY: the function is the loaded module's own; with a null list only the count is written (section 5.2).
        check(
            unsafe { get(slot.id(), ptr::null_mut(), &raw mut count) },
            FUNCTION,
        )?;
        if let Err(absurd) = at_most(FUNCTION, count, MOST_ENTRIES, "mechanisms") {
            return Ok(Err(absurd));
        }
        let mut list: Vec<CK_MECHANISM_TYPE> = vec![0; usize::try_from(count)?];
        // SAFETY: as above; `count` says how long the list is, and both outlive the call.
        check(
            unsafe { get(slot.id(), list.as_mut_ptr(), &raw mut count) },
            FUNCTION,
        )?;
        list.truncate(usize::try_from(count)?);
        Ok(Ok(list.into_iter().map(MechanismNumber).collect()))
    }

    /// `C_Initialize` of a separate instance. It is never finalised: what it holds ends with the process, and finalising it could end another
    /// instance.
    fn initialise(&self) -> Result<(), CryptokiError> {
        let initialise = self
            .functions
            .C_Initialize
            .ok_or(CryptokiError::NullFunctionPointer)?;
        let call = |flags: CK_FLAGS| {
            let mut arguments = CK_C_INITIALIZE_ARGS {
                flags,
                ..CK_C_INITIALIZE_ARGS::default()
            };
            // SAFETY: the function is the loaded module's own, and the arguments outlive the call.
            check(
                unsafe { initialise((&raw mut arguments).cast()) },
                Function::Initialize,
            )
        };
        let answer = match call(CKF_OS_LOCKING_OK) {
            Err(CryptokiError::Pkcs11(RvError::CantLock, _)) => call(0),
            answer => answer,
        };
        match answer {
            Err(CryptokiError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            answer => answer,
        }
    }
}

fn check(answer: CK_RV, function: Function) -> Result<(), CryptokiError> {
    Rv::from(answer).into_result(function)
}
