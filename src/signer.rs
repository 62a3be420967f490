//! The interface between what is signed and what signs it.
//!
//! `x509` builds and checks structures and knows nothing about PKCS#11; `token` drives PKCS#11 and knows nothing about X.509. They meet here:
//! [`Signer`] signs one message, [`KeyStore`] finds the key that signs.

mod algorithm;
mod challenge;
mod choice;
mod fingerprint;
mod hash;
mod hex;
mod key_fault;
mod key_list;
mod ml_dsa;
mod pss;
mod public_key;
mod random;
mod rsa_sha224;
mod verify;

use std::error::Error as StdError;
use std::fmt;

pub use algorithm::{Curve, KeyAlgorithm, SignatureAlgorithm, UnknownKeyType};
pub use challenge::{MeasuredTexts, new_challenge};
pub use choice::{SignatureChoice, UnfitChoice};
pub use fingerprint::{KeyFingerprint, NoFingerprint};
pub use hash::{Hash, sha1, sha256};
pub use hex::Hex;
pub use key_fault::{KeyFault, KeySearch};
pub use key_list::{KeyList, KeyListError};
pub use ml_dsa::MlDsaParameterSet;
pub use pss::{Pss, PssError};
pub(crate) use public_key::curve_oid;
pub use public_key::{BadSignature, PublicKey, PublicKeyError};
pub use random::{NoRandomNumbers, RandomSource, SystemRandom, fill_random};

/// A private key that can sign a message, in any store. It can be moved to another thread; [`open_another`](Self::open_another) opens one for
/// each thread.
pub trait Signer: Send {
    /// The public half. A signature by [`sign`](Self::sign) verifies under it.
    fn public_key(&self) -> &PublicKey;

    /// Refuses an algorithm that the store is known not to support, before anything is recorded or signed. [`sign`](Self::sign) refuses it too.
    ///
    /// # Errors
    /// What is missing.
    fn check(&self, algorithm: SignatureAlgorithm) -> Result<(), SignError> {
        let _ = algorithm;
        Ok(())
    }

    /// Signs `message`, unhashed, exactly once. Returns the X.509 `signatureValue` bytes: for RSA the octets of RFC 8017 section 8, for ECDSA
    /// the DER `Ecdsa-Sig-Value` of RFC 3279 section 2.2.3.
    ///
    /// The caller verifies the result, in software, with [`PublicKey::verify`].
    ///
    /// # Errors
    /// Errors of the token. The message may have been signed or not, so never repeat it blindly: see [`was_busy`](Self::was_busy).
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Whether this error of [`sign`](Self::sign) says that the store was too busy to sign, so that the same signature can be requested later.
    fn was_busy(&self, _error: &SignError) -> bool {
        false
    }

    /// Another signer with the same key, for another thread. It has a separate session or connection, and does not log in again. `None` if the
    /// store has only one signer for a key.
    ///
    /// # Errors
    /// Errors of the store: a token limits the number of sessions.
    fn open_another(&self) -> Result<Option<Box<dyn Signer + '_>>, SignError> {
        Ok(None)
    }
}

/// A place that holds private keys: a PKCS#11 token, or a key of AWS KMS.
pub trait KeyStore {
    /// The source of serial numbers for certificates of its keys: the operating system, or the store's own generator.
    fn random_source(&self) -> &dyn RandomSource {
        &SystemRandom
    }

    /// The one private key that belongs to `public_key`.
    ///
    /// # Errors
    /// No key, or more than one. The message lists what was found.
    fn signer_for(&self, public_key: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError>;

    /// The one private key with the name `name`: a label, or another form that the store accepts.
    ///
    /// # Errors
    /// No key, or more than one. The message lists what was found.
    fn signer_named(&self, name: &str) -> Result<Box<dyn Signer + '_>, SignError>;

    /// The private key with the name `name`, and which of `keys` it belongs to; `None` if it belongs to none of them. If the store cannot read a
    /// key's public half, it has the key sign a [challenge](new_challenge).
    ///
    /// # Errors
    /// No key has the name `name`, or more than one that belongs to `keys`. The message lists what was found.
    fn signer_among(
        &self,
        name: &str,
        keys: &[PublicKey],
    ) -> Result<Option<Box<dyn Signer + '_>>, SignError> {
        let signer = self.signer_named(name)?;
        let belongs = keys.iter().any(|key| key.has_numbers_of(signer.public_key()));
        Ok(belongs.then_some(signer))
    }

    /// The certificates beside the keys, as they are stored: usually DER.
    ///
    /// # Errors
    /// Errors of the store.
    fn certificates(&self) -> Result<Vec<Vec<u8>>, SignError> {
        Ok(Vec::new())
    }

    /// The keeper of small notes beside the keys, if the store supports notes.
    fn note_keeper(&self) -> Option<&dyn NoteKeeper> {
        None
    }
}

/// A store that the caller keeps open.
impl<T: KeyStore + ?Sized> KeyStore for &T {
    fn random_source(&self) -> &dyn RandomSource {
        (**self).random_source()
    }

    fn signer_for(&self, public_key: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError> {
        (**self).signer_for(public_key)
    }

    fn signer_named(&self, name: &str) -> Result<Box<dyn Signer + '_>, SignError> {
        (**self).signer_named(name)
    }

    fn signer_among(
        &self,
        name: &str,
        keys: &[PublicKey],
    ) -> Result<Option<Box<dyn Signer + '_>>, SignError> {
        (**self).signer_among(name, keys)
    }

    fn certificates(&self) -> Result<Vec<Vec<u8>>, SignError> {
        (**self).certificates()
    }

    fn note_keeper(&self) -> Option<&dyn NoteKeeper> {
        (**self).note_keeper()
    }
}

/// A place for short notes beside the keys. A copy of the caller's files does not contain them.
pub trait NoteKeeper {
    /// All notes.
    ///
    /// # Errors
    /// Errors of the store.
    fn notes(&self) -> Result<Vec<Vec<u8>>, SignError>;

    /// Writes `note`, then removes the notes `outdated`, which [`notes`](Self::notes) returned before.
    ///
    /// # Errors
    /// Errors of the store: some stores accept only keys.
    fn keep(&self, note: &[u8], outdated: &[Vec<u8>]) -> Result<(), SignError>;

    /// Removes notes that [`notes`](Self::notes) returned before.
    ///
    /// # Errors
    /// Errors of the store.
    fn forget(&self, outdated: &[Vec<u8>]) -> Result<(), SignError>;
}

/// Why a store could not sign. Keeps the store's own error, so no detail is lost.
#[derive(Debug)]
pub struct SignError(Box<dyn StdError + Send + Sync>);

impl SignError {
    /// Wraps the store's own error.
    pub fn new(cause: impl StdError + Send + Sync + 'static) -> Self {
        Self(Box::new(cause))
    }

    /// The store's own error, if it is a `T`.
    #[must_use]
    pub fn cause<T: StdError + 'static>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for SignError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
