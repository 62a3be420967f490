//! Whether a ceremony is real or a practice, and what a security key must show.

use serde::{Deserialize, Serialize};

/// Whether the ceremony is real or a practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CeremonyKind {
    /// The real ceremony.
    Production,
    /// A practice. Everything that it makes is marked as such.
    Practice,
}

impl CeremonyKind {
    /// Its name in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Practice => "practice",
        }
    }
}

/// What a security key must show in each signature (U2F raw message formats 1.2 section 5.4: the flags octet).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Requirement {
    /// The key was touched: user presence, 0x01.
    Touch,
    /// The key's PIN was entered: user verification, 0x04.
    Pin,
}
