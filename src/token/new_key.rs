//! A private key on the token that has not proven itself yet, and the public-key object beside it.

use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};

use super::{KeyDescription, PrivateKey, Session, TokenError, template};
use crate::signer::PublicKey;

/// A private key that was unwrapped into the token or generated there, and has not proven itself yet: unless it is [kept](Self::keep), it is
/// destroyed, with its public-key object, at the latest when this value is dropped.
#[derive(Debug)]
pub struct NewKey<'a> {
    session: &'a Session,
    private: ObjectHandle,
    public: Option<ObjectHandle>,
    /// The objects to destroy: a public-key object that existed before is not one of them.
    ours: Vec<ObjectHandle>,
}

impl<'a> NewKey<'a> {
    pub(super) fn new(session: &'a Session, private: ObjectHandle) -> Self {
        Self {
            session,
            private,
            public: None,
            ours: vec![private],
        }
    }

    /// For a generated pair, both objects are ours.
    pub(super) fn generated(session: &'a Session, public: ObjectHandle, private: ObjectHandle) -> Self {
        Self {
            session,
            private,
            public: Some(public),
            ours: vec![private, public],
        }
    }

    /// Creates a public-key object beside the private key, unless one with its id exists.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn add_public_object(&mut self, public_key: &PublicKey, label: &str) -> Result<(), TokenError> {
        let found = self.session.find_public_object(&public_key.key_identifier())?;
        self.public = Some(match found {
            Some(handle) => handle,
            None => {
                let created = self.create_public_object(public_key, label)?;
                self.ours.push(created);
                created
            }
        });
        Ok(())
    }

    /// A token that fails in the middle of the call may have made the object anyway: then it is ours to destroy, because none existed before.
    fn create_public_object(
        &mut self,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<ObjectHandle, TokenError> {
        let created = self.session.create_public_object(public_key, label);
        if created.is_err() {
            let made = self.session.find_public_object(&public_key.key_identifier());
            self.ours.extend(made.ok().flatten());
        }
        created
    }

    /// The private key as the token describes it, read back from the token.
    ///
    /// # Errors
    /// [`TokenError::NoPublicKey`], [`TokenError::Call`]
    pub fn read_back(&self) -> Result<PrivateKey, TokenError> {
        self.session.describe_private(self.private)
    }

    /// The public key that the public-key object holds, read back from the token.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn read_public_object(&self) -> Result<Option<PublicKey>, TokenError> {
        self.public
            .map_or(Ok(None), |public| self.session.public_key_of(public, "new key"))
    }

    /// Gives both objects of a generated pair their label and id, if the token allows that: the public one first, so that no private key has a name
    /// that its other half lacks.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn name(&self, label: &str, id: &[u8]) -> Result<(), TokenError> {
        if !self.session.dialect().renames_keys {
            return Ok(());
        }
        let names = [
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(id.to_vec()),
        ];
        for object in self.public.into_iter().chain([self.private]) {
            self.session
                .with_retries(|| self.session.cryptoki().update_attributes(object, &names))
                .map_err(TokenError::during(format!("naming the new key \"{label}\"")))?;
        }
        Ok(())
    }

    /// Leaves both objects on the token.
    pub fn keep(mut self) {
        self.ours.clear();
    }

    /// Destroys both objects on the token.
    ///
    /// # Errors
    /// [`TokenError::Call`]: an object still exists.
    pub fn destroy(mut self) -> Result<(), TokenError> {
        self.destroy_ours()
    }

    fn destroy_ours(&mut self) -> Result<(), TokenError> {
        let results: Vec<_> = self
            .ours
            .drain(..)
            .map(|object| {
                self.session
                    .destroy("destroying the new key, WHICH IS STILL ON THE TOKEN", object)
            })
            .collect();
        results.into_iter().collect()
    }
}

impl Drop for NewKey<'_> {
    fn drop(&mut self) {
        // A caller that waits for the result gets the error; here another error is already being returned.
        let _ = self.destroy_ours();
    }
}

impl Session {
    /// Creates the missing public-key object beside a private key.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn complete_public_object(&self, key: &PrivateKey) -> Result<(), TokenError> {
        self.create_public_object(&key.public_key, &key.description.label)
            .map(drop)
    }

    /// The public key in the public-key object with the id of `key`; `None` if no such object exists.
    ///
    /// # Errors
    /// [`TokenError::NoPublicKey`], [`TokenError::Call`]
    pub fn public_object_of(&self, key: &KeyDescription) -> Result<Option<PublicKey>, TokenError> {
        match self.find_public_object(&key.id)? {
            Some(handle) => self.public_key_of(handle, &key.label),
            None => Ok(None),
        }
    }

    fn find_public_object(&self, id: &[u8]) -> Result<Option<ObjectHandle>, TokenError> {
        let template = [
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::Id(id.to_vec()),
        ];
        let found = self.find("looking for the public-key object", &template)?;
        Ok(found.into_iter().next())
    }

    fn create_public_object(&self, public_key: &PublicKey, label: &str) -> Result<ObjectHandle, TokenError> {
        let template =
            template::imported_public_key(self.dialect(), public_key, label, &public_key.key_identifier());
        let identity = [
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(public_key.key_identifier()),
        ];
        let doing = format!("creating the public-key object \"{label}\"");
        self.create_with_retries(&doing, &identity, || self.cryptoki().create_object(&template))
    }
}
