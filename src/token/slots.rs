//! The tokens in the slots of a module, and the one token to use.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::slot::Slot;

use super::native::NativeModule;
use super::retry::repeat;
use super::{Module, Token, TokenDescription, TokenError, TokenSelector};

/// The tokens in the slots of a module. A slot that cannot be read does not hide the others.
#[derive(Clone, Debug)]
pub struct Slots {
    module: Module,
    initialised: Vec<(Slot, TokenDescription)>,
    uninitialised: Vec<(Slot, TokenDescription)>,
    skipped: Vec<SkippedSlot>,
}

/// A slot whose token cannot be read: a card that the module does not know, or a device that does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedSlot {
    /// The slot.
    pub slot_id: u64,
    /// The function, as `C_GetTokenInfo`.
    pub function: String,
    /// What it answered, as `CKR_TOKEN_NOT_RECOGNIZED`.
    pub value: String,
}

impl fmt::Display for SkippedSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            slot_id,
            function,
            value,
        } = self;
        write!(f, "slot {slot_id}: {function}: {value}")
    }
}

impl Module {
    /// Reads the token in every slot that has one (`C_GetSlotList`, `C_GetTokenInfo`: PKCS#11 v2.40 section 5.5). A slot whose token
    /// cannot be read is skipped.
    ///
    /// # Errors
    /// [`TokenError::Call`] if the module does not list its slots.
    pub fn slots(&self) -> Result<Slots, TokenError> {
        const DOING: &str = "listing slots";
        let listed = self
            .native()
            .bounded(NativeModule::slots, || {
                self.pkcs11().get_slots_with_token().map(Ok)
            })
            .map_err(TokenError::during(DOING))?
            .map_err(TokenError::absurd(DOING))?;
        let mut slots = Slots {
            module: self.clone(),
            initialised: Vec::new(),
            uninitialised: Vec::new(),
            skipped: Vec::new(),
        };
        for slot in listed {
            match self.describe_token(slot) {
                Ok(token) if token.initialised => slots.initialised.push((slot, token)),
                Ok(token) => slots.uninitialised.push((slot, token)),
                Err(TokenError::Call { function, value, .. }) => slots.skipped.push(SkippedSlot {
                    slot_id: slot.id(),
                    function,
                    value,
                }),
                Err(other) => return Err(other),
            }
        }
        Ok(slots)
    }

    /// The one token that fits.
    ///
    /// # Errors
    /// As [`slots`](Self::slots) and [`Slots::token`].
    pub fn token(&self, selector: &TokenSelector) -> Result<Token, TokenError> {
        self.slots()?.token(selector)
    }

    /// Repeats the call a few times when the token is busy: it reads and changes nothing. SoftHSM 2.6.1 rewrites its token file at every login, and
    /// answers `CKR_GENERAL_ERROR` to another process that reads it at that moment.
    pub(super) fn describe_token(&self, slot: Slot) -> Result<TokenDescription, TokenError> {
        const WAITS: u32 = 5;
        let waits = (1..=WAITS).map(|wait| Duration::from_millis(10) * wait);
        let is_busy = |error: &CryptokiError| {
            matches!(
                error,
                CryptokiError::Pkcs11(RvError::GeneralError | RvError::FunctionFailed, _)
            )
        };
        let Ok(info) = repeat(
            waits,
            is_busy,
            || self.native().token_info(slot),
            |_| Ok::<_, Infallible>(None),
        );
        let info = info.map_err(TokenError::during(format!(
            "reading the token in slot {}",
            slot.id()
        )))?;
        Ok(TokenDescription::from_info(slot.id(), &info))
    }
}

impl Slots {
    /// Whether the module may have a token although it shows none, or only one without a serial number. SoftHSM 2.6.1 rewrites a token's file
    /// at every login. Another process that is initialised at that moment sees nothing or a part of it, and [`Module::look_again`] helps. A slot
    /// that was skipped has other reasons.
    #[must_use]
    pub fn may_be_incomplete(&self) -> bool {
        let is_softhsm = |(_, token): &(Slot, TokenDescription)| token.manufacturer.starts_with("SoftHSM");
        let is_blank = |(_, token): &(Slot, TokenDescription)| token.serial.is_empty();
        self.initialised.iter().all(is_blank)
            && self.skipped.is_empty()
            && self.uninitialised.iter().any(is_softhsm)
    }

    /// The initialised tokens, which can be used.
    pub fn tokens(&self) -> impl Iterator<Item = &TokenDescription> {
        self.initialised.iter().map(|(_, token)| token)
    }

    /// The tokens that are not initialised yet.
    pub fn uninitialised(&self) -> impl Iterator<Item = &TokenDescription> {
        self.uninitialised.iter().map(|(_, token)| token)
    }

    /// The slots that were skipped.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedSlot] {
        &self.skipped
    }

    /// The one token that fits.
    ///
    /// # Errors
    /// [`TokenError::NoToken`], [`TokenError::SeveralTokens`]
    pub fn token(&self, selector: &TokenSelector) -> Result<Token, TokenError> {
        let fitting: Vec<_> = self
            .initialised
            .iter()
            .filter(|(_, token)| selector.fits(token))
            .collect();
        match fitting.as_slice() {
            [(slot, description)] => Ok(Token {
                module: self.module.clone(),
                slot: *slot,
                description: description.clone(),
                mechanism_answers: Arc::default(),
            }),
            [] => Err(self.lacks(selector)),
            several => Err(TokenError::SeveralTokens {
                wanted: selector.to_string(),
                found: several.iter().map(|(_, token)| token.clone()).collect(),
            }),
        }
    }

    /// The error that no token fits, with everything that was found instead.
    fn lacks(&self, selector: &TokenSelector) -> TokenError {
        // A slot number says which slot is wanted; a label or a serial number may be that of any token that cannot be read.
        let may_be_wanted = |slot: &&SkippedSlot| selector.slot_id().is_none_or(|id| id == slot.slot_id);
        TokenError::NoToken {
            wanted: selector.to_string(),
            found: self.tokens().cloned().collect(),
            uninitialised: self.uninitialised().cloned().collect(),
            skipped: self.skipped.iter().filter(may_be_wanted).cloned().collect(),
        }
    }

    /// The slot of the one token that is not initialised yet, if every other token is one of `own` and every slot can be read.
    pub(super) fn only_uninitialised_beside(&self, own: &[TokenDescription]) -> Option<Slot> {
        let is_own = |(_, token): &(Slot, TokenDescription)| own.iter().any(|own| own.serial == token.serial);
        match (self.uninitialised.as_slice(), self.skipped.as_slice()) {
            ([(slot, _)], []) if self.initialised.iter().all(is_own) => Some(*slot),
            _ => None,
        }
    }
}
