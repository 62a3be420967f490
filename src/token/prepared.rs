//! Everything that an import needs from the token before the private key is decrypted, so that nothing slow or uncertain happens while the key is
//! in memory.

use super::wrapping::WrappingKey;
use super::{ImportRoute, NewKey, Session, TokenError};
use crate::secret::CheckedPrivateKey;
use crate::signer::{KeyAlgorithm, PublicKey};

/// A token that is ready for a private key. Everything that was made for it is destroyed when this value is dropped.
#[derive(Debug)]
pub struct PreparedImport<'a>(Prepared<'a>);

#[derive(Debug)]
enum Prepared<'a> {
    Unwrap(WrappingKey<'a>),
    CreateObject(&'a Session),
}

impl Session {
    /// Prepares the token for a key of this kind.
    ///
    /// # Errors
    /// [`TokenError::NoRoute`], also for the sealed route, which needs no preparation (see [`RecipientKey`](super::RecipientKey));
    /// [`TokenError::NoPublicKey`], [`TokenError::Memory`], [`TokenError::Call`]
    pub fn prepare_import(
        &self,
        route: ImportRoute,
        algorithm: KeyAlgorithm,
    ) -> Result<PreparedImport<'_>, TokenError> {
        self.token().check_route(route, algorithm)?;
        let prepared = match route {
            ImportRoute::CreateObject => Prepared::CreateObject(self),
            ImportRoute::RsaAesKeyWrap => Prepared::Unwrap(WrappingKey::for_one_call(self)?),
            ImportRoute::OaepAesKwp => {
                let listed = self.token().mechanisms()?;
                let number = self.token().key_wrap_padded(self.dialect(), listed)?;
                let number = number.ok_or(TokenError::Software {
                    what: "finding the mechanism for RFC 5649 again",
                })?;
                Prepared::Unwrap(WrappingKey::for_two_calls(self, number)?)
            }
            ImportRoute::Sealed => {
                return Err(TokenError::Software {
                    what: "preparing the sealed route, whose key is prepared by `kms recipient-key`,",
                });
            }
        };
        Ok(PreparedImport(prepared))
    }
}

impl<'a> PreparedImport<'a> {
    /// Imports `private_key` into the token under `label`, with the key identifier of `public_key` as `CKA_ID`, and consumes both the key and the
    /// preparation.
    ///
    /// # Errors
    /// [`TokenError::Call`], [`TokenError::Memory`]
    pub fn import(
        self,
        private_key: CheckedPrivateKey,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<NewKey<'a>, TokenError> {
        match self.0 {
            Prepared::Unwrap(wrapping) => wrapping.import(private_key, public_key, label),
            Prepared::CreateObject(session) => session.create_private_key(private_key, public_key, label),
        }
    }
}
