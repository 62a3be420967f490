//! What a PIN must look like before it is tried: every wrong try counts, and on CloudHSM one more than five lock the user (User Guide,
//! key_mgmt_util-loginHSM).

use std::fmt;

use super::PinLengths;
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

/// Why a PIN cannot be right. It reveals nothing about the PIN itself: the part before the colon may be half of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnfitPin {
    /// No colon at all.
    NoColon,
    /// Nothing before the first colon.
    NoUser,
    /// Nothing after it.
    NoPassword,
    /// A user name that no cluster has.
    LongUser,
    /// A password that no cluster accepts.
    ShortPassword,
    /// A password that no cluster accepts.
    LongPassword,
    /// Fewer bytes than the token accepts (`ulMinPinLen`).
    Short {
        /// The minimum in bytes.
        least: u64,
    },
    /// More bytes than the token accepts (`ulMaxPinLen`).
    Long {
        /// The maximum in bytes.
        most: u64,
    },
}

/// "Maximum length of a user name: 31 characters": limits.
const LONGEST_USER: usize = 31;

/// "Required password length: 8 to 32 characters": limits. Until 2023 the same page had 7, and such passwords still exist.
const SHORTEST_PASSWORD: usize = 7;
const LONGEST_PASSWORD: usize = 32;

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

const NOT_A_CRYPTO_USERS: &str = "it is not user:password";

impl fmt::Display for UnfitPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoColon => write!(f, "{NOT_A_CRYPTO_USERS}: it has no colon"),
            Self::NoUser => write!(
                f,
                "{NOT_A_CRYPTO_USERS}: the user name before its first colon is missing"
            ),
            Self::NoPassword => write!(
                f,
                "{NOT_A_CRYPTO_USERS}: the password after its first colon is missing"
            ),
            Self::LongUser => write!(
                f,
                "{NOT_A_CRYPTO_USERS}: it has more than {LONGEST_USER} characters before its first colon"
            ),
            Self::ShortPassword => write!(
                f,
                "{NOT_A_CRYPTO_USERS}: it has fewer than {SHORTEST_PASSWORD} characters after its first colon"
            ),
            Self::LongPassword => write!(
                f,
                "{NOT_A_CRYPTO_USERS}: it has more than {LONGEST_PASSWORD} characters after its first colon"
            ),
            Self::Short { least } => write!(f, "it is too short; the token accepts {least} bytes or more"),
            Self::Long { most } => write!(f, "it is too long; the token accepts {most} bytes or fewer"),
        }
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
