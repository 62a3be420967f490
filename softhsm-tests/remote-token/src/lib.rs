//! A PKCS#11 v2.40 module whose token is in another process.
//!
//! A test that looks for a secret in all memory of a program must not find the token's own copy of
//! it. So `libremote_token.so`, which the program loads, holds no token: it sends every call over a
//! Unix socket to the program `remote-token`, which has the real module loaded.
//!
//! ```sh
//! remote-token --module /usr/lib/softhsm/libsofthsm2.so --socket DIR/sock &
//! REMOTE_TOKEN_SOCKET=DIR/sock pkcs11-tool --module libremote_token.so --list-slots
//! ```
//!
//! | module    | content |
//! |-----------|---------|
//! | `call`    | the functions that are sent, and their numbers |
//! | `wire`    | frames: what is in one, sending and receiving one |
//! | `storage` | aligned memory for what a module reads and writes |
//! | `mechanism`, `template` | the two arguments that hold pointers, from C to a frame and back |
//! | `client`  | the module's functions |
//! | `server`  | the program |
//! | `scan`    | the search through a process's memory |
//!
//! Every buffer with arguments or answers is wiped before it is freed, on both sides. Both sides are
//! of one build and on one machine: numbers and structures without pointers are sent as they are in
//! memory.

pub mod call;
pub mod client;
pub mod mechanism;
pub mod scan;
pub mod server;
pub mod storage;
pub mod template;
pub mod wire;

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
    // SAFETY: not null, and the caller promises that it can be written.
    unsafe { *list = client::function_list() };
    CKR_OK
}
