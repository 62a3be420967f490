//! The real module: loading it, and calling its functions.

use std::path::Path;
use std::ptr;

use cryptoki_sys::{CK_C_GetFunctionList, CK_FUNCTION_LIST, CK_RV, CKR_OK};
use libloading::Library;

/// The result of a function. The error is a `CKR_` value.
pub type Answer<T = ()> = Result<T, CK_RV>;

pub fn answer(rv: CK_RV) -> Answer {
    if rv == CKR_OK { Ok(()) } else { Err(rv) }
}

pub fn rv_of(answer: Answer) -> CK_RV {
    answer.err().unwrap_or(CKR_OK)
}

/// The real module and its function table. The library stays loaded as long as this value lives.
pub struct Target {
    pub functions: CK_FUNCTION_LIST,
    /// Wrapping pairs are not generated (`crate::stored_pair`).
    pub stored_pair: bool,
    _library: Library,
}

impl Target {
    /// Loads `path` and copies the table its `C_GetFunctionList` hands out (section 5.4).
    pub fn load(path: &Path) -> Result<Self, String> {
        let failed = |why: String| format!("cannot load {}: {why}", path.display());

        // SAFETY: the test names a PKCS#11 module; its initialisers run like in any program that
        // loads it.
        let library = unsafe { Library::new(path) }.map_err(|e| failed(e.to_string()))?;
        // SAFETY: PKCS#11 fixes the type of this symbol. An `Option` of a function pointer has the
        // layout of the pointer itself.
        let entry = unsafe { library.get::<CK_C_GetFunctionList>(b"C_GetFunctionList\0") }
            .map_err(|e| failed(e.to_string()))?;
        let get_list = (*entry).ok_or_else(|| failed("C_GetFunctionList is null".into()))?;

        let mut list = ptr::null_mut();
        // SAFETY: `list` is a writable pointer for the time of the call.
        let rv = unsafe { get_list(&mut list) };
        if rv != CKR_OK {
            return Err(failed(format!("C_GetFunctionList answered {rv:#x}")));
        }
        // SAFETY: null, or the target's own table, which lives as long as the library.
        let functions =
            *unsafe { list.as_ref() }.ok_or_else(|| failed("C_GetFunctionList gave no table".into()))?;
        Ok(Self {
            functions,
            stored_pair: false,
            _library: library,
        })
    }
}
