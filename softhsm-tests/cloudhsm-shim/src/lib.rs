//! A PKCS#11 v2.40 module in front of a real one, the target. It behaves like AWS CloudHSM's, and fails on demand.
//!
//! The only exported symbol is `C_GetFunctionList` (section 5.4). It hands out the target's
//! `CK_FUNCTION_LIST` with every other entry replaced by a forwarder (`calls`), which counts the
//! call, applies the rules (`rules`), asks the target or what behaves as CloudHSM (`cloudhsm`) and,
//! where a rule asks for it, changes the answer (`overrides`). Without rules every call passes
//! through untouched.
//!
//! The rules are environment variables, read once, at the first `C_GetFunctionList`. The names
//! begin with `CLOUDHSM_SHIM_`:
//!
//! | variable         | shape                            | meaning |
//! |------------------|----------------------------------|---------|
//! | `TARGET`         | `FILE`                           | the real module (required) |
//! | `BEHAVIOUR`      | `plain` or `cloudhsm`            | the target's own (the default), or AWS CloudHSM Client SDK 5's: see `cloudhsm` |
//! | `TARGET_TOKEN`   | `LABEL`                          | the token of the target; the only initialised one by default (`cloudhsm`) |
//! | `USER`           | `NAME`                           | the crypto user; `CryptoUser` by default. The PIN is `NAME:` and the target's (`cloudhsm`) |
//! | `ADMIN`          | `NAME`                           | the admin, `admin` by default, who cannot log in to a token (`cloudhsm`) |
//! | `LIBRARY_VERSION` | `MAJOR.MINOR`                   | the version of the Client SDK; 5.2 by default (`cloudhsm`) |
//! | `CLUSTER`        | `fips` or `non-fips`             | the mode of the cluster; `fips` by default (`cloudhsm`) |
//! | `HSMS`           | `1` to `28`                      | how many HSMs the cluster has; 2 by default. With 1, token keys are not available (`cloudhsm`) |
//! | `THROTTLE`       | `N/M[@SEED]`                     | of every M calls that reach the HSM, N are answered without it: the first ones, or with a seed any |
//! | `THROTTLE_CALLS` | `C_Name[,C_Name...]`             | only these are counted and throttled |
//! | `LATENCY_MS`     | `1` to `60000`                   | every call that reaches the HSM takes so much longer |
//! | `LATENCY_CALLS`  | `C_Name[,C_Name...]`             | only these take so much longer; sessions wait side by side |
//! | `SESSIONS`       | `1` to `100000`                  | so many sessions may be open, and `CK_TOKEN_INFO` says so; the next answers `CKR_SESSION_COUNT` |
//! | `TOKEN_FLAGS`    | `0xBITS[,0xBITS...]`             | OR the bits into `CK_TOKEN_INFO.flags` |
//! | `TOKEN_FLAGS_OFF` | `0xBITS`                        | clear the bits in `CK_TOKEN_INFO.flags` |
//! | `PIN_LENGTHS`    | `0xLEAST,0xMOST`                 | `ulMinPinLen` and `ulMaxPinLen` |
//! | `SLOT_FAIL`      | `0xSLOT:RV[;0xSLOT:RV...]`       | `C_GetTokenInfo` of that slot answers `RV`; the target is not called |
//! | `FIND_AT_MOST`   | `1` to `10000`                   | `C_FindObjects` gives at most so many objects at a time, however many are asked for |
//! | `FAIL`           | `C_Name[!]:RV[@N][;C_Name[!]:RV[@N]...]` | that call answers `RV`; the target is not called, with `!` it has been |
//! | `TELL`           | `C_Name[!]:0xNUMBER`             | that call tells this count or length: where it is asked for the number alone, with `!` where it fills a buffer |
//! | `KILL`           | `C_Name[!][@N]`                  | SIGKILL to this process just before that call is forwarded, with `!` just after it returned |
//! | `STOP`           | as `KILL`                        | SIGSTOP instead: the process waits for SIGCONT |
//! | `CRASH`          | as `KILL`                        | an invalid memory access |
//! | `HANG`           | as `KILL`                        | the call never returns |
//! | `CORRUPT`        | `sign,extractable,modulus,point,private-modulus,sensitive,token,random,manufacturer,unpadded,clock,no-locks` (any of) | see `rules::Corruption` |
//! | `ODD`            | `key-type,boolean,no-raw,refuses-raw,unwraps-open,keeps-session-keys,stays-open` (any of) | what some real tokens do: see `oddities::Oddity` |
//! | `LOG`            | `FILE`                           | append `C_Name rv=0xHEX` per call, no arguments and no data; ` # ` and a sentence where a rule has something to say |
//! | `STORED_PAIR`    | `1`                              | a stored RSA-3072 pair answers where a wrapping pair of the session is generated, which takes long |
//! | `LOG_TEMPLATES`  | `1`                              | the lines tell mechanism numbers, attribute types and `CK_BBOOL` values too, as the caller gave them |
//!
//! `N` counts the calls of one function in this process from 1 and is 1 when left out; in `FAIL` it
//! may also be `*`, every call. `RV` is `0x` and hex digits or any `CKR_` name; `0x0` makes a token
//! that claims success and does nothing. The convention of section 5.2 asks a function that fills a
//! buffer twice, first for the length: both count, so the first signature is often the second
//! `C_Sign`.
//!
//! An injected fault leaves the target as it was, but for a signing operation, which an error ends
//! (section 5.11). With `!` what the call did is done: after `C_UnwrapKey!:CKR_DEVICE_ERROR` the key
//! is there.
//!
//! Throttled calls answer `CKR_FUNCTION_FAILED`, and `C_GetAttributeValue` `CKR_DEVICE_ERROR`; which
//! calls reach the HSM is in `weather`. Faults go before throttling.
//!
//! A malformed rule, an empty value, a variable not in the table or one that does nothing without
//! another fails `C_GetFunctionList` with `CKR_ARGUMENTS_BAD` and a message on stderr; a target that
//! does not load fails it with `CKR_FUNCTION_FAILED`.

mod attribute;
mod calls;
mod cloudhsm;
mod describe;
mod log;
mod oddities;
mod overrides;
mod rules;
mod rv;
mod shim;
mod stored_pair;
mod target;
mod template;
mod weather;

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
