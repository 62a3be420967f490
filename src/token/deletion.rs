//! Deletes a key from the token, with its public-key object.

use cryptoki::object::{Attribute, ObjectHandle};

use super::public_half::own_of;
use super::public_key_attributes::public_key_values;
use super::{KeyClass, KeyDescription, KeySelector, Session, TokenError};
use crate::signer::PublicKey;

/// The objects of one key, found but not changed yet.
#[derive(Debug)]
pub struct KeyObjects<'a> {
    session: &'a Session,
    /// The private one first: it still signs without its public half, and the public half alone cannot.
    objects: Vec<(ObjectHandle, KeyDescription)>,
    public_key: Option<PublicKey>,
}

impl Session {
    /// The objects of the one key that fits: the private key with the public-key object under its id, or a public-key object that stands alone.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::SeveralKeys`], [`TokenError::Call`]
    pub fn key_objects(&self, selector: &KeySelector) -> Result<KeyObjects<'_>, TokenError> {
        let private = self.find_private(selector)?;
        if private.is_empty() {
            return self.lone_public_object(selector);
        }
        let handle = self.only_one(selector.to_string(), &private)?;
        let description = self.describe_key(KeyClass::Private, handle)?;
        let mut key = KeyObjects {
            session: self,
            public_key: as_far_as_told(self.public_half(handle, &description.label))?,
            objects: vec![(handle, description)],
        };
        key.add_public_objects()?;
        Ok(key)
    }

    /// The public-key objects that hold this key after its private half is gone: the rest of an interrupted deletion. May be empty.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn left_public_objects(&self, public_key: &PublicKey) -> Result<KeyObjects<'_>, TokenError> {
        let mut template = public_key_values(self.dialect(), public_key);
        template.push(Attribute::Token(true));
        let found = self.find("looking for the public half of a destroyed key", &template)?;
        let described = found
            .into_iter()
            .map(|handle| Ok((handle, self.describe_key(KeyClass::Public, handle)?)));
        Ok(KeyObjects {
            session: self,
            objects: described.collect::<Result<_, TokenError>>()?,
            public_key: Some(public_key.clone()),
        })
    }

    fn lone_public_object(&self, selector: &KeySelector) -> Result<KeyObjects<'_>, TokenError> {
        let mut template = vec![Attribute::Class(KeyClass::Public.into()), Attribute::Token(true)];
        let label = selector.label.clone();
        template.extend(label.map(|label| Attribute::Label(label.into_bytes())));
        template.extend(selector.id.clone().map(Attribute::Id));
        let found = self.find(&format!("looking for a public key {selector}"), &template)?;
        let objects: Vec<_> = found
            .into_iter()
            .map(|handle| Ok((handle, self.describe_key(KeyClass::Public, handle)?)))
            .collect::<Result<_, TokenError>>()?;
        match objects.len() {
            1 => Ok(KeyObjects {
                session: self,
                objects,
                public_key: None,
            }),
            0 => Err(self.no_key(selector.to_string())?),
            _ => Err(TokenError::SeveralKeys {
                wanted: selector.to_string(),
                found: objects.into_iter().map(|(_, key)| key).collect(),
            }),
        }
    }
}

/// A key of an unsupported kind can be deleted as well.
fn as_far_as_told(
    public_key: Result<Option<PublicKey>, TokenError>,
) -> Result<Option<PublicKey>, TokenError> {
    match public_key {
        Err(TokenError::NoPublicKey { .. }) => Ok(None),
        other => other,
    }
}

impl KeyObjects<'_> {
    /// Adds the public-key objects under the private key's id that hold its own public half. An EC private key does not report its public half and
    /// goes by the id, under which someone else's public key may be stored, too.
    fn add_public_objects(&mut self) -> Result<(), TokenError> {
        const DOING: &str = "looking for the public-key object";
        let session = self.session;
        let Some((_, KeyDescription { id, label, .. })) = self.objects.first().cloned() else {
            return Ok(());
        };
        if id.is_empty() {
            return Ok(());
        }
        // A public-key object under the id of two private keys may belong to either.
        let same = KeySelector::with_id(&id);
        session.only_one(same.to_string(), &session.find_private(&same)?)?;
        let mut held = Vec::new();
        for handle in session.find_class(KeyClass::Public, DOING, Attribute::Id(id.clone()))? {
            held.push((handle, as_far_as_told(session.public_key_of(handle, &label))?));
        }
        if self.public_key.is_none() {
            self.public_key = own_of(&id, &held).cloned();
            // One object of an unsupported kind is added; of several it is unknown whether they hold one key.
            if self.public_key.is_none() && held.len() > 1 {
                return Err(session.several_public(&id, &held)?);
            }
        }
        for (handle, _) in held.into_iter().filter(|(_, key)| *key == self.public_key) {
            let description = session.describe_key(KeyClass::Public, handle)?;
            self.objects.push((handle, description));
        }
        Ok(())
    }

    /// The public half, if the token reports it.
    #[must_use]
    pub const fn public_key(&self) -> Option<&PublicKey> {
        self.public_key.as_ref()
    }

    /// Their descriptions, the private one first.
    pub fn descriptions(&self) -> impl Iterator<Item = &KeyDescription> {
        self.objects.iter().map(|(_, description)| description)
    }

    /// Destroys them on the token, the private one first.
    ///
    /// # Errors
    /// [`TokenError::Call`], which says what is left.
    pub fn destroy(self) -> Result<Vec<KeyDescription>, TokenError> {
        let mut destroyed: Vec<KeyDescription> = Vec::new();
        for (handle, description) in self.objects {
            let class = description.class;
            let done = match destroyed.as_slice() {
                [] => String::new(),
                _ => "the private key is destroyed; ".to_owned(),
            };
            let doing =
                format!("{done}destroying the {class} key {description}, WHICH IS STILL ON THE TOKEN");
            self.session.destroy(&doing, handle)?;
            destroyed.push(description);
        }
        Ok(destroyed)
    }
}
