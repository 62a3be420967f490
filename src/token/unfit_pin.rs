//! Why a PIN cannot be right.

use std::fmt;

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
pub(super) const LONGEST_USER: usize = 31;

/// "Required password length: 8 to 32 characters": limits. Until 2023 the same page had 7, and such passwords still exist.
pub(super) const SHORTEST_PASSWORD: usize = 7;
pub(super) const LONGEST_PASSWORD: usize = 32;

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
