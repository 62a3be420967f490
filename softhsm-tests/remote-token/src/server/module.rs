//! Loading the real module.

use std::path::Path;
use std::ptr;

use cryptoki_sys::*;
use libloading::Library;

/// The real module and its function table, initialised. The library stays loaded as long as this
/// value lives.
pub(super) struct Module {
    pub(super) functions: CK_FUNCTION_LIST,
    _library: Library,
}

impl Module {
    /// Loads `path`, copies the table its `C_GetFunctionList` hands out, and initialises it for many
    /// threads (section 5.4).
    pub(super) fn load(path: &Path) -> Result<Self, String> {
        let failed = |why: String| format!("cannot load {}: {why}", path.display());

        // SAFETY: the test names a PKCS#11 module; its initialisers run like in any program that loads it.
        let library = unsafe { Library::new(path) }.map_err(|e| failed(e.to_string()))?;
        // SAFETY: PKCS#11 fixes the type of this symbol. An `Option` of a function pointer has the layout of the pointer.
        let entry = unsafe { library.get::<CK_C_GetFunctionList>(b"C_GetFunctionList\0") }
            .map_err(|e| failed(e.to_string()))?;
        let get_list = (*entry).ok_or_else(|| failed("C_GetFunctionList is null".into()))?;

        let mut list = ptr::null_mut();
        // SAFETY: `list` is a writable pointer for the time of the call.
        let rv = unsafe { get_list(&raw mut list) };
        if rv != CKR_OK {
            return Err(failed(format!("C_GetFunctionList answered {rv:#x}")));
        }
        // SAFETY: null, or the module's own table, which lives as long as the library.
        let functions =
            *unsafe { list.as_ref() }.ok_or_else(|| failed("C_GetFunctionList gave no table".into()))?;

        let mut args = CK_C_INITIALIZE_ARGS {
            flags: CKF_OS_LOCKING_OK,
            ..CK_C_INITIALIZE_ARGS::default()
        };
        let initialize = functions
            .C_Initialize
            .ok_or_else(|| failed("it has no C_Initialize".into()))?;
        // SAFETY: the structure of section 5.4, which the module reads.
        let rv = unsafe { initialize((&raw mut args).cast()) };
        if rv != CKR_OK {
            return Err(failed(format!("C_Initialize answered {rv:#x}")));
        }
        Ok(Self {
            functions,
            _library: library,
        })
    }
}
