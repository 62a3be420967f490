//! What a ceremony hands on to the next one: numbers that are used, revocations that must not be lost, and who may approve.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    CanonicalError, CeremonyKind, Digest, Octets, PlannedPeople, TranscriptHead, from_canonical, to_canonical,
};
use crate::output::{Encoding, Sealed, Verified};

/// The export's `format`.
const FORMAT: &str = "hsm-ca ceremony export 1";

/// What a ceremony hands on. Its file is canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CeremonyExport {
    /// The format's name.
    pub format: String,
    /// Production or practice.
    pub kind: CeremonyKind,
    /// The ceremony's id.
    pub ceremony: String,
    /// SHA-256 of its plan.
    pub plan: Digest,
    /// The head of its transcript.
    pub head: String,
    /// `closed` or `aborted`.
    pub end: String,
    /// Who took part: their approvers approve a change of the quorum.
    pub people: PlannedPeople,
    /// The issuers, sorted by the octets of their names.
    pub issuers: Vec<ExportedIssuer>,
}

/// The numbers of one issuer's name: serial numbers and CRL numbers are unique for a name, whichever key signs (RFC 5280 sections 4.1.2.2 and
/// 5.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExportedIssuer {
    /// DER of the name.
    pub name: Octets,
    /// SHA-256 of each `subjectPublicKeyInfo` that it signs with, sorted.
    pub keys: Vec<Digest>,
    /// Serial numbers that are used, in hex, sorted: every one that the plan drew, whatever became of it.
    pub serials: Vec<String>,
    /// The highest `cRLNumber` that was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl_number: Option<u64>,
    /// What the next CRL has to have, by serial number.
    pub revoked: Vec<ExportedRevocation>,
}

/// A certificate that is revoked, or has to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExportedRevocation {
    /// The serial number, in hex.
    pub serial: String,
    /// `revoked`; `lost` where a signature may exist that nobody has; `aborted` where the ceremony that signed it was given up.
    pub because: String,
}

/// Why a file is not what a ceremony exported.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportError {
    /// It is not canonical JSON of this form.
    Canonical(CanonicalError),
    /// A value that it cannot have.
    Value {
        /// The name.
        field: &'static str,
        /// What it is instead.
        found: String,
    },
}

impl CeremonyExport {
    /// The format's name, for a new export.
    #[must_use]
    pub fn format() -> String {
        FORMAT.to_owned()
    }

    /// The bytes of its file.
    ///
    /// # Errors
    /// [`ExportError::Canonical`]
    pub fn to_bytes(&self) -> Result<Vec<u8>, ExportError> {
        to_canonical(self).map_err(ExportError::Canonical)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`ExportError`]
    pub fn read(bytes: &[u8]) -> Result<Self, ExportError> {
        let export: Self = from_canonical(bytes).map_err(ExportError::Canonical)?;
        let value = |field, found: &str| {
            let found = found.to_owned();
            Err(ExportError::Value { field, found })
        };
        if export.format != FORMAT {
            return value("format", &export.format);
        }
        if export.head.parse::<TranscriptHead>().is_err() {
            return value("head", &export.head);
        }
        if !["closed", "aborted"].contains(&export.end.as_str()) {
            return value("end", &export.end);
        }
        if !export.issuers.is_sorted_by(|one, next| one.name.0 < next.name.0) {
            return value("issuers", "not sorted by name");
        }
        for issuer in &export.issuers {
            if !issuer.serials.is_sorted_by(|one, next| one < next) {
                return value("serials", "not sorted");
            }
        }
        Ok(export)
    }
}

impl Sealed for CeremonyExport {}

impl Verified for CeremonyExport {
    fn content(&self, _: Encoding) -> Vec<u8> {
        // Text and small numbers have one spelling, so this does not fail.
        self.to_bytes().unwrap_or_default()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        match Self::read(written) {
            Ok(read) if read == *self => Ok(()),
            Ok(_) => Err("it reads back differently".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Canonical(cause) => write!(f, "what the ceremony exported is {cause}"),
            Self::Value { field, found } => write!(
                f,
                "what the ceremony exported has {found:?} at {field:?}, which it cannot have"
            ),
        }
    }
}

impl std::error::Error for ExportError {}
