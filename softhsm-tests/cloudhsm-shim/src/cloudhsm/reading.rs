//! Reading attributes.

use std::slice;

use cryptoki_sys::*;

use super::CloudHsm;
use super::attributes::Kind;
use super::attributes::tables::GET_ATTRIBUTE_VALUE;
use crate::target::Answer;

/// Attributes of a key that a target does not report. CloudHSM reports them (pkcs11-attributes-interpreting); the values are the defaults
/// of PKCS#11 v2.40. Kryoptic reports whether a key was always sensitive and never extractable only for keys that it generated; the others
/// were not.
const UNTOLD: &[(CK_ATTRIBUTE_TYPE, bool)] = &[
    (CKA_ALWAYS_SENSITIVE, false),
    (CKA_NEVER_EXTRACTABLE, false),
    (CKA_LOCAL, false),
    (CKA_TRUSTED, false),
    (CKA_WRAP_WITH_TRUSTED, false),
    (CKA_DERIVE, false),
    (CKA_SIGN_RECOVER, false),
    (CKA_VERIFY_RECOVER, false),
    (CKA_MODIFIABLE, true),
    (CKA_DESTROYABLE, true),
];

/// "When your template names an attribute that the object does not have, C_GetAttributeValue sets
/// ulValueLen to CK_UNAVAILABLE_INFORMATION for that attribute and returns
/// CKR_ATTRIBUTE_TYPE_INVALID. A sensitive attribute behaves the same way and returns
/// CKR_ATTRIBUTE_SENSITIVE. In both cases, the other attributes in your template still receive
/// their values": <https://docs.aws.amazon.com/cloudhsm/latest/userguide/pkcs11-attributes-retrieve.html>.
///
/// # Safety
///
/// As for `C_GetAttributeValue` in PKCS#11 v2.40 section 5.7.
pub unsafe fn attributes(
    hsm: &CloudHsm,
    session: CK_SESSION_HANDLE,
    object: CK_OBJECT_HANDLE,
    template: *mut CK_ATTRIBUTE,
    count: CK_ULONG,
) -> Answer {
    let object = hsm.handles.of_target(object);
    if template.is_null() || count == 0 {
        return Err(CKR_ARGUMENTS_BAD);
    }
    // SAFETY: as the caller promises.
    let template = unsafe { slice::from_raw_parts_mut(template, count as usize) };
    let Some(kind) = hsm.kind_of(session, object)? else {
        // Not a key, or not one of CloudHSM's: pass on the target's answer. SAFETY: the caller's arguments.
        return unsafe {
            hsm.target
                .C_GetAttributeValue(session, object, template.as_mut_ptr(), count)
        };
    };
    let mut refused = None;
    let mut readable = Vec::new();
    for attribute in template {
        let rv = match GET_ATTRIBUTE_VALUE.readable(kind, attribute.type_) {
            'x' => CKR_ATTRIBUTE_TYPE_INVALID,
            'S' => CKR_ATTRIBUTE_SENSITIVE,
            _ => {
                readable.push(attribute);
                continue;
            }
        };
        attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
        refused.get_or_insert(rv);
    }
    if !readable.is_empty() {
        // SAFETY: the caller's attributes.
        unsafe { hsm.read(session, object, &mut readable) }?;
    }
    refused.map_or(Ok(()), Err)
}

impl CloudHsm {
    /// Reads the readable attributes from the target, and fills in those that it does not report.
    ///
    /// # Safety
    ///
    /// The attributes are as `C_GetAttributeValue` takes them.
    unsafe fn read(
        &self,
        session: CK_SESSION_HANDLE,
        object: CK_OBJECT_HANDLE,
        readable: &mut [&mut CK_ATTRIBUTE],
    ) -> Answer {
        let mut asked: Vec<CK_ATTRIBUTE> = readable.iter().map(|attribute| **attribute).collect();
        let count = asked.len() as CK_ULONG;
        // SAFETY: copies of the caller's attributes, which point to the caller's buffers.
        let answer = unsafe {
            self.target
                .C_GetAttributeValue(session, object, asked.as_mut_ptr(), count)
        };
        let mut told = true;
        for (attribute, answered) in readable.iter_mut().zip(&asked) {
            if answer == Err(CKR_ATTRIBUTE_TYPE_INVALID) && answered.ulValueLen == CK_UNAVAILABLE_INFORMATION
            {
                // SAFETY: the caller's attribute, whose length is still that of its buffer.
                told &= unsafe { tell(attribute) };
                continue;
            }
            attribute.ulValueLen = answered.ulValueLen;
            // SAFETY: the target has answered this attribute.
            unsafe { name_ed25519(attribute) };
        }
        match answer {
            Err(CKR_ATTRIBUTE_TYPE_INVALID) if told => Ok(()),
            answer => answer,
        }
    }

    /// The column of an object, by the target's handle; `None` if it is not a key of CloudHSM's.
    fn kind_of(&self, session: CK_SESSION_HANDLE, object: CK_OBJECT_HANDLE) -> Answer<Option<Kind>> {
        let class = self.number(session, object, CKA_CLASS)?;
        if !matches!(class, CKO_PRIVATE_KEY | CKO_PUBLIC_KEY | CKO_SECRET_KEY) {
            return Ok(None);
        }
        let key_type = match self.number(session, object, CKA_KEY_TYPE)? {
            CKK_EC_EDWARDS => CKK_EC,
            key_type => key_type,
        };
        Ok(Kind::of(class, key_type))
    }
}

/// Fills in a value that the target does not report. Returns whether it has one.
///
/// # Safety
///
/// `pValue` is null or points to `ulValueLen` writable bytes.
unsafe fn tell(attribute: &mut CK_ATTRIBUTE) -> bool {
    let untold = UNTOLD.iter().find(|(kind, _)| *kind == attribute.type_);
    let (Some((_, value)), false) = (untold, !attribute.pValue.is_null() && attribute.ulValueLen == 0) else {
        attribute.ulValueLen = CK_UNAVAILABLE_INFORMATION;
        return false;
    };
    if !attribute.pValue.is_null() {
        // SAFETY: not null, and at least one byte.
        unsafe { *attribute.pValue.cast::<CK_BBOOL>() = CK_BBOOL::from(*value) };
    }
    attribute.ulValueLen = size_of::<CK_BBOOL>() as CK_ULONG;
    true
}

/// An Ed25519 key is `CKK_EC` at CloudHSM: AWS's EdDSA sample.
///
/// # Safety
///
/// `attribute` was answered by a target.
unsafe fn name_ed25519(attribute: &CK_ATTRIBUTE) {
    let has_value = !attribute.pValue.is_null() && attribute.ulValueLen as usize == size_of::<CK_KEY_TYPE>();
    if attribute.type_ != CKA_KEY_TYPE || !has_value {
        return;
    }
    let value = attribute.pValue.cast::<CK_KEY_TYPE>();
    // SAFETY: not null, and as long as a key type. A caller may have any alignment.
    unsafe {
        if value.read_unaligned() == CKK_EC_EDWARDS {
            value.write_unaligned(CKK_EC);
        }
    }
}
