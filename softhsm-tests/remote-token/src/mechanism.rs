//! `CK_MECHANISM`: its parameters by their shape (PKCS#11 v2.40, section 3.9 and the mechanisms of "Current Mechanisms").
//!
//! Structures without pointers (`CK_RSA_PKCS_PSS_PARAMS`) and initialisation vectors are byte
//! strings. Those with pointers are known by the mechanism's number, and only where they have the
//! length of their structure. All others go as byte strings too: a pointer in them means nothing on
//! the other side.

use std::ffi::c_void;
use std::ptr;

use cryptoki_sys::*;

use crate::storage::Storage;
use crate::template;
use crate::wire::{Malformed, Reader, Writer};

/// The byte after the number of a mechanism.
const NO_MECHANISM: u64 = 0;
const BYTES: u64 = 1;
const OAEP: u64 = 2;
const RSA_AES: u64 = 3;
const EDDSA: u64 = 4;

/// Writes a mechanism.
///
/// # Safety
///
/// `mechanism` is null or an argument as PKCS#11 describes it.
pub unsafe fn write(mechanism: *const CK_MECHANISM, to: &mut Writer) {
    // SAFETY: the caller's promise.
    let Some(mechanism) = (unsafe { mechanism.as_ref() }) else {
        to.number(NO_MECHANISM);
        return;
    };
    let parameter = mechanism.pParameter;
    let length = mechanism.ulParameterLen;
    let has_shape = |size: usize| !parameter.is_null() && length == size as CK_ULONG;
    match mechanism.mechanism {
        CKM_RSA_PKCS_OAEP if has_shape(size_of::<CK_RSA_PKCS_OAEP_PARAMS>()) => {
            header(OAEP, mechanism, to);
            // SAFETY: a structure of that length, by the caller's promise the one of this mechanism.
            unsafe { write_oaep(parameter.cast(), to) };
        }
        CKM_RSA_AES_KEY_WRAP if has_shape(size_of::<CK_RSA_AES_KEY_WRAP_PARAMS>()) => {
            header(RSA_AES, mechanism, to);
            // SAFETY: as above.
            let parameters = unsafe { parameter.cast::<CK_RSA_AES_KEY_WRAP_PARAMS>().read_unaligned() };
            to.number(parameters.ulAESKeyBits);
            to.number(u64::from(!parameters.pOAEPParams.is_null()));
            if !parameters.pOAEPParams.is_null() {
                // SAFETY: not null, and by the caller's promise the structure that belongs there.
                unsafe { write_oaep(parameters.pOAEPParams, to) };
            }
        }
        CKM_EDDSA if has_shape(size_of::<CK_EDDSA_PARAMS>()) => {
            header(EDDSA, mechanism, to);
            // SAFETY: as above.
            let parameters = unsafe { parameter.cast::<CK_EDDSA_PARAMS>().read_unaligned() };
            to.number(u64::from(parameters.phFlag));
            // SAFETY: the caller's promise.
            unsafe { write_bytes(parameters.pContextData.cast(), parameters.ulContextDataLen, to) };
        }
        _ => {
            header(BYTES, mechanism, to);
            // SAFETY: the caller's promise.
            unsafe { write_bytes(parameter, length, to) };
        }
    }
}

fn header(shape: u64, mechanism: &CK_MECHANISM, to: &mut Writer) {
    to.number(shape);
    to.number(mechanism.mechanism);
}

/// # Safety
///
/// `parameters` points to the structure, aligned or not.
unsafe fn write_oaep(parameters: *const CK_RSA_PKCS_OAEP_PARAMS, to: &mut Writer) {
    // SAFETY: the caller's promise.
    let parameters = unsafe { parameters.read_unaligned() };
    to.number(parameters.hashAlg);
    to.number(parameters.mgf);
    to.number(parameters.source);
    // SAFETY: the caller's promise.
    unsafe { write_bytes(parameters.pSourceData, parameters.ulSourceDataLen, to) };
}

/// A pointer and its length, the length also without the bytes.
///
/// # Safety
///
/// `pointer` is null, or `length` bytes can be read there.
unsafe fn write_bytes(pointer: *const c_void, length: CK_ULONG, to: &mut Writer) {
    to.number(length);
    // SAFETY: the caller's promise.
    to.bytes(unsafe { template::slice(pointer, length) });
}

/// A mechanism that was read, with all that it points to.
pub struct Mechanism {
    mechanism: Option<CK_MECHANISM>,
    _parts: Vec<Storage>,
}

impl Mechanism {
    pub fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let mut parts = Vec::new();
        let shape = from.number()?;
        if shape == NO_MECHANISM {
            return Ok(Self {
                mechanism: None,
                _parts: parts,
            });
        }
        let number = from.number()?;
        let (parameter, length) = match shape {
            BYTES => read_bytes(from, &mut parts)?,
            OAEP => {
                let parameters = read_oaep(from, &mut parts)?;
                keep(parameters, &mut parts)
            }
            RSA_AES => {
                let bits = from.number()?;
                let oaep = match from.number()? {
                    0 => ptr::null_mut(),
                    _ => {
                        let parameters = read_oaep(from, &mut parts)?;
                        keep(parameters, &mut parts).0.cast()
                    }
                };
                let parameters = CK_RSA_AES_KEY_WRAP_PARAMS {
                    ulAESKeyBits: bits,
                    pOAEPParams: oaep,
                };
                keep(parameters, &mut parts)
            }
            EDDSA => {
                let flag = from.number()?;
                let (context, length) = read_bytes(from, &mut parts)?;
                let parameters = CK_EDDSA_PARAMS {
                    phFlag: CK_BBOOL::try_from(flag).map_err(|_| Malformed)?,
                    ulContextDataLen: length,
                    pContextData: context.cast(),
                };
                keep(parameters, &mut parts)
            }
            _ => return Err(Malformed),
        };
        Ok(Self {
            mechanism: Some(CK_MECHANISM {
                mechanism: number,
                pParameter: parameter,
                ulParameterLen: length,
            }),
            _parts: parts,
        })
    }

    /// The argument of a function, valid as long as `self`.
    pub fn pointer(&mut self) -> *mut CK_MECHANISM {
        self.mechanism.as_mut().map_or(ptr::null_mut(), ptr::from_mut)
    }
}

fn read_oaep(from: &mut Reader, parts: &mut Vec<Storage>) -> Result<CK_RSA_PKCS_OAEP_PARAMS, Malformed> {
    let (hash, mgf, source) = (from.number()?, from.number()?, from.number()?);
    let (data, length) = read_bytes(from, parts)?;
    Ok(CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: hash,
        mgf,
        source,
        pSourceData: data,
        ulSourceDataLen: length,
    })
}

/// Like [`template::read_bytes`], with the result kept in `parts`.
fn read_bytes(from: &mut Reader, parts: &mut Vec<Storage>) -> Result<(*mut c_void, CK_ULONG), Malformed> {
    let (length, bytes) = template::read_bytes(from)?;
    let Some(mut bytes) = bytes else {
        return Ok((ptr::null_mut(), length));
    };
    let pointer = bytes.pointer();
    parts.push(bytes);
    Ok((pointer, length))
}

fn keep<T: Copy>(parameters: T, parts: &mut Vec<Storage>) -> (*mut c_void, CK_ULONG) {
    let mut storage = Storage::of(parameters);
    let pointer = storage.pointer();
    parts.push(storage);
    (pointer, size_of::<T>() as CK_ULONG)
}
