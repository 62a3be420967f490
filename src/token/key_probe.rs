//! Tests whether keys can be made and used on a token, and leaves nothing behind.
//!
//! With fewer than two HSMs, CloudHSM refuses to make or to use a key on the token, except session keys (User Guide, working-client-sync), and no
//! call reports that. One test makes nothing: [`Session::try_key_use`] begins a signature with an existing key, and returns none. The other makes a
//! key and destroys it, and runs only on request ([`Session::try_new_key`]). If the process is killed between these two calls, the key stays;
//! therefore it has no usage, it always has the same label and id, and the next test begins by destroying it.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};

use super::dialect::Flag;
use super::{Session, TokenError};

/// The label of the key that is made and destroyed.
pub const KEY_PROBE_LABEL: &str = "hsm-ca key probe, may be deleted";
const KEY_PROBE_ID: &[u8] = b"hsm-ca-doctor";

/// A key without any usage. CloudHSM has `CKA_SIGN` and `CKA_VERIFY` true by default here (pkcs11-attributes-interpreting).
const USELESS: [Flag; 10] = [
    Flag::Token(true),
    Flag::Private(true),
    Flag::Sensitive(true),
    Flag::Extractable(false),
    Flag::Encrypt(false),
    Flag::Decrypt(false),
    Flag::Sign(false),
    Flag::Verify(false),
    Flag::Wrap(false),
    Flag::Unwrap(false),
];

impl Session {
    /// How many keys earlier tests have left: zero, unless a process was killed.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn count_left_key_probes(&self) -> Result<usize, TokenError> {
        Ok(self.find_key_probes()?.len())
    }

    /// Makes a key on the token and destroys it, after those that earlier tests have left. Returns how many there were.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn try_new_key(&self) -> Result<usize, TokenError> {
        const DOING: &str = "making a key on the token";
        let left = self.destroy_key_probes()?;
        let mut template: Vec<Attribute> = USELESS.into_iter().map(Attribute::from).collect();
        template.push(Attribute::ValueLen(32.into()));
        template.extend(identity());
        let made = self.create_with_retries(DOING, &probes(), || {
            self.cryptoki().generate_key(&Mechanism::AesKeyGen, &template)
        });
        // It is not documented what a cluster leaves after a refusal; a busy one may have made two keys.
        let destroyed = self.destroy_key_probes();
        made?;
        destroyed?;
        Ok(left)
    }

    /// Begins a signature with a private key on the token and returns no signature: CloudHSM asks the HSM about the key at that moment, unless
    /// configured otherwise (configure-tool-params5, `--disable-validate-key-at-init`). Returns the key's label, or `None` if the token has no key
    /// to test. The signature ends with the session, which cannot be used for anything else until then.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn try_key_use(&self) -> Result<Option<String>, TokenError> {
        const DOING: &str = "looking for a key that signs";
        let signing = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::Token(true),
            Attribute::Sign(true),
        ];
        for key in self.find(DOING, &signing)? {
            let (mut mechanism, mut label) = (None, String::new());
            for attribute in self.read(DOING, key, &[AttributeType::KeyType, AttributeType::Label])? {
                match attribute {
                    Attribute::KeyType(KeyType::RSA) => mechanism = Some(Mechanism::RsaPkcs),
                    Attribute::KeyType(KeyType::EC) => mechanism = Some(Mechanism::Ecdsa),
                    Attribute::Label(text) => label = String::from_utf8_lossy(&text).into_owned(),
                    _ => {}
                }
            }
            let Some(mechanism) = mechanism else { continue };
            let doing = format!("beginning a signature with the key \"{label}\"");
            self.with_retries(|| self.cryptoki().sign_init(&mechanism, key))
                .map_err(TokenError::during(doing))?;
            return Ok(Some(label));
        }
        Ok(None)
    }

    fn find_key_probes(&self) -> Result<Vec<ObjectHandle>, TokenError> {
        self.find("looking for a key of an earlier try", &probes())
    }

    fn destroy_key_probes(&self) -> Result<usize, TokenError> {
        let found = self.find_key_probes()?;
        for key in &found {
            self.destroy(&format!("destroying the key \"{KEY_PROBE_LABEL}\""), *key)?;
        }
        Ok(found.len())
    }
}

fn identity() -> [Attribute; 2] {
    [
        Attribute::Label(KEY_PROBE_LABEL.as_bytes().to_vec()),
        Attribute::Id(KEY_PROBE_ID.to_vec()),
    ]
}

/// Attributes that no other key has.
fn probes() -> [Attribute; 3] {
    let [label, id] = identity();
    [Attribute::Class(ObjectClass::SECRET_KEY), label, id]
}
