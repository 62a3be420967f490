//! The SSH public keys for approvals, gates and attestations.

#[cfg(test)]
mod tests;

use std::fmt;

use base64ct::{Base64, Base64Unpadded, Encoding};

use super::ssh_wire::Reader;
use crate::signer::{Curve, KeyAlgorithm, KeyFault, KeySearch, PublicKey, PublicKeyError, sha256};

/// The shortest RSA key that may approve: 128 bits of strength (SP 800-57 part 1, table 2).
pub const LEAST_RSA_BITS: usize = 3072;

/// The longest key in bytes. An RSA key of 8192 bits needs about 1050.
const LONGEST_KEY: usize = 4096;

const CERTIFICATE: &str = "-cert-v0";

/// The type of an SSH key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SshKeyKind {
    /// `ssh-ed25519` (RFC 8709)
    Ed25519,
    /// `ecdsa-sha2-nistp256`, `-nistp384`, `-nistp521` (RFC 5656)
    Ecdsa(Curve),
    /// `ssh-rsa` (RFC 4253 section 6.6)
    Rsa,
    /// `sk-ssh-ed25519@openssh.com`: the private key is in a security key (PROTOCOL.u2f).
    SkEd25519,
    /// `sk-ecdsa-sha2-nistp256@openssh.com`: the private key is in a security key (PROTOCOL.u2f).
    SkEcdsaP256,
}

impl SshKeyKind {
    /// Every type.
    pub const ALL: [Self; 7] = [
        Self::Ed25519,
        Self::SkEd25519,
        Self::SkEcdsaP256,
        Self::Ecdsa(Curve::P256),
        Self::Ecdsa(Curve::P384),
        Self::Ecdsa(Curve::P521),
        Self::Rsa,
    ];

    /// Its name in a `.pub` file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ssh-ed25519",
            Self::Ecdsa(Curve::P384) => "ecdsa-sha2-nistp384",
            Self::Ecdsa(Curve::P521) => "ecdsa-sha2-nistp521",
            Self::Ecdsa(_) => "ecdsa-sha2-nistp256",
            Self::Rsa => "ssh-rsa",
            Self::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            Self::SkEcdsaP256 => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    /// Whether the private key is in a security key. Each of its signatures says whether the key was touched and whether its PIN was entered.
    #[must_use]
    pub const fn is_security_key(self) -> bool {
        matches!(self, Self::SkEd25519 | Self::SkEcdsaP256)
    }

    /// The curve's name inside the key (RFC 5656 section 10.1).
    const fn curve(self) -> Option<(Curve, &'static str)> {
        match self {
            Self::Ecdsa(Curve::P384) => Some((Curve::P384, "nistp384")),
            Self::Ecdsa(Curve::P521) => Some((Curve::P521, "nistp521")),
            Self::Ecdsa(_) | Self::SkEcdsaP256 => Some((Curve::P256, "nistp256")),
            Self::Ed25519 | Self::SkEd25519 | Self::Rsa => None,
        }
    }
}

/// An SSH public key that may approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshKey {
    blob: Vec<u8>,
    kind: SshKeyKind,
    public_key: PublicKey,
    /// The application of a security key, usually `ssh:`.
    application: Option<String>,
}

impl SshKey {
    /// Reads a line of a `.pub` file: type, base64, and an optional comment.
    ///
    /// # Errors
    /// [`SshKeyError`]
    pub fn from_line(line: &str) -> Result<Self, SshKeyError> {
        let mut parts = line.split_ascii_whitespace();
        let (Some(name), Some(base64)) = (parts.next(), parts.next()) else {
            return Err(SshKeyError::Line);
        };
        // Check the type first: the base64 of a certificate can be too long, and the error should name the type.
        kind_named(name)?;
        let blob = Base64::decode_vec(base64).map_err(|_| SshKeyError::Line)?;
        let key = Self::from_blob(&blob)?;
        match key.kind.name() == name {
            true => Ok(key),
            false => Err(SshKeyError::Malformed),
        }
    }

    /// The key as in a `.pub` file, without a comment. [`from_line`](Self::from_line) reads it.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.kind.name(), Base64::encode_string(&self.blob))
    }

    /// Reads the key's encoding (RFC 4253 section 6.6). Each key has exactly one accepted encoding.
    ///
    /// # Errors
    /// [`SshKeyError`]
    pub fn from_blob(blob: &[u8]) -> Result<Self, SshKeyError> {
        if blob.len() > LONGEST_KEY {
            return Err(SshKeyError::Malformed);
        }
        let mut reader = Reader(blob);
        let kind = kind_named(reader.text().ok_or(SshKeyError::Malformed)?)?;
        let public_key = read_public_key(&mut reader, kind)?;
        let application = match kind.is_security_key() {
            true => Some(
                reader
                    .text()
                    .filter(|name| !name.is_empty())
                    .ok_or(SshKeyError::Malformed)?,
            ),
            false => None,
        };
        reader.end().ok_or(SshKeyError::Malformed)?;
        if let KeyAlgorithm::Rsa { bits } = public_key.algorithm()
            && bits < LEAST_RSA_BITS
        {
            return Err(SshKeyError::ShortRsa { bits });
        }
        if let Some(fault) = public_key.find_fault(KeySearch::Short) {
            return Err(SshKeyError::Fault(fault));
        }
        Ok(Self {
            blob: blob.to_vec(),
            kind,
            public_key,
            application: application.map(str::to_owned),
        })
    }

    /// The key's encoding (RFC 4253 section 6.6).
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.blob
    }

    /// The type of the key.
    #[must_use]
    pub const fn kind(&self) -> SshKeyKind {
        self.kind
    }

    /// The key as a public key for X.509.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The application of a security key.
    pub(super) fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// Whether both have the same public key, even under another type or for another application.
    #[must_use]
    pub fn has_numbers_of(&self, other: &Self) -> bool {
        self.public_key.has_numbers_of(&other.public_key)
    }

    /// `SHA256:` followed by unpadded base64, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", Base64Unpadded::encode_string(&sha256(&self.blob)))
    }
}

/// Type and base64, as in a `.pub` file, without a comment.
impl fmt::Display for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), Base64::encode_string(&self.blob))
    }
}

fn kind_named(name: &str) -> Result<SshKeyKind, SshKeyError> {
    if name.contains(CERTIFICATE) {
        return Err(SshKeyError::Certificate);
    }
    let found = SshKeyKind::ALL.into_iter().find(|kind| kind.name() == name);
    found.ok_or_else(|| SshKeyError::Kind {
        name: name.to_owned(),
    })
}

fn read_public_key(reader: &mut Reader<'_>, kind: SshKeyKind) -> Result<PublicKey, SshKeyError> {
    let malformed = || SshKeyError::Malformed;
    let key = match (kind.curve(), kind) {
        (Some((curve, name)), _) => {
            if reader.text().ok_or_else(malformed)? != name {
                return Err(malformed());
            }
            PublicKey::from_ec_point(curve, reader.string().ok_or_else(malformed)?)
        }
        (None, SshKeyKind::Rsa) => {
            let exponent = reader.positive_mpint().ok_or_else(malformed)?;
            let modulus = reader.positive_mpint().ok_or_else(malformed)?;
            PublicKey::from_rsa(modulus, exponent)
        }
        (None, _) => PublicKey::from_ed25519(reader.string().ok_or_else(malformed)?),
    };
    key.map_err(SshKeyError::Key)
}

/// Why text or bytes are not an SSH key that may approve.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SshKeyError {
    /// The text is not a line of a `.pub` file.
    Line,
    /// The bytes are not the accepted encoding of a key of this type.
    Malformed,
    /// The key is an SSH certificate. The ceremony says who may approve, not an SSH CA.
    Certificate,
    /// The key type is not supported.
    Kind {
        /// The type.
        name: String,
    },
    /// The RSA key is too short.
    ShortRsa {
        /// The length of its modulus in bits.
        bits: usize,
    },
    /// The numbers do not form a valid key.
    Key(PublicKeyError),
    /// The key is weak: others can find its private key.
    Fault(KeyFault),
}

impl fmt::Display for SshKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line => f.write_str("not a line of an SSH public key file: TYPE BASE64"),
            Self::Malformed => {
                f.write_str("the SSH key is damaged: it is not the encoding of a key of its type")
            }
            Self::Certificate => f.write_str("an SSH certificate cannot approve; give the plain public key"),
            Self::Kind { name } => {
                let known = SshKeyKind::ALL.map(SshKeyKind::name).join(", ");
                write!(
                    f,
                    "an SSH key of type {name:?} cannot approve; it can be one of {known}"
                )
            }
            Self::ShortRsa { bits } => write!(
                f,
                "the SSH key is an RSA key of {bits} bits; at least {LEAST_RSA_BITS} are needed"
            ),
            Self::Key(cause) => write!(f, "the SSH key cannot be used: {cause}"),
            Self::Fault(fault) => write!(f, "the SSH key cannot be used: {fault}"),
        }
    }
}

impl std::error::Error for SshKeyError {}
