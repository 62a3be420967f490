//! What the next ceremony inherits: the numbers that are used, the revocations to carry forward, and the people who may approve.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    CanonicalError, CeremonyKind, Digest, Octets, PlannedPeople, TranscriptHead, from_canonical, to_canonical,
};
use crate::output::{Encoding, Sealed, Verified};

/// The export's `format`.
const FORMAT: &str = "hsm-ca ceremony export 1";

/// What the next ceremony inherits. The file is canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CeremonyExport {
    /// The name of the format.
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
    /// The people. If the quorum changes, the approvers among them must approve the next plan too.
    pub people: PlannedPeople,
    /// The issuers, sorted by the octets of the name.
    pub issuers: Vec<ExportedIssuer>,
}

/// The numbers of one issuer name. Serial numbers and CRL numbers are unique per name, whichever key signs (RFC 5280 sections 4.1.2.2 and 5.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExportedIssuer {
    /// DER of the name.
    pub name: Octets,
    /// SHA-256 of each `subjectPublicKeyInfo` that signs under this name, sorted.
    pub keys: Vec<Digest>,
    /// The used serial numbers in hex, sorted: every number that the plan drew, whether it was signed or not.
    pub serials: Vec<String>,
    /// The highest `cRLNumber` whose signature was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crl_number: Option<u64>,
    /// The revocations that the next CRL must contain, by serial number.
    pub revoked: Vec<ExportedRevocation>,
}

/// A certificate that is revoked, or must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExportedRevocation {
    /// The serial number, in hex.
    pub serial: String,
    /// `revoked`; `lost` if a signature may exist that was not kept; or `aborted` if the signing ceremony was aborted.
    pub because: String,
}

/// Why a file is not an export of a ceremony.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportError {
    /// The file is not canonical JSON of this form.
    Canonical(CanonicalError),
    /// A field has a value that is not allowed.
    Value {
        /// The field.
        field: &'static str,
        /// The value.
        found: String,
    },
}

impl CeremonyExport {
    /// The name of the format, for a new export.
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
        // Text and small numbers always have a canonical form, so this does not fail.
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
                "what the ceremony exported has the invalid value {found:?} at {field:?}"
            ),
        }
    }
}

impl std::error::Error for ExportError {}
