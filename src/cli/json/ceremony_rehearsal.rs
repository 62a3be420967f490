//! `ceremony rehearse`.

use hsm_ca::ceremony::Difference;
use hsm_ca::workflow::SessionComparison;
use serde::Serialize;

use super::Output;
use super::ceremony_verify::Finding;
use super::common::{FileName, Fingerprint};

/// `ceremony rehearse`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyRehearse {
    /// The name of the ceremony.
    pub(in crate::cli) ceremony: String,
    pub(in crate::cli) plan_sha256: Fingerprint,
    /// Where the practice of each session is.
    pub(in crate::cli) directory: FileName,
    /// Whether every octet that was signed is as planned, outside the holes.
    pub(in crate::cli) verified: bool,
    pub(in crate::cli) plan_made_again: bool,
    /// What differs when the plan is made again from its files.
    pub(in crate::cli) plan_difference: Option<String>,
    pub(in crate::cli) sessions: Vec<RehearsedSession>,
}

/// A session that was rehearsed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct RehearsedSession {
    session: String,
    verified: bool,
    /// The head of its transcript.
    head: Option<String>,
    objects: Vec<RehearsedObject>,
    /// The steps whose object was not made.
    not_made: Vec<String>,
    signatures: Vec<CountedSignatures>,
    findings: Vec<Finding>,
}

/// An object, compared with the plan.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct RehearsedObject {
    step: String,
    /// How many octets were compared.
    compared: usize,
    /// How many octets were not: another key fills them.
    in_holes: usize,
    equal: bool,
    /// The first difference.
    difference: Option<FoundDifference>,
}

/// Where a rehearsal differs from the plan.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum FoundDifference {
    /// The length in octets.
    Length { planned: usize, found: usize },
    /// An octet, by its place from 0.
    Octet { at: usize, planned: u8, found: u8 },
}

/// How often a key signed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CountedSignatures {
    /// As the plan calls it.
    key: String,
    planned: u64,
    made: u64,
}

impl RehearsedSession {
    pub(in crate::cli) fn of(session: &SessionComparison) -> Self {
        let object = |object: &hsm_ca::ceremony::ComparedObject| RehearsedObject {
            step: object.step.clone(),
            compared: object.compared,
            in_holes: object.in_holes,
            equal: object.is_equal(),
            difference: object.difference.and_then(|difference| match difference {
                Difference::Length { planned, found } => Some(FoundDifference::Length { planned, found }),
                Difference::Octet { at, planned, found } => {
                    Some(FoundDifference::Octet { at, planned, found })
                }
                _ => None,
            }),
        };
        Self {
            session: session.session.clone(),
            verified: session.is_sound(),
            head: session.head.as_ref().map(ToString::to_string),
            objects: session.objects.iter().map(object).collect(),
            not_made: session.missing.clone(),
            signatures: session
                .signatures
                .iter()
                .map(|counted| CountedSignatures {
                    key: counted.key.clone(),
                    planned: counted.planned,
                    made: counted.made,
                })
                .collect(),
            findings: Finding::list(&session.findings),
        }
    }
}

impl Output for CeremonyRehearse {
    const NAME: &'static str = "ceremony-rehearse";
}

/// One session, in the process that `ceremony rehearse` starts for it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyRehearseSession {
    pub(in crate::cli) session: String,
    /// The head of its transcript.
    pub(in crate::cli) head: String,
}

impl Output for CeremonyRehearseSession {
    const NAME: &'static str = "ceremony-rehearse-session";
}
