//! A ledger's records of keys on tokens.

use std::collections::BTreeMap;

use hsm_ca::ledger::{KeyAct, KeyState};
use serde::Serialize;

use super::common::Fingerprint;
use super::ledger_entry::Recorded;

/// What happened to a key on a token.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KeyEntry {
    /// Its number.
    entry: u64,
    act: Act,
    /// CKA_LABEL.
    label: String,
    /// How the key got there: `generated`, or the import route.
    route: Option<String>,
    token: KeyToken,
    begun: Recorded,
    public_key_sha256: Option<Fingerprint>,
    #[serde(flatten)]
    end: KeyEnd,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Act {
    Generate,
    Import,
    Delete,
    /// A kind of a later version.
    Other,
}

/// A token's description of itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct KeyToken {
    label: String,
    serial_number: String,
    manufacturer: String,
    model: String,
}

/// How it ended.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "kebab-case")]
enum KeyEnd {
    /// It has not ended: whether the key is on the token is unknown.
    Begun,
    Generated(RecordedKey),
    Imported(RecordedKey),
    Deleted(RecordedKey),
    Failed {
        ended: Recorded,
        /// Why, for people.
        problem: String,
    },
    /// A kind of a later version.
    Other,
}

/// The key as it was read back from the token, or as it was before it was deleted.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RecordedKey {
    ended: Recorded,
    /// CKA_ID, in hex.
    id: String,
    /// For example "RSA 2048" or "EC P-256".
    key_type: String,
    /// The attributes that the token reported, by CKA_ name.
    attributes: BTreeMap<String, bool>,
}

impl KeyEntry {
    pub(in crate::cli) fn of(entry: &hsm_ca::ledger::KeyEntry) -> Self {
        let intent = &entry.intent;
        let key_sha256 = match &entry.state {
            KeyState::Done { key, .. } => key.key_sha256,
            _ => intent.key_sha256,
        };
        Self {
            entry: entry.id.0,
            act: match intent.act {
                KeyAct::Generate => Act::Generate,
                KeyAct::Import => Act::Import,
                KeyAct::Delete => Act::Delete,
                _ => Act::Other,
            },
            label: intent.label.clone(),
            route: intent.route.clone(),
            token: KeyToken {
                label: intent.token.label.clone(),
                serial_number: intent.token.serial.clone(),
                manufacturer: intent.token.manufacturer.clone(),
                model: intent.token.model.clone(),
            },
            begun: Recorded::of(&entry.begun),
            public_key_sha256: key_sha256.map(Fingerprint::new),
            end: KeyEnd::of(intent.act, &entry.state),
        }
    }
}

impl KeyEnd {
    fn of(act: KeyAct, state: &KeyState) -> Self {
        match state {
            KeyState::Begun => Self::Begun,
            KeyState::Done { stamp, key } => {
                let attributes = key.attributes.iter().filter_map(|one| one.split_once('='));
                let key = RecordedKey {
                    ended: Recorded::of(stamp),
                    id: key.id.clone(),
                    key_type: key.kind.clone(),
                    attributes: attributes
                        .map(|(name, value)| (name.to_owned(), value == "true"))
                        .collect(),
                };
                match act {
                    KeyAct::Generate => Self::Generated(key),
                    KeyAct::Import => Self::Imported(key),
                    KeyAct::Delete => Self::Deleted(key),
                    _ => Self::Other,
                }
            }
            KeyState::Failed { stamp, reason } => Self::Failed {
                ended: Recorded::of(stamp),
                problem: reason.clone(),
            },
            _ => Self::Other,
        }
    }
}
