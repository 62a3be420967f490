//! Translates the caller's mechanism for the target.

use std::ptr;

use cryptoki_sys::*;

use super::super::CloudHsm;
use super::oaep;
use super::vendor::*;
use crate::log;
use crate::target::Answer;

/// The initial value of RFC 3394: the only one that may be given, manage-aes-key-wrapping.
const DEFAULT_IV: [u8; 8] = [0xa6; 8];

/// A mechanism for the target, with the parameters that were made for it.
pub struct Translated {
    mechanism: CK_MECHANISM,
    oaep: Option<CK_RSA_PKCS_OAEP_PARAMS>,
}

/// How the target wraps or unwraps.
pub enum Wrapping {
    One(Translated),
    /// `CKM_RSA_AES_KEY_WRAP` at a target that lacks it: RSA-OAEP delivers an AES key, which then
    /// is the key of RFC 5649 (PKCS#11 v2.40 mechanisms section 2.1.21).
    Two {
        oaep: Translated,
        aes: Translated,
    },
}

impl Translated {
    fn plain(kind: CK_MECHANISM_TYPE) -> Self {
        Self::as_is(CK_MECHANISM {
            mechanism: kind,
            pParameter: ptr::null_mut(),
            ulParameterLen: 0,
        })
    }

    /// The caller's own, parameters and all.
    pub fn as_is(mechanism: CK_MECHANISM) -> Self {
        Self {
            mechanism,
            oaep: None,
        }
    }

    /// # Safety
    ///
    /// `params` points to readable parameters, or is null.
    unsafe fn oaep(params: *const CK_RSA_PKCS_OAEP_PARAMS) -> Answer<Self> {
        // SAFETY: as the caller promises.
        let asked = unsafe { params.as_ref() }.ok_or(CKR_MECHANISM_PARAM_INVALID)?;
        Ok(Self {
            oaep: Some(oaep::checked(asked)?),
            ..Self::plain(CKM_RSA_PKCS_OAEP)
        })
    }

    /// The mechanism, for as long as `self` stays where it is.
    pub fn as_mut_ptr(&mut self) -> *mut CK_MECHANISM {
        if let Some(oaep) = &mut self.oaep {
            self.mechanism.pParameter = ptr::from_mut(oaep).cast();
            self.mechanism.ulParameterLen = size_of::<CK_RSA_PKCS_OAEP_PARAMS>() as CK_ULONG;
        }
        &mut self.mechanism
    }
}

impl CloudHsm {
    /// A mechanism of encryption or signing.
    ///
    /// # Safety
    ///
    /// The parameters of `asked` are readable.
    pub unsafe fn translated(&self, asked: CK_MECHANISM) -> Answer<Translated> {
        match asked.mechanism {
            CKM_RSA_PKCS_OAEP => {
                let params = parameters(&asked)?;
                // SAFETY: as long as the type, and readable as the caller promises.
                unsafe { Translated::oaep(params) }
            }
            _ => Ok(Translated::as_is(asked)),
        }
    }

    /// A mechanism of `C_WrapKey` and `C_UnwrapKey`.
    ///
    /// # Safety
    ///
    /// The parameters of `asked` are readable.
    pub unsafe fn wrapping(&self, asked: CK_MECHANISM) -> Answer<Wrapping> {
        let translated = match asked.mechanism {
            CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD => {
                // The IV must be implicit: manage-aes-key-wrapping.
                if !asked.pParameter.is_null() || asked.ulParameterLen != 0 {
                    return Err(CKR_MECHANISM_PARAM_INVALID);
                }
                Translated::plain(self.rfc_5649()?)
            }
            CKM_CLOUDHSM_AES_KEY_WRAP_NO_PAD => {
                // SAFETY: as the caller promises.
                unsafe { refuse_other_iv(&asked) }?;
                Translated::plain(self.one_of(&[CKM_AES_KEY_WRAP], "RFC 3394")?)
            }
            CKM_CLOUDHSM_AES_KEY_WRAP_PKCS5_PAD => {
                // SAFETY: as the caller promises.
                unsafe { refuse_other_iv(&asked) }?;
                Translated::plain(self.one_of(&[CKM_AES_KEY_WRAP_PKCS7], "AES key wrap with PKCS#5 padding")?)
            }
            CKM_RSA_AES_KEY_WRAP => {
                // SAFETY: as the caller promises.
                return unsafe { self.rsa_aes(asked) };
            }
            // SAFETY: as the caller promises.
            _ => unsafe { self.translated(asked) }?,
        };
        Ok(Wrapping::One(translated))
    }

    /// `CK_RSA_AES_KEY_WRAP_PARAMS`; AWS's sample has `{256, &oaep{SHA256, MGF1_SHA256}}`.
    ///
    /// # Safety
    ///
    /// The parameters of `asked` are readable.
    unsafe fn rsa_aes(&self, asked: CK_MECHANISM) -> Answer<Wrapping> {
        let params = parameters::<CK_RSA_AES_KEY_WRAP_PARAMS>(&asked)?;
        // SAFETY: as long as the type, and readable as the caller promises.
        let params = unsafe { params.as_ref() }.ok_or(CKR_MECHANISM_PARAM_INVALID)?;
        if !matches!(params.ulAESKeyBits, 128 | 192 | 256) {
            return Err(CKR_MECHANISM_PARAM_INVALID);
        }
        // SAFETY: as the caller promises.
        let oaep = unsafe { Translated::oaep(params.pOAEPParams) }?;
        if self.target_has(CKM_RSA_AES_KEY_WRAP) {
            return Ok(Wrapping::One(Translated::as_is(asked)));
        }
        let aes = Translated::plain(self.rfc_5649()?);
        Ok(Wrapping::Two { oaep, aes })
    }

    /// RFC 5649 is `CKM_AES_KEY_WRAP_KWP` since PKCS#11 v3.0. SoftHSM 2.6.1 calls it
    /// `CKM_AES_KEY_WRAP_PAD`: <https://github.com/softhsm/SoftHSMv2/issues/726>.
    fn rfc_5649(&self) -> Answer<CK_MECHANISM_TYPE> {
        self.one_of(&[CKM_AES_KEY_WRAP_KWP, CKM_AES_KEY_WRAP_PAD], "RFC 5649")
    }

    /// The first of `kinds` that the target has.
    fn one_of(&self, kinds: &[CK_MECHANISM_TYPE], what: &str) -> Answer<CK_MECHANISM_TYPE> {
        let found = kinds.iter().copied().find(|kind| self.target_has(*kind));
        found.ok_or_else(|| {
            log::note(&format!("the target has no {what}, which CloudHSM has"));
            CKR_MECHANISM_INVALID
        })
    }
}

/// The parameters as a type, if they are as long as it.
fn parameters<T>(mechanism: &CK_MECHANISM) -> Answer<*const T> {
    if mechanism.ulParameterLen as usize != size_of::<T>() {
        return Err(CKR_MECHANISM_PARAM_INVALID);
    }
    Ok(mechanism.pParameter.cast_const().cast())
}

/// An explicit IV may only be 0xA6A6A6A6A6A6A6A6: manage-aes-key-wrapping. Targets want none.
///
/// # Safety
///
/// The parameters of `asked` are readable.
unsafe fn refuse_other_iv(asked: &CK_MECHANISM) -> Answer {
    if asked.pParameter.is_null() && asked.ulParameterLen == 0 {
        return Ok(());
    }
    let given = parameters::<[u8; 8]>(asked)?;
    // SAFETY: eight bytes, readable as the caller promises.
    match unsafe { given.as_ref() } {
        Some(&DEFAULT_IV) => Ok(()),
        _ => Err(CKR_MECHANISM_PARAM_INVALID),
    }
}
