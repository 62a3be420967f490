//! `ceremony export`.

use serde::Serialize;
use serde_json::Value;

use super::Output;
use super::common::FileName;

/// `ceremony export`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CeremonyExport {
    /// Null where it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
    /// The head of the transcript.
    pub(in crate::cli) head: String,
    /// How the ceremony ended.
    #[cfg_attr(test, schemars(extend("enum" = ["closed", "aborted"])))]
    pub(in crate::cli) end: String,
    /// What the serial numbers of each issuer are for, in the order of the export.
    pub(in crate::cli) serial_numbers: Vec<ExportedSerials>,
    /// As in the file (docs/ceremony-format.md).
    pub(in crate::cli) export: Value,
}

/// The serial numbers of an issuer that no later certificate may have.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ExportedSerials {
    issuer: String,
    /// In certificates whose signature was begun in this ceremony.
    used: usize,
    /// Drawn for this ceremony and in no certificate: spare ones, and those of other sessions.
    spare: usize,
    /// From the ceremonies before.
    earlier: usize,
}

impl ExportedSerials {
    pub(in crate::cli) fn of(issuer: String, count: hsm_ca::workflow::SerialCount) -> Self {
        Self {
            issuer,
            used: count.used,
            spare: count.spare,
            earlier: count.earlier,
        }
    }
}

impl Output for CeremonyExport {
    const NAME: &'static str = "ceremony-export";
    const HAS_CONTENT: bool = true;
}
