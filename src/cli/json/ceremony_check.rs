//! `ceremony check`.

use hsm_ca::workflow::DraftObject;
use serde::Serialize;

use super::Output;
use super::common::{CeremonyKindName, Time};

/// `ceremony check`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyCheck {
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    pub(in crate::cli) ceremony_kind: CeremonyKindName,
    pub(in crate::cli) steps: usize,
    pub(in crate::cli) people: usize,
    /// How many approvers must approve.
    pub(in crate::cli) approve_threshold: usize,
    /// As `ceremony-quorum` in the settings: sha256:HEX.
    pub(in crate::cli) quorum: String,
    pub(in crate::cli) budget: Vec<KeyBudget>,
    pub(in crate::cli) waived: Vec<WaivedRule>,
    pub(in crate::cli) sessions: Vec<DraftedSession>,
}

impl Output for CeremonyCheck {
    const NAME: &'static str = "ceremony-check";
}

/// A rule that is waived for one step.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct WaivedRule {
    rule: String,
    step: String,
    because: String,
}

impl WaivedRule {
    pub(in crate::cli) fn list(waivers: &[hsm_ca::ceremony::Waiver]) -> Vec<Self> {
        let one = |waiver: &hsm_ca::ceremony::Waiver| Self {
            rule: waiver.rule.clone(),
            step: waiver.step.clone(),
            because: waiver.because.clone(),
        };
        waivers.iter().map(one).collect()
    }
}

/// How often a key signs in the whole ceremony.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct KeyBudget {
    /// As the plan calls it.
    key: String,
    token: String,
    /// Over certificates and CRLs.
    signatures: u64,
    /// Those that prove a new key.
    proof_signatures: u64,
}

impl KeyBudget {
    pub(in crate::cli) fn list(budget: &[hsm_ca::ceremony::KeyBudget]) -> Vec<Self> {
        let one = |budget: &hsm_ca::ceremony::KeyBudget| Self {
            key: budget.key.clone(),
            token: budget.token.clone(),
            signatures: budget.signatures,
            proof_signatures: budget.proofs,
        };
        budget.iter().map(one).collect()
    }
}

/// What a session would sign.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct DraftedSession {
    pub(in crate::cli) name: String,
    pub(in crate::cli) begins: Time,
    pub(in crate::cli) ends: Time,
    pub(in crate::cli) objects: Vec<DraftedObject>,
}

/// What a step would sign.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "object_kind", rename_all = "kebab-case")]
pub(in crate::cli) enum DraftedObject {
    Certificate {
        step: String,
        /// The file's name.
        out: String,
        subject: String,
        issuer: String,
        /// As "RSA 2048" or "EC P-256".
        key_type: String,
        signature_algorithm: String,
        not_before: Time,
        not_after: Time,
    },
    Crl {
        step: String,
        /// The file's name.
        out: String,
        issuer: String,
        /// The CRL number, in decimal.
        number: String,
        this_update: Time,
        next_update: Time,
        /// How many certificates are on it.
        entries: usize,
    },
    /// Of a later version.
    Other,
}

impl DraftedObject {
    pub(in crate::cli) fn of(object: &DraftObject) -> Self {
        match object {
            DraftObject::Certificate {
                step,
                out,
                subject,
                issuer,
                key,
                validity,
                signature,
            } => Self::Certificate {
                step: step.clone(),
                out: out.clone(),
                subject: subject.to_string(),
                issuer: issuer.to_string(),
                key_type: key.to_string(),
                signature_algorithm: signature.to_string(),
                not_before: Time::of(validity.not_before),
                not_after: Time::of(validity.not_after),
            },
            DraftObject::Crl {
                step,
                out,
                issuer,
                number,
                this_update,
                next_update,
                entries,
            } => Self::Crl {
                step: step.clone(),
                out: out.clone(),
                issuer: issuer.to_string(),
                number: number.to_string(),
                this_update: Time::of(*this_update),
                next_update: Time::of(*next_update),
                entries: *entries,
            },
            _ => Self::Other,
        }
    }
}
