//! The routes by which a private key gets into a token, and which of them a token supports.

use std::fmt;

use super::dialect::Dialect;
use super::mechanism::{MechanismNumber, MechanismUse};
use super::{Token, TokenError};
use crate::signer::KeyAlgorithm;

/// How a private key gets into the token, from the best route to the one that is only used when it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportRoute {
    /// KMS encrypts it to a key of the token; no other place has the plaintext.
    Sealed,
    /// One call, `CKM_RSA_AES_KEY_WRAP`: an AES key under RSA-OAEP, and the private key under RFC 5649 key wrap.
    RsaAesKeyWrap,
    /// The same in two calls: RSA-OAEP delivers an AES key, and RFC 5649 key wrap under it delivers the private key.
    OaepAesKwp,
    /// `C_CreateObject` with the numbers of the key in plaintext.
    CreateObject,
}

impl ImportRoute {
    /// Every route, the best first.
    pub const ALL: [Self; 4] = [
        Self::Sealed,
        Self::RsaAesKeyWrap,
        Self::OaepAesKwp,
        Self::CreateObject,
    ];

    /// The places outside KMS and the token that the plaintext passes, for programs that read it.
    #[must_use]
    pub const fn plaintext_seen_by(self) -> &'static [&'static str] {
        match self {
            Self::Sealed => &[],
            Self::RsaAesKeyWrap | Self::OaepAesKwp => &["process-memory"],
            Self::CreateObject => &["process-memory", "pkcs11-call"],
        }
    }

    /// What saw the private key in plaintext, apart from KMS and the token, in words.
    #[must_use]
    pub const fn exposure(self) -> &'static str {
        match self {
            Self::Sealed => "nothing outside KMS and the token had the plaintext",
            Self::RsaAesKeyWrap | Self::OaepAesKwp => "this process had the plaintext, and wiped it",
            Self::CreateObject => {
                "this process had the plaintext, handed it to the PKCS#11 module in the clear, and wiped its own copies"
            }
        }
    }
}

impl fmt::Display for ImportRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sealed => "sealed",
            Self::RsaAesKeyWrap => "rsa-aes-key-wrap",
            Self::OaepAesKwp => "oaep-aes-kwp",
            Self::CreateObject => "create-object",
        })
    }
}

/// A route that a token does not support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedRoute {
    /// Which one.
    pub route: ImportRoute,
    /// Why not.
    pub reason: String,
}

impl fmt::Display for ClosedRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.route, self.reason)
    }
}

impl Token {
    /// The best route for a key of this kind that needs nothing but KMS and the token: the sealed one needs an attestation document, and
    /// `create-object` is never chosen.
    ///
    /// # Errors
    /// [`TokenError::NoRoute`], [`TokenError::Call`]
    pub fn choose_route(&self, algorithm: KeyAlgorithm) -> Result<ImportRoute, TokenError> {
        let mut closed = Vec::new();
        for route in [ImportRoute::RsaAesKeyWrap, ImportRoute::OaepAesKwp] {
            match self.closed_route(route, Some(algorithm))? {
                None => return Ok(route),
                Some(found) => closed.push(found),
            }
        }
        Err(self.no_route(closed))
    }

    /// Refuses a route that the token does not support for a key of this kind.
    ///
    /// # Errors
    /// [`TokenError::NoRoute`], [`TokenError::Call`]
    pub fn check_route(&self, route: ImportRoute, algorithm: KeyAlgorithm) -> Result<(), TokenError> {
        match self.closed_route(route, Some(algorithm))? {
            None => Ok(()),
            Some(closed) => Err(self.no_route(vec![closed])),
        }
    }

    /// Refuses a route that the token does not support for any key.
    ///
    /// # Errors
    /// [`TokenError::NoRoute`], [`TokenError::Call`]
    pub fn check_any(&self, route: ImportRoute) -> Result<(), TokenError> {
        match self.closed_route(route, None)? {
            None => Ok(()),
            Some(closed) => Err(self.no_route(vec![closed])),
        }
    }

    /// Why the token does not support `route`, for any key or for one of this kind; `None` if no reason is known.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn closed_route(
        &self,
        route: ImportRoute,
        algorithm: Option<KeyAlgorithm>,
    ) -> Result<Option<ClosedRoute>, TokenError> {
        let dialect = self.dialect()?;
        // A reason that holds for every key is reported before one for this key.
        let reason = match dialect.refusal(route, None) {
            Some(reason) => Some(reason.to_owned()),
            None => self.missing_mechanism(dialect, route, algorithm)?,
        };
        let reason = reason.or_else(|| dialect.refusal(route, algorithm).map(str::to_owned));
        Ok(reason.map(|reason| ClosedRoute { route, reason }))
    }

    fn missing_mechanism(
        &self,
        dialect: &Dialect,
        route: ImportRoute,
        algorithm: Option<KeyAlgorithm>,
    ) -> Result<Option<String>, TokenError> {
        let listed = self.mechanisms()?;
        let mut missing = Vec::new();
        if let Some(algorithm) = algorithm {
            missing.extend(self.lacks_for_signing(listed, algorithm.default_signature())?);
        }
        let mut need = |mechanism, purpose| -> Result<(), TokenError> {
            missing.extend(self.lacks(listed, mechanism, purpose)?);
            Ok(())
        };
        if route != ImportRoute::CreateObject {
            need(
                MechanismNumber::RSA_PKCS_KEY_PAIR_GEN,
                MechanismUse::GenerateKeyPair,
            )?;
        }
        match route {
            ImportRoute::Sealed => {
                need(MechanismNumber::RSA_PKCS_OAEP, MechanismUse::Unwrap)?;
                need(MechanismNumber::AES_CBC_PAD, MechanismUse::Unwrap)?;
            }
            ImportRoute::RsaAesKeyWrap => need(MechanismNumber::RSA_AES_KEY_WRAP, MechanismUse::Unwrap)?,
            ImportRoute::OaepAesKwp => {
                need(MechanismNumber::RSA_PKCS_OAEP, MechanismUse::Unwrap)?;
                if self.key_wrap_padded(dialect, listed)?.is_none() {
                    let numbers: Vec<_> = dialect.key_wrap_padded.iter().map(ToString::to_string).collect();
                    missing.push(format!("{} that can unwrap (RFC 5649)", numbers.join(" or ")));
                }
            }
            ImportRoute::CreateObject => {}
        }
        Ok((!missing.is_empty()).then(|| format!("it lacks {}", missing.join(", "))))
    }

    /// The number of RFC 5649 on this token.
    pub(super) fn key_wrap_padded(
        &self,
        dialect: &Dialect,
        listed: &[MechanismNumber],
    ) -> Result<Option<MechanismNumber>, TokenError> {
        for number in dialect.key_wrap_padded {
            if self.lacks(listed, *number, MechanismUse::Unwrap)?.is_none() {
                return Ok(Some(*number));
            }
        }
        Ok(None)
    }

    fn no_route(&self, closed: Vec<ClosedRoute>) -> TokenError {
        TokenError::NoRoute {
            token: self.description.label.clone(),
            closed,
        }
    }
}
