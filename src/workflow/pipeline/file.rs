//! Stores a planned object in a file, and reads it back on the day of the signature.
//!
//! The file holds the exact bytes, and hashes of the inputs. The inputs (profile, CA certificate, request) are given again when it is read, so
//! the file decides nothing about trust. Every byte that follows from the inputs is compared with the byte that they give now, and every rule is
//! checked again. Only the serial number, the dates, and the subject of a self-signed certificate come from the file. People approve those by
//! [`Planned::sha256`].

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Planned, Signable};
use crate::ledger::{Der, Digest, Object};
use crate::output::{Encoding, Sealed, Verified};
use crate::signer::SignatureAlgorithm;
use crate::workflow::lint::Rehearsals;
use crate::workflow::record::Waivers;
use crate::workflow::{Linted, WorkflowError};
use crate::x509::{
    AcceptedOcspRequest, Basis, Certificate, CertificateRevocationList, Checked, CheckedCrl, CheckedOcsp,
    CheckedRequest, CrlTbs, Issuer, OcspTbs, Profile, RequestTbs, Responder, Tbs, UnixTime,
};

/// The format, as the first word of every file. Another format has another number.
const FORMAT: &str = "hsm-ca-planned-1";

/// One line of JSON, with only one allowed spelling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlannedFile {
    format: String,
    kind: String,
    /// SHA-256 of `tbs`. It reveals a changed byte even if no rule is broken.
    sha256: Digest,
    /// `AlgorithmIdentifier`
    algorithm: Der,
    /// SHA-256 of the CA certificate.
    authority_sha256: Option<Digest>,
    /// SHA-256 of the request, or of the certificate that is cross-signed.
    asked_sha256: Option<Digest>,
    profile: Option<String>,
    second_certificate: bool,
    same_name_other_key: bool,
    /// For a CRL: the end of the ledger before its revocations were read.
    since: Option<u64>,
    tbs: Der,
}

/// Why a file was refused as a planned object.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlannedFileError {
    /// Its format is wrong.
    Syntax {
        /// What is wrong.
        reason: String,
    },
    /// It holds another kind of object.
    OtherKind {
        /// The kind in the file.
        found: String,
        /// The expected kind.
        wanted: &'static str,
    },
    /// Its bytes do not have the hash in the file.
    OtherBytes {
        /// The hash in the file.
        said: Digest,
        /// The hash of its bytes.
        found: Digest,
    },
    /// It was made from an input other than the given one.
    OtherInput {
        /// Which input.
        what: &'static str,
    },
}

impl fmt::Display for PlannedFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { reason } => write!(f, "not a planned object: {reason}"),
            Self::OtherKind { found, wanted } => {
                write!(f, "a planned {found}, where a planned {wanted} is needed")
            }
            Self::OtherBytes { said, found } => write!(
                f,
                "the planned bytes were changed: their SHA-256 is {found}, and the file says {said}"
            ),
            Self::OtherInput { what } => write!(f, "it was planned with another {what}"),
        }
    }
}

impl std::error::Error for PlannedFileError {}

impl From<PlannedFileError> for WorkflowError {
    fn from(error: PlannedFileError) -> Self {
        Self::PlannedFile(Box::new(error))
    }
}

impl<T: Signable> Planned<T> {
    /// The bytes of the file. They hold no secret.
    ///
    /// # Errors
    /// [`WorkflowError`] for an algorithm without an identifier; checked bytes never have one.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WorkflowError> {
        let (profile, asked_sha256) = match &self.intent.object {
            Object::Certificate {
                profile,
                request_sha256,
                ..
            } => (Some(profile.clone()), *request_sha256),
            _ => (None, None),
        };
        let authority = self.checked.authority();
        let file = PlannedFile {
            format: FORMAT.to_owned(),
            kind: self.intent.object.kind().to_owned(),
            sha256: self.sha256(),
            algorithm: Der(self.checked.algorithm().to_identifier()?),
            authority_sha256: authority.map(|authority| Digest::of(authority.der())),
            asked_sha256,
            profile,
            second_certificate: self.waivers.second_certificate,
            same_name_other_key: self.waivers.same_name_other_key,
            since: self.since,
            tbs: Der(self.checked.to_sign().to_vec()),
        };
        Ok(file.to_bytes()?)
    }

    /// The same, ready for delivery to a file.
    ///
    /// # Errors
    /// Those of [`to_bytes`](Self::to_bytes)
    pub fn store(&self) -> Result<StoredPlan, WorkflowError> {
        Ok(StoredPlan(self.to_bytes()?))
    }

    /// Refuses a file that the given inputs do not reproduce.
    fn refuse_other_inputs(self, file: &PlannedFile) -> Result<Self, WorkflowError> {
        let again = Self {
            waivers: Waivers {
                second_certificate: file.second_certificate,
                same_name_other_key: file.same_name_other_key,
            },
            since: file.since,
            ..self
        };
        let made = PlannedFile::read(&again.to_bytes()?)?;
        let what = [
            ("CA certificate", made.authority_sha256 == file.authority_sha256),
            ("request or original", made.asked_sha256 == file.asked_sha256),
            ("profile", made.profile == file.profile),
            ("signature algorithm", made.algorithm == file.algorithm),
            ("input", made == *file),
        ];
        match what.iter().find(|(_, is_same)| !is_same) {
            Some((what, _)) => Err(PlannedFileError::OtherInput { what }.into()),
            None => Ok(again),
        }
    }
}

impl Planned<Checked> {
    /// Reads a planned certificate back, for a signature at the time `at`. `profile` and `basis` are the ones that it was planned with. The
    /// profile's linter runs again: its version may have changed.
    ///
    /// # Errors
    /// [`WorkflowError::PlannedFile`]; [`WorkflowError::X509`] with the rule `planned-bytes` or the rule that is broken at that time;
    /// [`WorkflowError::Linter`] if the linter gives no verdict.
    pub fn reopen(
        bytes: &[u8],
        profile: &Arc<Profile>,
        basis: Basis<'_>,
        at: UnixTime,
    ) -> Result<Self, WorkflowError> {
        let file = PlannedFile::read_as(bytes, "certificate")?;
        let issuer = match basis {
            Basis::Itself => Issuer::Itself,
            Basis::Request(_, authority) | Basis::Original(_, authority) => Issuer::Authority(authority),
        };
        file.refuse_other_authority(match issuer {
            Issuer::Itself => None,
            Issuer::Authority(authority) => Some(authority),
        })?;
        let checked = Tbs::reopen(&file.tbs.0, Arc::clone(profile), basis)?.check(issuer, at)?;
        let what = match basis {
            Basis::Itself => Linted::Authority,
            Basis::Request(..) => Linted::Certificate,
            Basis::Original(..) => Linted::Cross,
        };
        let planned = Self::new(checked)?.refuse_other_inputs(&file)?;
        let rehearsals = Rehearsals::of(profile, planned.checked.issuer_key())?;
        rehearsals.lint(&planned.checked, issuer, at, what, &())?;
        Ok(planned)
    }
}

impl Planned<CheckedRequest> {
    /// Reads a planned request back.
    ///
    /// # Errors
    /// [`WorkflowError::PlannedFile`]; [`WorkflowError::X509`] with the rule that is broken.
    pub fn reopen(bytes: &[u8]) -> Result<Self, WorkflowError> {
        let file = PlannedFile::read_as(bytes, "request")?;
        let checked = RequestTbs::reopen(&file.tbs.0, file.algorithm()?)?.check()?;
        Self::new(checked)?.refuse_other_inputs(&file)
    }
}

impl Planned<CheckedCrl> {
    /// Reads a planned CRL back, for a signature at the time `at`. `base` is the verified base CRL of a delta CRL.
    ///
    /// # Errors
    /// [`WorkflowError::PlannedFile`]; [`WorkflowError::X509`] with the rule that is broken at that time.
    pub fn reopen(
        bytes: &[u8],
        authority: &Certificate,
        base: Option<&CertificateRevocationList>,
        at: UnixTime,
    ) -> Result<Self, WorkflowError> {
        let file = PlannedFile::read_as(bytes, "crl")?;
        file.refuse_other_authority(Some(authority))?;
        if file.since.is_none() {
            let reason = "a CRL without `since`".to_owned();
            return Err(PlannedFileError::Syntax { reason }.into());
        }
        let checked = CrlTbs::reopen(&file.tbs.0, authority)?.check(authority, base, at)?;
        Self::new(checked)?.refuse_other_inputs(&file)
    }
}

impl Planned<CheckedOcsp> {
    /// Reads a planned OCSP response back, for a signature at the time `at`.
    ///
    /// # Errors
    /// [`WorkflowError::PlannedFile`]; [`WorkflowError::X509`] with the rule that is broken at that time.
    pub fn reopen(
        bytes: &[u8],
        request: AcceptedOcspRequest,
        responder: Responder,
        at: UnixTime,
    ) -> Result<Self, WorkflowError> {
        let file = PlannedFile::read_as(bytes, "ocsp-response")?;
        file.refuse_other_authority(Some(responder.issuer()))?;
        let tbs = OcspTbs::reopen(&file.tbs.0, request, responder, file.algorithm()?)?;
        Self::new(tbs.check(at)?)?.refuse_other_inputs(&file)
    }
}

impl PlannedFile {
    /// Strict: one content has one spelling, so two different files are never the same plan.
    fn read(bytes: &[u8]) -> Result<Self, PlannedFileError> {
        let syntax = |error: serde_json::Error| PlannedFileError::Syntax {
            reason: error.to_string(),
        };
        let file: Self = serde_json::from_slice(bytes).map_err(syntax)?;
        if file.format != FORMAT {
            let reason = format!("the format is not {FORMAT}");
            return Err(PlannedFileError::Syntax { reason });
        }
        if file.to_bytes()? != bytes {
            let reason = "it is not spelt as such files are".to_owned();
            return Err(PlannedFileError::Syntax { reason });
        }
        let found = Digest::of(&file.tbs.0);
        if found != file.sha256 {
            let said = file.sha256;
            return Err(PlannedFileError::OtherBytes { said, found });
        }
        Ok(file)
    }

    fn read_as(bytes: &[u8], wanted: &'static str) -> Result<Self, PlannedFileError> {
        let file = Self::read(bytes)?;
        if file.kind != wanted {
            let found = file.kind;
            return Err(PlannedFileError::OtherKind { found, wanted });
        }
        Ok(file)
    }

    fn to_bytes(&self) -> Result<Vec<u8>, PlannedFileError> {
        let mut bytes = serde_json::to_vec(self).map_err(|error| PlannedFileError::Syntax {
            reason: error.to_string(),
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    fn algorithm(&self) -> Result<SignatureAlgorithm, WorkflowError> {
        Ok(SignatureAlgorithm::from_identifier(&self.algorithm.0)?)
    }

    fn refuse_other_authority(&self, authority: Option<&Certificate>) -> Result<(), PlannedFileError> {
        if self.authority_sha256 == authority.map(|authority| Digest::of(authority.der())) {
            return Ok(());
        }
        Err(PlannedFileError::OtherInput {
            what: "CA certificate",
        })
    }
}

/// The bytes of a planned object, for one file. They have one encoding.
#[derive(Clone, Debug)]
pub struct StoredPlan(Vec<u8>);

impl Sealed for StoredPlan {}

impl Verified for StoredPlan {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.0.clone()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        PlannedFile::read(written)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}
