//! Keys that come to a token and go from it.

use serde::{Deserialize, Serialize};

use super::{Digest, EntryId, Stamp};

/// What happens to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyAct {
    /// The token generates it.
    Generate,
    /// It comes from outside.
    Import,
    /// It is deleted from the token.
    Delete,
}

impl KeyAct {
    /// In one word, as the events have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Import => "import",
            Self::Delete => "delete",
        }
    }

    /// The same when it is done.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Generate => "generated",
            Self::Import => "imported",
            Self::Delete => "deleted",
        }
    }
}

/// A token, as it describes itself (PKCS#11 v2.40 section 3.2, `CK_TOKEN_INFO`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyToken {
    /// `label`
    pub label: String,
    /// `serialNumber`
    pub serial: String,
    /// `manufacturerID`
    pub manufacturer: String,
    /// `model`
    pub model: String,
}

/// Something that is about to happen to a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyIntent {
    /// What.
    pub act: KeyAct,
    /// The label that the key has or will have.
    pub label: String,
    /// On which token.
    pub token: KeyToken,
    /// How it gets there: `generated`, or the import route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// SHA-256 of the SubjectPublicKeyInfo, where it is known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<Digest>,
}

/// The key as it was read back from the token; of a deleted one, as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// `CKA_LABEL`
    pub label: String,
    /// `CKA_ID`, in hex.
    pub id: String,
    /// Kind and size, as "RSA 2048".
    pub kind: String,
    /// SHA-256 of the SubjectPublicKeyInfo, where the token tells the public half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<Digest>,
    /// What the token says of it, as `CKA_SENSITIVE=true`; what it does not report is absent.
    pub attributes: Vec<String>,
}

/// What happened to a key, from before to after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// Its number.
    pub id: EntryId,
    /// What was meant.
    pub intent: KeyIntent,
    /// When it began.
    pub begun: Stamp,
    /// How it ended.
    pub state: KeyState,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyState {
    /// It did not: whether the key came, or went, is not known.
    Begun,
    /// It is done.
    Done {
        /// When it was recorded.
        stamp: Stamp,
        /// The key.
        key: KeyRecord,
    },
    /// It failed.
    Failed {
        /// When it was recorded.
        stamp: Stamp,
        /// What the caller said, with what is left on the token.
        reason: String,
    },
}

/// Which keys' entries, newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Only those that began and did not end.
    pub open: bool,
    /// Only those before this one: the next page.
    pub before: Option<EntryId>,
    /// At most so many.
    pub limit: Option<u64>,
}
