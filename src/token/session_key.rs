//! Key pairs that end with the session: for measuring, with nothing left on the token.

use super::generate::{fresh_id, generation};
use super::temporary::Temporary;
use super::{KeyClass, KeyDescription, PrivateKey, Session, TokenError, template};
use crate::signer::KeyAlgorithm;

/// The label of such a pair, as long as it exists.
pub const SESSION_KEY_LABEL: &str = "hsm-ca token bench, ends with the session";

const DESTROYING: &str = "destroying the key pair of this session";

/// A key pair of session objects (`CKA_TOKEN` false): the token destroys them when the session closes, even if the process was killed (PKCS#11
/// v2.40 section 5.6, `C_CloseSession`). They are destroyed when this value is dropped.
#[derive(Debug)]
pub struct SessionKey<'a> {
    key: PrivateKey,
    objects: Temporary<'a>,
}

impl SessionKey<'_> {
    /// The private key. Every session of the same login signs with it, as long as this value lives.
    #[must_use]
    pub const fn private_key(&self) -> &PrivateKey {
        &self.key
    }

    /// Destroys the pair, and reports a failure.
    ///
    /// # Errors
    /// [`TokenError::Call`]; the pair then ends with the session.
    pub fn destroy(self) -> Result<(), TokenError> {
        self.objects.destroy(DESTROYING)
    }
}

impl Session {
    /// Generates a pair of session objects on the token that only signs. Both objects must report that they are session objects: a token that
    /// stores them anyway is refused, after they are destroyed.
    ///
    /// # Errors
    /// [`TokenError::CannotGenerate`], [`TokenError::NoPublicKey`], [`TokenError::Call`]
    pub fn generate_session_key(&self, algorithm: KeyAlgorithm) -> Result<SessionKey<'_>, TokenError> {
        self.token().check_generation(algorithm)?;
        let id = fresh_id()?;
        let (mut public, mut private) =
            template::generated_pair(self.dialect(), algorithm, SESSION_KEY_LABEL, &id);
        template::make_session_object(&mut public);
        template::make_session_object(&mut private);
        let (_, mechanism) = generation(self.dialect(), algorithm);
        let (public, private) = self.redo_with_retries(
            &format!("generating a pair of {algorithm} session keys"),
            || self.cryptoki().generate_key_pair(&mechanism, &public, &private),
            // For a token that stored them although it failed, and although session objects were requested.
            |doing| self.destroy_pair(doing, &id),
        )?;
        let mut objects = Temporary::new(self);
        let (private, public) = (objects.own(private), objects.own(public));
        let description = self.describe_key(KeyClass::Private, private)?;
        let half = self.describe_key(KeyClass::Public, public)?;
        if let Some(reason) = kept(&description).or_else(|| kept(&half)) {
            objects.destroy(&format!("{DESTROYING}, WHICH IS STILL ON THE TOKEN"))?;
            return Err(TokenError::CannotGenerate {
                token: self.token().description().label.clone(),
                algorithm,
                reason,
            });
        }
        let public_key =
            self.public_key_of(public, SESSION_KEY_LABEL)?
                .ok_or_else(|| TokenError::NoPublicKey {
                    key: SESSION_KEY_LABEL.to_owned(),
                    reason: "the public-key object does not contain it".to_owned(),
                })?;
        let key = PrivateKey {
            handle: private,
            description,
            public_key,
        };
        Ok(SessionKey { key, objects })
    }
}

/// Why an object does not end with the session.
fn kept(object: &KeyDescription) -> Option<String> {
    let told = match object.attributes.token {
        Some(false) => return None,
        Some(true) => "true",
        None => "not reported",
    };
    Some(format!(
        "it was asked for a session object, and CKA_TOKEN of the {} key is {told}; the pair was destroyed",
        object.class
    ))
}
