//! Import by `C_UnwrapKey`: a wrapping RSA pair on the token, an AES-256 key under RSA-OAEP, the private key under
//! RFC 5649 key wrap. The plaintext never crosses the PKCS#11 call.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;

use super::{ImportRoute, ImportedKey, Session, TokenError, template};
use crate::secret::{LockedBytes, PrivateKeyDer};
use crate::signer::PublicKey;

/// A wrapping RSA pair on the token: session objects, which end with the session whatever happens to the process, and
/// which are destroyed when this value is dropped.
#[derive(Debug)]
pub struct WrappingKey<'a> {
    session: &'a Session,
    /// What is still on the token: the private and the public half.
    objects: Vec<ObjectHandle>,
    private: ObjectHandle,
    encrypting: OaepPublicEncryptingKey,
}

impl<'a> WrappingKey<'a> {
    /// Generates the pair on the token (`C_GenerateKeyPair`, `CKM_RSA_PKCS_KEY_PAIR_GEN`): before the private key is
    /// decrypted, so that nothing slow happens while it is in memory.
    ///
    /// # Errors
    /// [`TokenError::NoMechanism`], [`TokenError::NoPublicKey`], [`TokenError::Call`]
    pub fn generate(session: &'a Session, route: ImportRoute) -> Result<Self, TokenError> {
        let missing = session.token().missing_for_import(route)?;
        if !missing.is_empty() {
            let token = session.token().description().label.clone();
            return Err(TokenError::NoMechanism {
                token,
                purpose: "import a private key",
                missing,
            });
        }
        let (public, private) = session
            .session
            .generate_key_pair(
                &Mechanism::RsaPkcsKeyPairGen,
                &template::wrapping_public_key(),
                &template::wrapping_private_key(),
            )
            .map_err(TokenError::during("generating the wrapping key"))?;
        let read = session.public_half(public, "wrapping key").and_then(|key| {
            key.and_then(|key| PublicEncryptingKey::from_der(key.der()).ok())
                .and_then(|key| OaepPublicEncryptingKey::new(key).ok())
                .ok_or(TokenError::Software {
                    what: "reading the wrapping key's public half",
                })
        });
        match read {
            Ok(encrypting) => Ok(Self {
                session,
                objects: vec![private, public],
                private,
                encrypting,
            }),
            Err(error) => {
                // They end with the session in any case.
                let _ = session.session.destroy_object(private);
                let _ = session.session.destroy_object(public);
                Err(error)
            }
        }
    }

    /// Unwraps `private_key` into the token under `label`, with the key identifier of `public_key` as `CKA_ID`, and
    /// consumes both it and the wrapping keys.
    ///
    /// # Errors
    /// [`TokenError::Call`], [`TokenError::Memory`]; no object is left then.
    pub fn import(
        mut self,
        private_key: PrivateKeyDer,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<ImportedKey<'a>, TokenError> {
        // An error drops both, which destroys what they hold.
        let imported = self.unwrap_through_aes(private_key, public_key, label)?;
        self.destroy()?;
        Ok(imported)
    }

    fn unwrap_through_aes(
        &self,
        private_key: PrivateKeyDer,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<ImportedKey<'a>, TokenError> {
        let session = &self.session.session;
        let (wrapped_aes, wrapped_key) = self.wrap(&private_key)?;
        drop(private_key);

        // SoftHSM 2.6.1 takes OAEP with SHA-1 and an empty label only; the hash protects nothing here, OAEP needs no
        // collision resistance.
        let oaep = PkcsOaepParams::new(
            MechanismType::SHA1,
            PkcsMgfType::MGF1_SHA1,
            PkcsOaepSource::empty(),
        );
        let aes = session
            .unwrap_key(
                &Mechanism::RsaPkcsOaep(oaep),
                self.private,
                &wrapped_aes,
                &template::wrapping_aes_key(),
            )
            .map_err(TokenError::during("delivering the wrapping AES key by RSA-OAEP"))?;
        let id = public_key.key_identifier();
        let unwrapped = session
            .unwrap_key(
                &Mechanism::AesKeyWrapPad,
                aes,
                &wrapped_key,
                &template::imported_private_key(public_key.algorithm(), label, &id),
            )
            .map(|handle| ImportedKey::new(self.session, handle))
            .map_err(TokenError::during(format!(
                "unwrapping the private key \"{label}\" into the token"
            )));
        session
            .destroy_object(aes)
            .map_err(TokenError::during("destroying the wrapping AES key"))?;
        unwrapped
    }

    /// A fresh AES-256 key under RSA-OAEP, and the private key under AES key wrap with padding (RFC 5649).
    fn wrap(&self, private_key: &PrivateKeyDer) -> Result<(Vec<u8>, Vec<u8>), TokenError> {
        let failed = |what| move |_| TokenError::Software { what };
        let mut aes = LockedBytes::zeroed(32).map_err(TokenError::Memory)?;
        rand::fill(aes.expose_mut()).map_err(failed("drawing an AES key"))?;

        let mut wrapped_aes = vec![0; self.encrypting.ciphertext_size()];
        self.encrypting
            .encrypt(&OAEP_SHA1_MGF1SHA1, aes.expose(), &mut wrapped_aes, None)
            .map_err(failed("RSA-OAEP encryption"))?;

        // RFC 5649 section 4.1: padded to 8 bytes, plus the 8 bytes of the integrity check.
        let mut wrapped_key = vec![0; private_key.expose().len().next_multiple_of(8) + 8];
        AesKek::new(&AES_256, aes.expose())
            .and_then(|kek| {
                kek.wrap_with_padding(private_key.expose(), &mut wrapped_key)
                    .map(|_| ())
            })
            .map_err(failed("AES key wrap"))?;
        Ok((wrapped_aes, wrapped_key))
    }

    fn destroy(&mut self) -> Result<(), TokenError> {
        let results: Vec<_> = self
            .objects
            .drain(..)
            .map(|object| self.session.session.destroy_object(object))
            .collect();
        results
            .into_iter()
            .collect::<Result<(), _>>()
            .map_err(TokenError::during("destroying the wrapping RSA key"))
    }
}

impl Drop for WrappingKey<'_> {
    fn drop(&mut self) {
        // Reported where somebody waits for it; here another error is on its way, and the session ends them.
        let _ = self.destroy();
    }
}
