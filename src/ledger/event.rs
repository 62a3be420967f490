//! One event: its canonical bytes, and the chain through all of them.
//! The bytes are one line of JSON, as [`Event::encode`] writes it: fields in this order, no spaces, integers, strings escaped only where
//! JSON requires it. They are stored, hashed and exported unchanged, so other software can check them without writing JSON the same way.
//! Reading is strict, and `verify` encodes every event again and compares, so each event has exactly one encoding.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256};

use super::value::Misspelt;
use super::{
    Authority, CrlNumber, Der, Digest, EntryId, KeyAct, KeyIntent, KeyRecord, Object, PathCheck,
    RevocationReason, SerialNumber, Stamp, UnixTime,
};

/// The format of the events. A program that finds a higher one does not use the ledger.
pub(super) const FORMAT: u64 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event<D = Der> {
    /// 1, 2, 3, …
    pub(super) sequence: u64,
    pub(super) time: UnixTime,
    pub(super) by: String,
    pub(super) tool: String,
    /// The rules that the operator waived, where the event itself has no room for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) waived: Vec<String>,
    pub(super) event: What<D>,
}

/// Replaces the encoded objects where they are not needed: reading one takes as long as all the rest of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<R: Deserializer<'de>>(reader: R) -> Result<Self, R::Error> {
        IgnoredAny::deserialize(reader).map(|_| Self)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum What<D = Der> {
    /// Always the first. Its random bytes make the chain of every ledger different.
    Created { format: u64, ledger: Digest },
    /// A key and a name. Later events refer to them by this event's number.
    Authority(Authority),
    /// A signature is about to be made.
    Begun {
        authority: u64,
        tbs_sha256: Digest,
        object: Object,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waived: Vec<String>,
    },
    /// It was made, and it verified.
    Signed {
        entry: EntryId,
        sha256: Digest,
        #[serde(skip_serializing_if = "Option::is_none")]
        der: Option<D>,
        /// It must still reach a file or a caller. Ledgers of version 1 did not record this.
        #[serde(default, skip_serializing_if = "is_false")]
        to_deliver: bool,
    },
    /// It has reached its file or its caller.
    Delivered { entry: EntryId },
    /// It was given up.
    Abandoned { entry: EntryId, reason: String },
    /// A certificate or a CRL that was signed without this ledger, or the serial number of such a certificate.
    Adopted {
        authority: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        sha256: Option<Digest>,
        object: Object,
        #[serde(skip_serializing_if = "Option::is_none")]
        der: Option<D>,
    },
    /// A CA's certificate by itself, which this ledger did not see signed.
    AuthorityCertificate {
        authority: u64,
        sha256: Digest,
        der: D,
        path: PathCheck,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waived: Vec<String>,
    },
    /// A CRL number is taken.
    CrlNumber { authority: u64, number: CrlNumber },
    /// A certificate is revoked, or its reason changes.
    Revoked {
        authority: u64,
        serial: SerialNumber,
        reason: RevocationReason,
        revoked: UnixTime,
        #[serde(skip_serializing_if = "Option::is_none")]
        invalidity_date: Option<UnixTime>,
        /// The key of the certificate, if known. Ledgers of version 1 did not record this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_sha256: Option<Digest>,
    },
    /// A hold ends.
    Released { authority: u64, serial: SerialNumber },
    /// An operator continues with this ledger although it does not contain a kept head. `ledger` is the hash of the first event of the
    /// ledger that the head belongs to.
    HeadGivenUp {
        place: String,
        ledger: Digest,
        head: String,
    },
    /// A key is about to be generated on a token, imported, or deleted.
    KeyBegun(KeyIntent),
    /// This succeeded.
    Key {
        begun: EntryId,
        what: KeyWhat,
        key: KeyRecord,
    },
    /// This failed.
    KeyFailed { begun: EntryId, reason: String },
}

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KeyWhat {
    Generated,
    Imported,
    Deleted,
}

impl From<KeyAct> for KeyWhat {
    fn from(act: KeyAct) -> Self {
        match act {
            KeyAct::Generate => Self::Generated,
            KeyAct::Import => Self::Imported,
            KeyAct::Delete => Self::Deleted,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Event {
    pub(super) fn new(sequence: u64, stamp: &Stamp, event: What) -> Self {
        let Stamp {
            time,
            by,
            tool,
            waived,
        } = stamp.clone();
        Self {
            sequence,
            time,
            by,
            tool,
            waived,
            event,
        }
    }

    pub(super) fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            time: self.time,
            by: self.by.clone(),
            tool: self.tool.clone(),
            waived: self.waived.clone(),
        }
    }
}

impl<D: DeserializeOwned> Event<D> {
    pub(super) fn decode(body: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(body)
    }
}

/// The end of a ledger: the number of events, and the hash of the last. Kept elsewhere, it proves later that no event up to it was changed
/// or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of events.
    pub count: u64,
    /// The hash of the last one; zeros if the ledger has none.
    pub hash: Digest,
}

impl Head {
    /// Before the first event.
    pub const EMPTY: Self = Self {
        count: 0,
        hash: Digest([0; 32]),
    };

    /// The head after one more event: SHA-256 over the 32 bytes of the last hash and the event's bytes.
    pub(super) fn after(self, body: &[u8]) -> Self {
        let hash = Sha256::new_with_prefix(self.hash.0).chain_update(body).finalize();
        Self {
            count: self.count.saturating_add(1),
            hash: Digest(hash.into()),
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.count, self.hash)
    }
}

impl FromStr for Head {
    type Err = Misspelt;

    fn from_str(text: &str) -> Result<Self, Misspelt> {
        const FORM: Misspelt = Misspelt::head();
        let (count, hash) = text.split_once(':').ok_or(FORM)?;
        Ok(Self {
            count: count.parse().map_err(|_| FORM)?,
            hash: hash.to_ascii_lowercase().parse().map_err(|_| FORM)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp() -> Stamp {
        Stamp {
            time: UnixTime(1_700_000_000),
            by: "a\"\u{7}é".to_owned(),
            tool: "t".to_owned(),
            waived: Vec::new(),
        }
    }

    #[test]
    fn a_typed_head_may_be_in_upper_or_lower_case() {
        let head = Head {
            count: 7,
            hash: Digest::of(b"abc"),
        };
        let text = head.to_string();
        assert_eq!(text.parse(), Ok(head));
        assert_eq!(text.to_uppercase().parse(), Ok(head));
        assert_eq!(text[..text.len() - 1].parse::<Head>(), Err(Misspelt::head()));
    }

    #[test]
    fn the_bytes_of_an_event_are_fixed() {
        let what = What::Released {
            authority: 2,
            serial: SerialNumber::from_octets([0, 0x80]),
        };
        let event = Event::new(7, &stamp(), what);
        let bytes = event.encode().unwrap();
        assert_eq!(
            bytes,
            r#"{"sequence":7,"time":1700000000,"by":"a\"\u0007é","tool":"t","event":{"released":{"authority":2,"serial":"0080"}}}"#
        );
        assert_eq!(Event::decode(&bytes).unwrap(), event);
        assert!(<Event>::decode(&bytes.replace("\"tool\"", "\"more\":1,\"tool\"")).is_err());
        assert!(<Event>::decode(&bytes.replace("\"time\"", "\"time\":1,\"time\"")).is_err());
    }

    #[test]
    fn the_chain_starts_with_zeros() {
        // printf '%064d' 0 | xxd -r -p | cat - <(printf '{}') | sha256sum
        let head = Head::EMPTY.after(b"{}");
        assert_eq!(head.to_string().parse(), Ok(head));
        assert_eq!(head.count, 1);
        assert_eq!(head.hash, Digest::of(&[&[0; 32][..], b"{}"].concat()));
        assert!("12".parse::<Head>().is_err() && "x:00".parse::<Head>().is_err());
    }
}
