//! What cryptoki 0.12 does not do: its list of a token's mechanisms leaves out every one that it has no name for (vendors' own, and
//! `CKM_RSA_AES_KEY_WRAP`), and it cannot name one below `CKM_VENDOR_DEFINED` that it does not know.
//!
//! The only `unsafe` code of this package.

#![allow(unsafe_code, reason = "PKCS#11 is a C interface; each block has its argument")]

use std::mem;
use std::path::Path;
use std::ptr;

use cryptoki::context::Function;
use cryptoki::error::{Error as CryptokiError, Rv, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::slot::Slot;
use cryptoki_sys::{
    CK_C_GetFunctionList, CK_C_INITIALIZE_ARGS, CK_FUNCTION_LIST, CK_MECHANISM_TYPE, CK_RV, CK_ULONG,
    CKF_OS_LOCKING_OK,
};
use libloading::Library;

use super::mechanism::MechanismNumber;

impl From<MechanismNumber> for MechanismType {
    fn from(number: MechanismNumber) -> Self {
        // SAFETY: `MechanismType` is `#[repr(transparent)]` over CK_MECHANISM_TYPE, "so that a vector of MechanismType should have
        // the same layout than a vector of CK_MECHANISM_TYPE" (its source), and every number is a value of that type. Nothing
        // in cryptoki rests on the number being one that it knows.
        unsafe { mem::transmute::<CK_MECHANISM_TYPE, Self>(number.0) }
    }
}

/// A second handle on a module that cryptoki has loaded, for `C_GetMechanismList` as it is.
///
/// Most modules give the same function list again, which cryptoki has initialised. p11-kit's give a new instance at every
/// `C_GetFunctionList`; that one is initialised here when it is first needed.
#[derive(Debug)]
pub(super) struct NativeModule {
    functions: CK_FUNCTION_LIST,
    _library: Library,
}

impl NativeModule {
    /// Loads the module, which must be the one that cryptoki has loaded.
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        // SAFETY: loading runs the module's initialisers, as cryptoki did on the same file a moment ago.
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
            _library: library,
        })
    }

    /// `C_GetMechanismList` (PKCS#11 v2.40 section 5.5). The caller has called `C_Initialize` with `CKF_OS_LOCKING_OK`.
    pub(super) fn mechanisms(&self, slot: Slot) -> Result<Vec<MechanismNumber>, CryptokiError> {
        match self.list_mechanisms(slot) {
            Err(CryptokiError::Pkcs11(RvError::CryptokiNotInitialized, _)) => {
                self.initialise()?;
                self.list_mechanisms(slot)
            }
            answer => answer,
        }
    }

    fn list_mechanisms(&self, slot: Slot) -> Result<Vec<MechanismNumber>, CryptokiError> {
        /// A token without an end to its list is not listened to.
        const MOST: CK_ULONG = 4096;
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
        let room = usize::try_from(count.min(MOST))?;
        let mut list: Vec<CK_MECHANISM_TYPE> = vec![0; room];
        let mut count = CK_ULONG::try_from(room)?;
        // SAFETY: as above; `count` says how long the list is, and both outlive the call.
        check(
            unsafe { get(slot.id(), list.as_mut_ptr(), &raw mut count) },
            FUNCTION,
        )?;
        list.truncate(usize::try_from(count)?);
        Ok(list.into_iter().map(MechanismNumber).collect())
    }

    /// `C_Initialize` of an instance that is not cryptoki's. It is never finalised: what it holds ends with the process, and
    /// finalising could be another instance's end.
    fn initialise(&self) -> Result<(), CryptokiError> {
        let initialise = self
            .functions
            .C_Initialize
            .ok_or(CryptokiError::NullFunctionPointer)?;
        let mut arguments = CK_C_INITIALIZE_ARGS {
            flags: CKF_OS_LOCKING_OK,
            ..CK_C_INITIALIZE_ARGS::default()
        };
        // SAFETY: the function is the loaded module's own, and the arguments outlive the call.
        let answer = unsafe { initialise((&raw mut arguments).cast()) };
        match check(answer, Function::Initialize) {
            Err(CryptokiError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            answer => answer,
        }
    }
}

fn check(answer: CK_RV, function: Function) -> Result<(), CryptokiError> {
    Rv::from(answer).into_result(function)
}
