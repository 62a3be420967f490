//! Serial numbers that a ceremony revoked and that are on no CRL of it.

use serde::Serialize;

/// The first serial number of a certificate, after people chose the spare one. It is revoked in the ledger, and no CRL of the ceremony lists it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct UnlistedRevocation {
    step: String,
    serial_number: String,
    issuer: String,
    /// The CRLs of this issuer among the results, by the names of their files.
    crls: Vec<String>,
}

impl UnlistedRevocation {
    pub(in crate::cli) fn list(unlisted: &[hsm_ca::ceremony::UnlistedRevocation]) -> Vec<Self> {
        let one = |unlisted: &hsm_ca::ceremony::UnlistedRevocation| Self {
            step: unlisted.step.clone(),
            serial_number: unlisted.serial.clone(),
            issuer: unlisted.issuer.clone(),
            crls: unlisted.lists.clone(),
        };
        unlisted.iter().map(one).collect()
    }
}
