//! Import by `C_UnwrapKey`: a wrapping RSA pair on the token, an AES-256 key under RSA-OAEP, the private key under RFC 5649 key wrap. The plaintext
//! never crosses the PKCS#11 call.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectHandle};

use super::mechanism::{MechanismNumber, OaepHash, UnwrapMechanism};
use super::temporary::Temporary;
use super::{NewKey, Session, TokenError, template};
use crate::secret::{CheckedPrivateKey, LockedBytes};
use crate::signer::{PublicKey, fill_random};

/// A wrapping RSA pair on the token, and the way in which an AES key under it carries the private key.
#[derive(Debug)]
pub(super) struct WrappingKey<'a> {
    private: ObjectHandle,
    encrypting: OaepPublicEncryptingKey,
    carrier: Carrier,
    objects: Temporary<'a>,
}

#[derive(Debug)]
enum Carrier {
    /// `CKM_RSA_AES_KEY_WRAP`: the AES key comes with the private key.
    OneCall(OaepHash),
    /// The AES key is already on the token.
    TwoCalls {
        aes: LockedBytes,
        handle: ObjectHandle,
        number: MechanismNumber,
    },
}

impl<'a> WrappingKey<'a> {
    /// Generates the pair for `rsa-aes-key-wrap`, where nothing can be delivered in advance.
    pub(super) fn for_one_call(session: &'a Session) -> Result<Self, TokenError> {
        Self::generate(session, Carrier::OneCall(session.dialect().rsa_aes_key_wrap))
    }

    /// Generates the pair for `oaep-aes-kwp`, and delivers the AES key, so that the token's refusals come before the private key is decrypted.
    pub(super) fn for_two_calls(session: &'a Session, number: MechanismNumber) -> Result<Self, TokenError> {
        let mut aes = LockedBytes::zeroed(32).map_err(TokenError::Memory)?;
        fill_random(aes.expose_mut()).map_err(software("drawing an AES key"))?;
        // The two-call carrier needs the pair; until then the other one stands in.
        let mut wrapping = Self::for_one_call(session)?;
        let handle = wrapping.deliver(&aes)?;
        wrapping.carrier = Carrier::TwoCalls { aes, handle, number };
        Ok(wrapping)
    }

    fn generate(session: &'a Session, carrier: Carrier) -> Result<Self, TokenError> {
        let (public, private) = template::wrapping_pair(session.dialect(), false);
        let (public, private) = session
            .with_retries(|| {
                session
                    .cryptoki()
                    .generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)
            })
            .map_err(TokenError::during("generating the wrapping key"))?;
        let mut objects = Temporary::new(session);
        objects.own(private);
        objects.own(public);
        let encrypting = session
            .public_half(public, "wrapping key")?
            .and_then(|key| PublicEncryptingKey::from_der(key.der()).ok())
            .and_then(|key| OaepPublicEncryptingKey::new(key).ok())
            .ok_or(TokenError::Software {
                what: "reading the wrapping key's public half",
            })?;
        Ok(Self {
            private,
            encrypting,
            carrier,
            objects,
        })
    }

    /// Unwraps the AES key into the token with the first hash of OAEP that it accepts: no call reports which those are.
    fn deliver(&mut self, aes: &LockedBytes) -> Result<ObjectHandle, TokenError> {
        let session = self.objects.session();
        let template = template::wrapping_secret(session.dialect());
        let (last, others) = session.dialect().oaep.split_last().ok_or(TokenError::Software {
            what: "choosing a hash for RSA-OAEP",
        })?;
        let unwrap = |hash: OaepHash| -> Result<Result<ObjectHandle, CryptokiError>, TokenError> {
            let wrapped = self.encrypt(hash, aes)?;
            let mechanism = UnwrapMechanism::RsaOaep(hash);
            Ok(session.with_retries(|| session.unwrap_key(&mechanism, self.private, &wrapped, &template)))
        };
        let mut delivered = None;
        for hash in others {
            match unwrap(*hash)? {
                Err(CryptokiError::Pkcs11(RvError::MechanismParamInvalid | RvError::ArgumentsBad, _)) => {}
                answer => {
                    delivered = Some(answer);
                    break;
                }
            }
        }
        let answer = match delivered {
            Some(answer) => answer,
            None => unwrap(*last)?,
        };
        let handle = answer.map_err(TokenError::during("delivering the wrapping AES key by RSA-OAEP"))?;
        Ok(self.objects.own(handle))
    }

    /// Unwraps `private_key` into the token under `label`, with the key identifier of `public_key` as `CKA_ID`, and
    /// consumes both it and the wrapping keys.
    pub(super) fn import(
        self,
        private_key: CheckedPrivateKey,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<NewKey<'a>, TokenError> {
        let session = self.objects.session();
        let (mechanism, key, wrapped) = match &self.carrier {
            Carrier::TwoCalls { aes, handle, number } => {
                let wrapped = wrap_padded(aes, &private_key)?;
                (UnwrapMechanism::AesKeyWrapPadded(*number), *handle, wrapped)
            }
            // PKCS#11 v2.40 mechanisms section 2.1.23: the encrypted AES key, then the wrapped key.
            Carrier::OneCall(hash) => {
                let mut aes = LockedBytes::zeroed(32).map_err(TokenError::Memory)?;
                fill_random(aes.expose_mut()).map_err(software("drawing an AES key"))?;
                let wrapped = [self.encrypt(*hash, &aes)?, wrap_padded(&aes, &private_key)?].concat();
                (UnwrapMechanism::RsaAesKeyWrap(*hash), self.private, wrapped)
            }
        };
        drop(private_key);
        let imported = session.unwrap_private_key(&mechanism, key, &wrapped, public_key, label)?;
        // On an error, dropping the imported key destroys it.
        self.objects.destroy("destroying the wrapping keys")?;
        Ok(imported)
    }

    fn encrypt(&self, hash: OaepHash, aes: &LockedBytes) -> Result<Vec<u8>, TokenError> {
        let algorithm: &OaepAlgorithm = match hash {
            OaepHash::Sha1 => &OAEP_SHA1_MGF1SHA1,
            OaepHash::Sha256 => &OAEP_SHA256_MGF1SHA256,
        };
        let mut wrapped = vec![0; self.encrypting.ciphertext_size()];
        self.encrypting
            .encrypt(algorithm, aes.expose(), &mut wrapped, None)
            .map_err(software("RSA-OAEP encryption"))?;
        Ok(wrapped)
    }
}

impl Session {
    /// `C_UnwrapKey` of a private key that only signs.
    pub(super) fn unwrap_private_key<'a>(
        &'a self,
        mechanism: &UnwrapMechanism<'_>,
        unwrapping_key: ObjectHandle,
        wrapped: &[u8],
        public_key: &PublicKey,
        label: &str,
    ) -> Result<NewKey<'a>, TokenError> {
        let template = template::imported_private_key(self.dialect(), public_key, label);
        let doing = format!("unwrapping the private key \"{label}\" into the token");
        let unwrap = |template: &[Attribute]| {
            self.create_with_retries(&doing, identity(template), || {
                self.unwrap_key(mechanism, unwrapping_key, wrapped, template)
            })
        };
        if !self.dialect().settles_unwrapped {
            return unwrap(&template).map(|handle| NewKey::new(self, handle));
        }
        let mut in_session = template.clone();
        template::make_session_object(&mut in_session);
        let mut temporary = Temporary::new(self);
        let unwrapped = temporary.own(unwrap(&in_session)?);
        let settled = self.settle(&mut temporary, unwrapped, &in_session, mechanism.route(), label)?;
        let copied = self.cryptoki().copy_object(settled, &[Attribute::Token(true)]);
        let imported = match copied {
            Ok(copied) => NewKey::new(self, copied),
            // The checks of the object in the session also hold for one on the token.
            Err(CryptokiError::Pkcs11(RvError::FunctionNotSupported, _)) if settled == unwrapped => {
                NewKey::new(self, unwrap(&template)?)
            }
            Err(error) => {
                return Err(TokenError::during(format!("copying \"{label}\" to the token"))(
                    error,
                ));
            }
        };
        // On an error, dropping the imported key destroys it.
        temporary.destroy(&format!("destroying the copy of \"{label}\" in this session"))?;
        Ok(imported)
    }

    /// `C_CreateObject` of a private key that only signs: its numbers cross the call in plaintext.
    pub(super) fn create_private_key(
        &self,
        private_key: CheckedPrivateKey,
        public_key: &PublicKey,
        label: &str,
    ) -> Result<NewKey<'_>, TokenError> {
        let mut template = template::imported_private_key(self.dialect(), public_key, label);
        let parts = private_key.parts().ok_or(TokenError::Software {
            what: "reading the normalised private key",
        })?;
        template.extend(template::private_key_values(self.dialect(), &parts));
        let doing = format!("creating the private key \"{label}\" on the token");
        let created = self.create_with_retries(&doing, identity(&template), || {
            self.cryptoki().create_object(&template)
        });
        created.map(|handle| NewKey::new(self, handle))
    }
}

/// Class, type, label and id, which begin every template of an imported key.
fn identity(template: &[Attribute]) -> &[Attribute] {
    &template[..template.len().min(4)]
}

/// RFC 5649 section 4.1: padded to 8 bytes, plus the 8 bytes of the integrity check.
fn wrap_padded(aes: &LockedBytes, private_key: &CheckedPrivateKey) -> Result<Vec<u8>, TokenError> {
    let mut wrapped = vec![0; private_key.expose().len().next_multiple_of(8) + 8];
    AesKek::new(&AES_256, aes.expose())
        .and_then(|kek| {
            kek.wrap_with_padding(private_key.expose(), &mut wrapped)
                .map(|_| ())
        })
        .map_err(software("AES key wrap"))?;
    Ok(wrapped)
}

fn software<E>(what: &'static str) -> impl FnOnce(E) -> TokenError {
    move |_| TokenError::Software { what }
}
