//! Why a statement does not count, and why people do not form a quorum.

use std::fmt;

use crate::ceremony::sshsig::SshSignatureError;
use crate::ceremony::{CanonicalError, Requirement};

/// Why a signed statement does not count.
#[derive(Debug)]
#[non_exhaustive]
pub enum StatementError {
    /// The file is not a valid statement.
    Statement(CanonicalError),
    /// The statement is about something else.
    OtherPlan {
        /// The field that differs.
        what: &'static str,
        /// The value in the statement.
        found: String,
        /// The value for this plan.
        expected: String,
    },
    /// The decision is neither approve nor reject.
    Decision {
        /// The decision as written.
        found: String,
    },
    /// A rejection has no readable reason, or an approval has one.
    Reason {
        /// The decision: approve or reject.
        decision: String,
    },
    /// The time is not in the accepted form.
    Time {
        /// The time as written.
        found: String,
    },
    /// The person may not sign this statement.
    UnknownPerson {
        /// The name in the statement.
        person: String,
        /// How errors name those who may sign.
        called: &'static str,
    },
    /// A field has neither of its two permitted values.
    Word {
        /// The field.
        field: &'static str,
        /// The value.
        found: String,
    },
    /// A text is not one line of visible characters.
    Text {
        /// The field.
        field: &'static str,
    },
    /// The signature at a gate is for another step or for other bytes.
    OtherGate {
        /// What differs: the gate, or the step whose bytes differ.
        what: String,
    },
    /// The attestation is about another head.
    OtherHead {
        /// The head in the statement.
        found: String,
        /// The head of the transcript.
        expected: String,
    },
    /// The signing key does not belong to this person.
    NotTheirKey {
        /// The name in the statement.
        person: String,
        /// The key that signed.
        fingerprint: String,
    },
    /// The statement names a key other than the signing key.
    OtherKeyStated {
        /// The key in the statement.
        stated: String,
        /// The key that signed.
        fingerprint: String,
    },
    /// The signature is not accepted.
    Signature(SshSignatureError),
    /// The security key did not show what is required.
    NotShown {
        /// The owner of the key.
        person: String,
        /// What is missing.
        requirement: Requirement,
    },
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(cause) => write!(f, "the statement is {cause}"),
            Self::OtherPlan {
                what,
                found,
                expected,
            } => {
                write!(
                    f,
                    "the statement is about another plan: {what} is {found:?}, and this plan has {expected:?}"
                )
            }
            Self::Decision { found } => {
                write!(
                    f,
                    "the statement's decision is {found:?}; it must be approve or reject"
                )
            }
            Self::Reason { decision } if decision == "approve" => {
                f.write_str("the statement approves and has a reason (because); only a rejection has one")
            }
            Self::Reason { .. } => {
                f.write_str("the statement rejects without a reason (because) in one line of visible text")
            }
            Self::Time { found } => {
                write!(
                    f,
                    "the statement's time is {found:?}; it must be in UTC and to the second: 2026-12-01T08:30:00Z"
                )
            }
            Self::UnknownPerson { person, called } => write!(f, "{person:?} is not one of {called}"),
            Self::Word { field, found } => {
                write!(f, "the statement's {field} has the invalid value {found:?}")
            }
            Self::Text { field } => {
                write!(f, "the statement's {field} must be one line of visible text")
            }
            Self::OtherGate { what } => {
                write!(f, "the statement is not about the bytes at this gate: {what}")
            }
            Self::OtherHead { found, expected } => write!(
                f,
                "the statement is about the transcript's head {found}, and the transcript has {expected}"
            ),
            Self::NotTheirKey { person, fingerprint } => {
                write!(
                    f,
                    "the statement of {person:?} is signed with {fingerprint}, which is not a key of that person"
                )
            }
            Self::OtherKeyStated { stated, fingerprint } => {
                write!(
                    f,
                    "the statement names the key {stated:?} and is signed with {fingerprint}"
                )
            }
            Self::Signature(cause) => cause.fmt(f),
            Self::NotShown { person, requirement } => {
                let missing = match requirement {
                    Requirement::Touch => "was not touched",
                    Requirement::Pin => {
                        "did not ask for its PIN; sign with `ssh-keygen -Y sign` and a key made with -O verify-required"
                    }
                };
                write!(f, "the security key of {person:?} {missing}")
            }
        }
    }
}

/// `Display` includes each cause.
impl std::error::Error for StatementError {}

/// Why people and a threshold do not form a quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuorumError {
    /// Two people have the same name.
    SameName {
        /// The name.
        person: String,
    },
    /// Two people share a key, or one person lists it twice.
    SameKey {
        /// Who.
        person: String,
        /// The other person with this key.
        other: String,
        /// The key.
        fingerprint: String,
    },
    /// The key cannot show the required touch or PIN.
    CannotShow {
        /// The owner of the key.
        person: String,
        /// Its type.
        kind: &'static str,
    },
    /// The threshold is zero, or exceeds the number of people.
    Threshold {
        /// How many must sign.
        threshold: usize,
        /// How many people there are.
        people: usize,
    },
}

impl fmt::Display for QuorumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameName { person } => write!(f, "two people are called {person:?}"),
            Self::SameKey {
                person,
                other,
                fingerprint,
            } if person == other => {
                write!(
                    f,
                    "{person:?} has the key {fingerprint} twice, perhaps under another type"
                )
            }
            Self::SameKey {
                person,
                other,
                fingerprint,
            } => {
                write!(
                    f,
                    "{person:?} and {other:?} have the same key ({fingerprint}), perhaps under another type"
                )
            }
            Self::CannotShow { person, kind } => {
                write!(
                    f,
                    "the key of {person:?} has type {kind}; only a security key (sk-…) can show touch or PIN"
                )
            }
            Self::Threshold { threshold, people } => {
                write!(
                    f,
                    "the threshold is {threshold}, and {people} people may sign: it must be at least 1 and at most their number"
                )
            }
        }
    }
}

impl std::error::Error for QuorumError {}
