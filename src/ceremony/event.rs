//! The events of the transcript: the content of a line besides its number, its time and the hash of the previous line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CanonicalError, ClaimedTime, Digest, Octets, Record};

/// What happened. Steps, sessions, keys and people have the names from the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// `run` was started. This is the first event of each run.
    Opened {
        /// The number of the run, from 1.
        run: u64,
        /// The session.
        session: String,
        /// SHA-256 of the program file.
        tool: Digest,
        /// SHA-256 of the module file.
        module: Digest,
        /// `/proc/sys/kernel/random/boot_id`
        boot: String,
        /// The host name.
        host: String,
        /// The network interfaces that are up, without loopback.
        network: Vec<String>,
        /// The system user that started it.
        by: String,
    },
    /// People compared the machine's clock with a wall clock.
    Clock {
        /// The time on the wall clock, as typed.
        wall: String,
    },
    /// The attendees of the run.
    Attending {
        /// Their names in the plan.
        people: Vec<String>,
    },
    /// The script's words were typed for this step, or for `opening` or `closing`.
    Confirmed {
        /// The step.
        step: String,
    },
    /// A manual step was carried out.
    Said {
        /// The step.
        step: String,
        /// The values that were written down, keyed by the names in `record`.
        record: BTreeMap<String, String>,
    },
    /// A key is about to be generated or imported.
    KeyBegin {
        /// The step.
        step: String,
        /// The token.
        token: String,
        /// Its label.
        label: String,
    },
    /// The key is on the token.
    KeyEnd {
        /// The step.
        step: String,
        /// How it came onto the token.
        how: KeyOrigin,
        /// DER of its `subjectPublicKeyInfo`.
        public_key: Octets,
        /// `CKA_ID`, in hex.
        id: String,
    },
    /// The completed bytes were shown, and people were asked to sign them.
    GateOpen {
        /// The step.
        step: String,
        /// For each later object that is complete: its step, and the SHA-256 of its completed bytes.
        objects: BTreeMap<String, Digest>,
    },
    /// Enough people signed at the gate.
    GatePassed {
        /// The step.
        step: String,
        /// Who signed, with the time of the statement. With it, the statement is known to the last octet.
        people: BTreeMap<String, ClaimedTime>,
    },
    /// A key is about to sign. This line is on disk before `C_SignInit`.
    SignBegin {
        /// The step.
        step: String,
        /// The key.
        key: String,
        /// SHA-256 of the bytes to sign.
        sha256: Digest,
        /// The ledger entry.
        entry: u64,
        /// Whether these bytes contain the spare serial number.
        spare: bool,
    },
    /// A key signed, and the signature was verified.
    SignEnd {
        /// The step.
        step: String,
        /// The octets of `signatureValue`.
        signature: Octets,
    },
    /// The object is on disk and in the ledger.
    Written {
        /// The step.
        step: String,
        /// SHA-256 of its DER.
        sha256: Digest,
    },
    /// The ledger recorded a revocation.
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
    /// A key is gone: the token was asked and no longer has it.
    DestroyEnd {
        /// The step.
        step: String,
    },
    /// Somebody made a note.
    Note {
        /// The text.
        text: String,
        /// Who.
        by: String,
    },
    /// Something did not go as planned.
    Deviation {
        /// The text.
        text: String,
        /// Who says so: a name, or `hsm-ca`.
        by: String,
    },
    /// People decided a question that the program cannot answer.
    Decision {
        /// The step.
        step: String,
        /// The choice.
        choice: Choice,
        /// Who decided.
        people: Vec<String>,
    },
    /// `run` stopped before the end of the ceremony.
    Stopped {
        /// The reason.
        because: String,
    },
    /// The ceremony is complete. Only attestations follow.
    Closed {
        /// SHA-256 of each file in `out`.
        out: BTreeMap<String, Digest>,
    },
    /// The ceremony was aborted. Nothing follows.
    Aborted {
        /// The reason.
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
    /// It was found after an interrupted `generate-key` or `import-key`, and people accepted it as the key of that step.
    Adopted,
}

/// The choices that people have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Choice {
    /// Sign the same bytes again, although a signature over them may exist.
    SignAgain,
    /// Sign the certificate with the spare serial number, and revoke the first serial number.
    SpareSerial,
    /// Accept the key that was found as the key of the step.
    AdoptKey,
    /// Destroy the key that was found, and make another one.
    DestroyKey,
    /// The clock went back, and is right now.
    ClockIsRight,
}

impl Event {
    /// The step of the event, or `None` for an event that belongs to no step.
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
    /// The word for it in the transcript.
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
    /// [`CanonicalError`]: this is not an event of this format.
    pub fn event(&self) -> Result<Event, CanonicalError> {
        let fields = serde_json::Value::Object(self.fields().clone());
        let event: Event = serde_json::from_value(fields.clone()).map_err(CanonicalError::shape)?;
        let again = serde_json::to_value(&event).map_err(CanonicalError::json)?;
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
