//! A PKCS#11 v2.40 module that stands in front of a real one and misbehaves on demand.
//!
//! The only exported symbol is `C_GetFunctionList` (section 5.4). It hands out the target's
//! `CK_FUNCTION_LIST` with every other entry replaced by a forwarder (`calls`), which counts the
//! call, applies the rules (`rules`) and, where a rule asks for it, changes the answer
//! (`overrides`). Without rules every call passes through untouched.
//!
//! The rules are environment variables, read once, at the first `C_GetFunctionList`:
//!
//! | variable                 | shape                            | meaning |
//! |--------------------------|----------------------------------|---------|
//! | `TOKEN_SHIM_TARGET`      | `FILE`                           | the real module (required) |
//! | `TOKEN_SHIM_TOKEN_FLAGS` | `0xBITS[,0xBITS...]`             | OR the bits into `CK_TOKEN_INFO.flags` |
//! | `TOKEN_SHIM_FAIL`        | `C_Name:RV[@N][;C_Name:RV[@N]...]` | that call answers `RV`, the target is not called |
//! | `TOKEN_SHIM_KILL`        | `C_Name[@N]` or `C_Name![@N]`    | SIGKILL to this process just before that call is forwarded, with `!` just after it returned |
//! | `TOKEN_SHIM_STOP`        | as `TOKEN_SHIM_KILL`             | SIGSTOP instead: the process waits for SIGCONT |
//! | `TOKEN_SHIM_CORRUPT`     | `sign,extractable,modulus,point,random` (any of) | see `rules::Corruption` |
//! | `TOKEN_SHIM_LOG`         | `FILE`                           | append `C_Name rv=0xHEX` per call, no arguments and no data |
//!
//! `N` counts the calls of one function in this process from 1 and is 1 when left out; in
//! `TOKEN_SHIM_FAIL` it may also be `*`, every call. `RV` is `0x` and hex digits or a `CKR_` name
//! of `rv`; `0x0` makes a token that claims success and does nothing. The convention of section
//! 5.2 asks a function that fills a buffer twice, first for the length: both count, so the first
//! signature is often the second `C_Sign`.
//!
//! An injected fault leaves the target as it was. After a failed `C_Sign` the target's session still
//! holds the operation, so a `C_SignInit` on it answers `CKR_OPERATION_ACTIVE`, where a real token
//! has ended the operation (section 5.11).
//!
//! A malformed rule, an empty value or a `TOKEN_SHIM_` variable not in the table fails
//! `C_GetFunctionList` with `CKR_ARGUMENTS_BAD` and a message on stderr; a target that does not
//! load fails it with `CKR_FUNCTION_FAILED`.

mod calls;
mod overrides;
mod rules;
mod rv;
mod shim;
mod target;

use cryptoki_sys::{CK_FUNCTION_LIST_PTR_PTR, CK_RV, CKR_ARGUMENTS_BAD, CKR_OK};

/// The entry point of a PKCS#11 module: PKCS#11 v2.40, section 5.4.
///
/// # Safety
///
/// `list` is null or points to a writable `CK_FUNCTION_LIST_PTR`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: CK_FUNCTION_LIST_PTR_PTR) -> CK_RV {
    if list.is_null() {
        return CKR_ARGUMENTS_BAD;
    }
    match shim::start() {
        Ok(shim) => {
            // SAFETY: not null, and the caller promises that it can be written.
            unsafe { *list = shim.function_list() };
            CKR_OK
        }
        Err(rv) => rv,
    }
}
