//! Stand-in SSH keys for the people of a rehearsal. They are made for one rehearsal, and exist only in memory.

#[cfg(test)]
mod tests;

use std::fmt;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use super::ssh_wire::put_string;
use super::sshsig::armoured_signature;
use super::{SshKey, SshKeyKind, UnsignedStatement};

/// The common prefix of all practice namespaces.
const PRACTICE: &str = "ceremony-practice-";

/// An Ed25519 key that stands in for a person's key. It signs only statements of a practice, so its signatures cannot count in a real ceremony.
pub struct StandInSigner {
    pair: Ed25519KeyPair,
    key: SshKey,
}

/// Why a stand-in key did not sign.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StandInSignerError {
    /// The random number generator failed.
    Random,
    /// The statement belongs to a real ceremony.
    NotAPractice {
        /// Its namespace.
        namespace: &'static str,
    },
}

impl StandInSigner {
    /// Generates a new key.
    ///
    /// # Errors
    /// [`StandInSignerError::Random`]
    pub fn generate() -> Result<Self, StandInSignerError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| StandInSignerError::Random)?;
        let mut blob = Vec::new();
        put_string(&mut blob, SshKeyKind::Ed25519.name().as_bytes());
        put_string(&mut blob, pair.public_key().as_ref());
        let key = SshKey::from_blob(&blob).map_err(|_| StandInSignerError::Random)?;
        Ok(Self { pair, key })
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &SshKey {
        &self.key
    }

    /// An armoured signature (PROTOCOL.sshsig), as `ssh-keygen -Y sign` makes it.
    ///
    /// # Errors
    /// [`StandInSignerError::NotAPractice`]
    pub fn sign(&self, statement: &UnsignedStatement) -> Result<Vec<u8>, StandInSignerError> {
        let namespace = statement.namespace();
        if !namespace.starts_with(PRACTICE) {
            return Err(StandInSignerError::NotAPractice { namespace });
        }
        let raw = |signed: &[u8]| self.pair.sign(signed).as_ref().to_vec();
        Ok(armoured_signature(&self.key, namespace, statement.bytes(), raw))
    }
}

/// Shows no secret.
impl fmt::Debug for StandInSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandInSigner")
            .field("key", &self.key.fingerprint())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for StandInSignerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("no stand-in key could be made: the random number generator failed"),
            Self::NotAPractice { namespace } => write!(
                f,
                "a stand-in key signs statements of a practice only, and this one is for {namespace}"
            ),
        }
    }
}

impl std::error::Error for StandInSignerError {}
