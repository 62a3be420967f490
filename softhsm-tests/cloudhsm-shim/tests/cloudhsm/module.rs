//! The module under test, by its function list.

use std::env;
use std::ffi::c_void;
use std::ptr;

use cryptoki_sys::*;
use libloading::Library;

use crate::scenario::PASSWORD;
use crate::session::Session;

pub type Answer<T = ()> = Result<T, CK_RV>;
pub const RW: CK_FLAGS = CKF_SERIAL_SESSION | CKF_RW_SESSION;
pub const SLOT: CK_SLOT_ID = 0x2000_0000_0000_0001;

pub struct Module {
    pub list: CK_FUNCTION_LIST,
    _library: Library,
}

/// Calls a function of the list: `ask!(module, C_Logout(session))`.
macro_rules! ask {
    ($module:expr, $function:ident($($argument:expr),* $(,)?)) => {{
        let function = $module.list.$function.expect(stringify!($function));
        // SAFETY: the arguments are the test's own, and live until the call is over.
        match unsafe { function($($argument),*) } {
            cryptoki_sys::CKR_OK => Ok(()),
            rv => Err(rv),
        }
    }};
}
pub(crate) use ask;

impl Module {
    /// The module beside this test, initialised.
    pub fn load() -> Self {
        let test = env::current_exe().expect("this test");
        let path = test.with_file_name("libcloudhsm_shim.so");
        // SAFETY: the module that was built with this test.
        let library = unsafe { Library::new(&path) }.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        // SAFETY: PKCS#11 fixes the type.
        let entry =
            *unsafe { library.get::<CK_C_GetFunctionList>(b"C_GetFunctionList\0") }.expect("the entry");
        let mut list = ptr::null_mut();
        // SAFETY: a place for the list.
        let rv = unsafe { entry.expect("a function")(&mut list) };
        assert_eq!(rv, CKR_OK);
        // SAFETY: the module's list, which lives as long as the module.
        let list = unsafe { *list };
        let module = Self {
            list,
            _library: library,
        };
        ask!(module, C_Initialize(ptr::null_mut())).expect("C_Initialize");
        module
    }

    pub fn open(&self, flags: CK_FLAGS) -> Answer<Session<'_>> {
        let mut handle = 0;
        ask!(
            self,
            C_OpenSession(SLOT, flags, ptr::null_mut(), None, &mut handle)
        )?;
        Ok(Session { module: self, handle })
    }

    /// A session of the crypto user.
    pub fn session(&self) -> Session<'_> {
        let session = self.open(RW).expect("a session");
        session
            .login(CKU_USER, &format!("CryptoUser:{PASSWORD}"))
            .expect("a login");
        session
    }
}

/// An attribute and its value.
#[derive(Clone)]
pub struct Attribute(pub CK_ATTRIBUTE_TYPE, pub Vec<u8>);

pub fn flag(kind: CK_ATTRIBUTE_TYPE, value: bool) -> Attribute {
    Attribute(kind, vec![u8::from(value)])
}

pub fn number(kind: CK_ATTRIBUTE_TYPE, value: CK_ULONG) -> Attribute {
    Attribute(kind, value.to_ne_bytes().to_vec())
}

pub fn raw(attributes: &[Attribute]) -> Vec<CK_ATTRIBUTE> {
    let raw = attributes.iter().map(|Attribute(kind, value)| CK_ATTRIBUTE {
        type_: *kind,
        pValue: value.as_ptr().cast_mut().cast(),
        ulValueLen: value.len() as CK_ULONG,
    });
    raw.collect()
}

/// A mechanism without parameters.
pub fn plain(kind: CK_MECHANISM_TYPE) -> CK_MECHANISM {
    CK_MECHANISM {
        mechanism: kind,
        pParameter: ptr::null_mut(),
        ulParameterLen: 0,
    }
}

/// A mechanism with the parameters `params`, which must outlive it.
pub fn with<T>(kind: CK_MECHANISM_TYPE, params: &T) -> CK_MECHANISM {
    CK_MECHANISM {
        mechanism: kind,
        pParameter: ptr::from_ref(params).cast_mut().cast::<c_void>(),
        ulParameterLen: size_of::<T>() as CK_ULONG,
    }
}
