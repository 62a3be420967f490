//! A private key that `C_UnwrapKey` has made otherwise than its template says.
//!
//! opencryptoki 3.23 ignores `CKA_SENSITIVE` and `CKA_EXTRACTABLE` there, NSS 3.87 the usages that are false. So the key is unwrapped into
//! the session first, set right and read back there, and only then copied to the token: no key is on the token that can be taken out
//! or do more than sign, not even for a moment. It was so in the session, and `CKA_ALWAYS_SENSITIVE` and `CKA_NEVER_EXTRACTABLE` are false,
//! as those of every key that was imported.

use cryptoki::error::Error as CryptokiError;
use cryptoki::object::{Attribute, ObjectHandle};

use super::temporary::Temporary;
use super::{ClosedRoute, ImportRoute, KeyAttributes, Session, TokenError, UnfitAttribute, template};

impl Session {
    /// Gives the object in this session that has what `template` says of usages, sensitivity and extractability: `unwrapped` itself,
    /// once it is set right, or a copy that is.
    ///
    /// # Errors
    /// [`TokenError::NoRoute`] where the token makes none, [`TokenError::Call`]
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

    /// What an object in this session is unfit by, apart from being in the session; and what the token tells of it.
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
