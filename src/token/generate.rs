//! Key pairs that are generated on the token.
//!
//! Until it has proven itself, a pair has a label that no real key has and a random id, if the token allows both to be changed later: a process
//! that is killed leaves nothing that could be taken for the requested key.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};

use super::dialect::Dialect;
use super::mechanism::{MechanismNumber, MechanismUse};
use super::{
    KeyAttributes, KeyClass, KeyDescription, NewKey, Session, Token, TokenError, UnfitAttribute, template,
};
use crate::signer::{KeyAlgorithm, fill_random};

/// The label of a pair that has not proven itself yet.
pub const UNFINISHED_LABEL: &str = "hsm-ca key generate, unfinished, may be deleted";

/// As long as the key identifiers that replace it.
const ID_BYTES: usize = 20;

impl Token {
    /// Refuses a kind of key that the token does not generate, or could not sign with.
    ///
    /// # Errors
    /// [`TokenError::CannotGenerate`], [`TokenError::Call`]
    pub fn check_generation(&self, algorithm: KeyAlgorithm) -> Result<(), TokenError> {
        let listed = self.mechanisms()?;
        let dialect = self.dialect()?;
        let (number, _) = generation(dialect, algorithm);
        let missing = [
            self.lacks(listed, number, MechanismUse::GenerateKeyPair)?,
            self.lacks_for_signing(listed, algorithm.default_signature())?,
        ];
        let missing: Vec<_> = missing.into_iter().flatten().collect();
        let known = dialect.does_not_generate(algorithm).map(str::to_owned);
        let reason =
            known.or_else(|| (!missing.is_empty()).then(|| format!("it lacks {}", missing.join(", "))));
        reason.map_or(Ok(()), |reason| {
            Err(TokenError::CannotGenerate {
                token: self.description().label.clone(),
                algorithm,
                reason,
            })
        })
    }
}

impl Session {
    /// Generates a pair on the token that only signs. [`NewKey::name`] changes its label and id; if the token does not allow that, it has `label`
    /// and a random id.
    ///
    /// # Errors
    /// [`TokenError::CannotGenerate`], [`TokenError::Call`]; what a failed call has made is destroyed, or the error says that it is still there.
    pub fn generate_key_pair(&self, algorithm: KeyAlgorithm, label: &str) -> Result<NewKey<'_>, TokenError> {
        self.token().check_generation(algorithm)?;
        let first_label = if self.renames_keys() {
            UNFINISHED_LABEL
        } else {
            label
        };
        let id = fresh_id()?;
        let (public, private) = template::generated_pair(self.dialect(), algorithm, first_label, &id);
        let (_, mechanism) = generation(self.dialect(), algorithm);
        let doing = format!("generating the key pair \"{label}\"");
        let (public, private) = self.redo_with_retries(
            &doing,
            || self.cryptoki().generate_key_pair(&mechanism, &public, &private),
            |doing| self.destroy_pair(doing, &id),
        )?;
        Ok(NewKey::generated(self, public, private))
    }

    /// Whether a key's label and id can be changed on this token.
    #[must_use]
    pub const fn renames_keys(&self) -> bool {
        self.dialect().renames_keys
    }

    /// Finds the first attribute whose value disqualifies a private key that was generated on the token, and signs.
    #[must_use]
    pub fn unfit_for_a_generated_key(&self, key: &KeyAttributes) -> Option<UnfitAttribute> {
        key.unfit_for_signing_only()
            .or_else(|| key.unfit_for_a_generated_key(self.dialect().tells_local))
    }

    /// Every key object on the token with that label, of any class.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn keys_labelled(&self, label: &str) -> Result<Vec<KeyDescription>, TokenError> {
        let label = Attribute::Label(label.as_bytes().to_vec());
        let mut keys = Vec::new();
        for class in [KeyClass::Private, KeyClass::Public, KeyClass::Secret] {
            for handle in self.find_class(class, "looking for a label", label.clone())? {
                keys.push(self.describe_key(class, handle)?);
            }
        }
        Ok(keys)
    }

    /// The objects of a class on the token that have the attribute.
    pub(super) fn find_class(
        &self,
        class: KeyClass,
        doing: &str,
        attribute: Attribute,
    ) -> Result<Vec<ObjectHandle>, TokenError> {
        self.find(
            doing,
            &[Attribute::Class(class.into()), Attribute::Token(true), attribute],
        )
    }

    /// Destroys both objects, by an id that was drawn for them a moment ago.
    pub(super) fn destroy_pair(&self, doing: &str, id: &[u8]) -> Result<(), TokenError> {
        let doing = format!("{doing}, WHICH MAY STILL BE ON THE TOKEN");
        for class in [KeyClass::Private, KeyClass::Public] {
            for object in self.find_class(class, &doing, Attribute::Id(id.to_vec()))? {
                self.destroy(&doing, object)?;
            }
        }
        Ok(())
    }
}

/// A random id for a new pair.
pub(super) fn fresh_id() -> Result<[u8; ID_BYTES], TokenError> {
    let mut id = [0; ID_BYTES];
    fill_random(&mut id).map_err(|_| TokenError::Software {
        what: "drawing an id for the new key",
    })?;
    Ok(id)
}

/// The mechanism that generates a pair of this kind: its number, for the token's list, and cryptoki's value for the call.
pub(super) fn generation(
    dialect: &Dialect,
    algorithm: KeyAlgorithm,
) -> (MechanismNumber, Mechanism<'static>) {
    match algorithm {
        KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => (
            MechanismNumber::RSA_PKCS_KEY_PAIR_GEN,
            Mechanism::RsaPkcsKeyPairGen,
        ),
        // If the token has Ed25519 keys as CKK_EC, it also generates them as such.
        KeyAlgorithm::Ed25519 if dialect.ed25519_type == cryptoki::object::KeyType::EC_EDWARDS => (
            MechanismNumber::EC_EDWARDS_KEY_PAIR_GEN,
            Mechanism::EccEdwardsKeyPairGen,
        ),
        KeyAlgorithm::MlDsa(_) => (MechanismNumber::ML_DSA_KEY_PAIR_GEN, Mechanism::MlDsaKeyPairGen),
        KeyAlgorithm::Ec(_) | KeyAlgorithm::Ed25519 => {
            (MechanismNumber::EC_KEY_PAIR_GEN, Mechanism::EccKeyPairGen)
        }
    }
}

impl From<KeyClass> for ObjectClass {
    fn from(class: KeyClass) -> Self {
        match class {
            KeyClass::Private => Self::PRIVATE_KEY,
            KeyClass::Public => Self::PUBLIC_KEY,
            KeyClass::Secret => Self::SECRET_KEY,
        }
    }
}
