//! Why no key was generated.

use std::fmt;

use crate::token::KeyDescription;
use crate::workflow::{LeftBehind, Unproven};

/// Why no key was generated.
#[derive(Debug)]
#[non_exhaustive]
pub enum GenerateError {
    /// A key has the label already.
    LabelTaken {
        /// The label.
        label: String,
        /// The first object that has it.
        found: KeyDescription,
    },
    /// A proof failed.
    Unproven {
        /// Which one, and why.
        unproven: Unproven,
        /// What happened to the key.
        left: LeftBehind,
    },
    /// Another process made a key with the same name at the same time.
    Twice {
        /// The label.
        label: String,
        /// What happened to the key.
        left: LeftBehind,
    },
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LabelTaken { label, found } => write!(
                f,
                "the label \"{label}\" belongs to a {} key on the token: {found}",
                found.class
            ),
            Self::Unproven { unproven, left } => write!(f, "{unproven}; {left}"),
            Self::Twice { label, left } => write!(
                f,
                "a key \"{label}\" was made by another process at the same time; {left}"
            ),
        }
    }
}

impl std::error::Error for GenerateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unproven { unproven, .. } => unproven.source(),
            _ => None,
        }
    }
}
