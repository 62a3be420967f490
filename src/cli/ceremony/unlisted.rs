//! What is still to be done for a serial number that was revoked, but is on no CRL of the ceremony.

use std::path::Path;

use hsm_ca::ceremony::UnlistedRevocation;

use crate::cli::report::printable;
use crate::cli::shell::quote;

/// For each of them, the command that issues another CRL.
pub(super) fn what_is_left(unlisted: &[UnlistedRevocation], directory: &Path) -> String {
    let one = |unlisted: &UnlistedRevocation| {
        let authority = directory.join(&unlisted.authority);
        format!(
            "STILL TO DO: {}.\nIssue another CRL now, with this ledger and the issuer's token:\n  hsm-ca crl create --ca {} --out FILE\n\n",
            printable(&unlisted.to_string()),
            quote(&authority.display().to_string())
        )
    };
    unlisted.iter().map(one).collect()
}

/// The same as a warning, for those who were not in the room.
pub(super) fn warning(unlisted: &UnlistedRevocation) -> String {
    format!("{unlisted}: another CRL of its issuer must list it")
}
