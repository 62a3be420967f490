//! What people confirm at a gate of a ceremony.

use hsm_ca::ceremony::{GateBytes, ObjectKind, hash_words};
use hsm_ca::workflow::CompletedObject;
use serde::Serialize;

use super::ceremony_verify::MadeKind;
use super::common::Fingerprint;

/// A step `confirm`, and the objects whose completed bytes it shows.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ConfirmedGate {
    session: String,
    step: String,
    /// In the order of the steps.
    objects: Vec<ConfirmedObject>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ConfirmedObject {
    /// The step that signs it.
    step: String,
    object_kind: MadeKind,
    /// The name of its file among the results.
    file: String,
    /// The key that signs it, by its name in the plan.
    signing_key: String,
    /// What its bytes say.
    shown: Vec<ShownField>,
    /// Of a certificate: of its subjectPublicKeyInfo.
    public_key_sha256: Option<Fingerprint>,
    /// The same in the words of the PGP word list.
    public_key_sha256_words: Option<String>,
    /// The rules that the plan waives for it.
    waived: Vec<String>,
    /// Of the bytes that are signed.
    sha256: Fingerprint,
    /// The same in the words of the PGP word list.
    sha256_words: String,
}

/// A field of an object, for people.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ShownField {
    name: String,
    value: String,
}

impl ConfirmedGate {
    pub(in crate::cli) fn of(gate: &GateBytes, objects: &[CompletedObject]) -> Self {
        Self {
            session: gate.session.clone(),
            step: gate.step.clone(),
            objects: objects.iter().map(ConfirmedObject::of).collect(),
        }
    }
}

impl ConfirmedObject {
    fn of(object: &CompletedObject) -> Self {
        let shown = object.shown.iter().map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            ShownField {
                name: name.to_owned(),
                value: value.to_owned(),
            }
        });
        Self {
            step: object.step.clone(),
            object_kind: match object.is {
                ObjectKind::Certificate => MadeKind::Certificate,
                _ => MadeKind::Crl,
            },
            file: object.out.clone(),
            signing_key: object.key.clone(),
            shown: shown.collect(),
            public_key_sha256: object.certified_key.map(Fingerprint::new),
            public_key_sha256_words: object.certified_key.map(|sha256| hash_words(&sha256.0)),
            waived: object.waived.clone(),
            sha256: Fingerprint::new(object.sha256),
            sha256_words: hash_words(&object.sha256.0),
        }
    }
}
