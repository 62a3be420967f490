//! Which public key a private key belongs to.
//!
//! Labels and ids can be wrong, empty, or shared: AWS CloudHSM's command line makes pairs without an id whose two labels differ. If neither the
//! private key itself nor an id of its own shows its public half, a signature over a [challenge](new_challenge) does: the public key that it
//! verifies under is the right one.

use std::collections::BTreeSet;

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};

use super::key::kind_fits;
use super::public_half::{no_public_object, own_of};
use super::public_key_attributes::public_key_values;
use super::{KeyClass, KeyDescription, KeySelector, PrivateKey, Session, TokenError, TokenSigner};
use crate::signer::{Hex, KeyAlgorithm, PublicKey, SignatureAlgorithm, new_challenge};

const DOING: &str = "looking for a private key by its public key";

/// A private key whose public half is still unknown.
struct Open {
    handle: ObjectHandle,
    description: KeyDescription,
}

impl Session {
    /// The one private key that fits, with its public half. It signs a challenge if the token does not report which public key is its own.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::SeveralKeys`], [`TokenError::NoPublicKey`], [`TokenError::Call`]
    pub fn private_key(&self, selector: &KeySelector) -> Result<PrivateKey, TokenError> {
        let handle = self.only_one(selector.to_string(), &self.find_private(selector)?)?;
        let (description, told) = self.read_private(handle)?;
        if let Some(public_key) = self.known_half(&description, told)? {
            return Ok(PrivateKey {
                handle,
                description,
                public_key,
            });
        }
        let others = self.public_keys_of_kind(&description)?;
        if others.is_empty() {
            return Err(no_public_object(&description));
        }
        let count = others.len();
        let open = Open { handle, description };
        self.prove_one_of(&open, &others)?.ok_or_else(|| {
            let reason = match count {
                1 => "the only public key of its kind on the token does not verify what it signs".to_owned(),
                _ => {
                    format!("none of the {count} public keys of its kind on the token verifies what it signs")
                }
            };
            TokenError::NoPublicKey {
                key: open.description.label,
                reason,
            }
        })
    }

    /// The one private key that fits, with its public half as far as names show it: nothing is signed.
    ///
    /// # Errors
    /// As [`private_key`](Self::private_key); [`TokenError::SeveralKeys`] also if several public keys may be its own.
    pub fn private_key_by_names(&self, selector: &KeySelector) -> Result<PrivateKey, TokenError> {
        let handle = self.only_one(selector.to_string(), &self.find_private(selector)?)?;
        self.describe_private(handle)
    }

    /// What the token reports about the one private key that fits, and its public half if names show one. Nothing is signed.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::SeveralKeys`], [`TokenError::Call`]
    pub fn describe_private_key(
        &self,
        selector: &KeySelector,
    ) -> Result<(KeyDescription, Option<PublicKey>), TokenError> {
        let handle = self.only_one(selector.to_string(), &self.find_private(selector)?)?;
        match self.describe_private(handle) {
            Ok(key) => Ok((key.description, Some(key.public_key))),
            Err(TokenError::NoPublicKey { .. } | TokenError::SeveralKeys { .. }) => {
                Ok((self.describe_key(KeyClass::Private, handle)?, None))
            }
            Err(error) => Err(error),
        }
    }

    /// The private key that fits and belongs to one of `keys`; `None` if those that fit belong to none of them. A key whose public half the token
    /// does not report signs a challenge.
    ///
    /// # Errors
    /// [`TokenError::NoKey`], [`TokenError::SeveralKeys`], [`TokenError::Call`]
    pub fn private_key_among(
        &self,
        selector: &KeySelector,
        keys: &[PublicKey],
    ) -> Result<Option<PrivateKey>, TokenError> {
        let found = self.find_private(selector)?;
        if found.is_empty() {
            return Err(self.no_key(selector.to_string())?);
        }
        let mut belonging = Vec::new();
        for handle in found {
            let (description, told) = self.read_private(handle)?;
            match self.known_half(&description, told) {
                Ok(Some(known)) => {
                    let same = keys.iter().find(|key| key.has_numbers_of(&known));
                    belonging.extend(same.map(|public_key| PrivateKey {
                        handle,
                        description,
                        public_key: public_key.clone(),
                    }));
                }
                Ok(None) | Err(TokenError::NoPublicKey { .. }) => {
                    belonging.extend(self.prove_one_of(&Open { handle, description }, keys)?);
                }
                Err(error) => return Err(error),
            }
        }
        match belonging.len() {
            0 | 1 => Ok(belonging.pop()),
            _ => Err(TokenError::SeveralKeys {
                wanted: selector.to_string(),
                found: belonging.into_iter().map(|key| key.description).collect(),
            }),
        }
    }

    /// The one private key that belongs to `public_key`, found by its value: labels and ids can be wrong.
    ///
    /// # Errors
    /// As [`private_key`](Self::private_key).
    pub fn private_key_for(&self, public_key: &PublicKey) -> Result<PrivateKey, TokenError> {
        let mut labels = BTreeSet::new();
        let mut found = match (public_key.algorithm(), public_key.rsa_integers()) {
            (KeyAlgorithm::Ec(_) | KeyAlgorithm::Ed25519 | KeyAlgorithm::MlDsa(_), _) | (_, None) => {
                let mut found = Vec::new();
                for public in self.find(DOING, &public_key_values(self.dialect(), public_key))? {
                    let description = self.describe_key(KeyClass::Public, public)?;
                    // Without an id nothing says which private key it belongs to.
                    if !description.id.is_empty() {
                        found.extend(self.find_private(&KeySelector::with_id(&description.id))?);
                    }
                    labels.insert(description.label);
                }
                found
            }
            (KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. }, Some((modulus, _))) => self.find(
                DOING,
                &[
                    Attribute::Class(ObjectClass::PRIVATE_KEY),
                    Attribute::Modulus(modulus.to_vec()),
                ],
            )?,
        };
        // Two public-key objects may lead to one private key.
        let mut seen = BTreeSet::new();
        found.retain(|handle| seen.insert(handle.handle()));
        let [handle] = found.as_slice() else {
            return self.search(public_key, found, &labels);
        };
        let (description, told) = self.read_private(*handle)?;
        // What the private key itself reports must agree: it could have the modulus with another exponent. No token reports that an RSA key is for
        // RSASSA-PSS only.
        match told {
            Some(told) if !told.has_numbers_of(public_key) => Err(TokenError::NoKey {
                wanted: belongs_to(public_key),
                found: vec![description],
            }),
            _ => Ok(PrivateKey {
                handle: *handle,
                description,
                public_key: public_key.clone(),
            }),
        }
    }

    /// For the case that `found` is not the one key that belongs to `public_key`: several keys under one id, or none that an id leads to, on a
    /// token that cannot search by value, or with keys that have no id or no public-key object.
    fn search(
        &self,
        public_key: &PublicKey,
        found: Vec<ObjectHandle>,
        labels: &BTreeSet<String>,
    ) -> Result<PrivateKey, TokenError> {
        let pool = match found.is_empty() {
            false => found,
            true => self.find(
                DOING,
                &[Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)],
            )?,
        };
        let (mut known, mut open) = (Vec::new(), Vec::new());
        for handle in pool {
            let (description, told) = match self.read_private(handle) {
                Err(TokenError::NoPublicKey { .. }) => continue,
                other => other?,
            };
            match self.known_half(&description, told) {
                Ok(Some(half)) if half.has_numbers_of(public_key) => known.push(PrivateKey {
                    handle,
                    description,
                    public_key: public_key.clone(),
                }),
                Ok(None) | Err(TokenError::NoPublicKey { .. })
                    if kind_fits(&description.kind, public_key.algorithm()) =>
                {
                    open.push(Open { handle, description });
                }
                Ok(_) | Err(TokenError::NoPublicKey { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let wanted = belongs_to(public_key);
        match known.len() {
            0 => self.choose_open(public_key, open, labels),
            1 => known.pop().ok_or(TokenError::NoKey {
                wanted,
                found: vec![],
            }),
            _ => Err(TokenError::SeveralKeys {
                wanted,
                found: known.into_iter().map(|key| key.description).collect(),
            }),
        }
    }

    /// Of the private keys with an unknown public half: the only one, the only one that shares a label or the key identifier with `public_key`, or
    /// those that no name could tell apart. They sign a challenge. No other key does: the operator decides which key is used.
    fn choose_open(
        &self,
        public_key: &PublicKey,
        open: Vec<Open>,
        labels: &BTreeSet<String>,
    ) -> Result<PrivateKey, TokenError> {
        let wanted = belongs_to(public_key);
        let identifier = public_key.key_identifier();
        let is_near = |key: &&Open| {
            let KeyDescription { id, label, .. } = &key.description;
            *id == identifier || !label.is_empty() && labels.contains(label)
        };
        let near: Vec<_> = open.iter().filter(is_near).collect();
        let tried = if near.is_empty() {
            open.iter().collect()
        } else {
            near
        };
        let names: BTreeSet<_> = tried
            .iter()
            .map(|key| (&key.description.label, &key.description.id))
            .collect();
        if names.len() <= 1 {
            let mut proven = Vec::new();
            for key in &tried {
                proven.extend(self.prove_one_of(key, std::slice::from_ref(public_key))?);
            }
            match proven.len() {
                0 if tried.len() == open.len() => return Err(self.no_key(wanted)?),
                0 => {}
                1 => {
                    return proven.pop().ok_or(TokenError::NoKey {
                        wanted,
                        found: vec![],
                    });
                }
                _ => {
                    let found = proven.into_iter().map(|key| key.description).collect();
                    return Err(TokenError::SeveralKeys { wanted, found });
                }
            }
        }
        Err(TokenError::SeveralKeys {
            wanted: format!("may belong to the public key with id {}", Hex(&identifier)),
            found: open.into_iter().map(|key| key.description).collect(),
        })
    }

    /// `CKA_VALUE` of the certificate objects (PKCS#11 v2.40 section 4.6), without a look inside.
    pub(super) fn certificate_values(&self) -> Result<Vec<Vec<u8>>, TokenError> {
        const DOING: &str = "reading the certificates on the token";
        let mut values = Vec::new();
        for handle in self.find(DOING, &[Attribute::Class(ObjectClass::CERTIFICATE)])? {
            for attribute in self.read(DOING, handle, &[AttributeType::Value])? {
                if let Attribute::Value(value) = attribute {
                    values.push(value);
                }
            }
        }
        Ok(values)
    }

    /// The public half that the private key itself reports, or the one public key of its kind under its id; `None` if it reports none and has no
    /// id, or one that other keys of its kind also have.
    fn known_half(
        &self,
        private: &KeyDescription,
        told: Option<PublicKey>,
    ) -> Result<Option<PublicKey>, TokenError> {
        if told.is_some() || private.id.is_empty() {
            return Ok(told);
        }
        let held = self.held_under(private)?;
        let Some(own) = own_of(&private.id, &held) else {
            return Ok(None);
        };
        if own.key_identifier() == private.id {
            return Ok(Some(own.clone()));
        }
        let mut others = 0;
        for handle in self.find_private(&KeySelector::with_id(&private.id))? {
            let other = self.describe_key(KeyClass::Private, handle)?;
            others += usize::from(kind_fits(&other.kind, own.algorithm()));
        }
        Ok((others <= 1).then(|| own.clone()))
    }

    /// The public keys on the token that could belong to `private` by their kind, each once; those with its names first.
    fn public_keys_of_kind(&self, private: &KeyDescription) -> Result<Vec<PublicKey>, TokenError> {
        let mut found: Vec<(bool, PublicKey)> = Vec::new();
        for handle in self.find(
            "looking for public keys",
            &[Attribute::Class(ObjectClass::PUBLIC_KEY)],
        )? {
            let described = self.describe_key(KeyClass::Public, handle)?;
            let key = match self.public_key_of(handle, &described.label) {
                Err(TokenError::NoPublicKey { .. }) => None,
                other => other?,
            };
            let key = key.filter(|key| kind_fits(&private.kind, key.algorithm()));
            if let Some(key) = key.filter(|key| found.iter().all(|(_, known)| known != key)) {
                let is_near = described.label == private.label || described.id == private.id;
                found.push((is_near, key));
            }
        }
        found.sort_by_key(|(is_near, _)| !is_near);
        Ok(found.into_iter().map(|(_, key)| key).collect())
    }

    /// Makes a private key sign a challenge, once for each kind of signature that `keys` make, and returns it with the public key that verifies.
    fn prove_one_of(&self, key: &Open, keys: &[PublicKey]) -> Result<Option<PrivateKey>, TokenError> {
        let challenge = new_challenge().map_err(|_| TokenError::Software {
            what: "drawing a random challenge",
        })?;
        let mut signed: Vec<(SignatureAlgorithm, Option<Vec<u8>>)> = Vec::new();
        for public_key in keys
            .iter()
            .filter(|public_key| kind_fits(&key.description.kind, public_key.algorithm()))
        {
            let candidate = PrivateKey {
                handle: key.handle,
                description: key.description.clone(),
                public_key: public_key.clone(),
            };
            let algorithm = public_key.algorithm().default_signature();
            if !signed.iter().any(|(known, _)| *known == algorithm) {
                let signer = TokenSigner::new(self, candidate.clone());
                match signer.sign_on_token(algorithm, &challenge) {
                    Ok(signature) => signed.push((algorithm, Some(signature))),
                    // Not a signature on this curve.
                    Err(TokenError::Software { .. }) => signed.push((algorithm, None)),
                    Err(error) => return Err(error),
                }
            }
            let signature = signed.iter().find(|(known, _)| *known == algorithm);
            if let Some((_, Some(signature))) = signature
                && public_key.verify(algorithm, &challenge, signature).is_ok()
            {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}

fn belongs_to(public_key: &PublicKey) -> String {
    format!(
        "belongs to the public key with id {}",
        Hex(&public_key.key_identifier())
    )
}
