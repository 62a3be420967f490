//! The ways in which a private key gets into a token.

use std::fmt;

use super::template::IMPORT_MECHANISMS;
use super::{Token, TokenError};

/// How a private key gets into the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportRoute {
    /// Two steps: RSA-OAEP delivers an AES key, and RFC 5649 key wrap under it the private key.
    OaepAesKwp,
}

impl fmt::Display for ImportRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OaepAesKwp => "oaep-aes-kwp",
        })
    }
}

impl Token {
    /// The mechanisms that `route` needs and the token lacks.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn missing_for_import(&self, route: ImportRoute) -> Result<Vec<String>, TokenError> {
        match route {
            ImportRoute::OaepAesKwp => self.missing_mechanisms(&IMPORT_MECHANISMS),
        }
    }
}
