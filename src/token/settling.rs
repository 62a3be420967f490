//! A private key that `C_UnwrapKey` has made differently from its template.
//!
//! opencryptoki 3.23 ignores `CKA_SENSITIVE` and `CKA_EXTRACTABLE` there, NSS 3.87 the usages that are false. So the key is unwrapped into the
//! session first, corrected and read back there, and only then copied to the token: at no moment does the token have a key that can be extracted or
//! do more than sign. In the session it could, so `CKA_ALWAYS_SENSITIVE` and `CKA_NEVER_EXTRACTABLE` are false, as for every imported key.

use cryptoki::error::Error as CryptokiError;
use cryptoki::object::{Attribute, ObjectHandle};

use super::temporary::Temporary;
use super::{ClosedRoute, ImportRoute, KeyAttributes, Session, TokenError, UnfitAttribute, template};

impl Session {
    /// Returns an object in this session with the usages, sensitivity and extractability of `template`: `unwrapped` itself after a correction, or a
    /// corrected copy.
    ///
    /// # Errors
    /// [`TokenError::NoRoute`] if the token cannot make one, [`TokenError::Call`]
    pub(super) fn settle(
        &self,
        temporary: &mut Temporary<'_>,
        unwrapped: ObjectHandle,
        template: &[Attribute],
        route: ImportRoute,
        label: &str,
    ) -> Result<ObjectHandle, TokenError> {
        let (ignored, told) = match self.unsettled(unwrapped)? {
            (None, _) => return Ok(unwrapped),
            (Some(ignored), told) => (ignored, told),
        };
        let mut wanted = template::protections(template);
        wanted.retain(|attribute| !told.contains(attribute));
        let set = self.cryptoki().update_attributes(unwrapped, &wanted);
        let refused = match set {
            Ok(()) => None,
            Err(CryptokiError::Pkcs11(value, _)) => Some(super::error::ckr_name(&value)),
            Err(error) => {
                return Err(TokenError::during(format!(
                    "setting the attributes of \"{label}\""
                ))(error));
            }
        };
        if self.unsettled(unwrapped)?.0.is_none() {
            return Ok(unwrapped);
        }
        // PKCS#11 v2.40 section 5.7: C_CopyObject may change what C_SetAttributeValue may not.
        let copied = self.cryptoki().copy_object(unwrapped, &wanted);
        if let Ok(copy) = copied {
            temporary.own(copy);
            if self.unsettled(copy)?.0.is_none() {
                return Ok(copy);
            }
        }
        let set = refused.map_or_else(String::new, |value| format!(" (C_SetAttributeValue: {value})"));
        let reason = format!(
            "C_UnwrapKey of this token does not do what its template says, and the attributes cannot be corrected afterwards{set}: {ignored}"
        );
        Err(TokenError::NoRoute {
            token: self.token().description().label.clone(),
            closed: vec![ClosedRoute { route, reason }],
        })
    }

    /// What makes an object in this session unfit, apart from being in the session; and what the token reports about it.
    fn unsettled(
        &self,
        object: ObjectHandle,
    ) -> Result<(Option<UnfitAttribute>, Vec<Attribute>), TokenError> {
        let read = self.read("reading an unwrapped key back", object, &KeyAttributes::TYPES)?;
        let attributes = KeyAttributes {
            token: Some(true),
            ..KeyAttributes::from_read(&read)
        };
        Ok((attributes.unfit_for_signing_only(), read))
    }
}
