//! The sealed route: an RSA key of the token to which KMS encrypts, and the two unwraps that bring the private key in. The plaintext never exists
//! outside KMS and the token.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};

use super::mechanism::{OaepHash, UnwrapMechanism};
use super::temporary::Temporary;
use super::{KeyDescription, KeySelector, NewKey, Session, TokenError, template};
use crate::signer::PublicKey;

/// The length of an AES-256 key, which `CKA_VALUE_LEN` counts in bytes.
const AES_256_BYTES: u64 = 32;

/// The wrapping key of the sealed route: a token object that only unwraps, generated on the token and never outside it.
#[derive(Debug)]
pub struct RecipientKey<'a> {
    session: &'a Session,
    private: ObjectHandle,
    description: KeyDescription,
    public_key: PublicKey,
}

/// What KMS encrypted to the recipient key: the parts of a CMS `EnvelopedData`.
#[derive(Clone, Copy, Debug)]
pub struct SealedKey<'a> {
    /// The AES-256 content key under RSA-OAEP with SHA-256 (RFC 5652 section 6.2.1 `encryptedKey`).
    pub encrypted_key: &'a [u8],
    /// The IV of AES-CBC (RFC 3565 section 4.1).
    pub initialization_vector: &'a [u8; 16],
    /// The PKCS#8 under AES-256-CBC with PKCS#7 padding (RFC 5652 section 6.3).
    pub encrypted_content: &'a [u8],
}

impl Session {
    /// Generates the recipient key. Its public half is not kept on the token.
    ///
    /// # Errors
    /// [`TokenError::NoPublicKey`], [`TokenError::UnfitRecipient`], [`TokenError::Call`]
    pub fn generate_recipient_key(&self) -> Result<RecipientKey<'_>, TokenError> {
        let (public, private) = template::wrapping_pair(self.dialect(), true);
        // Not repeated when the token is busy: it might have made a key whose handle is lost.
        let (public, private) = self
            .cryptoki()
            .generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)
            .map_err(TokenError::during("generating the recipient key"))?;
        let mut temporary = Temporary::new(self);
        temporary.own(public);
        let key = self.describe_recipient(private);
        match key {
            Ok(key) => Ok(key),
            Err(error) => {
                let doing = format!("{error}; destroying the new recipient key, WHICH IS STILL ON THE TOKEN");
                self.destroy(&doing, private)?;
                Err(error)
            }
        }
    }

    /// The recipient key on the token; `None` if it has none.
    ///
    /// # Errors
    /// [`TokenError::SeveralKeys`], [`TokenError::UnfitRecipient`], [`TokenError::NoPublicKey`], [`TokenError::Call`]
    pub fn recipient_key(&self) -> Result<Option<RecipientKey<'_>>, TokenError> {
        let selector = KeySelector::labelled(template::RECIPIENT_LABEL);
        match self.find_private(&selector)?.as_slice() {
            [] => Ok(None),
            found => {
                let handle = self.only_one(selector.to_string(), found)?;
                self.describe_recipient(handle).map(Some)
            }
        }
    }

    /// The envelope names AES-256, but the token goes by the key: 16 bytes would be used as AES-128.
    fn check_content_key(&self, key: ObjectHandle) -> Result<(), TokenError> {
        let read = self.read(
            "reading the content key's length",
            key,
            &[AttributeType::ValueLen],
        )?;
        let found = read.into_iter().find_map(|attribute| match attribute {
            Attribute::ValueLen(length) => Some(u64::from(length)),
            _ => None,
        });
        match found {
            Some(AES_256_BYTES) | None => Ok(()),
            Some(found) => Err(TokenError::ContentKey { found }),
        }
    }

    fn describe_recipient(&self, handle: ObjectHandle) -> Result<RecipientKey<'_>, TokenError> {
        let found = self.describe_private(handle)?;
        if let Some(unfit) = found.description.attributes.unfit_for_unwrapping_only() {
            return Err(TokenError::UnfitRecipient {
                key: found.description.label,
                unfit,
            });
        }
        Ok(RecipientKey {
            session: self,
            private: handle,
            description: found.description,
            public_key: found.public_key,
        })
    }
}

impl<'a> RecipientKey<'a> {
    /// Its public half, which an attestation document must carry.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// What the token reports about it.
    #[must_use]
    pub const fn description(&self) -> &KeyDescription {
        &self.description
    }

    /// Unwraps in two steps: the content key into this session, and with it the private key into the token, under `label` and with the key
    /// identifier of `public_key` as `CKA_ID`.
    ///
    /// # Errors
    /// [`TokenError::Call`]: the content is not for this key, or was changed on the way, or the token failed;
    /// [`TokenError::ContentKey`]
    pub fn unseal(
        &self,
        sealed: &SealedKey<'_>,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<NewKey<'a>, TokenError> {
        let session = self.session;
        let secret = template::wrapping_secret(session.dialect());
        // KMS API reference, RecipientInfo: RSAES_OAEP_SHA_256 is the only choice.
        let mechanism = UnwrapMechanism::RsaOaep(OaepHash::Sha256);
        session.authenticate_unwrapping(&self.description)?;
        let content_key = session
            .with_retries(|| session.unwrap_key(&mechanism, self.private, sealed.encrypted_key, &secret))
            .map_err(TokenError::during(
                "unwrapping the content key with the recipient key",
            ))?;
        let mut temporary = Temporary::new(session);
        temporary.own(content_key);
        session.check_content_key(content_key)?;
        let imported = session.unwrap_private_key(
            &UnwrapMechanism::AesCbcPad(sealed.initialization_vector),
            content_key,
            sealed.encrypted_content,
            public_key,
            label,
        )?;
        temporary.destroy("destroying the content key")?;
        Ok(imported)
    }

    /// Destroys it on the token.
    ///
    /// # Errors
    /// [`TokenError::Call`]: it still exists.
    pub fn destroy(self) -> Result<(), TokenError> {
        const DOING: &str = "destroying the recipient key, WHICH IS STILL ON THE TOKEN";
        self.session.destroy(DOING, self.private)
    }
}
