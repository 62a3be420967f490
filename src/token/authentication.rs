//! Keys that need the PIN for each use: `CKA_ALWAYS_AUTHENTICATE` (PKCS#11 v2.40 sections 4.9 and 5.6, `CKU_CONTEXT_SPECIFIC`).

use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::context::Function;
use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::object::ObjectHandle;
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;

use super::native::{Authentication, Bounded};
use super::{KeyDescription, Session, TokenError};

/// The PIN of keys that need it for each use, and whether it was refused. All sessions of one login share it.
#[derive(Debug, Default)]
pub(super) struct KeyPinTries {
    /// What the token said when such a key refused it.
    refused: Mutex<Option<String>>,
    turn: Mutex<()>,
}

impl KeyPinTries {
    fn refused(&self) -> Option<String> {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn refuse(&self, value: String) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }
}

impl Session {
    /// Waits until no other session of this login uses a key that needs the PIN for each use: a PIN that such a key refuses is then tried once, not
    /// once in each session. Other keys do not wait.
    pub(super) fn wait_for_turn(&self, key: &KeyDescription) -> Option<MutexGuard<'_, ()>> {
        let wants_pin = key.attributes.always_authenticate == Some(true);
        wants_pin.then(|| self.key_pin.turn.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a key needs for one use. A PIN that was refused for it is not tried again in this login: every try counts.
    ///
    /// # Errors
    /// [`TokenError::KeyWantsPin`], [`TokenError::KeyPinRefused`]
    pub(super) fn authentication(&self, key: &KeyDescription) -> Result<Authentication<'_>, TokenError> {
        if key.attributes.always_authenticate != Some(true) {
            return Ok(Authentication::None);
        }
        if let Some(value) = self.key_pin.refused() {
            return Err(TokenError::KeyPinRefused {
                key: key.label.clone(),
                value,
            });
        }
        match &self.pin {
            Some(pin) => Ok(Authentication::Pin(pin)),
            None if self.token().description().protected_authentication_path => Ok(Authentication::Keypad),
            None => Err(TokenError::KeyWantsPin {
                key: key.label.clone(),
            }),
        }
    }

    /// Explains a failed signature: only the key's own PIN is a reason to call `C_Login` there.
    pub(super) fn refused_signature(
        &self,
        key: &KeyDescription,
        doing: &str,
        error: CryptokiError,
    ) -> TokenError {
        match TokenError::during(doing)(error) {
            TokenError::Call { function, value, .. } if function == "C_Login" => {
                self.key_pin.refuse(value.clone());
                TokenError::KeyPinRefused {
                    key: key.label.clone(),
                    value,
                }
            }
            other => other,
        }
    }

    /// The same before `C_UnwrapKey`, which is a single call without an init call. A token that knows no such login there is not refused: it
    /// answers that no operation has begun.
    pub(super) fn authenticate_unwrapping(&self, key: &KeyDescription) -> Result<(), TokenError> {
        let pin = match self.authentication(key)? {
            Authentication::None => return Ok(()),
            Authentication::Pin(pin) => Some(AuthPin::new(pin.expose().into())),
            Authentication::Keypad => None,
        };
        let answer = self.cryptoki().login(UserType::ContextSpecific, pin.as_ref());
        match answer {
            Ok(()) | Err(CryptokiError::Pkcs11(RvError::OperationNotInitialized, Function::Login)) => Ok(()),
            Err(error) => {
                let doing = format!("unwrapping with the key \"{}\"", key.label);
                Err(self.refused_signature(key, &doing, error))
            }
        }
    }
}

/// A signature through cryptoki's own calls, for a module that gives this process two instances of itself.
pub(super) fn sign_by_cryptoki(
    session: &cryptoki::session::Session,
    mechanism: &cryptoki::mechanism::Mechanism<'_>,
    key: ObjectHandle,
    authentication: Authentication<'_>,
    data: &[u8],
) -> Result<Bounded<Vec<u8>>, CryptokiError> {
    let pin = match authentication {
        Authentication::None => return session.sign(mechanism, key, data).map(Ok),
        Authentication::Pin(pin) => Some(AuthPin::new(pin.expose().into())),
        Authentication::Keypad => None,
    };
    session.sign_init(mechanism, key)?;
    session.login(UserType::ContextSpecific, pin.as_ref())?;
    // cryptoki has no C_Sign alone.
    session.sign_update(data)?;
    session.sign_final().map(Ok)
}
