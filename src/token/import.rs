//! Import by `C_UnwrapKey`: a wrapping RSA pair on the token, an AES-256 key under RSA-OAEP, the private key under
//! RFC 5649 key wrap. The plaintext never crosses the PKCS#11 call.

use std::fmt;

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};

use super::template::{self, IMPORT_MECHANISMS};
use super::{KeyDescription, PrivateKey, Session, Token, TokenError};
use crate::secret::{LockedBytes, PrivateKeyDer};
use crate::signer::PublicKey;

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

/// A wrapping RSA pair on the token: session objects, which end with the session whatever happens to the process.
#[derive(Debug)]
pub struct WrappingKey<'a> {
    session: &'a Session,
    private: ObjectHandle,
    public: ObjectHandle,
    encrypting: OaepPublicEncryptingKey,
}

/// A private key that was unwrapped into the token and has proven nothing yet: unless it is [kept](Self::keep), it is
/// destroyed, with its public-key object.
#[derive(Debug)]
pub struct ImportedKey {
    private: ObjectHandle,
    public: Option<PublicObject>,
}

/// The public-key object beside an imported key.
#[derive(Clone, Copy, Debug)]
struct PublicObject {
    handle: ObjectHandle,
    /// False for one that was on the token before: it is not ours to destroy.
    created: bool,
}

impl<'a> WrappingKey<'a> {
    /// Generates the pair on the token (`C_GenerateKeyPair`, `CKM_RSA_PKCS_KEY_PAIR_GEN`): before the private key is
    /// decrypted, so that nothing slow happens while it is in memory.
    ///
    /// # Errors
    /// [`TokenError::NoMechanism`], [`TokenError::Call`]
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
        let encrypting = session.public_half(public, "wrapping key").and_then(|key| {
            key.and_then(|key| PublicEncryptingKey::from_der(key.der()).ok())
                .and_then(|key| OaepPublicEncryptingKey::new(key).ok())
                .ok_or(TokenError::Software {
                    what: "reading the wrapping key's public half",
                })
        });
        match encrypting {
            Ok(encrypting) => Ok(Self {
                session,
                private,
                public,
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
    /// [`TokenError::Call`]; no object is left then.
    pub fn import(
        self,
        private_key: PrivateKeyDer,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<ImportedKey, TokenError> {
        let result = self.unwrap_through_aes(private_key, public_key, label);
        let destroyed = self.destroy();
        match (result, destroyed) {
            (Ok(imported), Ok(())) => Ok(imported),
            (Ok(imported), Err(error)) => {
                imported.destroy(self.session)?;
                Err(error)
            }
            (Err(error), _) => Err(error),
        }
    }

    fn unwrap_through_aes(
        &self,
        private_key: PrivateKeyDer,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<ImportedKey, TokenError> {
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
            .map_err(TokenError::during(format!(
                "unwrapping the private key \"{label}\" into the token"
            )));
        let destroyed = session
            .destroy_object(aes)
            .map_err(TokenError::during("destroying the wrapping AES key"));
        let imported = ImportedKey {
            private: unwrapped?,
            public: None,
        };
        if let Err(error) = destroyed {
            imported.destroy(self.session)?;
            return Err(error);
        }
        Ok(imported)
    }

    /// A fresh AES-256 key under RSA-OAEP, and the private key under AES key wrap with padding (RFC 5649).
    fn wrap(&self, private_key: &PrivateKeyDer) -> Result<(Vec<u8>, Vec<u8>), TokenError> {
        let failed = |what| move |_| TokenError::Software { what };
        let mut aes = LockedBytes::zeroed(32).map_err(|_| TokenError::Software {
            what: "locking memory",
        })?;
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

    fn destroy(&self) -> Result<(), TokenError> {
        for object in [self.private, self.public] {
            self.session
                .session
                .destroy_object(object)
                .map_err(TokenError::during("destroying the wrapping RSA key"))?;
        }
        Ok(())
    }
}

impl ImportedKey {
    /// Puts a public-key object beside the private key, unless one with its id is there.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn add_public_object(
        &mut self,
        session: &Session,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<(), TokenError> {
        let found = session.find_public_object(&public_key.key_identifier())?;
        self.public = Some(match found {
            Some(handle) => PublicObject {
                handle,
                created: false,
            },
            None => PublicObject {
                handle: session.create_public_object(public_key, label)?,
                created: true,
            },
        });
        Ok(())
    }

    /// The private key as the token describes it, read back from the token.
    ///
    /// # Errors
    /// [`TokenError::NoPublicKey`], [`TokenError::Call`]
    pub fn read_back(&self, session: &Session) -> Result<PrivateKey, TokenError> {
        session.describe_private(self.private)
    }

    /// The public key that the public-key object holds, read back from the token.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn read_public_object(&self, session: &Session) -> Result<Option<PublicKey>, TokenError> {
        self.public.map_or(Ok(None), |public| {
            session.public_half(public.handle, "imported key")
        })
    }

    /// Leaves both objects on the token.
    pub fn keep(self) {}

    /// Takes both objects off the token again.
    ///
    /// # Errors
    /// [`TokenError::Call`]: the object is still there.
    pub fn destroy(self, session: &Session) -> Result<(), TokenError> {
        let public = self
            .public
            .filter(|public| public.created)
            .map(|public| public.handle);
        let objects = [Some(self.private), public].into_iter().flatten();
        let results: Vec<_> = objects
            .map(|object| session.session.destroy_object(object))
            .collect();
        results
            .into_iter()
            .collect::<Result<(), _>>()
            .map_err(TokenError::during(
                "destroying the imported key, WHICH IS STILL ON THE TOKEN",
            ))
    }
}

impl Session {
    /// Adds the public-key object that is missing beside a private key.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn complete_public_object(&self, key: &PrivateKey) -> Result<(), TokenError> {
        self.create_public_object(&key.public_key, &key.description.label)
            .map(drop)
    }

    /// True if a public-key object has the id of `key`.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn has_public_object(&self, key: &KeyDescription) -> Result<bool, TokenError> {
        Ok(self.find_public_object(&key.id)?.is_some())
    }

    fn find_public_object(&self, id: &[u8]) -> Result<Option<ObjectHandle>, TokenError> {
        let template = [
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::Id(id.to_vec()),
        ];
        Ok(self
            .find("looking for the public-key object", &template)?
            .into_iter()
            .next())
    }

    fn create_public_object(&self, public_key: &PublicKey, label: &str) -> Result<ObjectHandle, TokenError> {
        let template = template::imported_public_key(public_key, label, &public_key.key_identifier());
        self.session
            .create_object(&template)
            .map_err(TokenError::during(format!(
                "creating the public-key object \"{label}\""
            )))
    }
}
