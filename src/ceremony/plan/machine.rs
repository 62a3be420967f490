//! The program, the module and the tokens of the planning machine.

use serde::{Deserialize, Serialize};

use crate::ceremony::Digest;

/// The program on the planning machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTool {
    /// `hsm-ca`
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file.
    pub sha256: Digest,
}

/// A PKCS#11 module (`CK_INFO`, PKCS#11 v3.1 section 3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedModule {
    /// The last part of its path.
    pub file: String,
    /// `libraryDescription` and `libraryVersion`.
    pub library: String,
    /// SHA-256 of its file.
    pub sha256: Digest,
}

/// A token (`CK_TOKEN_INFO`, PKCS#11 v3.1 section 3.3). If it was not present when the plan was made, only its serial number is fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedToken {
    /// `serialNumber`
    pub serial: String,
    /// The other values that the token reported.
    #[serde(flatten)]
    pub seen: Option<SeenToken>,
}

/// The values that a token reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenToken {
    /// `manufacturerID`
    pub manufacturer: String,
    /// `model`
    pub model: String,
    /// `firmwareVersion`
    pub firmware: String,
    /// `hardwareVersion`
    pub hardware: String,
}
