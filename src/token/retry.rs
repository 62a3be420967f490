//! Repeats a call to a busy token, within a bound. Signatures and logins do not come here: only a batch waits to sign, and every login counts.

use std::convert::Infallible;
use std::thread;
use std::time::Duration;

use cryptoki::error::Error as CryptokiError;
use cryptoki::object::{Attribute, ObjectHandle};

use super::error::ckr_name;
use super::{Session, Token, TokenError};

/// Waits of 0.1, 0.2, 0.4, 0.8 and 1.6 seconds: 3.1 seconds in all, then the token's answer is final.
const WAITS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Makes a call until its error is not `is_busy`, or `waits` are used up. After each wait `before_next` gets the error: it may clean up, or find
/// that the failed call took effect.
pub(super) fn repeat<T, E>(
    mut waits: impl Iterator<Item = Duration>,
    is_busy: impl Fn(&CryptokiError) -> bool,
    call: impl Fn() -> Result<T, CryptokiError>,
    before_next: impl Fn(CryptokiError) -> Result<Option<T>, E>,
) -> Result<Result<T, CryptokiError>, E> {
    loop {
        let error = match call() {
            Err(error) if is_busy(&error) => error,
            answer => return Ok(answer),
        };
        let Some(wait) = waits.next() else {
            return Ok(Err(error));
        };
        thread::sleep(wait);
        if let Some(done) = before_next(error)? {
            return Ok(Ok(done));
        }
    }
}

impl Token {
    /// Whether such a token says with this answer that it is busy, and did nothing.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub(super) fn says_busy(&self, answer: &TokenError) -> Result<bool, TokenError> {
        let TokenError::Call { value, .. } = answer else {
            return Ok(false);
        };
        let words = self.dialect()?.throttled;
        Ok(words.iter().any(|word| ckr_name(word) == *value))
    }
}

impl Session {
    fn is_throttled(&self, error: &CryptokiError) -> bool {
        matches!(error, CryptokiError::Pkcs11(value, _) if self.dialect().throttled.contains(value))
    }

    fn repeat<T, E>(
        &self,
        call: impl Fn() -> Result<T, CryptokiError>,
        before_next: impl Fn(CryptokiError) -> Result<Option<T>, E>,
    ) -> Result<Result<T, CryptokiError>, E> {
        let waits = (0..WAITS).map(|wait| FIRST_WAIT * 2_u32.pow(wait));
        repeat(waits, |error| self.is_throttled(error), call, before_next)
    }

    /// Makes a call that changes nothing on the token, or only this session's own objects.
    pub(super) fn with_retries<T>(
        &self,
        call: impl Fn() -> Result<T, CryptokiError>,
    ) -> Result<T, CryptokiError> {
        let Ok(answer) = self.repeat(call, |_| Ok::<_, Infallible>(None));
        answer
    }

    /// Makes a call that may put several objects on the token and report none. `undo` deletes what a failed call has made: before another try, and
    /// at the end.
    pub(super) fn redo_with_retries<T>(
        &self,
        doing: &str,
        call: impl Fn() -> Result<T, CryptokiError>,
        undo: impl Fn(&str) -> Result<(), TokenError>,
    ) -> Result<T, TokenError> {
        let clean = |error| {
            let error = TokenError::during(doing)(error);
            undo(&format!("{error}; removing what it has made")).map(|()| error)
        };
        match self.repeat(call, |error| clean(error).map(|_| None))? {
            Ok(made) => Ok(made),
            Err(error) => Err(clean(error)?),
        }
    }

    /// Makes a call that puts an object on the token. A busy token may have made it and reported a failure, so before another try the object is
    /// searched by `identity` (class, label and id; no object had them before).
    pub(super) fn create_with_retries(
        &self,
        doing: &str,
        identity: &[Attribute],
        call: impl Fn() -> Result<ObjectHandle, CryptokiError>,
    ) -> Result<ObjectHandle, TokenError> {
        let look = |_| Ok::<_, TokenError>(self.find(doing, identity)?.into_iter().next());
        self.repeat(call, look)?.map_err(TokenError::during(doing))
    }
}
