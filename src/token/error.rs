//! What a token refused, with the C function and the `CKR_` name.

mod display;

use cryptoki::error::{Error as CryptokiError, RvError};

use super::native::Absurd;
use super::{
    ClosedRoute, KeyDescription, PinForm, PinTries, SkippedSlot, TokenDescription, UnfitAttribute, UnfitPin,
};
use crate::secret::MemoryError;
use crate::signer::KeyAlgorithm;

/// Why the token did not do what was requested.
#[derive(Debug)]
#[non_exhaustive]
pub enum TokenError {
    /// The module file cannot be loaded as a PKCS#11 module.
    Module {
        /// The file.
        path: String,
        /// What the loader said.
        reason: String,
    },
    /// The module file does not exist; without a slash in its name, in none of the directories that the loader searches.
    ModuleNotFound {
        /// The file.
        path: String,
    },
    /// A PKCS#11 function failed.
    Call {
        /// The action, and its object.
        doing: String,
        /// The function, as `C_UnwrapKey`.
        function: String,
        /// The return value, as `CKR_TEMPLATE_INCONSISTENT`.
        value: String,
    },
    /// No token fits.
    NoToken {
        /// What was looked for.
        wanted: String,
        /// The initialised tokens that were found.
        found: Vec<TokenDescription>,
        /// The uninitialised tokens that were found.
        uninitialised: Vec<TokenDescription>,
        /// The slots that could not be read, and may hold it.
        skipped: Vec<SkippedSlot>,
    },
    /// More than one token fits.
    SeveralTokens {
        /// What was looked for.
        wanted: String,
        /// Those that fit.
        found: Vec<TokenDescription>,
    },
    /// The PIN is wrong. It was tried once.
    PinIncorrect {
        /// The token's label.
        token: String,
        /// The form of its PINs.
        form: PinForm,
        /// The tries left, as the token reports them.
        tries: PinTries,
    },
    /// The PIN is locked.
    PinLocked {
        /// The token's label.
        token: String,
        /// The form of its PINs.
        form: PinForm,
    },
    /// The PIN cannot be right, and was not tried.
    UnfitPin {
        /// The token's label.
        token: String,
        /// Why not.
        unfit: UnfitPin,
    },
    /// One more wrong PIN would lock the token, so none is tried.
    PinFinalTry {
        /// The token's label.
        token: String,
    },
    /// The token has no user PIN yet.
    PinNotInitialised {
        /// The token's label.
        token: String,
    },
    /// No more sessions can be opened (`CKR_SESSION_COUNT`, `ulMaxSessionCount`).
    SessionLimit {
        /// The token's label.
        token: String,
        /// How many sessions this process may have open, if the token reports it.
        limit: Option<u64>,
    },
    /// The module has no locks (`CKR_CANT_LOCK`), so it signs in one thread only.
    NoLocks {
        /// The token's label.
        token: String,
    },
    /// The token does not accept a PIN of this length.
    PinLength {
        /// The token's label.
        token: String,
    },
    /// The token cannot be written to.
    WriteProtected {
        /// The token's label.
        token: String,
    },
    /// The key needs the PIN for each use, and none was given.
    KeyWantsPin {
        /// The key's label.
        key: String,
    },
    /// The key needs the PIN for each use, and the token refused it. It was tried once.
    KeyPinRefused {
        /// The key's label.
        key: String,
        /// What the token said, as `CKR_PIN_INCORRECT`.
        value: String,
    },
    /// No key fits.
    NoKey {
        /// What was looked for.
        wanted: String,
        /// The private keys that were found.
        found: Vec<KeyDescription>,
    },
    /// More than one key fits.
    SeveralKeys {
        /// What was looked for.
        wanted: String,
        /// Those that fit.
        found: Vec<KeyDescription>,
    },
    /// The token does not report the public half of a key.
    NoPublicKey {
        /// The key's label.
        key: String,
        /// What is missing.
        reason: String,
    },
    /// The token does not support the import route that was named, or any.
    NoRoute {
        /// The token's label.
        token: String,
        /// The routes that were tried, and why each is closed.
        closed: Vec<ClosedRoute>,
    },
    /// The token has no mechanism for this kind of signature.
    NoMechanism {
        /// The token's label.
        token: String,
        /// The signature algorithm, as openssl names it.
        signature: String,
        /// The mechanism, as `CKM_ML_DSA`.
        lacking: String,
    },
    /// The token does not generate such a key, or could not sign with it.
    CannotGenerate {
        /// The token's label.
        token: String,
        /// What was requested.
        algorithm: KeyAlgorithm,
        /// What is missing.
        reason: String,
    },
    /// The wrapping key of the sealed route could give the private key away.
    UnfitRecipient {
        /// Its label.
        key: String,
        /// What is wrong with it.
        unfit: UnfitAttribute,
    },
    /// The content key of the sealed route is not an AES-256 key, whatever the envelope says.
    ContentKey {
        /// How many bytes it has.
        found: u64,
    },
    /// The memory for a key could not be protected.
    Memory(MemoryError),
    /// A computation in software failed that does not fail with sound keys.
    Software {
        /// What it was.
        what: &'static str,
    },
}

impl std::error::Error for TokenError {}

impl TokenError {
    /// Adds the action to the token's answer.
    pub(super) fn during(doing: impl Into<String>) -> impl FnOnce(CryptokiError) -> Self {
        move |error| match error {
            CryptokiError::Pkcs11(value, function) => Self::Call {
                doing: doing.into(),
                function: format!("C_{function:?}"),
                value: ckr_name(&value),
            },
            other => Self::Call {
                doing: doing.into(),
                function: "cryptoki".to_owned(),
                value: other.to_string(),
            },
        }
    }

    /// The same for an answer that no real token gives.
    pub(super) fn absurd(doing: impl Into<String>) -> impl FnOnce(Absurd) -> Self {
        move |absurd| Self::Call {
            doing: doing.into(),
            function: format!("C_{:?}", absurd.function),
            value: absurd.to_string(),
        }
    }
}

/// `TemplateInconsistent` → `CKR_TEMPLATE_INCONSISTENT`: the name that people search for. Vendor codes remain numbers.
pub(super) fn ckr_name(value: &RvError) -> String {
    match value {
        RvError::VendorDefined(code) | RvError::UnknownErrorCode(code) => format!("CKR 0x{code:08X}"),
        other => {
            let mut name = "CKR".to_owned();
            for character in format!("{other:?}").chars() {
                if character.is_ascii_uppercase() {
                    name.push('_');
                }
                name.push(character.to_ascii_uppercase());
            }
            name
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    #[test]
    fn the_names_are_those_of_the_standard() {
        let error = TokenError::during("import of \"ca\"")(CryptokiError::Pkcs11(
            RvError::TemplateInconsistent,
            Function::UnwrapKey,
        ));
        assert_eq!(
            error.to_string(),
            "import of \"ca\": C_UnwrapKey: CKR_TEMPLATE_INCONSISTENT"
        );
        assert_eq!(ckr_name(&RvError::SlotIdInvalid), "CKR_SLOT_ID_INVALID");
        assert_eq!(ckr_name(&RvError::VendorDefined(0x8000_0001)), "CKR 0x80000001");
    }
}
