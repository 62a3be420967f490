//! When a certificate begins and ends, as a step says it.

use serde::{Deserialize, Serialize};

/// When a certificate begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum NotBefore {
    /// With the session.
    #[default]
    Session,
    /// At this time, as text of RFC 3339.
    At(String),
}

/// When a certificate ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum NotAfter {
    /// With its issuer.
    Issuer,
    /// At this time, as text of RFC 3339.
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
