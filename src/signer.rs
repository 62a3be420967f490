//! The seam between what is signed and what signs it.
//!
//! `x509` builds and checks structures and never sees PKCS#11; `token` drives PKCS#11 and never sees X.509.
//! They meet here: [`Signer`] signs one message, [`KeyStore`] finds the key that signs.

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

/// A private key that can sign a message, wherever the key is. It can be moved to another thread;
/// [`open_another`](Self::open_another) gives each thread its own.
pub trait Signer: Send {
    /// The public half. A signature by [`sign`](Self::sign) verifies under it.
    fn public_key(&self) -> &PublicKey;

    /// Refuses an algorithm that the store is known not to have, before anything is recorded or signed;
    /// [`sign`](Self::sign) refuses it too.
    ///
    /// # Errors
    /// What is missing.
    fn check(&self, algorithm: SignatureAlgorithm) -> Result<(), SignError> {
        let _ = algorithm;
        Ok(())
    }

    /// Signs `message`, unhashed, exactly once, and returns the X.509 `signatureValue` bytes:
    /// for RSA the octets of RFC 8017 section 8, for ECDSA the DER `Ecdsa-Sig-Value` of RFC 3279 section 2.2.3.
    ///
    /// The caller verifies the result; [`PublicKey::verify`] does it in software.
    ///
    /// # Errors
    /// What the token said; the message may or may not have been signed, so it is never repeated blindly.
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Another signer with the same key, for another thread: it has a session or a connection of its own, and does not log in again.
    /// `None` where the store has only one signer for a key.
    ///
    /// # Errors
    /// What the store said: a token limits the number of sessions.
    fn open_another(&self) -> Result<Option<Box<dyn Signer + '_>>, SignError> {
        Ok(None)
    }
}

/// A place that holds private keys: a PKCS#11 token, or a key of AWS KMS.
pub trait KeyStore {
    /// Where serial numbers for the certificates of its keys come from: the operating system, unless the store has a generator of its own.
    fn random_source(&self) -> &dyn RandomSource {
        &SystemRandom
    }

    /// The one private key that belongs to `public_key`.
    ///
    /// # Errors
    /// None, or more than one: the message lists what was found.
    fn signer_for(&self, public_key: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError>;

    /// The one private key that `name` (a label, or whatever the store takes) points at.
    ///
    /// # Errors
    /// None, or more than one: the message lists what was found.
    fn signer_named(&self, name: &str) -> Result<Box<dyn Signer + '_>, SignError>;

    /// The private key that `name` points at, and the one of `keys` that it belongs to; `None` if it belongs to none of them. A store that cannot
    /// read a key's public half finds out with a signature over a [challenge](new_challenge).
    ///
    /// # Errors
    /// `name` points at no key, or at more than one that belongs to them: the message lists what was found.
    fn signer_among(
        &self,
        name: &str,
        keys: &[PublicKey],
    ) -> Result<Option<Box<dyn Signer + '_>>, SignError> {
        let signer = self.signer_named(name)?;
        let belongs = keys.iter().any(|key| key.has_numbers_of(signer.public_key()));
        Ok(belongs.then_some(signer))
    }

    /// The certificates that are kept beside the keys, as they are stored: usually DER.
    ///
    /// # Errors
    /// What the store said.
    fn certificates(&self) -> Result<Vec<Vec<u8>>, SignError> {
        Ok(Vec::new())
    }

    /// What keeps a few bytes beside the keys, if the store has room for them.
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

/// A place for a few bytes beside the keys, which a copy of the caller's files does not contain.
pub trait NoteKeeper {
    /// Everything that is kept there.
    ///
    /// # Errors
    /// What the store said.
    fn notes(&self) -> Result<Vec<Vec<u8>>, SignError>;

    /// Keeps `note`, and only then removes the notes `outdated`, which [`notes`](Self::notes) returned before.
    ///
    /// # Errors
    /// What the store said: some stores take nothing but keys.
    fn keep(&self, note: &[u8], outdated: &[Vec<u8>]) -> Result<(), SignError>;

    /// Removes notes that [`notes`](Self::notes) returned before.
    ///
    /// # Errors
    /// What the store said.
    fn forget(&self, outdated: &[Vec<u8>]) -> Result<(), SignError>;
}

/// Why a store could not sign. The cause keeps the store's own error, so that no detail is lost on the way.
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
