//! A session, and the login.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session as CryptokiSession, UserType};
use cryptoki::types::AuthPin;

use super::authentication::KeyPinTries;
use super::dialect::Dialect;
use super::native::{Bounded, find_by_cryptoki};
use super::note::HeldNote;
use super::{KeySelector, PinForm, Token, TokenError, TokenSigner, UriError};
use crate::secret::Pin;
use crate::signer::{KeyStore, NoteKeeper, PublicKey, RandomSource, SignError, Signer};

/// A session on a token, with or without a login. Its session objects and the login end with it. It is closed before its module is finalised: the
/// first field is dropped first.
#[derive(Debug)]
pub struct Session {
    session: Mutex<CryptokiSession>,
    token: Token,
    dialect: &'static Dialect,
    logged_in: bool,
    user: Option<String>,
    /// The notes that were found last.
    pub(super) held_notes: Mutex<Vec<HeldNote>>,
    /// For keys that need it for each use.
    pub(super) pin: Option<Arc<Pin>>,
    pub(super) key_pin: Arc<KeyPinTries>,
}

impl Token {
    /// Opens a session and logs the user in, with one try. `held` is the PIN, `None` for a token with a keypad of its own. The session keeps it,
    /// because some keys need it for each use.
    ///
    /// The session is read-write, because CloudHSM has no other (User Guide, "Known issues for the PKCS #11 library"); on another token that is
    /// write-protected, it is read-only.
    ///
    /// # Errors
    /// What [`check_login`](Self::check_login) refuses, [`TokenError::UnfitPin`] for a PIN that cannot be right (nothing is tried then),
    /// [`TokenError::PinIncorrect`], [`TokenError::Call`]
    pub fn login(&self, held: Option<Pin>) -> Result<Session, TokenError> {
        let pin = held.as_ref();
        // The number of tries may have changed while the PIN was typed.
        let now = self.module.describe_token(self.slot)?;
        Self {
            description: now,
            ..self.clone()
        }
        .check_login()?;
        let dialect = self.dialect()?;
        let label = &self.description.label;
        if let Some(pin) = pin {
            let unfit = |unfit| TokenError::UnfitPin {
                token: label.clone(),
                unfit,
            };
            dialect
                .pin_form
                .check(pin, self.description.pin_lengths)
                .map_err(unfit)?;
        }
        let opened = match self.module.take_left_open(self.slot) {
            Some(session) => self.session(session, dialect),
            None => self.open()?,
        };
        let auth_pin = pin.map(|pin| AuthPin::new(pin.expose().into()));
        let answer = opened.cryptoki().login(UserType::User, auth_pin.as_ref());
        let user = match answer {
            Ok(()) => pin.and_then(|pin| dialect.pin_form.user(pin)).map(str::to_owned),
            Err(CryptokiError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => None,
            Err(error) => {
                let session = opened.session.into_inner();
                self.module
                    .leave_open(self.slot, session.unwrap_or_else(PoisonError::into_inner));
                return Err(self.refused_login(dialect.pin_form, error));
            }
        };
        Ok(Session {
            logged_in: true,
            user,
            pin: held.map(Arc::new),
            ..opened
        })
    }

    /// Opens a session without a login: enough where [`login_required`](super::TokenDescription::login_required) is false.
    ///
    /// # Errors
    /// [`TokenError::SessionLimit`], [`TokenError::Call`]
    pub fn open(&self) -> Result<Session, TokenError> {
        let dialect = self.dialect()?;
        let open = if self.description.write_protected && dialect.opens_read_only {
            self.module.pkcs11().open_ro_session(self.slot)
        } else {
            self.module.pkcs11().open_rw_session(self.slot)
        };
        let label = &self.description.label;
        let session = open.map_err(|error| match error {
            CryptokiError::Pkcs11(RvError::SessionCount, _) => TokenError::SessionLimit {
                token: label.clone(),
                limit: None,
            },
            other => TokenError::during(format!("opening a session on \"{label}\""))(other),
        })?;
        Ok(self.session(session, dialect))
    }

    fn session(&self, session: CryptokiSession, dialect: &'static Dialect) -> Session {
        Session {
            session: Mutex::new(session),
            token: self.clone(),
            dialect,
            logged_in: false,
            user: None,
            held_notes: Mutex::default(),
            pin: None,
            key_pin: Arc::default(),
        }
    }

    fn refused_login(&self, form: PinForm, error: CryptokiError) -> TokenError {
        let token = self.description.label.clone();
        let CryptokiError::Pkcs11(value, _) = &error else {
            return TokenError::during("logging in")(error);
        };
        match value {
            RvError::PinIncorrect => {
                // This try may have changed the flags.
                let now = self
                    .module
                    .describe_token(self.slot)
                    .unwrap_or_else(|_| self.description.clone());
                TokenError::PinIncorrect {
                    token,
                    form,
                    tries: now.pin_tries,
                }
            }
            RvError::PinLocked => TokenError::PinLocked { token, form },
            RvError::PinLenRange => TokenError::PinLength { token },
            RvError::UserPinNotInitialized => TokenError::PinNotInitialised { token },
            _ => TokenError::during(format!("logging in to \"{token}\""))(error),
        }
    }
}

impl Session {
    /// The token it is on.
    #[must_use]
    pub const fn token(&self) -> &Token {
        &self.token
    }

    /// Whether a user is logged in.
    #[must_use]
    pub const fn is_logged_in(&self) -> bool {
        self.logged_in
    }

    /// The user's name, if the PIN begins with one: CloudHSM's crypto user.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// How many private, public and secret keys the token has. They are counted, not read: one call to the HSM for each would take long.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn count_keys(&self) -> Result<usize, TokenError> {
        let classes = [
            ObjectClass::PRIVATE_KEY,
            ObjectClass::PUBLIC_KEY,
            ObjectClass::SECRET_KEY,
        ];
        classes.into_iter().try_fold(0, |count, class| {
            Ok(count + self.find("counting keys", &[Attribute::Class(class)])?.len())
        })
    }

    /// Whether the session can write to the token.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn is_read_write(&self) -> Result<bool, TokenError> {
        let info = self.cryptoki().get_session_info();
        Ok(info
            .map_err(TokenError::during("asking what the session is"))?
            .read_write())
    }

    /// One call at a time, which cryptoki requires: its session is not `Sync`. To be held for one call, or for those that belong together, as
    /// `C_SignInit` and `C_Sign`; never while another method of this session is called.
    pub(super) fn cryptoki(&self) -> MutexGuard<'_, CryptokiSession> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another session of the same login, which all sessions of a process share (PKCS#11 v2.40 section 5.6, `C_Login`): `C_Login` is not called
    /// again.
    ///
    /// # Errors
    /// [`TokenError::SessionLimit`], [`TokenError::NoLocks`], [`TokenError::Call`]
    pub(super) fn open_another(&self) -> Result<Self, TokenError> {
        self.token.require_room()?;
        Ok(Self {
            logged_in: self.logged_in,
            user: self.user.clone(),
            pin: self.pin.clone(),
            key_pin: Arc::clone(&self.key_pin),
            ..self.token.open()?
        })
    }

    pub(super) const fn dialect(&self) -> &'static Dialect {
        self.dialect
    }

    pub(super) fn find(&self, doing: &str, template: &[Attribute]) -> Result<Vec<ObjectHandle>, TokenError> {
        self.with_retries(|| self.try_to_find(template))
            .map_err(TokenError::during(doing))?
            .map_err(TokenError::absurd(doing))
    }

    /// One search, with the module's answer.
    pub(super) fn try_to_find(
        &self,
        template: &[Attribute],
    ) -> Result<Bounded<Vec<ObjectHandle>>, CryptokiError> {
        self.token.module().native().bounded(
            |native| native.find(self.cryptoki().handle(), template),
            || find_by_cryptoki(&self.cryptoki(), template),
        )
    }

    /// Those of `wanted` that the object has, in one request.
    pub(super) fn read(
        &self,
        doing: &str,
        object: ObjectHandle,
        wanted: &[AttributeType],
    ) -> Result<Vec<Attribute>, TokenError> {
        self.with_retries(|| self.try_to_read(object, wanted))
            .map_err(TokenError::during(doing))?
            .map_err(TokenError::absurd(doing))
    }

    /// One request, with the module's answer.
    pub(super) fn try_to_read(
        &self,
        object: ObjectHandle,
        wanted: &[AttributeType],
    ) -> Result<Bounded<Vec<Attribute>>, CryptokiError> {
        self.token.module().native().bounded(
            |native| native.attributes(self.cryptoki().handle(), object, wanted),
            || self.convertible(object, wanted).map(Ok),
        )
    }
}

impl Session {
    /// Through cryptoki, which refuses all of an object's attributes for one value that it cannot convert: then each is read alone.
    fn convertible(
        &self,
        object: ObjectHandle,
        wanted: &[AttributeType],
    ) -> Result<Vec<Attribute>, CryptokiError> {
        let all = self.cryptoki().get_attributes(object, wanted);
        match all {
            Ok(read) => Ok(read),
            Err(error @ CryptokiError::Pkcs11(..)) => Err(error),
            Err(_) => {
                let mut read = Vec::new();
                for one in wanted {
                    let told = self.cryptoki().get_attributes(object, &[*one]);
                    match told {
                        Ok(told) => read.extend(told),
                        Err(error @ CryptokiError::Pkcs11(..)) => return Err(error),
                        Err(_) => {}
                    }
                }
                Ok(read)
            }
        }
    }
}

impl RandomSource for Session {
    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), SignError> {
        // Not repeated: that would need the buffer twice, and the next call reports a busy token.
        self.cryptoki()
            .generate_random_slice(buffer)
            .map_err(|error| SignError::new(TokenError::during("drawing random numbers")(error)))
    }
}

impl KeyStore for Session {
    fn random_source(&self) -> &dyn RandomSource {
        self
    }

    fn signer_for(&self, public_key: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError> {
        let key = self.private_key_for(public_key).map_err(SignError::new)?;
        Ok(Box::new(TokenSigner::new(self, key)))
    }

    fn signer_named(&self, name: &str) -> Result<Box<dyn Signer + '_>, SignError> {
        let selector = KeySelector::parse(name).map_err(|error: UriError| SignError::new(error))?;
        let key = self.private_key(&selector).map_err(SignError::new)?;
        Ok(Box::new(TokenSigner::new(self, key)))
    }

    fn signer_among(
        &self,
        name: &str,
        keys: &[PublicKey],
    ) -> Result<Option<Box<dyn Signer + '_>>, SignError> {
        let selector = KeySelector::parse(name).map_err(|error: UriError| SignError::new(error))?;
        let key = self.private_key_among(&selector, keys).map_err(SignError::new)?;
        Ok(match key {
            Some(key) => Some(Box::new(TokenSigner::new(self, key))),
            None => None,
        })
    }

    fn certificates(&self) -> Result<Vec<Vec<u8>>, SignError> {
        self.certificate_values().map_err(SignError::new)
    }

    fn note_keeper(&self) -> Option<&dyn NoteKeeper> {
        Some(self)
    }
}
