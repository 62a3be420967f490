//! A token that says it is busy is asked again, within a bound. Signatures and logins are not in here: a signature is never
//! repeated, and every login counts.

use std::thread;
use std::time::Duration;

use cryptoki::error::Error as CryptokiError;
use cryptoki::object::{Attribute, ObjectHandle};

use super::{Session, TokenError};

/// Waits of 0.1, 0.2, 0.4, 0.8 and 1.6 seconds: 3.1 seconds in all, then the token's own word stands.
const WAITS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(100);

impl Session {
    fn is_throttled(&self, error: &CryptokiError) -> bool {
        matches!(error, CryptokiError::Pkcs11(value, _) if self.dialect().throttled.contains(value))
    }

    /// Makes a call that changes nothing on the token, or only this session's own objects.
    pub(super) fn with_retries<T>(
        &self,
        call: impl Fn() -> Result<T, CryptokiError>,
    ) -> Result<T, CryptokiError> {
        let mut answer = call();
        for wait in 0..WAITS {
            match &answer {
                Err(error) if self.is_throttled(error) => {}
                _ => break,
            }
            thread::sleep(FIRST_WAIT * 2_u32.pow(wait));
            answer = call();
        }
        answer
    }

    /// Makes a call that may put several objects on the token, and tell of none. Whatever a failed call has made, `undo` takes off: before
    /// another try, and at the end.
    pub(super) fn redo_with_retries<T>(
        &self,
        doing: &str,
        call: impl Fn() -> Result<T, CryptokiError>,
        undo: impl Fn(&str) -> Result<(), TokenError>,
    ) -> Result<T, TokenError> {
        let mut waits = 0..WAITS;
        loop {
            let error = match call() {
                Ok(made) => return Ok(made),
                Err(error) => error,
            };
            let wait = waits.next().filter(|_| self.is_throttled(&error));
            if let Some(wait) = wait {
                thread::sleep(FIRST_WAIT * 2_u32.pow(wait));
            }
            let error = TokenError::during(doing)(error);
            undo(&format!("{error}; removing what it has made"))?;
            if wait.is_none() {
                return Err(error);
            }
        }
    }

    /// Makes a call that puts an object on the token. A busy token may have made it and said that it failed, so it is looked for
    /// by `identity` (class, label and id; nothing had them before) prior to another try.
    pub(super) fn create_with_retries(
        &self,
        doing: &str,
        identity: &[Attribute],
        call: impl Fn() -> Result<ObjectHandle, CryptokiError>,
    ) -> Result<ObjectHandle, TokenError> {
        let mut answer = call();
        for wait in 0..WAITS {
            match &answer {
                Err(error) if self.is_throttled(error) => {}
                _ => break,
            }
            thread::sleep(FIRST_WAIT * 2_u32.pow(wait));
            if let Some(made) = self.find(doing, identity)?.into_iter().next() {
                return Ok(made);
            }
            answer = call();
        }
        answer.map_err(TokenError::during(doing))
    }
}
