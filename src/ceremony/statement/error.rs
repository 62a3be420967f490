//! Why a statement does not count, and why people are not a quorum.

use std::fmt;

use crate::ceremony::sshsig::SshSignatureError;
use crate::ceremony::{CanonicalError, Requirement};

/// Why a statement with its signature does not count.
#[derive(Debug)]
#[non_exhaustive]
pub enum StatementError {
    /// The statement is not one.
    Statement(CanonicalError),
    /// It is about something else.
    OtherPlan {
        /// The name of what differs.
        what: &'static str,
        /// What the statement has.
        found: String,
        /// What this plan has.
        expected: String,
    },
    /// Neither approve nor reject.
    Decision {
        /// What it is instead.
        found: String,
    },
    /// A rejection without a reason that can be read, or an approval with one.
    Reason {
        /// Approve or reject.
        decision: String,
    },
    /// A time that is not in the one spelling.
    Time {
        /// As it is written.
        found: String,
    },
    /// Not one of those who may sign it.
    UnknownPerson {
        /// The name in the statement.
        person: String,
        /// What those are called.
        called: &'static str,
    },
    /// A field that says neither of the two things that it can.
    Word {
        /// The field.
        field: &'static str,
        /// What it is instead.
        found: String,
    },
    /// Text that is not one line of visible characters.
    Text {
        /// The field.
        field: &'static str,
    },
    /// The signature of a gate is for another step, or for other bytes.
    OtherGate {
        /// What differs: the gate, or a step whose bytes do.
        what: String,
    },
    /// An attestation of another head.
    OtherHead {
        /// What the statement has.
        found: String,
        /// What the transcript has.
        expected: String,
    },
    /// Signed with a key that this person does not have.
    NotTheirKey {
        /// The name in the statement.
        person: String,
        /// The key that signed.
        fingerprint: String,
    },
    /// The statement names another key than the one that signed.
    OtherKeyStated {
        /// The one in the statement.
        stated: String,
        /// The one that signed.
        fingerprint: String,
    },
    /// The signature.
    Signature(SshSignatureError),
    /// The security key did not show what it has to.
    NotShown {
        /// Whose it is.
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
                write!(f, "the statement's {field} is {found:?}, which it cannot be")
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

/// `Display` tells each cause.
impl std::error::Error for StatementError {}

/// Why people and a threshold are not a quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuorumError {
    /// Two people have one name.
    SameName {
        /// The name.
        person: String,
    },
    /// Two people have one key, or one has it twice.
    SameKey {
        /// Who.
        person: String,
        /// Who has it too.
        other: String,
        /// The key.
        fingerprint: String,
    },
    /// A key that cannot show touch or PIN has to.
    CannotShow {
        /// Whose it is.
        person: String,
        /// Its type.
        kind: &'static str,
    },
    /// Zero, or more than there are people.
    Threshold {
        /// How many have to sign.
        threshold: usize,
        /// How many there are.
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
                    "{threshold} people have to sign, and {people} are there who may; at least one is needed"
                )
            }
        }
    }
}

impl std::error::Error for QuorumError {}
