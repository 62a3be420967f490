//! Taking a key off the token, with its public-key object.

use cryptoki::object::{Attribute, ObjectHandle};

use super::{KeyClass, KeyDescription, KeySelector, Session, TokenError};

/// The objects of one key, found and not touched yet.
#[derive(Debug)]
pub struct KeyObjects<'a> {
    session: &'a Session,
    /// The private one first: without its public half it still signs, the other way round nothing does.
    objects: Vec<(ObjectHandle, KeyDescription)>,
}

impl Session {
    /// The objects of the one key that fits: the private key with the public-key object under its id, or a public-key object that
    /// stands alone.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::SeveralKeys`], [`TokenError::NoPublicKey`], [`TokenError::Call`]
    pub fn key_objects(&self, selector: &KeySelector) -> Result<KeyObjects<'_>, TokenError> {
        let private = self.find_private(selector)?;
        if private.is_empty() {
            return self.lone_public_object(selector);
        }
        let handle = self.only_one(selector.to_string(), &private)?;
        let description = self.describe_key(KeyClass::Private, handle)?;
        let mut objects = vec![(handle, description.clone())];
        if !description.id.is_empty() {
            // A public-key object under the id of two private keys is no more the one's than the other's.
            let same = KeySelector::with_id(&description.id);
            self.only_one(same.to_string(), &self.find_private(&same)?)?;
            objects.extend(self.public_objects_of(handle, &description)?);
        }
        Ok(KeyObjects {
            session: self,
            objects,
        })
    }

    /// Those that hold the private key's own public half, as far as it tells it: an EC key goes by the id.
    fn public_objects_of(
        &self,
        private: ObjectHandle,
        description: &KeyDescription,
    ) -> Result<Vec<(ObjectHandle, KeyDescription)>, TokenError> {
        const DOING: &str = "looking for the public-key object";
        let own = self.public_half(private, &description.label)?;
        let mut objects = Vec::new();
        for handle in self.find_class(KeyClass::Public, DOING, Attribute::Id(description.id.clone()))? {
            let held = self.public_key_of(handle, &description.label)?;
            if own.is_none() || own == held {
                objects.push((handle, self.describe_key(KeyClass::Public, handle)?));
            }
        }
        Ok(objects)
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
            }),
            0 => self.only_one(selector.to_string(), &[]).map(|_| KeyObjects {
                session: self,
                objects,
            }),
            _ => Err(TokenError::SeveralKeys {
                wanted: selector.to_string(),
                found: objects.into_iter().map(|(_, key)| key).collect(),
            }),
        }
    }
}

impl KeyObjects<'_> {
    /// What they are, the private one first.
    pub fn descriptions(&self) -> impl Iterator<Item = &KeyDescription> {
        self.objects.iter().map(|(_, description)| description)
    }

    /// Takes them off the token, the private one first.
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
