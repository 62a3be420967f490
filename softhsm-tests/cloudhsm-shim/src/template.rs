//! A template of a call, and the values in it.

use std::ptr;
use std::slice;

use cryptoki_sys::*;

use crate::target::Answer;

static TRUE: CK_BBOOL = CK_TRUE;
static FALSE: CK_BBOOL = CK_FALSE;

/// A copy of the attributes of a template; the values stay where the caller has them.
/// Its creator promised that every `pValue` is null or points to `ulValueLen` readable bytes for the duration of the call.
#[derive(Clone, Default)]
pub struct Template(Vec<CK_ATTRIBUTE>);

impl Template {
    /// # Safety
    ///
    /// `attributes` points to `count` attributes, or `count` is 0; their values are as the type
    /// says, for as long as the result is in use.
    pub unsafe fn read(attributes: *const CK_ATTRIBUTE, count: CK_ULONG) -> Answer<Self> {
        if count == 0 {
            return Ok(Self::default());
        }
        if attributes.is_null() {
            return Err(CKR_ARGUMENTS_BAD);
        }
        // SAFETY: as the caller promises.
        let attributes = unsafe { slice::from_raw_parts(attributes, count as usize) };
        Ok(Self(attributes.to_vec()))
    }

    pub fn types(&self) -> impl Iterator<Item = CK_ATTRIBUTE_TYPE> {
        self.0.iter().map(|attribute| attribute.type_)
    }

    pub fn has(&self, kind: CK_ATTRIBUTE_TYPE) -> bool {
        self.types().any(|one| one == kind)
    }

    pub fn bytes(&self, kind: CK_ATTRIBUTE_TYPE) -> Option<&[u8]> {
        let attribute = self.0.iter().find(|attribute| attribute.type_ == kind)?;
        if attribute.pValue.is_null() {
            return None;
        }
        // SAFETY: not null, and as the maker of the template promised.
        Some(unsafe { slice::from_raw_parts(attribute.pValue.cast(), attribute.ulValueLen as usize) })
    }

    pub fn boolean(&self, kind: CK_ATTRIBUTE_TYPE) -> Option<bool> {
        match self.bytes(kind)? {
            [value] => Some(*value != CK_FALSE),
            _ => None,
        }
    }

    pub fn number(&self, kind: CK_ATTRIBUTE_TYPE) -> Option<CK_ULONG> {
        self.bytes(kind)?.try_into().ok().map(CK_ULONG::from_ne_bytes)
    }

    pub fn remove(&mut self, kind: CK_ATTRIBUTE_TYPE) {
        self.0.retain(|attribute| attribute.type_ != kind);
    }

    /// Sets a `CK_BBOOL` attribute, replacing an existing one.
    pub fn set(&mut self, kind: CK_ATTRIBUTE_TYPE, value: bool) {
        self.put(kind, if value { &TRUE } else { &FALSE });
    }

    /// Sets an attribute to a static value.
    pub fn put<T>(&mut self, kind: CK_ATTRIBUTE_TYPE, value: &'static T) {
        self.remove(kind);
        self.0.push(CK_ATTRIBUTE {
            type_: kind,
            pValue: ptr::from_ref(value).cast_mut().cast(),
            ulValueLen: size_of::<T>() as CK_ULONG,
        });
    }

    /// The same for bytes.
    pub fn put_bytes(&mut self, kind: CK_ATTRIBUTE_TYPE, value: &'static [u8]) {
        self.remove(kind);
        self.0.push(CK_ATTRIBUTE {
            type_: kind,
            pValue: value.as_ptr().cast_mut().cast(),
            ulValueLen: value.len() as CK_ULONG,
        });
    }

    pub fn as_mut_ptr(&mut self) -> *mut CK_ATTRIBUTE {
        self.0.as_mut_ptr()
    }

    pub fn count(&self) -> CK_ULONG {
        self.0.len() as CK_ULONG
    }
}
