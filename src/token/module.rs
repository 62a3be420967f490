//! The module, and one of its tokens.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::session::Session as CryptokiSession;
use cryptoki::slot::Slot;

use super::dialect::Dialect;
use super::mechanism_answers::MechanismAnswers;
use super::native::NativeModule;
use super::{ModuleDescription, PinTries, TokenDescription, TokenError};

/// A loaded and initialised module. One per process: in some modules two initialisations race.
#[derive(Clone, Debug)]
pub struct Module {
    initialised: Arc<Initialised>,
    path: PathBuf,
}

/// A module between `C_Initialize` and `C_Finalize`, which is called after the last session and token that use it are dropped: "it should be the
/// last Cryptoki call made by an application" (PKCS#11 v2.40 section 5.4).
#[derive(Debug)]
struct Initialised {
    pkcs11: Pkcs11,
    /// The same module, for the calls that cryptoki does not make; used only between `C_Initialize` and `C_Finalize`.
    native: NativeModule,
    /// It was initialised without locks.
    single_threaded: bool,
    /// Requested once: it does not change as long as the module is loaded.
    description: OnceLock<ModuleDescription>,
    /// The sessions of logins that were refused.
    left_open: Mutex<Vec<(Slot, CryptokiSession)>>,
}

impl Drop for Initialised {
    fn drop(&mut self) {
        self.left_open
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        // No caller is left to report it to.
        let _ = self.pkcs11.clone().finalize();
    }
}

/// Whether the file itself was not found, and not a library that it needs. `said` is the loader's text, which begins with the name of the file
/// that is missing.
fn is_missing(path: &Path, said: &str) -> bool {
    match path.components().count() > 1 {
        true => !path.exists(),
        false => said.starts_with(&format!(
            "{}: cannot open shared object file: No such file",
            path.display()
        )),
    }
}

impl Module {
    /// Loads a module and calls `C_Initialize`: with locks, or without them if the module has none.
    ///
    /// # Errors
    /// [`TokenError::Module`], [`TokenError::ModuleNotFound`], [`TokenError::Call`]
    pub fn load(path: &Path) -> Result<Self, TokenError> {
        let failed = |reason: String| TokenError::Module {
            path: path.display().to_string(),
            reason,
        };
        // First, because cryptoki would follow a list of functions that is not there.
        let native = NativeModule::load(path).map_err(|text| {
            if is_missing(path, &text) {
                return TokenError::ModuleNotFound {
                    path: path.display().to_string(),
                };
            }
            // The loader repeats the path, which the message already has.
            let prefix = format!("{}: ", path.display());
            failed(text.strip_prefix(&prefix).unwrap_or(&text).to_owned())
        })?;
        let pkcs11 = Pkcs11::new(path).map_err(|error| failed(error.to_string()))?;
        let initialise = |flags| pkcs11.initialize(CInitializeArgs::new(flags));
        let (answer, single_threaded) = match initialise(CInitializeFlags::OS_LOCKING_OK) {
            Err(CryptokiError::Pkcs11(RvError::CantLock, _)) => (initialise(CInitializeFlags::empty()), true),
            answer => (answer, false),
        };
        answer.map_err(TokenError::during(format!("initialising {}", path.display())))?;
        Ok(Self {
            initialised: Arc::new(Initialised {
                pkcs11,
                native,
                single_threaded,
                description: OnceLock::new(),
                left_open: Mutex::default(),
            }),
            path: path.to_owned(),
        })
    }

    /// Whether the module has no locks (`CKR_CANT_LOCK`): then its tokens and sessions are for one thread at a time, which `C_Initialize` was
    /// promised (PKCS#11 v2.40 section 5.4). Every other module was asked for locks.
    #[must_use]
    pub fn is_single_threaded(&self) -> bool {
        self.initialised.single_threaded
    }

    pub(super) fn pkcs11(&self) -> &Pkcs11 {
        &self.initialised.pkcs11
    }

    pub(super) fn native(&self) -> &NativeModule {
        &self.initialised.native
    }

    /// Keeps the session of a refused login. It is closed with the module, or used by the next login: some modules crash in `C_CloseSession`, and
    /// the caller must get the refusal before that.
    pub(super) fn leave_open(&self, slot: Slot, session: CryptokiSession) {
        self.left_open().push((slot, session));
    }

    /// A session that a refused login on the slot left open, if the module still knows it.
    pub(super) fn take_left_open(&self, slot: Slot) -> Option<CryptokiSession> {
        let mut left_open = self.left_open();
        let index = left_open.iter().position(|(of, _)| *of == slot)?;
        let (_, session) = left_open.swap_remove(index);
        session.get_session_info().is_ok().then_some(session)
    }

    fn left_open(&self) -> MutexGuard<'_, Vec<(Slot, CryptokiSession)>> {
        self.initialised
            .left_open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What the module reports about itself.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn describe(&self) -> Result<&ModuleDescription, TokenError> {
        let described = &self.initialised.description;
        if let Some(known) = described.get() {
            return Ok(known);
        }
        let info = self
            .pkcs11()
            .get_library_info()
            .map_err(TokenError::during("asking the module what it is"))?;
        Ok(described.get_or_init(|| ModuleDescription {
            path: self.path.clone(),
            library: format!("{} {}", info.library_description().trim(), info.library_version()),
            library_version: (info.library_version().major(), info.library_version().minor()),
            manufacturer: info.manufacturer_id().trim().to_owned(),
            cryptoki_version: info.cryptoki_version().to_string(),
        }))
    }
}

/// A token that was found, without a login.
#[derive(Clone, Debug)]
pub struct Token {
    pub(super) module: Module,
    pub(super) slot: Slot,
    pub(super) description: TokenDescription,
    /// Shared by its copies, so that none of them asks again.
    pub(super) mechanism_answers: Arc<MechanismAnswers>,
}

impl Token {
    /// What the token reported about itself when it was found.
    #[must_use]
    pub const fn description(&self) -> &TokenDescription {
        &self.description
    }

    /// The module it is reached through.
    #[must_use]
    pub const fn module(&self) -> &Module {
        &self.module
    }

    /// Refuses, before the PIN prompt, a login that cannot or must not be tried.
    ///
    /// # Errors
    /// [`TokenError::PinLocked`], [`TokenError::PinFinalTry`], [`TokenError::PinNotInitialised`], [`TokenError::Call`]
    pub fn check_login(&self) -> Result<(), TokenError> {
        let token = self.description.label.clone();
        let form = self.dialect()?.pin_form;
        match self.description.pin_tries {
            PinTries::Locked => Err(TokenError::PinLocked { token, form }),
            PinTries::Final => Err(TokenError::PinFinalTry { token }),
            _ if !self.has_user_pin()? => Err(TokenError::PinNotInitialised { token }),
            _ => Ok(()),
        }
    }

    /// False if the token reports that no PIN is set, on a kind of token that can tell.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn has_user_pin(&self) -> Result<bool, TokenError> {
        Ok(self.description.user_pin_initialised || !self.dialect()?.tells_user_pin)
    }

    /// Refuses a job that writes, on a token that cannot be written to.
    ///
    /// # Errors
    /// [`TokenError::WriteProtected`]
    pub fn check_writable(&self) -> Result<(), TokenError> {
        if self.description.write_protected {
            return Err(TokenError::WriteProtected {
                token: self.description.label.clone(),
            });
        }
        Ok(())
    }

    /// How to talk to this kind of token.
    pub(super) fn dialect(&self) -> Result<&'static Dialect, TokenError> {
        Ok(Dialect::of(self.module.describe()?, &self.description))
    }

    /// What an operator must know before trusting this kind of token with a key.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn caveat(&self) -> Result<Option<&'static str>, TokenError> {
        Ok(self.dialect()?.caveat)
    }

    /// The kind of token that this is recognised as, such as "SoftHSM 2.6"; "PKCS#11" for an unknown one.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn kind(&self) -> Result<&'static str, TokenError> {
        Ok(self.dialect()?.name)
    }
}
