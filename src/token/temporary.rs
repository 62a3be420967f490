//! Objects that a command needs briefly.

use std::cell::Cell;

use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::object::ObjectHandle;

use super::{Session, TokenError};

/// Objects that are destroyed when this value is dropped. They are session objects, which end with the session whatever happens to the process.
#[derive(Debug)]
pub(super) struct Temporary<'a> {
    session: &'a Session,
    objects: Vec<ObjectHandle>,
}

impl<'a> Temporary<'a> {
    pub(super) const fn new(session: &'a Session) -> Self {
        Self {
            session,
            objects: Vec::new(),
        }
    }

    pub(super) const fn session(&self) -> &'a Session {
        self.session
    }

    /// Takes ownership of an object.
    pub(super) fn own(&mut self, object: ObjectHandle) -> ObjectHandle {
        self.objects.push(object);
        object
    }

    /// Destroys them now, while a caller waits for the result.
    pub(super) fn destroy(mut self, doing: &str) -> Result<(), TokenError> {
        self.destroy_all(doing)
    }

    fn destroy_all(&mut self, doing: &str) -> Result<(), TokenError> {
        let session = self.session;
        let mut outcome = Ok(());
        for object in self.objects.drain(..) {
            outcome = match outcome {
                Ok(()) => session.destroy(doing, object),
                // After one wait for a busy token, the other objects are not waited for: they end with the session.
                Err(error) => {
                    let _ = session.cryptoki().destroy_object(object);
                    Err(error)
                }
            };
        }
        outcome
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        // A caller that waits for the result gets the error; here another error is already being returned, and the objects end with the session.
        let _ = self.destroy_all("destroying a wrapping key");
    }
}

impl Session {
    /// `C_DestroyObject`. A busy token may have destroyed the object and reported a failure; the next try then finds no such object.
    pub(super) fn destroy(&self, doing: &str, object: ObjectHandle) -> Result<(), TokenError> {
        let tries = Cell::new(0_u32);
        let destroyed = self.with_retries(|| {
            tries.set(tries.get() + 1);
            self.cryptoki().destroy_object(object)
        });
        match destroyed {
            Err(CryptokiError::Pkcs11(RvError::ObjectHandleInvalid, _)) if tries.get() > 1 => Ok(()),
            answer => answer.map_err(TokenError::during(doing)),
        }
    }
}
