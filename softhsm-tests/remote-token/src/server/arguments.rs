//! The arguments of a call by their kind, as the client wrote them: memory that the real module reads and writes, and the parts that are
//! sent in the answer.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;

use cryptoki_sys::*;

use crate::call::{fills_room, fills_template};
use crate::mechanism;
use crate::storage::Storage;
use crate::template;
use crate::wire::{Malformed, Reader, Writer};

/// The room for one result, larger than a frame.
const MOST_ROOM: usize = 8 << 20;

pub(super) trait Argument: Sized {
    fn read(from: &mut Reader) -> Result<Self, Malformed>;

    /// Writes what the client's argument of the same kind reads for this `rv`.
    fn write(&self, _rv: CK_RV, _to: &mut Writer) {}
}

/// A handle, a flag, any number.
impl Argument for CK_ULONG {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        from.number()
    }
}

/// Bytes that the function reads.
pub(super) struct Bytes {
    storage: Option<Storage>,
    pub(super) length: CK_ULONG,
}

impl Bytes {
    pub(super) fn pointer(&mut self) -> *mut CK_BYTE {
        pointer(&mut self.storage).cast()
    }
}

impl Argument for Bytes {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let (length, storage) = template::read_bytes(from)?;
        Ok(Self { storage, length })
    }
}

impl Argument for mechanism::Mechanism {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Self::read(from)
    }
}

impl Argument for template::Template {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Self::read(from)
    }
}

/// A template that the function fills.
pub(super) struct Question(pub(super) template::Template);

impl Argument for Question {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        template::Template::read_question(from).map(Self)
    }

    fn write(&self, rv: CK_RV, to: &mut Writer) {
        if fills_template(rv) {
            self.0.write_answer(to);
        }
    }
}

/// Room for a result of any length, counted in units of `UNIT` bytes.
pub(super) struct Room<const UNIT: usize> {
    storage: Option<Storage>,
    pub(super) capacity: CK_ULONG,
    length: CK_ULONG,
}

/// Room for bytes.
pub(super) type ByteRoom = Room<1>;
/// Room for handles and other numbers.
pub(super) type NumberRoom = Room<{ size_of::<CK_ULONG>() }>;

impl<const UNIT: usize> Room<UNIT> {
    pub(super) fn pointer<T>(&mut self) -> *mut T {
        pointer(&mut self.storage).cast()
    }

    pub(super) fn length(&mut self) -> *mut CK_ULONG {
        &raw mut self.length
    }
}

impl<const UNIT: usize> Argument for Room<UNIT> {
    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let is_there = from.number()? != 0;
        let capacity = from.number()?.min((MOST_ROOM / UNIT) as CK_ULONG);
        Ok(Self {
            storage: is_there.then(|| Storage::zeroed(capacity as usize * UNIT)),
            capacity,
            length: capacity,
        })
    }

    fn write(&self, rv: CK_RV, to: &mut Writer) {
        if !fills_room(rv) {
            return;
        }
        to.number(self.length);
        let result = self
            .storage
            .as_ref()
            .filter(|_| rv == CKR_OK)
            .and_then(|storage| {
                let length = usize::try_from(self.length).ok()?.checked_mul(UNIT)?;
                storage.bytes().get(..length)
            });
        to.bytes(result);
    }
}

/// The place for a handle, or for a structure without pointers.
pub(super) struct Out<T> {
    storage: Storage,
    of: PhantomData<T>,
}

impl<T> Out<T> {
    pub(super) fn pointer(&mut self) -> *mut T {
        self.storage.pointer().cast()
    }
}

impl<T> Argument for Out<T> {
    fn read(_from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self {
            storage: Storage::zeroed(size_of::<T>()),
            of: PhantomData,
        })
    }

    fn write(&self, rv: CK_RV, to: &mut Writer) {
        if rv == CKR_OK {
            to.bytes(Some(self.storage.bytes()));
        }
    }
}

/// A new session's handle.
pub(super) fn write_handle(rv: CK_RV, handle: CK_ULONG, to: &mut Writer) {
    if rv == CKR_OK {
        to.bytes(Some(&handle.to_ne_bytes()));
    }
}

fn pointer(storage: &mut Option<Storage>) -> *mut c_void {
    storage.as_mut().map_or(ptr::null_mut(), Storage::pointer)
}
