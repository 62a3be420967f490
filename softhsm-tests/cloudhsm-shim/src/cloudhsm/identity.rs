//! How the library, the slot and the token describe themselves.

use std::ptr;

use cryptoki_sys::*;

use super::{CloudHsm, lock};
use crate::log;
use crate::shim::complain;
use crate::target::Answer;

/// "Slot 0 (0x2000000000000001)": <https://github.com/NLnetLabs/krill/issues/556>. One slot per
/// cluster (pkcs11-library-configs-multi-slot).
const SLOT: CK_SLOT_ID = 0x2000_0000_0000_0001;

/// `C_GetInfo` says "Cryptoki 2.40, Manufacturer CloudHSM, Library CloudHSM PKCS#11 (ver 5.2)":
/// <https://github.com/NLnetLabs/krill/issues/556>, of the time of Client SDK 5.2.1: the version is the
/// SDK's, without the patch level (INF).
const MANUFACTURER: &str = "CloudHSM";
const LIBRARY: &str = "CloudHSM PKCS#11";
const CRYPTOKI_VERSION: CK_VERSION = CK_VERSION { major: 2, minor: 40 };

/// The token's label with Client SDK 5: <https://github.com/NLnetLabs/krill/issues/556>,
/// <https://github.com/mtrojnar/osslsigncode/issues/431>.
const LABEL: &str = "hsm1";

/// "The flags returned by C_GetTokenInfo is 404 (CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED)":
/// <https://github.com/OpenSC/libp11/issues/242>. That was Client SDK 3; that Client SDK 5 does not
/// raise `CKF_USER_PIN_INITIALIZED` either is INF.
const TOKEN_FLAGS: CK_FLAGS = CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED;

/// "PKCS #11 sessions per application: 1,024": limits.
pub const SESSIONS: usize = 1024;

/// A user name of 31 characters, the colon, and a password of 32: limits. The least, a name of one
/// character and a password of 8.
const PIN_LENGTHS: (CK_ULONG, CK_ULONG) = (1 + 1 + 8, 31 + 1 + 32);

/// # Safety
///
/// `info` is null or can be written.
pub unsafe fn info(hsm: &CloudHsm, info: *mut CK_INFO) -> Answer {
    // SAFETY: the caller's argument, which goes on unchanged.
    unsafe { hsm.target.C_GetInfo(info) }?;
    // SAFETY: null, or the target has just written to it.
    let info = unsafe { info.as_mut() }.ok_or(CKR_ARGUMENTS_BAD)?;
    *info = CK_INFO {
        cryptokiVersion: CRYPTOKI_VERSION,
        manufacturerID: padded(MANUFACTURER),
        flags: 0,
        libraryDescription: padded(LIBRARY),
        libraryVersion: CK_VERSION {
            major: hsm.settings.library_version.0,
            minor: hsm.settings.library_version.1,
        },
    };
    Ok(())
}

/// # Safety
///
/// As for `C_GetSlotList` in PKCS#11 v2.40 section 5.5.
pub unsafe fn slot_list(
    hsm: &CloudHsm,
    _present: CK_BBOOL,
    slots: *mut CK_SLOT_ID,
    count: *mut CK_ULONG,
) -> Answer {
    hsm.target_slot()?;
    // SAFETY: as the caller promises.
    unsafe { fill(&[SLOT], slots, count) }
}

/// # Safety
///
/// `info` is null or can be written.
pub unsafe fn slot_info(hsm: &CloudHsm, slot: CK_SLOT_ID, info: *mut CK_SLOT_INFO) -> Answer {
    let slot = hsm.slot(slot)?;
    // SAFETY: the caller's argument.
    unsafe { hsm.target.C_GetSlotInfo(slot, info) }?;
    // SAFETY: null, or the target has just written to it.
    let info = unsafe { info.as_mut() }.ok_or(CKR_ARGUMENTS_BAD)?;
    info.slotDescription = padded(LABEL);
    info.manufacturerID = padded(MANUFACTURER);
    info.flags = CKF_TOKEN_PRESENT | CKF_HW_SLOT;
    Ok(())
}

/// The serial number stays the target's, which is different for every token.
///
/// # Safety
///
/// `info` is null or can be written.
pub unsafe fn token_info(hsm: &CloudHsm, slot: CK_SLOT_ID, info: *mut CK_TOKEN_INFO) -> Answer {
    let slot = hsm.slot(slot)?;
    // SAFETY: the caller's argument.
    unsafe { hsm.target.C_GetTokenInfo(slot, info) }?;
    // SAFETY: null, or the target has just written to it.
    let info = unsafe { info.as_mut() }.ok_or(CKR_ARGUMENTS_BAD)?;
    let sessions = hsm.sessions.count() as CK_ULONG;
    info.label = padded(LABEL);
    info.manufacturerID = padded(MANUFACTURER);
    info.model = padded(MANUFACTURER);
    info.flags = TOKEN_FLAGS;
    info.ulMaxSessionCount = SESSIONS as CK_ULONG;
    info.ulMaxRwSessionCount = SESSIONS as CK_ULONG;
    info.ulSessionCount = sessions;
    info.ulRwSessionCount = sessions;
    (info.ulMinPinLen, info.ulMaxPinLen) = PIN_LENGTHS;
    Ok(())
}

/// The caller's slot ID.
pub fn slot_of_caller() -> CK_SLOT_ID {
    SLOT
}

impl CloudHsm {
    /// The target's slot for the only one that the caller has.
    pub fn slot(&self, slot: CK_SLOT_ID) -> Answer<CK_SLOT_ID> {
        let target = self.target_slot()?;
        if slot == SLOT {
            Ok(target)
        } else {
            Err(CKR_SLOT_ID_INVALID)
        }
    }

    /// The target's slot whose token is in use.
    pub fn target_slot(&self) -> Answer<CK_SLOT_ID> {
        let mut slot = lock(&self.slot);
        if let Some(slot) = *slot {
            return Ok(slot);
        }
        let mut fitting = Vec::new();
        for id in self.target_slots()? {
            let mut info = CK_TOKEN_INFO::default();
            // SAFETY: the structure can be written.
            let answer = unsafe { self.target.C_GetTokenInfo(id, &mut info) };
            if answer.is_ok() && info.flags & CKF_TOKEN_INITIALIZED != 0 && self.fits(&info) {
                fitting.push(id);
            }
        }
        let [found] = fitting[..] else {
            let why = format!("{} tokens of the target fit, not one", fitting.len());
            complain(&why);
            log::note(&why);
            return Err(CKR_DEVICE_ERROR);
        };
        *slot = Some(found);
        Ok(found)
    }

    /// `C_Finalize`: the target may have other slots the next time.
    pub fn forget_slot(&self) {
        *lock(&self.slot) = None;
    }

    fn fits(&self, info: &CK_TOKEN_INFO) -> bool {
        let label = String::from_utf8_lossy(&info.label);
        let wanted = self.settings.target_token.as_deref();
        wanted.is_none_or(|wanted| label.trim_end() == wanted)
    }

    fn target_slots(&self) -> Answer<Vec<CK_SLOT_ID>> {
        let mut count = 0;
        // SAFETY: a null list asks for the count, which can be written.
        unsafe { self.target.C_GetSlotList(CK_TRUE, ptr::null_mut(), &mut count) }?;
        let mut slots = vec![0; count as usize];
        // SAFETY: the list has room for `count`.
        unsafe { self.target.C_GetSlotList(CK_TRUE, slots.as_mut_ptr(), &mut count) }?;
        slots.truncate(count as usize);
        Ok(slots)
    }
}

/// The convention of PKCS#11 v2.40 section 5.2 for lists.
///
/// # Safety
///
/// `count` is null or can be read and written; `list` is null or has room for `count`.
pub unsafe fn fill<T: Copy>(values: &[T], list: *mut T, count: *mut CK_ULONG) -> Answer {
    // SAFETY: as the caller promises.
    let count = unsafe { count.as_mut() }.ok_or(CKR_ARGUMENTS_BAD)?;
    let room = *count as usize;
    *count = values.len() as CK_ULONG;
    if list.is_null() {
        return Ok(());
    }
    if room < values.len() {
        return Err(CKR_BUFFER_TOO_SMALL);
    }
    // SAFETY: there is room for all of them.
    unsafe { ptr::copy_nonoverlapping(values.as_ptr(), list, values.len()) };
    Ok(())
}

/// Padded with blanks and not terminated, as PKCS#11 has its strings.
fn padded<const N: usize>(text: &str) -> [CK_UTF8CHAR; N] {
    let mut padded = [b' '; N];
    padded[..text.len()].copy_from_slice(text.as_bytes());
    padded
}
