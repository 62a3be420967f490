//! What a PIN must look like before it is tried: every wrong try counts, and on CloudHSM one more than five lock the user (User Guide,
//! key_mgmt_util-loginHSM).

use super::unfit_pin::{LONGEST_PASSWORD, LONGEST_USER, SHORTEST_PASSWORD};
use super::{PinLengths, UnfitPin};
use crate::secret::Pin;

/// The form of PIN that a kind of token accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinForm {
    /// Any, as its user chose it.
    Any,
    /// `<CU_user_name>:<password>` of a crypto user: AWS CloudHSM User Guide, pkcs11-pin.
    CryptoUser,
}

impl PinForm {
    /// Refuses a PIN that cannot be right. AWS documents the limits of a crypto user's PIN; those that the library reports are not documented, so
    /// they are not used.
    pub(super) fn check(self, pin: &Pin, lengths: PinLengths) -> Result<(), UnfitPin> {
        match self {
            Self::Any => lengths.check(pin),
            Self::CryptoUser => check_crypto_user(pin.expose()),
        }
    }

    /// The user's name in a PIN. Only for a PIN that the token has accepted: in another, it may be part of a password.
    pub(super) fn user(self, accepted: &Pin) -> Option<&str> {
        match self {
            Self::Any => None,
            Self::CryptoUser => accepted.expose().split_once(':').map(|(user, _)| user),
        }
    }
}

fn check_crypto_user(pin: &str) -> Result<(), UnfitPin> {
    // The first colon ends the name; further colons belong to the password.
    let (user, password) = pin.split_once(':').ok_or(UnfitPin::NoColon)?;
    // The limits do not say whether they count characters or bytes, so each is applied generously.
    match (user.chars().count(), password.chars().count()) {
        (0, _) => Err(UnfitPin::NoUser),
        (_, 0) => Err(UnfitPin::NoPassword),
        (user, _) if user > LONGEST_USER => Err(UnfitPin::LongUser),
        (_, length) if length > LONGEST_PASSWORD => Err(UnfitPin::LongPassword),
        _ if password.len() < SHORTEST_PASSWORD => Err(UnfitPin::ShortPassword),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crypto_users_pin_has_a_name_and_a_password() {
        let long = |user: usize, password: usize| format!("{}:{}", "u".repeat(user), "p".repeat(password));
        for (pin, expected) in [
            ("CryptoUser:CUPassword123!".to_owned(), Ok(())),
            // The password may have colons, which count as its characters.
            ("u:pass:word".to_owned(), Ok(())),
            (long(31, 32), Ok(())),
            (long(1, 7), Ok(())),
            ("ü:ßßßß".to_owned(), Ok(())),
            (String::new(), Err(UnfitPin::NoColon)),
            ("CUPassword123!".to_owned(), Err(UnfitPin::NoColon)),
            (":".to_owned(), Err(UnfitPin::NoUser)),
            (":CUPassword123!".to_owned(), Err(UnfitPin::NoUser)),
            ("CryptoUser:".to_owned(), Err(UnfitPin::NoPassword)),
            (long(32, 8), Err(UnfitPin::LongUser)),
            (long(1, 33), Err(UnfitPin::LongPassword)),
            (long(1, 6), Err(UnfitPin::ShortPassword)),
        ] {
            assert_eq!(check_crypto_user(&pin), expected, "{pin}");
        }
    }
}
