//! What a line of the transcript says, beside its number, its time and the hash of the line before it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CanonicalError, Digest, Octets, Record};

/// What happened. Names of steps, sessions, keys and people are those of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// `run` was started. The first event of each run.
    Opened {
        /// Counted from 1.
        run: u64,
        /// The session.
        session: String,
        /// SHA-256 of the program's file.
        tool: Digest,
        /// SHA-256 of the module's file.
        module: Digest,
        /// `/proc/sys/kernel/random/boot_id`
        boot: String,
        /// The machine's name.
        host: String,
        /// Its network interfaces that are up, other than loopback.
        network: Vec<String>,
        /// Who started it, as the system knows them.
        by: String,
    },
    /// People compared the machine's clock with the wall clock.
    Clock {
        /// What the wall clock said, as it was typed.
        wall: String,
    },
    /// Who is in the room.
    Attending {
        /// Names of the plan.
        people: Vec<String>,
    },
    /// The words of the script were typed for this step (or `opening`, `closing`).
    Confirmed {
        /// The step.
        step: String,
    },
    /// A manual step was done.
    Said {
        /// The step.
        step: String,
        /// What was written down, by the names of `record`.
        record: BTreeMap<String, String>,
    },
    /// A key is about to be made.
    KeyBegin {
        /// The step.
        step: String,
        /// The token.
        token: String,
        /// Its label.
        label: String,
    },
    /// A key is there.
    KeyEnd {
        /// The step.
        step: String,
        /// How it came.
        how: KeyOrigin,
        /// DER of its `subjectPublicKeyInfo`.
        public_key: Octets,
        /// `CKA_ID`, in hex.
        id: String,
    },
    /// The completed bytes were shown, and people are asked to sign them.
    GateOpen {
        /// The step.
        step: String,
        /// SHA-256 of the completed bytes of each later object that is complete, by step.
        objects: BTreeMap<String, Digest>,
    },
    /// Enough people signed them.
    GatePassed {
        /// The step.
        step: String,
        /// Who.
        people: Vec<String>,
    },
    /// A key is about to sign. On the disk before `C_SignInit`.
    SignBegin {
        /// The step.
        step: String,
        /// The key.
        key: String,
        /// SHA-256 of the bytes that are signed.
        sha256: Digest,
        /// The entry in the ledger.
        entry: u64,
        /// Whether they have the spare serial number.
        spare: bool,
    },
    /// A key signed, and the signature verifies.
    SignEnd {
        /// The step.
        step: String,
        /// The octets of `signatureValue`.
        signature: Octets,
    },
    /// The object is on the disk and in the ledger.
    Written {
        /// The step.
        step: String,
        /// SHA-256 of its DER.
        sha256: Digest,
    },
    /// The ledger has a revocation.
    Revoked {
        /// The step.
        step: String,
        /// The serial number, in hex.
        serial: String,
    },
    /// A key is about to be destroyed.
    DestroyBegin {
        /// The step.
        step: String,
        /// The key.
        key: String,
    },
    /// A key is gone: the token was asked, and has it no more.
    DestroyEnd {
        /// The step.
        step: String,
    },
    /// Somebody notes something.
    Note {
        /// What.
        text: String,
        /// Who.
        by: String,
    },
    /// Something did not go as planned.
    Deviation {
        /// What.
        text: String,
        /// Who says so: a name, or `hsm-ca`.
        by: String,
    },
    /// People decided what the program cannot know.
    Decision {
        /// The step.
        step: String,
        /// What they chose.
        choice: Choice,
        /// Who.
        people: Vec<String>,
    },
    /// `run` stopped before the end.
    Stopped {
        /// Why.
        because: String,
    },
    /// The ceremony is complete. Only attestations come after it.
    Closed {
        /// SHA-256 of each file in `out`.
        out: BTreeMap<String, Digest>,
    },
    /// The ceremony was given up. Nothing comes after it.
    Aborted {
        /// Why.
        because: String,
        /// Who says so.
        by: String,
    },
}

/// How a key came onto its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyOrigin {
    /// The token generated it.
    Generated,
    /// It was imported.
    Imported,
    /// It was there after an interrupted `generate-key`, and people took it for that step's.
    Adopted,
}

/// What people decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Choice {
    /// The same bytes are signed again, though a signature of them may exist.
    SignAgain,
    /// The certificate with the spare serial number is signed; the first serial number is revoked.
    SpareSerial,
    /// The key that was found is the step's.
    AdoptKey,
    /// The key that was found is destroyed, and another is made.
    DestroyKey,
    /// The clock went back, and is right now.
    ClockIsRight,
}

impl Event {
    /// The step that it belongs to; none of what can happen anywhere.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::Confirmed { step }
            | Self::Said { step, .. }
            | Self::KeyBegin { step, .. }
            | Self::KeyEnd { step, .. }
            | Self::GateOpen { step, .. }
            | Self::GatePassed { step, .. }
            | Self::SignBegin { step, .. }
            | Self::SignEnd { step, .. }
            | Self::Written { step, .. }
            | Self::Revoked { step, .. }
            | Self::DestroyBegin { step, .. }
            | Self::DestroyEnd { step } => Some(step),
            _ => None,
        }
    }
}

impl Choice {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignAgain => "sign-again",
            Self::SpareSerial => "spare-serial",
            Self::AdoptKey => "adopt-key",
            Self::DestroyKey => "destroy-key",
            Self::ClockIsRight => "clock-is-right",
        }
    }
}

impl Record {
    /// What happened.
    ///
    /// # Errors
    /// [`CanonicalError`]: not an event of this format.
    pub fn event(&self) -> Result<Event, CanonicalError> {
        let fields = serde_json::Value::Object(self.fields().clone());
        let event: Event = serde_json::from_value(fields.clone()).map_err(CanonicalError::Shape)?;
        let again = serde_json::to_value(&event).map_err(CanonicalError::Json)?;
        if again == fields {
            return Ok(event);
        }
        Err(CanonicalError::NotKept { byte: 0 })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ceremony::{TranscriptFile, TranscriptHead};
    use crate::values::UnixTime;

    #[test]
    fn an_event_comes_back_from_its_line_and_no_other_name_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("transcript.jsonl");
        let mut file = TranscriptFile::create(&path, Digest::of(b"plan")).unwrap();
        let event = Event::SignBegin {
            step: "root".to_owned(),
            key: "k".to_owned(),
            sha256: Digest::of(b"tbs"),
            entry: 7,
            spare: false,
        };
        let head: TranscriptHead = file.append(UnixTime(1_800_000_000), &event).unwrap();
        assert_eq!(head.n, 1);
        let mut more = serde_json::to_value(&event).unwrap();
        more["other"] = json!(1);
        file.append(UnixTime(1_800_000_000), &more).unwrap();
        let records = file.transcript().records();
        assert_eq!(records[0].event().unwrap(), event);
        assert!(records[1].event().is_err());
    }
}
