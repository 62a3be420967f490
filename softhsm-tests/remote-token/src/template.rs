//! `CK_ATTRIBUTE`: templates that a function reads, and those that `C_GetAttributeValue` fills.

use std::ffi::c_void;
use std::ptr;
use std::slice;

use cryptoki_sys::*;

use crate::storage::Storage;
use crate::wire::{MOST, Malformed, Reader, Writer};

/// Whether the value is an array of `CK_ATTRIBUTE`, which is not sent: it holds pointers.
fn holds_pointers(attribute: &CK_ATTRIBUTE) -> bool {
    matches!(
        attribute.type_,
        CKA_WRAP_TEMPLATE | CKA_UNWRAP_TEMPLATE | CKA_DERIVE_TEMPLATE
    ) && !attribute.pValue.is_null()
}

/// The attributes of a template; none if the pointer is null.
///
/// # Safety
/// `template` is null or points to `count` attributes, which do not change meanwhile.
pub unsafe fn attributes<'a>(template: *const CK_ATTRIBUTE, count: CK_ULONG) -> &'a [CK_ATTRIBUTE] {
    if template.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(template, count as usize) }
}

/// The bytes at a pointer; none if it is null.
///
/// # Safety
/// `pointer` is null, or `length` bytes can be read there, which do not change meanwhile.
pub unsafe fn slice<'a>(pointer: *const c_void, length: CK_ULONG) -> Option<&'a [u8]> {
    if pointer.is_null() {
        return None;
    }
    if length == 0 {
        return Some(&[]);
    }
    // SAFETY: the caller's promise.
    Some(unsafe { slice::from_raw_parts(pointer.cast(), length as usize) })
}

/// Writes a template with its values.
///
/// # Safety
///
/// `template` is null or an argument as PKCS#11 describes it.
pub unsafe fn write(template: *const CK_ATTRIBUTE, count: CK_ULONG, to: &mut Writer) -> Result<(), CK_RV> {
    to.number(u64::from(!template.is_null()));
    to.number(count);
    // SAFETY: the caller's promise.
    for attribute in unsafe { attributes(template, count) } {
        if holds_pointers(attribute) {
            return Err(CKR_ATTRIBUTE_TYPE_INVALID);
        }
        to.number(attribute.type_);
        to.number(attribute.ulValueLen);
        // SAFETY: the caller's promise.
        to.bytes(unsafe { slice(attribute.pValue, attribute.ulValueLen) });
    }
    Ok(())
}

/// Writes a template to fill: the requested attributes, and the room for each.
///
/// # Safety
///
/// `template` is null or an argument as PKCS#11 describes it.
pub unsafe fn write_question(
    template: *const CK_ATTRIBUTE,
    count: CK_ULONG,
    to: &mut Writer,
) -> Result<(), CK_RV> {
    to.number(u64::from(!template.is_null()));
    to.number(count);
    // SAFETY: the caller's promise.
    for attribute in unsafe { attributes(template, count) } {
        if holds_pointers(attribute) {
            return Err(CKR_ATTRIBUTE_TYPE_INVALID);
        }
        to.number(attribute.type_);
        to.number(attribute.ulValueLen);
        to.number(u64::from(!attribute.pValue.is_null()));
    }
    Ok(())
}

/// The length of a byte string, and the bytes unless the pointer was null.
pub fn read_bytes(from: &mut Reader) -> Result<(CK_ULONG, Option<Storage>), Malformed> {
    let length = from.number()?;
    let bytes = from.bytes()?.map(Storage::copy_of);
    if bytes
        .as_ref()
        .is_some_and(|bytes| bytes.len() as CK_ULONG != length)
    {
        return Err(Malformed);
    }
    Ok((length, bytes))
}

/// A template that was read, with its values or with the room for them.
pub struct Template {
    attributes: Option<Vec<CK_ATTRIBUTE>>,
    count: CK_ULONG,
    values: Vec<Option<Storage>>,
}

impl Template {
    /// A template with values.
    pub fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Self::read_with(from, read_bytes)
    }

    /// A template to be filled. All values together have the room of a frame.
    pub fn read_question(from: &mut Reader) -> Result<Self, Malformed> {
        let mut left = MOST;
        Self::read_with(from, |from| {
            let length = from.number()?;
            if from.number()? == 0 {
                return Ok((length, None));
            }
            let room = usize::try_from(length).map_or(left, |length| length.min(left));
            left -= room;
            Ok((room as CK_ULONG, Some(Storage::zeroed(room))))
        })
    }

    fn read_with(
        from: &mut Reader,
        mut value: impl FnMut(&mut Reader) -> Result<(CK_ULONG, Option<Storage>), Malformed>,
    ) -> Result<Self, Malformed> {
        let is_there = from.number()? != 0;
        let count = from.number()?;
        let (mut attributes, mut values) = (Vec::new(), Vec::new());
        if is_there {
            // The frame ends before memory does, because each turn reads some bytes of it.
            for _ in 0..count {
                let type_ = from.number()?;
                let (length, mut storage) = value(from)?;
                attributes.push(CK_ATTRIBUTE {
                    type_,
                    pValue: storage.as_mut().map_or(ptr::null_mut(), Storage::pointer),
                    ulValueLen: length,
                });
                values.push(storage);
            }
        }
        Ok(Self {
            attributes: is_there.then_some(attributes),
            count,
            values,
        })
    }

    /// The argument of a function, valid as long as `self`.
    pub fn pointer(&mut self) -> *mut CK_ATTRIBUTE {
        self.attributes
            .as_mut()
            .map_or(ptr::null_mut(), |attributes| attributes.as_mut_ptr())
    }

    pub fn count(&self) -> CK_ULONG {
        self.count
    }

    /// Writes the result of `C_GetAttributeValue` for a question.
    pub fn write_answer(&self, to: &mut Writer) {
        for (attribute, value) in self.attributes.iter().flatten().zip(&self.values) {
            to.number(attribute.ulValueLen);
            let length = usize::try_from(attribute.ulValueLen).unwrap_or(usize::MAX);
            to.bytes(value.as_ref().and_then(|value| value.bytes().get(..length)));
        }
    }
}

/// Writes the answer to the template of the question.
///
/// # Safety
///
/// `template` is the argument that was given to [`write_question`], as it was then.
pub unsafe fn read_answer(
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
    from: &mut Reader,
) -> Result<(), Malformed> {
    if template.is_null() {
        return Ok(());
    }
    for i in 0..count as usize {
        let length = from.number()?;
        let value = from.bytes()?;
        // SAFETY: one of `count` attributes, by the caller's promise.
        let attribute = unsafe { &mut *template.add(i) };
        if let Some(value) = value
            && !attribute.pValue.is_null()
        {
            if value.len() as CK_ULONG > attribute.ulValueLen {
                return Err(Malformed);
            }
            // SAFETY: there is room for as many bytes, by the caller's promise.
            unsafe { ptr::copy_nonoverlapping(value.as_ptr(), attribute.pValue.cast(), value.len()) };
        }
        attribute.ulValueLen = length;
    }
    Ok(())
}
