//! Keys that are generated on a token, imported, or deleted.

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
    /// The word that the events use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Import => "import",
            Self::Delete => "delete",
        }
    }

    /// The same in the past tense.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Generate => "generated",
            Self::Import => "imported",
            Self::Delete => "deleted",
        }
    }
}

/// How a token describes itself (PKCS#11 v2.40 section 3.2, `CK_TOKEN_INFO`).
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

/// What is about to happen to a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyIntent {
    /// What.
    pub act: KeyAct,
    /// The label that the key has or will have.
    pub label: String,
    /// The token.
    pub token: KeyToken,
    /// How the key gets to the token: `generated`, or the import route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// SHA-256 of the SubjectPublicKeyInfo, if known in advance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<Digest>,
}

/// The key as it was read back from the token, or as it was before it was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// `CKA_LABEL`
    pub label: String,
    /// `CKA_ID`, in hex.
    pub id: String,
    /// Kind and size, as "RSA 2048".
    pub kind: String,
    /// SHA-256 of the SubjectPublicKeyInfo, if the token shows the public half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<Digest>,
    /// Its attributes, as `CKA_SENSITIVE=true`. Attributes that the token does not report are absent.
    pub attributes: Vec<String>,
}

/// What happened to a key: the intent and the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// Its number.
    pub id: EntryId,
    /// The intent.
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
    /// It has not ended: whether the key is on the token is unknown.
    Begun,
    /// It succeeded.
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
        /// The caller's reason, and what is left on the token.
        reason: String,
    },
}

/// Selects entries about keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Only those that have not ended.
    pub open: bool,
    /// Only those before this one, for the next page.
    pub before: Option<EntryId>,
    /// At most this many.
    pub limit: Option<u64>,
}
