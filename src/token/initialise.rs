//! `C_InitToken` and `C_InitPIN`, for test rigs.

use cryptoki::session::UserType;
use cryptoki::types::AuthPin;

use super::{Module, TokenDescription, TokenError, TokenSelector};
use crate::secret::Pin;

/// Initialises the one free token of a new SoftHSM rig, with its label and both PINs. Any other module, or one with tokens on it,
/// is refused: `C_InitToken` gives a token to whoever calls it first.
///
/// # Errors
/// [`TokenError::NotSoftHsm`], [`TokenError::NoToken`] when none is free, [`TokenError::Call`]
pub fn initialise_token(
    module: &Module,
    label: &str,
    so_pin: &Pin,
    user_pin: &Pin,
) -> Result<TokenDescription, TokenError> {
    let auth = |pin: &Pin| AuthPin::new(pin.expose().into());
    let description = module.describe()?;
    let slots = module.slots()?;
    let is_softhsm = description.manufacturer == "SoftHSM"
        && slots
            .iter()
            .all(|(_, token)| token.manufacturer == "SoftHSM project");
    if !is_softhsm {
        return Err(TokenError::NotSoftHsm {
            found: format!("{} by {}", description.library, description.manufacturer),
        });
    }
    let [
        (
            slot,
            TokenDescription {
                initialised: false, ..
            },
        ),
    ] = slots.as_slice()
    else {
        let found = slots.into_iter().map(|(_, description)| description).collect();
        return Err(TokenError::NoToken {
            wanted: "alone and not initialised yet".to_owned(),
            found,
        });
    };
    module
        .pkcs11()
        .init_token(*slot, &auth(so_pin), label)
        .map_err(TokenError::during(format!("initialising the token \"{label}\"")))?;
    // SoftHSM moves the token to a slot whose number comes from its new serial.
    let wanted = TokenSelector::parse(label).unwrap_or_default();
    let token = module.token(&wanted)?;
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
    module.describe_token(token.slot)
}
