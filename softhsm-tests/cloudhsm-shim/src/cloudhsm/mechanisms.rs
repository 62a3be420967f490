//! The supported mechanisms, and the target's names for them.

use std::ptr;

use cryptoki_sys::*;

use super::{CloudHsm, identity};
use crate::log;
use crate::target::Answer;
use table::{MECHANISMS, Mechanism};

mod oaep;
mod table;
#[cfg(test)]
mod tests;
mod translation;
mod vendor;

pub use translation::{Translated, Wrapping};

/// # Safety
///
/// As for `C_GetMechanismList` in PKCS#11 v2.40 section 5.5.
pub unsafe fn list(
    hsm: &CloudHsm,
    slot: CK_SLOT_ID,
    list: *mut CK_MECHANISM_TYPE,
    count: *mut CK_ULONG,
) -> Answer {
    hsm.slot(slot)?;
    let kinds = MECHANISMS.iter().filter(|row| row.flags_in(hsm.is_fips()) != 0);
    let kinds: Vec<_> = kinds.map(|row| row.kind).collect();
    // SAFETY: as the caller promises.
    unsafe { identity::fill(&kinds, list, count) }
}

/// # Safety
///
/// `info` is null or can be written.
pub unsafe fn info(
    hsm: &CloudHsm,
    slot: CK_SLOT_ID,
    kind: CK_MECHANISM_TYPE,
    info: *mut CK_MECHANISM_INFO,
) -> Answer {
    hsm.slot(slot)?;
    let row = find(kind, 0, hsm.is_fips())?;
    // SAFETY: as the caller promises.
    let info = unsafe { info.as_mut() }.ok_or(CKR_ARGUMENTS_BAD)?;
    *info = CK_MECHANISM_INFO {
        ulMinKeySize: row.sizes.0,
        ulMaxKeySize: row.sizes.1,
        flags: row.flags_in(hsm.is_fips()) | CKF_HW,
    };
    Ok(())
}

impl Mechanism {
    fn flags_in(&self, fips: bool) -> CK_FLAGS {
        match fips {
            true => self.flags & !self.not_fips,
            false => self.flags,
        }
    }
}

/// The mechanism, if the cluster supports it for `flag`; 0 means any use.
fn find(kind: CK_MECHANISM_TYPE, flag: CK_FLAGS, fips: bool) -> Answer<&'static Mechanism> {
    let row = MECHANISMS.iter().find(|row| row.kind == kind);
    row.filter(|row| row.flags_in(fips) != 0 && row.flags_in(fips) & flag == flag)
        .ok_or(CKR_MECHANISM_INVALID)
}

impl CloudHsm {
    /// Reads the caller's mechanism, and refuses one that CloudHSM does not support for `flag`, even if the target does.
    ///
    /// # Safety
    ///
    /// `mechanism` is null or points to a mechanism that can be read.
    pub unsafe fn mechanism(&self, mechanism: *const CK_MECHANISM, flag: CK_FLAGS) -> Answer<CK_MECHANISM> {
        // SAFETY: as the caller promises.
        let mechanism = unsafe { mechanism.as_ref() }.ok_or(CKR_ARGUMENTS_BAD)?;
        find(mechanism.mechanism, flag, self.is_fips())?;
        Ok(*mechanism)
    }

    /// Whether the target has a mechanism.
    pub fn target_has(&self, kind: CK_MECHANISM_TYPE) -> bool {
        let list = self.target_mechanisms.get_or_init(|| {
            self.read_target_mechanisms().unwrap_or_else(|rv| {
                log::note(&format!("the target's C_GetMechanismList answered {rv:#x}"));
                Vec::new()
            })
        });
        list.contains(&kind)
    }

    fn read_target_mechanisms(&self) -> Answer<Vec<CK_MECHANISM_TYPE>> {
        let slot = self.target_slot()?;
        let mut count = 0;
        // SAFETY: a null list asks for the count, which can be written.
        unsafe { self.target.C_GetMechanismList(slot, ptr::null_mut(), &mut count) }?;
        let mut list = vec![0; count as usize];
        // SAFETY: the list has room for `count`.
        unsafe {
            self.target
                .C_GetMechanismList(slot, list.as_mut_ptr(), &mut count)
        }?;
        list.truncate(count as usize);
        Ok(list)
    }
}
