//! `C_InitToken` and `C_InitPIN`, for test rigs.

use std::fmt;

use cryptoki::session::UserType;
use cryptoki::types::AuthPin;

use super::{Module, RigToken, TokenDescription, TokenError, TokenSelector};
use crate::secret::Pin;

/// Why the token of a new rig was not initialised.
#[derive(Debug)]
#[non_exhaustive]
pub enum InitTokenError {
    /// The module is another product, and its tokens may be someone's.
    OtherProduct {
        /// The product of the rig.
        wanted: &'static str,
        /// What the module reports.
        found: String,
    },
    /// The token itself.
    Token(TokenError),
}

impl fmt::Display for InitTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherProduct { wanted, found } => write!(f, "this module is not {wanted}, it is {found}"),
            Self::Token(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for InitTokenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::OtherProduct { .. } => None,
            Self::Token(error) => error.source(),
        }
    }
}

impl From<TokenError> for InitTokenError {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

/// Initialises the one free token of a new rig, with its label and both PINs. A module of another product than `wanted`, or one with tokens
/// on it, is refused: the first caller of `C_InitToken` takes over a token.
///
/// # Errors
/// [`InitTokenError::OtherProduct`], [`TokenError::NoToken`] when none is free, [`TokenError::Call`]
pub fn init_token(
    module: &Module,
    wanted: RigToken,
    label: &str,
    so_pin: &Pin,
    user_pin: &Pin,
) -> Result<TokenDescription, InitTokenError> {
    init_token_beside(module, wanted, &[], label, so_pin, user_pin)
}

/// Initialises another token of a rig whose other tokens are those in `own`, which this program initialised. A module with any other token is
/// refused.
///
/// # Errors
/// As [`init_token`].
pub fn init_token_beside(
    module: &Module,
    wanted: RigToken,
    own: &[TokenDescription],
    label: &str,
    so_pin: &Pin,
    user_pin: &Pin,
) -> Result<TokenDescription, InitTokenError> {
    let auth = |pin: &Pin| AuthPin::new(pin.expose().into());
    let description = module.describe()?;
    let slots = module.slots()?;
    if !wanted.made(description, slots.tokens().chain(slots.uninitialised())) {
        return Err(InitTokenError::OtherProduct {
            wanted: wanted.product(),
            found: format!("{} by {}", description.library, description.manufacturer),
        });
    }
    let Some(slot) = slots.only_uninitialised_beside(own) else {
        return Err(TokenError::NoToken {
            wanted: "alone and not initialised yet".to_owned(),
            found: slots.tokens().cloned().collect(),
            uninitialised: slots.uninitialised().cloned().collect(),
            skipped: slots.skipped().to_vec(),
        }
        .into());
    };
    module
        .pkcs11()
        .init_token(slot, &auth(so_pin), label)
        .map_err(TokenError::during(format!("initialising the token \"{label}\"")))?;
    // SoftHSM moves the token to a slot whose number comes from its new serial.
    let selector = TokenSelector::parse(label).unwrap_or_default();
    let token = module.token(&selector)?;
    let session = module
        .pkcs11()
        .open_rw_session(token.slot)
        .map_err(TokenError::during(format!("opening a session on \"{label}\"")))?;
    session
        .login(UserType::So, Some(&auth(so_pin)))
        .map_err(TokenError::during(format!(
            "logging in to \"{label}\" as security officer"
        )))?;
    session
        .init_pin(&auth(user_pin))
        .map_err(TokenError::during(format!("setting the user PIN of \"{label}\"")))?;
    session
        .logout()
        .map_err(TokenError::during(format!("logging out of \"{label}\"")))?;
    Ok(module.describe_token(token.slot)?)
}
