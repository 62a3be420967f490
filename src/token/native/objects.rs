//! Searches and attributes, with a bound for every count and length. A search ends when the module returns no more objects, not at the first answer
//! that is shorter than requested: PKCS#11 v2.40 section 5.7 ends it at a count of 0, and cryptoki does not.

use std::num::NonZeroUsize;
use std::ptr;

use cryptoki::context::Function;
use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use cryptoki_sys::{
    CK_ATTRIBUTE, CK_BYTE, CK_OBJECT_HANDLE, CK_SESSION_HANDLE, CK_ULONG, CK_UNAVAILABLE_INFORMATION,
};

use super::bound::{Bounded, MOST_BYTES, MOST_OBJECTS, at_most};
use super::{NativeModule, check};

/// How many objects are requested at a time.
const OBJECTS_AT_A_TIME: usize = 10;

/// The same search through cryptoki, which ends at a short answer: one object at a time, so that only an empty answer is short.
pub(in crate::token) fn find_by_cryptoki(
    session: &Session,
    template: &[Attribute],
) -> Result<Bounded<Vec<ObjectHandle>>, CryptokiError> {
    let mut found = Vec::new();
    for handle in session.iter_objects_with_cache_size(template, NonZeroUsize::MIN)? {
        found.push(handle?);
        let total = CK_ULONG::try_from(found.len())?;
        if let Err(absurd) = at_most(Function::FindObjects, total, MOST_OBJECTS, "objects") {
            return Ok(Err(absurd));
        }
    }
    Ok(Ok(found))
}

/// The two calls that read an attribute of unknown length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Lengths,
    Values,
}

impl NativeModule {
    /// `C_FindObjects` and the calls around it (section 5.7).
    pub(in crate::token) fn find(
        &self,
        session: CK_SESSION_HANDLE,
        template: &[Attribute],
    ) -> Result<Bounded<Vec<ObjectHandle>>, CryptokiError> {
        let functions = &self.functions;
        let (Some(begin), Some(end)) = (functions.C_FindObjectsInit, functions.C_FindObjectsFinal) else {
            return Err(CryptokiError::NullFunctionPointer);
        };
        let mut template: Vec<CK_ATTRIBUTE> = template.iter().map(Into::into).collect();
        let length = CK_ULONG::try_from(template.len())?;
        // SAFETY: the function is the loaded module's own; the attributes point into those of the caller, which outlive the call.
        check(
            unsafe { begin(session, template.as_mut_ptr(), length) },
            Function::FindObjectsInit,
        )?;
        let found = self.find_begun(session);
        // SAFETY: no pointer is passed. Its answer changes nothing about what was found.
        let _ = unsafe { end(session) };
        found
    }

    fn find_begun(&self, session: CK_SESSION_HANDLE) -> Result<Bounded<Vec<ObjectHandle>>, CryptokiError> {
        const FUNCTION: Function = Function::FindObjects;
        let next = self
            .functions
            .C_FindObjects
            .ok_or(CryptokiError::NullFunctionPointer)?;
        let mut found = Vec::new();
        loop {
            let mut some: [CK_OBJECT_HANDLE; OBJECTS_AT_A_TIME] = [0; OBJECTS_AT_A_TIME];
            let room = CK_ULONG::try_from(some.len())?;
            let mut count: CK_ULONG = 0;
            // SAFETY: the module's own function; the array has as many places as the call says, and both outlive the call.
            check(
                unsafe { next(session, some.as_mut_ptr(), room, &raw mut count) },
                FUNCTION,
            )?;
            if let Err(absurd) = at_most(FUNCTION, count, room, "objects at a time") {
                return Ok(Err(absurd));
            }
            // SAFETY: the number is one that the module gave for an object of this session.
            let handle = |raw: CK_OBJECT_HANDLE| unsafe { ObjectHandle::new_from_raw(raw) };
            found.extend(some.into_iter().take(usize::try_from(count)?).map(handle));
            if count == 0 {
                return Ok(Ok(found));
            }
            let total = CK_ULONG::try_from(found.len())?;
            if let Err(absurd) = at_most(FUNCTION, total, MOST_OBJECTS, "objects") {
                return Ok(Err(absurd));
            }
        }
    }

    /// `C_GetAttributeValue` (section 5.7), in cryptoki's own two steps: those of `wanted` that the object has. A value that cryptoki cannot
    /// convert is returned as [`Attribute::VendorDefined`], with the module's bytes.
    pub(in crate::token) fn attributes(
        &self,
        session: CK_SESSION_HANDLE,
        object: ObjectHandle,
        wanted: &[AttributeType],
    ) -> Result<Bounded<Vec<Attribute>>, CryptokiError> {
        let mut buffers: Vec<Vec<CK_BYTE>> = wanted
            .iter()
            .map(|kind| vec![0; kind.fixed_size().unwrap_or(0)])
            .collect();
        // Those of a fixed size are answered at once; the others report their length.
        let lengths = match self.read_into(session, object, wanted, &mut buffers, Step::Lengths)? {
            Ok(lengths) => lengths,
            Err(absurd) => return Ok(Err(absurd)),
        };
        let mut told: Vec<(AttributeType, Vec<CK_BYTE>, Option<usize>)> = Vec::new();
        let (mut missing, mut room) = (Vec::new(), Vec::new());
        for ((kind, buffer), length) in wanted.iter().zip(buffers).zip(lengths) {
            if let Some(length) = length.filter(|length| buffer.is_empty() || *length > buffer.len()) {
                missing.push(*kind);
                room.push(vec![0; length]);
            }
            told.push((*kind, buffer, length));
        }
        if !missing.is_empty() {
            let lengths = match self.read_into(session, object, &missing, &mut room, Step::Values)? {
                Ok(lengths) => lengths,
                Err(absurd) => return Ok(Err(absurd)),
            };
            for ((kind, buffer), length) in missing.into_iter().zip(room).zip(lengths) {
                if let Some(place) = told.iter_mut().find(|(told, ..)| *told == kind) {
                    *place = (kind, buffer, length);
                }
            }
        }
        let mut read = Vec::new();
        for (kind, mut buffer, length) in told {
            let Some(length) = length else { continue };
            buffer.truncate(length);
            let converted = Attribute::try_from(as_attribute(kind, &mut buffer)?);
            // A key type that cryptoki does not know, or a CK_BBOOL of two bytes: it is kept as bytes, so that the others are returned.
            read.push(converted.unwrap_or(Attribute::VendorDefined((kind, buffer))));
        }
        Ok(Ok(read))
    }

    /// One call, and the length that it reports for each attribute; `None` if the object does not have it or does not reveal it.
    fn read_into(
        &self,
        session: CK_SESSION_HANDLE,
        object: ObjectHandle,
        wanted: &[AttributeType],
        buffers: &mut [Vec<CK_BYTE>],
        step: Step,
    ) -> Result<Bounded<Vec<Option<usize>>>, CryptokiError> {
        const FUNCTION: Function = Function::GetAttributeValue;
        let get = self
            .functions
            .C_GetAttributeValue
            .ok_or(CryptokiError::NullFunctionPointer)?;
        let mut template = wanted
            .iter()
            .zip(buffers.iter_mut())
            .map(|(kind, buffer)| as_attribute(*kind, buffer))
            .collect::<Result<Vec<_>, _>>()?;
        let count = CK_ULONG::try_from(template.len())?;
        // SAFETY: the module's own function; every attribute points to a buffer as long as it says, or to none, and all outlive the call.
        let answer = check(
            unsafe { get(session, object.handle(), template.as_mut_ptr(), count) },
            FUNCTION,
        );
        match answer {
            // Section 5.7: the other attributes are answered all the same.
            Ok(())
            | Err(CryptokiError::Pkcs11(RvError::AttributeSensitive | RvError::AttributeTypeInvalid, _)) => {}
            Err(CryptokiError::Pkcs11(RvError::BufferTooSmall, _)) if step == Step::Lengths => {}
            Err(error) => return Err(error),
        }
        let mut lengths = Vec::new();
        for (attribute, buffer) in template.iter().zip(buffers.iter()) {
            let length = attribute.ulValueLen;
            if length == CK_UNAVAILABLE_INFORMATION {
                lengths.push(None);
                continue;
            }
            let most = match step {
                Step::Lengths => MOST_BYTES,
                Step::Values => CK_ULONG::try_from(buffer.len())?,
            };
            if let Err(absurd) = at_most(FUNCTION, length, most, "bytes of an attribute") {
                return Ok(Err(absurd));
            }
            lengths.push(Some(usize::try_from(length)?));
        }
        Ok(Ok(lengths))
    }
}

/// A buffer to be filled; without room, no buffer.
fn as_attribute(kind: AttributeType, buffer: &mut Vec<CK_BYTE>) -> Result<CK_ATTRIBUTE, CryptokiError> {
    let value = if buffer.is_empty() {
        ptr::null_mut()
    } else {
        buffer.as_mut_ptr().cast()
    };
    Ok(CK_ATTRIBUTE {
        type_: kind.into(),
        pValue: value,
        ulValueLen: CK_ULONG::try_from(buffer.len())?,
    })
}
