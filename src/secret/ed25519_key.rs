//! An Ed25519 private key in a file of its own, as `openssl genpkey -algorithm ed25519` makes it: it signs checkpoints, and nothing else.

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use const_oid::db::rfc8410::ID_ED_25519;
use der::Decode;
use der::asn1::OctetStringRef;

use super::pkcs8::PrivateKeyInfo;
use super::{LockedBytes, MemoryError, MemoryGuard, pem};
use crate::signer::{PublicKey, SignError, SignatureAlgorithm, Signer};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// An Ed25519 private key. Its seed is in locked memory and wiped when it is dropped; it is never printed.
pub struct Ed25519Key {
    seed: LockedBytes,
    public_key: PublicKey,
}

/// Why a file is not an Ed25519 private key. The error never contains the bytes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ed25519KeyError {
    /// The file is encrypted.
    Encrypted,
    /// Not one PEM block of PKCS#8.
    NotPem,
    /// Not the PKCS#8 of an Ed25519 key (RFC 8410 section 7).
    NotEd25519,
    /// No memory can be locked for it.
    Memory(MemoryError),
}

impl Ed25519Key {
    /// Reads the one PEM block of a file (RFC 7468 section 10). The caller wipes its text. The guard shows that dumps are off.
    ///
    /// # Errors
    /// [`Ed25519KeyError`]
    pub fn read(_guard: &MemoryGuard, pem: &str) -> Result<Self, Ed25519KeyError> {
        if pem.contains(ENCRYPTED) {
            return Err(Ed25519KeyError::Encrypted);
        }
        let base64 = pem
            .trim()
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(END));
        let base64 = base64.ok_or(Ed25519KeyError::NotPem)?;
        let der = pem::decode(base64)?.ok_or(Ed25519KeyError::NotPem)?;
        let info = PrivateKeyInfo::from_der(der.expose()).map_err(|_| Ed25519KeyError::NotEd25519)?;
        if info.algorithm.oid != ID_ED_25519 || info.algorithm.parameters.is_some() || info.version > 1 {
            return Err(Ed25519KeyError::NotEd25519);
        }
        let found = <&OctetStringRef>::from_der(info.private_key).map_err(|_| Ed25519KeyError::NotEd25519)?;
        let mut seed = LockedBytes::zeroed(found.as_bytes().len())?;
        seed.expose_mut().copy_from_slice(found.as_bytes());
        let pair = pair_of(&seed).ok_or(Ed25519KeyError::NotEd25519)?;
        let public_key = pair.public_key().as_ref();
        if info.public_key.is_some_and(|told| told != public_key) {
            return Err(Ed25519KeyError::NotEd25519);
        }
        let public_key = PublicKey::from_ed25519(public_key).map_err(|_| Ed25519KeyError::NotEd25519)?;
        Ok(Self { seed, public_key })
    }
}

fn pair_of(seed: &LockedBytes) -> Option<Ed25519KeyPair> {
    Ed25519KeyPair::from_seed_unchecked(seed.expose()).ok()
}

impl Signer for Ed25519Key {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match (algorithm, pair_of(&self.seed)) {
            (SignatureAlgorithm::Ed25519, Some(pair)) => Ok(pair.sign(message).as_ref().to_vec()),
            _ => Err(SignError::new(Ed25519KeyError::NotEd25519)),
        }
    }
}

impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519Key([redacted])")
    }
}

impl From<MemoryError> for Ed25519KeyError {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}

impl fmt::Display for Ed25519KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => {
                f.write_str("the private key is encrypted, and this program does not ask for its passphrase")
            }
            Self::NotPem => f.write_str("not a private key in PKCS#8 as one PEM block"),
            Self::NotEd25519 => f.write_str("not an Ed25519 private key"),
            Self::Memory(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Ed25519KeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Memory(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410 section 10.3, and its public key from section 10.1.
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

    fn read(pem: &str) -> Result<Ed25519Key, Ed25519KeyError> {
        Ed25519Key::read(&MemoryGuard::engage().unwrap(), pem)
    }

    #[test]
    fn the_key_of_the_rfc_signs_and_is_not_shown() {
        let key = read(KEY).unwrap();
        assert_eq!(hex::encode(key.public_key().subject_public_key()), PUBLIC);
        let signature = key.sign(SignatureAlgorithm::Ed25519, b"text").unwrap();
        key.public_key()
            .verify(SignatureAlgorithm::Ed25519, b"text", &signature)
            .unwrap();
        assert_eq!(format!("{key:?}"), "Ed25519Key([redacted])");
    }

    #[test]
    fn other_files_are_refused() {
        let cut = KEY.replace("dVhC", "dVg=");
        for wrong in [
            "",
            "x",
            &KEY.replace("PRIVATE", "PUBLIC"),
            &cut,
            &KEY.replace("K2Vw", "K2Vu"),
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let encrypted = KEY.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE");
        assert!(matches!(read(&encrypted), Err(Ed25519KeyError::Encrypted)));
    }
}
