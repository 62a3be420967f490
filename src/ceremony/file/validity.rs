//! The start and the end of a certificate's validity, as a step gives them.

use serde::{Deserialize, Serialize};

/// The start of validity.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum NotBefore {
    /// The first second of the session.
    #[default]
    Session,
    /// This time, as RFC 3339 text.
    At(String),
}

/// The end of validity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum NotAfter {
    /// The end of the issuer's validity.
    Issuer,
    /// This time, as RFC 3339 text.
    At(String),
}

impl From<String> for NotBefore {
    fn from(text: String) -> Self {
        match text.as_str() {
            "session" => Self::Session,
            _ => Self::At(text),
        }
    }
}

impl From<String> for NotAfter {
    fn from(text: String) -> Self {
        match text.as_str() {
            "issuer" => Self::Issuer,
            _ => Self::At(text),
        }
    }
}

impl From<NotBefore> for String {
    fn from(not_before: NotBefore) -> Self {
        match not_before {
            NotBefore::Session => "session".to_owned(),
            NotBefore::At(text) => text,
        }
    }
}

impl From<NotAfter> for String {
    fn from(not_after: NotAfter) -> Self {
        match not_after {
            NotAfter::Issuer => "issuer".to_owned(),
            NotAfter::At(text) => text,
        }
    }
}
