//! A few bytes that a program keeps on the token beside its keys, which a copy of its files does not contain: `CKO_DATA` objects (PKCS#11 3.1
//! section 4.5), private to the user.

use std::mem;
use std::sync::PoisonError;

use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};

use super::{Session, TokenError};
use crate::signer::{NoteKeeper, SignError};

/// `CKA_APPLICATION` of a note.
const APPLICATION: &str = "hsm-ca";
/// `CKA_LABEL` of a note, which `pkcs11-tool --list-objects` shows.
pub const NOTE_LABEL: &str = "hsm-ca ledger head";

const READING: &str = "reading the ledger's head that is kept on the token";
const KEEPING: &str = "keeping the ledger's head on the token";

/// The object of a note, and its value.
pub(super) type HeldNote = (ObjectHandle, Vec<u8>);

/// Private, because anyone who reaches the token can make a public object without a PIN.
fn identity() -> [Attribute; 5] {
    [
        Attribute::Class(ObjectClass::DATA),
        Attribute::Token(true),
        Attribute::Label(NOTE_LABEL.as_bytes().to_vec()),
        Attribute::Application(APPLICATION.as_bytes().to_vec()),
        Attribute::Private(true),
    ]
}

impl Session {
    /// Another process may remove a note between finding and reading it. Then a higher one exists, so the search is repeated.
    fn find_notes(&self) -> Result<Vec<HeldNote>, TokenError> {
        const TRIES: u32 = 5;
        let mut tries = 1..TRIES;
        loop {
            match self.try_to_read_notes()? {
                Ok(held) => return Ok(held),
                Err(error) if tries.next().is_none() => return Err(TokenError::during(READING)(error)),
                Err(_) => {}
            }
        }
    }

    /// Or the token's answer about a note that may have been removed meanwhile. Kryoptic has no special answer for that.
    fn try_to_read_notes(&self) -> Result<Result<Vec<HeldNote>, CryptokiError>, TokenError> {
        let mut held = Vec::new();
        let found = match self.with_retries(|| self.try_to_find(&identity())) {
            // A token that knows only keys has no notes.
            Err(CryptokiError::Pkcs11(
                RvError::AttributeTypeInvalid
                | RvError::AttributeValueInvalid
                | RvError::TemplateInconsistent
                | RvError::FunctionNotSupported,
                _,
            )) => return Ok(Ok(held)),
            other => other
                .map_err(TokenError::during(READING))?
                .map_err(TokenError::absurd(READING))?,
        };
        for handle in found {
            let read = self.with_retries(|| self.try_to_read(handle, &[AttributeType::Value]));
            let read = match read {
                Err(
                    error @ CryptokiError::Pkcs11(RvError::ObjectHandleInvalid | RvError::GeneralError, _),
                ) => return Ok(Err(error)),
                other => other
                    .map_err(TokenError::during(READING))?
                    .map_err(TokenError::absurd(READING))?,
            };
            for attribute in read {
                if let Attribute::Value(value) = attribute {
                    held.push((handle, value));
                }
            }
        }
        Ok(Ok(held))
    }

    fn replace_held(&self, found: Vec<HeldNote>) -> Vec<HeldNote> {
        let mut held = self.held_notes.lock().unwrap_or_else(PoisonError::into_inner);
        mem::replace(&mut held, found)
    }

    fn put_note(&self, note: &[u8]) -> Result<ObjectHandle, TokenError> {
        let mut template = identity().to_vec();
        template.push(Attribute::Value(note.to_vec()));
        self.cryptoki()
            .create_object(&template)
            .map_err(TokenError::during(KEEPING))
    }

    /// A token that makes a different object than requested would collect one more with every command.
    fn require_found(&self, note: ObjectHandle) -> Result<(), TokenError> {
        if self.find_notes()?.iter().any(|(handle, _)| *handle == note) {
            return Ok(());
        }
        let _ = self.cryptoki().destroy_object(note);
        Err(TokenError::Call {
            doing: KEEPING.to_owned(),
            function: "C_FindObjects".to_owned(),
            value: "the object just made cannot be found: the token changed its attributes".to_owned(),
        })
    }

    /// Removes the notes that were found last and have these values; never the new one, which the token may have given the handle of a note that
    /// another process removed.
    fn take_notes_off(&self, outdated: &[Vec<u8>], new: Option<ObjectHandle>) {
        for (handle, value) in self.replace_held(Vec::new()) {
            if outdated.contains(&value) && new != Some(handle) {
                // Another process may have removed it already: the next search decides.
                let _ = self.cryptoki().destroy_object(handle);
            }
        }
    }
}

impl NoteKeeper for Session {
    fn notes(&self) -> Result<Vec<Vec<u8>>, SignError> {
        let held = self.find_notes().map_err(SignError::new)?;
        let values = held.iter().map(|(_, value)| value.clone()).collect();
        self.replace_held(held);
        Ok(values)
    }

    fn keep(&self, note: &[u8], outdated: &[Vec<u8>]) -> Result<(), SignError> {
        let made = self.put_note(note).map_err(SignError::new)?;
        match outdated {
            [] => self.require_found(made).map_err(SignError::new),
            outdated => {
                self.take_notes_off(outdated, Some(made));
                Ok(())
            }
        }
    }

    fn forget(&self, outdated: &[Vec<u8>]) -> Result<(), SignError> {
        self.take_notes_off(outdated, None);
        Ok(())
    }
}
