//! The statements about a plan that people sign with their SSH keys. All kinds are checked in the same way.
//!
//! A statement is canonical JSON in a file, with a detached SSH signature beside it. Each kind has its own format and namespace, and a practice has
//! its own namespaces. So a signature for one kind never counts for another.

mod error;
mod file;
mod signatories;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::error::{QuorumError, StatementError};
pub(crate) use self::file::pair_statements;
pub use self::file::{StatementFile, StatementFileError, read_statements};
pub use self::signatories::{Signatories, Signatory, SignatoryKey, SignatureFile, SignedStatement};
use super::ssh_key::SshKey;
use super::{CeremonyKind, Digest, from_canonical, to_canonical};
use crate::output::{Encoding, Sealed, Verified};
use crate::values::{UnixTime, is_unprintable};

/// Identifies the plan that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanIdentity {
    /// Production or practice.
    pub kind: CeremonyKind,
    /// The ceremony's id.
    pub ceremony: String,
    /// SHA-256 of `plan.json`.
    pub hash: Digest,
}

/// The kinds of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementKind {
    /// Somebody approves or rejects the plan.
    Approval,
    /// Somebody confirms the completed bytes at a step of the ceremony.
    Gate,
    /// An attendee signs the transcript's head.
    Attestation,
}

impl StatementKind {
    /// The `format` of the statement.
    #[must_use]
    pub const fn format(self) -> &'static str {
        match self {
            Self::Approval => "hsm-ca ceremony approval 1",
            Self::Gate => "hsm-ca ceremony gate 1",
            Self::Attestation => "hsm-ca ceremony attestation 1",
        }
    }

    /// The SSHSIG namespace of its signatures. A practice has its own namespaces, so its signatures never count in the real ceremony.
    #[must_use]
    pub const fn namespace(self, ceremony: CeremonyKind) -> &'static str {
        match (self, ceremony) {
            (Self::Approval, CeremonyKind::Production) => "ceremony-approval@hsm-ca",
            (Self::Approval, CeremonyKind::Practice) => "ceremony-practice-approval@hsm-ca",
            (Self::Gate, CeremonyKind::Production) => "ceremony-gate@hsm-ca",
            (Self::Gate, CeremonyKind::Practice) => "ceremony-practice-gate@hsm-ca",
            (Self::Attestation, CeremonyKind::Production) => "ceremony-attestation@hsm-ca",
            (Self::Attestation, CeremonyKind::Practice) => "ceremony-practice-attestation@hsm-ca",
        }
    }
}

/// The fields that every statement has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementFrame {
    ceremony: String,
    format: String,
    key: String,
    kind: String,
    person: String,
    plan: Digest,
    time: String,
}

impl StatementFrame {
    /// The time comes from this machine's clock; it is a claim, not a proof.
    pub(super) fn new(
        statement: StatementKind,
        plan: &PlanIdentity,
        person: &str,
        key: &SshKey,
        time: UnixTime,
    ) -> Self {
        Self {
            ceremony: plan.ceremony.clone(),
            format: statement.format().to_owned(),
            key: key.fingerprint(),
            kind: plan.kind.word().to_owned(),
            person: person.to_owned(),
            plan: plan.hash,
            time: time.to_string(),
        }
    }

    fn check(&self, statement: StatementKind, plan: &PlanIdentity) -> Result<(), StatementError> {
        let expected = [
            ("format", &self.format, statement.format().to_owned()),
            ("kind", &self.kind, plan.kind.word().to_owned()),
            ("ceremony", &self.ceremony, plan.ceremony.clone()),
            ("plan", &self.plan.to_string(), plan.hash.to_string()),
        ];
        for (what, found, expected) in expected {
            if *found != expected {
                return Err(StatementError::OtherPlan {
                    what,
                    found: found.clone(),
                    expected,
                });
            }
        }
        Ok(())
    }

    /// The time: UTC in whole seconds, in its only accepted form.
    fn claimed_time(&self) -> Result<UnixTime, StatementError> {
        let time = self.time.parse::<UnixTime>().ok();
        let time = time.filter(|time| time.to_string() == self.time);
        time.ok_or_else(|| StatementError::Time {
            found: self.time.clone(),
        })
    }
}

/// A statement of one kind. Do not trust its content before its signature is verified ([`Signatories::verify`]).
pub trait Statement: Serialize + DeserializeOwned + Sealed {
    /// The content besides the common fields.
    type Content;

    /// Its kind.
    const KIND: StatementKind;

    /// The common fields.
    fn frame(&self) -> &StatementFrame;

    /// The content.
    ///
    /// # Errors
    /// [`StatementError`]: the content is contradictory or incomplete.
    fn content(&self) -> Result<Self::Content, StatementError>;
}

/// Reads a statement about `plan`.
fn read<T: Statement>(bytes: &[u8], plan: &PlanIdentity) -> Result<T, StatementError> {
    let statement: T = from_canonical(bytes).map_err(StatementError::Statement)?;
    statement.frame().check(T::KIND, plan)?;
    Ok(statement)
}

/// A statement that is not signed yet: its bytes, and what `ssh-keygen -Y sign` needs. The program made it or read it from its file, and checked that
/// it names this plan, this person and this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedStatement {
    bytes: Vec<u8>,
    namespace: &'static str,
}

impl UnsignedStatement {
    /// The bytes of a new statement.
    ///
    /// # Errors
    /// [`StatementError`]: the content is contradictory or incomplete.
    pub fn of<T: Statement>(statement: &T, plan: &PlanIdentity) -> Result<Self, StatementError> {
        let bytes = to_canonical(statement).map_err(StatementError::Statement)?;
        Self::read::<T>(&bytes, plan).map(|(unsigned, _)| unsigned)
    }

    /// Reads a statement that was written earlier, and returns its content. The caller must compare the person and the key.
    ///
    /// # Errors
    /// [`StatementError`]
    pub fn read<T: Statement>(bytes: &[u8], plan: &PlanIdentity) -> Result<(Self, T), StatementError> {
        let statement: T = read(bytes, plan)?;
        statement.content()?;
        statement.frame().claimed_time()?;
        let unsigned = Self {
            bytes: bytes.to_vec(),
            namespace: T::KIND.namespace(plan.kind),
        };
        Ok((unsigned, statement))
    }

    /// The bytes to sign.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The namespace to sign for.
    #[must_use]
    pub const fn namespace(&self) -> &'static str {
        self.namespace
    }
}

impl StatementFrame {
    /// The person who signs, and the fingerprint of the key.
    #[must_use]
    pub fn signer(&self) -> (&str, &str) {
        (&self.person, &self.key)
    }
}

impl Sealed for UnsignedStatement {}

impl Verified for UnsignedStatement {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.bytes.clone()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        let read: BTreeMap<String, serde_json::Value> =
            from_canonical(written).map_err(|error| error.to_string())?;
        match read.contains_key("format") {
            true => Ok(()),
            false => Err("it has no format".to_owned()),
        }
    }
}

/// Whether a text is one line that prints unchanged: no control characters, no characters that change how others are displayed, and not too long for
/// a page. This applies to what this program writes. What others wrote must only satisfy the format.
#[must_use]
pub fn is_plain_line(text: &str) -> bool {
    const LONGEST: usize = 1000;
    !text.is_empty() && text.trim() == text && text.len() <= LONGEST && !text.contains(is_unprintable)
}

/// Whether the text is one readable line: at least one visible character, and none that moves a cursor.
pub(super) fn is_line(text: &str) -> bool {
    let is_visible = text.chars().any(|character| !character.is_whitespace());
    is_visible && !text.chars().any(char::is_control)
}
