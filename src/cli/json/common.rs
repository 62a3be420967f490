//! Types that several outputs share.

use std::path::Path;

use hsm_ca::ceremony::CeremonyKind;
use hsm_ca::output::encode_pem;
use hsm_ca::signer::{Hex as HexOf, PublicKey};
use hsm_ca::x509::{CrlReason, PUBLIC_KEY, UnixTime, words};
use serde::Serialize;

/// Octets in lower-case hex, without separators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("pattern" = "^([0-9a-f]{2})*$")))]
#[serde(transparent)]
pub(in crate::cli) struct Hex(String);

impl Hex {
    pub(in crate::cli) fn of(octets: &[u8]) -> Self {
        Self(HexOf(octets).to_string())
    }
}

/// The SHA-256 of the DER, in hex with colons or without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("pattern" = "^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$")))]
#[serde(transparent)]
pub(in crate::cli) struct Fingerprint(String);

impl Fingerprint {
    pub(in crate::cli) fn new(shown: impl ToString) -> Self {
        Self(shown.to_string())
    }
}

/// A time in UTC (RFC 3339).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(
    test,
    schemars(extend(
        "format" = "date-time",
        "pattern" = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
    ))
)]
#[serde(transparent)]
pub(in crate::cli) struct Time(String);

impl Time {
    pub(in crate::cli) fn of(time: UnixTime) -> Self {
        Self(time.to_string())
    }
}

/// The reason of a revocation, by its name in RFC 5280.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("enum" = CrlReason::ALL.map(CrlReason::name))))]
#[serde(transparent)]
pub(in crate::cli) struct Reason(String);

impl Reason {
    pub(in crate::cli) fn of(reason: CrlReason) -> Self {
        Self(reason.name().to_owned())
    }
}

/// Whether a ceremony counts, or is for practice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("enum" = [CeremonyKind::Production.word(), CeremonyKind::Practice.word()])))]
#[serde(transparent)]
pub(in crate::cli) struct CeremonyKindName(&'static str);

impl CeremonyKindName {
    pub(in crate::cli) const fn of(kind: CeremonyKind) -> Self {
        Self(kind.word())
    }
}

/// A file or directory, as the command names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub(in crate::cli) struct FileName(String);

impl FileName {
    pub(in crate::cli) fn of(path: &Path) -> Self {
        Self(path.display().to_string())
    }
}

/// What was proven before the command reported success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum Proof {
    /// The public key is the expected one, or of the requested kind.
    PublicKey,
    /// The key can only sign, and cannot be extracted.
    Attributes,
    /// KMS lets the key only sign.
    #[cfg_attr(
        not(feature = "aws"),
        allow(dead_code, reason = "a build without KMS has none")
    )]
    Usage,
    /// A signature by the key was verified in software.
    Signature,
}

impl Proof {
    /// The proofs for a newly generated or imported key on a token.
    pub(in crate::cli) const ALL_OF_TOKEN: [Self; 3] = [Self::PublicKey, Self::Attributes, Self::Signature];
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub(in crate::cli) struct PublicKeyPem(String);

impl PublicKeyPem {
    pub(in crate::cli) fn of(key: &PublicKey) -> Self {
        Self(encode_pem(PUBLIC_KEY, key.der()))
    }
}

/// The fingerprint by which people compare a public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct PublicKeyDigest {
    /// The SHA-256 of its SubjectPublicKeyInfo.
    public_key_sha256: Fingerprint,
    /// The same in words of the PGP word list.
    public_key_sha256_words: String,
}

impl PublicKeyDigest {
    pub(in crate::cli) fn of(key: &PublicKey) -> Self {
        let fingerprint = key.fingerprint();
        Self {
            public_key_sha256: Fingerprint::new(fingerprint),
            public_key_sha256_words: words(fingerprint.as_bytes()).join(" "),
        }
    }
}
