//! `ca`.

use serde::Serialize;

use super::Output;
use super::certificate::{Certificate, Issued};

/// `ca create`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CaCreate {
    /// The signed certificate.
    pub(in crate::cli) certificates: Vec<Issued>,
}

impl Output for CaCreate {
    const NAME: &'static str = "ca-create";
    const HAS_CONTENT: bool = true;
}

/// `ca adopt`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CaAdopt {
    #[serde(flatten)]
    pub(in crate::cli) certificate: Certificate,
    /// How the path above the CA was checked: `self-signed`, `verified` or `not-checked`.
    pub(in crate::cli) path: String,
    /// Whether the key was tested with a signature.
    pub(in crate::cli) key_proven: bool,
    pub(in crate::cli) new: New,
    /// The highest CRL number so far; the next CRL gets a higher one.
    pub(in crate::cli) highest_crl_number: Option<String>,
    /// Rules that were waived.
    pub(in crate::cli) waived: Vec<String>,
    /// As COUNT:HASH.
    pub(in crate::cli) ledger_head: String,
}

/// What was added to the ledger.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct New {
    pub(in crate::cli) authority_certificate: bool,
    pub(in crate::cli) certificates: u64,
    /// Serial numbers without a certificate.
    pub(in crate::cli) serial_numbers: u64,
    pub(in crate::cli) revocations: u64,
}

impl Output for CaAdopt {
    const NAME: &'static str = "ca-adopt";
}
