//! The arguments of a call by their kind: what is sent in the request, and what is read from the answer. A function of the module makes
//! each from its own arguments, and uses it only until it returns: that is the safety argument of all blocks here. PKCS#11's contract with
//! the caller defines the arguments, and everything that can be checked (null, lengths) is.

use std::ffi::c_void;
use std::ptr;

use cryptoki_sys::*;

use crate::call::{fills_room, fills_template};
use crate::mechanism;
use crate::template;
use crate::wire::{Malformed, Reader, Writer};

pub(super) trait Argument {
    fn write(&self, to: &mut Writer) -> Result<(), CK_RV>;

    /// Reads what the server's argument of the same kind wrote for this `rv`.
    fn read(&self, _rv: CK_RV, _from: &mut Reader) -> Result<(), Malformed> {
        Ok(())
    }
}

/// A handle, a flag, any number.
impl Argument for CK_ULONG {
    fn write(&self, to: &mut Writer) -> Result<(), CK_RV> {
        to.number(*self);
        Ok(())
    }
}

/// Bytes that the function reads.
pub(super) struct Bytes(pub(super) *const CK_BYTE, pub(super) CK_ULONG);

impl Argument for Bytes {
    fn write(&self, to: &mut Writer) -> Result<(), CK_RV> {
        to.number(self.1);
        // SAFETY: the caller's pointer and length.
        to.bytes(unsafe { template::slice(self.0.cast(), self.1) });
        Ok(())
    }
}

pub(super) struct Mechanism(pub(super) *const CK_MECHANISM);

impl Argument for Mechanism {
    fn write(&self, to: &mut Writer) -> Result<(), CK_RV> {
        // SAFETY: the caller's mechanism.
        unsafe { mechanism::write(self.0, to) };
        Ok(())
    }
}

/// A template that the function reads.
pub(super) struct Template(pub(super) *const CK_ATTRIBUTE, pub(super) CK_ULONG);

impl Argument for Template {
    fn write(&self, to: &mut Writer) -> Result<(), CK_RV> {
        // SAFETY: the caller's template.
        unsafe { template::write(self.0, self.1, to) }
    }
}

/// A template that the function fills.
pub(super) struct Question(pub(super) *mut CK_ATTRIBUTE, pub(super) CK_ULONG);

impl Argument for Question {
    fn write(&self, to: &mut Writer) -> Result<(), CK_RV> {
        // SAFETY: the caller's template.
        unsafe { template::write_question(self.0, self.1, to) }
    }

    fn read(&self, rv: CK_RV, from: &mut Reader) -> Result<(), Malformed> {
        if fills_template(rv) {
            // SAFETY: the caller's template, which was written above.
            unsafe { template::read_answer(self.0, self.1, from)? };
        }
        Ok(())
    }
}

/// Room for a result of any length. With a null `start` only the length is asked for (section 5.2).
pub(super) struct Room {
    start: *mut c_void,
    capacity: CK_ULONG,
    /// Where the length is written; null if it is always the capacity.
    length: *mut CK_ULONG,
    /// The size of one unit.
    unit: usize,
}

impl Room {
    /// The length gives the room in bytes.
    pub(super) fn bytes(start: *mut CK_BYTE, length: *mut CK_ULONG) -> Result<Self, CK_RV> {
        Self::of_length(start.cast(), length, 1)
    }

    /// The length gives the room in numbers.
    pub(super) fn numbers(start: *mut CK_ULONG, length: *mut CK_ULONG) -> Result<Self, CK_RV> {
        Self::of_length(start.cast(), length, size_of::<CK_ULONG>())
    }

    fn of_length(start: *mut c_void, length: *mut CK_ULONG, unit: usize) -> Result<Self, CK_RV> {
        // SAFETY: null, or the caller's length.
        let capacity = *unsafe { length.as_ref() }.ok_or(CKR_ARGUMENTS_BAD)?;
        Ok(Self {
            start,
            capacity,
            length,
            unit,
        })
    }

    /// `C_FindObjects`: the length is only an answer.
    pub(super) fn handles(
        start: *mut CK_OBJECT_HANDLE,
        most: CK_ULONG,
        length: *mut CK_ULONG,
    ) -> Result<Self, CK_RV> {
        if length.is_null() {
            return Err(CKR_ARGUMENTS_BAD);
        }
        Ok(Self {
            start: start.cast(),
            capacity: most,
            length,
            unit: size_of::<CK_OBJECT_HANDLE>(),
        })
    }

    /// `C_GenerateRandom`: all of it is filled.
    pub(super) fn whole(start: *mut CK_BYTE, capacity: CK_ULONG) -> Self {
        Self {
            start: start.cast(),
            capacity,
            length: ptr::null_mut(),
            unit: 1,
        }
    }
}

impl Argument for Room {
    fn write(&self, to: &mut Writer) -> Result<(), CK_RV> {
        to.number(u64::from(!self.start.is_null()));
        to.number(self.capacity);
        Ok(())
    }

    fn read(&self, rv: CK_RV, from: &mut Reader) -> Result<(), Malformed> {
        if !fills_room(rv) {
            return Ok(());
        }
        let length = from.number()?;
        if let Some(value) = from.bytes()? {
            let is_expected = usize::try_from(length)
                .ok()
                .and_then(|length| length.checked_mul(self.unit))
                .is_some_and(|bytes| bytes == value.len());
            let is_whole = !self.length.is_null() || length == self.capacity;
            if self.start.is_null() || length > self.capacity || !is_expected || !is_whole {
                return Err(Malformed);
            }
            // SAFETY: not null, and the caller has room for `capacity` units, which are not fewer.
            unsafe { ptr::copy_nonoverlapping(value.as_ptr(), self.start.cast(), value.len()) };
        }
        if !self.length.is_null() {
            // SAFETY: not null, the caller's length.
            unsafe { *self.length = length };
        }
        Ok(())
    }
}

/// The place for a handle, or for a structure without pointers.
pub(super) struct Out<T>(pub(super) *mut T);

impl<T: Copy> Argument for Out<T> {
    fn write(&self, _to: &mut Writer) -> Result<(), CK_RV> {
        if self.0.is_null() {
            Err(CKR_ARGUMENTS_BAD)
        } else {
            Ok(())
        }
    }

    fn read(&self, rv: CK_RV, from: &mut Reader) -> Result<(), Malformed> {
        if rv != CKR_OK {
            return Ok(());
        }
        let value = from.bytes()?.ok_or(Malformed)?;
        if value.len() != size_of::<T>() {
            return Err(Malformed);
        }
        // SAFETY: not null, and room for a `T`. It is one: the real module wrote it on the other side, and no `T` here has
        // values that are not valid.
        unsafe { ptr::copy_nonoverlapping(value.as_ptr(), self.0.cast(), value.len()) };
        Ok(())
    }
}
