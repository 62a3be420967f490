//! A prepared statement: has it signed, and keeps either both files or none.

use std::fs;
use std::path::{Path, PathBuf};

use super::approvals::refuse_late_approval;
use super::opened::{make_directory, read_if_there, refuse_ended};
use super::{OpenedCeremony, PeopleError, SshKeygen};
use crate::ceremony::{
    ApprovalCount, AttestationCount, GateCount, SignatureFile, Statement, StatementError, UnsignedStatement,
};
use crate::output::Destination;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CompletedObject;

/// A statement that is ready to sign: it is about this plan, and the person may sign it with this key.
#[derive(Debug)]
pub struct PreparedStatement {
    person: String,
    statement: UnsignedStatement,
    path: PathBuf,
    /// Whether the statement was written earlier and only its signature is missing.
    is_there: bool,
    count: Count,
    objects: Vec<CompletedObject>,
}

/// The two files of a signed statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedFiles {
    /// The statement.
    pub statement: PathBuf,
    /// The signature.
    pub signature: PathBuf,
}

/// Verifies the signature as `run` and `verify` do.
#[derive(Debug)]
pub(super) enum Count {
    Approval(ApprovalCount),
    Rejection(ApprovalCount),
    Gate(GateCount),
    /// A gate that was passed.
    PassedGate(GateCount),
    Attestation(AttestationCount),
}

impl Count {
    fn verify(&mut self, statement: &[u8], signature: &[u8]) -> Result<SignatureFile, StatementError> {
        match self {
            Self::Approval(count) | Self::Rejection(count) => {
                count.add(statement, signature).map(|signed| signed.signature())
            }
            Self::Gate(count) | Self::PassedGate(count) => {
                count.add(statement, signature).map(|signed| signed.signature())
            }
            Self::Attestation(count) => count.add(statement, signature).map(|signed| signed.signature()),
        }
    }
}

/// If the statement exists without its signature and says the same, it is signed unchanged.
pub(super) fn prepare<T: Statement>(
    ceremony: &OpenedCeremony,
    statement: &T,
    path: PathBuf,
    mut count: Count,
) -> Result<PreparedStatement, PeopleError>
where
    T::Content: PartialEq,
{
    let saying = |cause| PeopleError::Saying { cause };
    let (person, _) = statement.frame().signer();
    let there = read_if_there(&path)?;
    if signature_path(&path).symlink_metadata().is_ok() {
        return Err(already_signed(person, path, there, &mut count));
    }
    let is_there = there.is_some();
    let unsigned = match there {
        None => UnsignedStatement::of(statement, &ceremony.identity).map_err(saying)?,
        Some(bytes) => {
            let other = |_| PeopleError::OtherStatement { path: path.clone() };
            let (unsigned, found) =
                UnsignedStatement::read::<T>(&bytes, &ceremony.identity).map_err(other)?;
            let is_same = found.frame().signer() == statement.frame().signer()
                && found.content().map_err(saying)? == statement.content().map_err(saying)?;
            if !is_same {
                return Err(PeopleError::OtherStatement { path });
            }
            unsigned
        }
    };
    Ok(PreparedStatement {
        person: person.to_owned(),
        statement: unsigned,
        path,
        is_there,
        count,
        objects: Vec::new(),
    })
}

/// Why nothing is signed where a signature exists. Only a pair that verifies counts, so the person learns about any other.
fn already_signed(person: &str, path: PathBuf, statement: Option<Vec<u8>>, count: &mut Count) -> PeopleError {
    let Some(statement) = statement else {
        return PeopleError::Unsound {
            path: signature_path(&path),
            reason: "it is a signature, and its statement is missing".to_owned(),
        };
    };
    let signature = match read_if_there(&signature_path(&path)) {
        Ok(signature) => signature.unwrap_or_default(),
        Err(error) => return error,
    };
    match count.verify(&statement, &signature) {
        Ok(_) => PeopleError::AlreadySigned {
            person: person.to_owned(),
            path,
        },
        Err(cause) => PeopleError::Unsound {
            path,
            reason: cause.to_string(),
        },
    }
}

/// A statement that was signed before and has to be the same to the last octet.
pub(super) fn prepare_again<T: Statement>(
    ceremony: &OpenedCeremony,
    statement: &T,
    path: PathBuf,
    count: Count,
) -> Result<PreparedStatement, PeopleError> {
    let unsigned = UnsignedStatement::of(statement, &ceremony.identity);
    let unsigned = unsigned.map_err(|cause| PeopleError::Saying { cause })?;
    let there = read_if_there(&path)?;
    if there.as_ref().is_some_and(|there| there != unsigned.bytes()) {
        return Err(PeopleError::InTheWay { path });
    }
    let (person, _) = statement.frame().signer();
    Ok(PreparedStatement {
        person: person.to_owned(),
        statement: unsigned,
        path,
        is_there: there.is_some(),
        count,
        objects: Vec::new(),
    })
}

impl PreparedStatement {
    /// Adds the objects that the person confirms.
    pub(super) fn confirming(self, objects: Vec<CompletedObject>) -> Self {
        Self { objects, ..self }
    }

    /// Who signs.
    #[must_use]
    pub fn person(&self) -> &str {
        &self.person
    }

    /// The statement to sign, with its namespace.
    #[must_use]
    pub const fn statement(&self) -> &UnsignedStatement {
        &self.statement
    }

    /// The objects confirmed at a gate, in the order of the steps. Other statements have none.
    #[must_use]
    pub fn objects(&self) -> &[CompletedObject] {
        &self.objects
    }

    /// Writes only the statement, to be signed on another machine.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn write_unsigned(self) -> Result<PathBuf, WorkflowError> {
        if !self.is_there {
            self.make_directory()?;
            let place = Destination::new(&self.path).reserve()?;
            place.commit(&self.statement)?;
        }
        Ok(self.path)
    }

    /// Has the statement signed, verifies the signature as any verifier does, and writes both files. If this is interrupted between the two files,
    /// the statement waits for its signature, and the same command continues with it.
    ///
    /// # Errors
    /// [`WorkflowError`]: neither file was written.
    pub fn sign(
        self,
        ceremony: &OpenedCeremony,
        ssh_keygen: &SshKeygen,
        key: &Path,
    ) -> Result<SignedFiles, WorkflowError> {
        self.sign_with(ceremony, |statement| {
            Ok(ssh_keygen.sign(key, statement).map_err(PeopleError::from)?)
        })
    }

    /// The same with a custom signer, which returns an armoured signature.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub(in crate::workflow::ceremony) fn sign_with(
        mut self,
        ceremony: &OpenedCeremony,
        sign: impl FnOnce(&UnsignedStatement) -> Result<Vec<u8>, WorkflowError>,
    ) -> Result<SignedFiles, WorkflowError> {
        self.make_directory()?;
        let signature_path = signature_path(&self.path);
        let statement_place = match self.is_there {
            true => None,
            false => Some(Destination::new(&self.path).reserve()?),
        };
        let signature_place = Destination::new(&signature_path).reserve()?;
        let armoured = sign(&self.statement)?;
        let signature = self.count.verify(self.statement.bytes(), &armoured);
        let signature = signature.map_err(|cause| PeopleError::Signature { cause })?;
        // Minutes may have passed before the person touched the key.
        self.refuse_late(ceremony)?;
        let is_new = statement_place.is_some();
        if let Some(place) = statement_place {
            place.commit(&self.statement)?;
        }
        if let Err(cause) = signature_place.commit(&signature) {
            if is_new && !signature_path.exists() {
                // A statement left here only waits for a signature, so a failed removal does not matter.
                let _ = fs::remove_file(&self.path);
            }
            return Err(cause.into());
        }
        Ok(SignedFiles {
            statement: self.path,
            signature: signature_path,
        })
    }

    /// Refuses a signature that the ceremony no longer needs.
    fn refuse_late(&self, ceremony: &OpenedCeremony) -> Result<(), PeopleError> {
        match &self.count {
            Count::Approval(_) => {
                let course = ceremony.course()?;
                refuse_ended(&course)?;
                refuse_late_approval(ceremony, &course)
            }
            Count::Rejection(_) | Count::PassedGate(_) => ceremony.refuse_ended(),
            Count::Gate(count) => match ceremony.course()?.waiting_gate().as_ref() == Some(count.bytes()) {
                true => Ok(()),
                false => Err(PeopleError::GateGone {
                    step: count.bytes().step.clone(),
                }),
            },
            // Nothing is added after the end, so an attestation cannot be late.
            Count::Attestation(_) => Ok(()),
        }
    }

    fn make_directory(&self) -> Result<(), PeopleError> {
        self.path.parent().map_or(Ok(()), make_directory)
    }
}

fn signature_path(statement: &Path) -> PathBuf {
    let mut name = statement.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}
