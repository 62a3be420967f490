//! Whether it is real, and what signatures have to show.

use serde::{Deserialize, Serialize};

/// Whether the ceremony is the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CeremonyKind {
    /// It is.
    Production,
    /// It is an exercise: all that it makes says so.
    Practice,
}

impl CeremonyKind {
    /// The word in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Practice => "practice",
        }
    }
}

/// What a security key has to show in each signature (U2F raw message formats 1.2 section 5.4: the flags octet).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Requirement {
    /// The key was touched: user presence, 0x01.
    Touch,
    /// The key's PIN was entered: user verification, 0x04.
    Pin,
}
