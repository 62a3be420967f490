//! The parameters of RSASSA-PSS (RFC 4055 section 3.1, as updated by RFC 5756), of a signature and of a key.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_MD_5, ID_MGF_1, ID_SHA_1, ID_SHA_224, ID_SHA_256, ID_SHA_384, ID_SHA_512};
use der::asn1::{Any, Null};
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;

use super::Hash;

/// How an RSASSA-PSS signature is made. The mask generation function is MGF1 with the hash of the message; the trailer is `bc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pss {
    /// The hash of the message and of MGF1.
    pub hash: Hash,
    /// The length of the salt. RFC 4055 recommends the hash's length; OpenSSL before 3.1 uses the longest that fits.
    pub salt_bytes: u16,
}

/// Why parameters of RSASSA-PSS are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PssError {
    /// A hash whose signatures can be forged: SHA-1, which is also the default if no hash is named.
    WeakHash {
        /// Its name, as for any other signature with it.
        algorithm: &'static str,
    },
    /// Anything else.
    Parameters {
        /// What is wrong with them.
        reason: &'static str,
    },
}

impl fmt::Display for PssError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WeakHash { algorithm } => write!(f, "{algorithm}, which can be forged"),
            Self::Parameters { reason } => write!(f, "RSASSA-PSS parameters: {reason}"),
        }
    }
}

impl std::error::Error for PssError {}

/// `RSASSA-PSS-params`. A missing field has its default: SHA-1, MGF1 with SHA-1, 20, 1.
#[derive(Sequence)]
struct Parameters {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    mask_gen_algorithm: Option<AlgorithmIdentifierOwned>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    salt_length: Option<u16>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    trailer_field: Option<u16>,
}

const DEFAULT_SALT: u16 = 20;
/// The only valid value: the byte `bc` of RFC 8017 section 9.1.1.
const TRAILER: u16 = 1;

const fn wrong<T>(reason: &'static str) -> Result<T, PssError> {
    Err(PssError::Parameters { reason })
}

impl Pss {
    /// With a salt as long as the hash, which RFC 4055 section 3.1 recommends, or as long as the key requires.
    pub(super) fn with(hash: Hash, only: Option<Self>) -> Self {
        let least = only.map_or(0, |only| only.salt_bytes);
        Self {
            hash,
            salt_bytes: hash.bytes().max(least),
        }
    }

    /// RFC 8017 section 9.1.1, step 3: whether hash and salt fit in a modulus of `bits`.
    pub(super) fn fits(self, bits: usize) -> bool {
        let needed = usize::from(self.hash.bytes()) + usize::from(self.salt_bytes) + 2;
        needed <= bits.saturating_sub(1).div_ceil(8)
    }

    /// Reads `RSASSA-PSS-params`.
    pub(crate) fn from_any(parameters: &Any) -> Result<Self, PssError> {
        let Ok(parameters) = parameters.to_der().and_then(|der| Parameters::from_der(&der)) else {
            return wrong("not a DER RSASSA-PSS-params");
        };
        let hash = read_hash(parameters.hash_algorithm.as_ref())?;
        let mask_hash = match &parameters.mask_gen_algorithm {
            None => read_hash(None)?,
            Some(mask) if mask.oid == ID_MGF_1 => read_hash(read_nested(mask)?.as_ref())?,
            Some(_) => return wrong("the mask generation function is not MGF1"),
        };
        // RFC 4055 section 3.1: "It is RECOMMENDED"; no program makes anything else.
        if mask_hash != hash {
            return wrong("MGF1 uses a different hash than the message");
        }
        // The same section: verifiers "MUST recognize both a present trailerField field with value 1 and an absent" one.
        if parameters.trailer_field.is_some_and(|trailer| trailer != TRAILER) {
            return wrong("the trailer field is not 1");
        }
        Ok(Self {
            hash,
            salt_bytes: parameters.salt_length.unwrap_or(DEFAULT_SALT),
        })
    }

    /// Writes `RSASSA-PSS-params`. RFC 4055 section 2.1 puts NULL beside a hash; defaults are omitted.
    pub(crate) fn to_any(self) -> Result<Any, der::Error> {
        let hash = AlgorithmIdentifierOwned {
            oid: oid_of(self.hash),
            parameters: Some(Any::from(Null)),
        };
        let mask = AlgorithmIdentifierOwned {
            oid: ID_MGF_1,
            parameters: Some(Any::encode_from(&hash)?),
        };
        Any::encode_from(&Parameters {
            hash_algorithm: Some(hash),
            mask_gen_algorithm: Some(mask),
            salt_length: (self.salt_bytes != DEFAULT_SALT).then_some(self.salt_bytes),
            trailer_field: None,
        })
    }

    /// Whether a key that is restricted to these parameters can make signatures with `other`: RFC 4055 section 3.3 requires the same hash, and a
    /// salt that is not shorter.
    #[must_use]
    pub fn permits(self, other: Self) -> bool {
        self.hash == other.hash && self.salt_bytes <= other.salt_bytes
    }
}

/// The hash that MGF1 names in its parameters.
fn read_nested(mask: &AlgorithmIdentifierOwned) -> Result<Option<AlgorithmIdentifierOwned>, PssError> {
    match mask.parameters.as_ref().map(Any::decode_as) {
        Some(Ok(hash)) => Ok(Some(hash)),
        _ => wrong("MGF1 without a hash"),
    }
}

const fn oid_of(hash: Hash) -> ObjectIdentifier {
    match hash {
        Hash::Sha224 => ID_SHA_224,
        Hash::Sha256 => ID_SHA_256,
        Hash::Sha384 => ID_SHA_384,
        Hash::Sha512 => ID_SHA_512,
    }
}

fn read_hash(identifier: Option<&AlgorithmIdentifierOwned>) -> Result<Hash, PssError> {
    let Some(identifier) = identifier else {
        return Err(PssError::WeakHash {
            algorithm: "SHA-1 (rsassaPss)",
        });
    };
    // RFC 4055 section 2.1: "implementations MUST accept both NULL and absent parameters".
    if identifier
        .parameters
        .as_ref()
        .is_some_and(|parameters| *parameters != Any::from(Null))
    {
        return wrong("a hash with parameters it does not have");
    }
    match identifier.oid {
        ID_MD_5 => Err(PssError::WeakHash {
            algorithm: "MD5 (rsassaPss)",
        }),
        ID_SHA_1 => Err(PssError::WeakHash {
            algorithm: "SHA-1 (rsassaPss)",
        }),
        oid => Hash::ALL
            .into_iter()
            .find(|hash| oid_of(*hash) == oid)
            .map_or_else(
                || wrong("a hash that is not SHA-224, SHA-256, SHA-384 or SHA-512"),
                Ok,
            ),
    }
}

#[cfg(test)]
mod tests;
