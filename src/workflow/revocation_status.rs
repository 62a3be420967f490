//! Whether the ledger has revoked a certificate in someone else's path.

use std::ops::ControlFlow;

use super::WorkflowError;
use super::record::{find_compromised, revocation};
use crate::ledger::{Digest, Entry, EntryFilter, EntryId, EntryState, Ledger};
use crate::x509::{Certificate, CrlReason, UnixTime};

/// What the ledger says about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedStatus {
    /// Nothing: the ledger does not have it.
    Unknown,
    /// The ledger has it, signed or adopted, and not revoked.
    Good {
        /// Its entry.
        entry: EntryId,
    },
    /// It is revoked or on hold.
    Revoked {
        /// Its entry.
        entry: EntryId,
        /// When.
        revoked_at: UnixTime,
        /// Why.
        reason: CrlReason,
    },
    /// Another certificate with its key was revoked because the key is compromised.
    CompromisedKey {
        /// The entry of the other certificate.
        entry: EntryId,
    },
}

/// Looks up `certificate` in the ledger, whichever CA issued it. An entry matches if it has the same bytes. If only its serial number is known,
/// the issuer's name must match, in any spelling.
///
/// # Errors
/// The ledger cannot be read.
pub fn recorded_status(
    ledger: &dyn Ledger,
    certificate: &Certificate,
) -> Result<RecordedStatus, WorkflowError> {
    let filter = EntryFilter {
        serial: Some(certificate.serial_number()),
        ..EntryFilter::default()
    };
    let mut status = RecordedStatus::Unknown;
    ledger.entries(&filter, &mut |entry| {
        if !is_about(&entry, certificate) {
            return ControlFlow::Continue(());
        }
        if let Some(found) = entry.revocation.as_ref().and_then(revocation) {
            status = RecordedStatus::Revoked {
                entry: entry.id,
                revoked_at: found.revoked_at,
                reason: found.reason,
            };
            return ControlFlow::Break(());
        }
        if let EntryState::Signed { .. } | EntryState::Adopted { .. } = entry.state {
            status = RecordedStatus::Good { entry: entry.id };
        }
        ControlFlow::Continue(())
    })?;
    if let RecordedStatus::Revoked { .. } = status {
        return Ok(status);
    }
    // If the key cannot be read here, the path check itself fails.
    if let Ok(key) = certificate.public_key()
        && let Some(entry) = find_compromised(ledger, &key)?
    {
        return Ok(RecordedStatus::CompromisedKey { entry });
    }
    Ok(status)
}

/// Whether an entry is about this certificate. An open entry matches by serial number: what was signed is not recorded.
fn is_about(entry: &Entry, certificate: &Certificate) -> bool {
    let known = match &entry.state {
        EntryState::Signed { sha256, .. } => Some(*sha256),
        EntryState::Adopted { sha256, .. } => *sha256,
        _ => None,
    };
    if known == Some(Digest::of(certificate.der())) {
        return true;
    }
    // A CRL names a certificate by issuer and serial number. Any certificate with the same two is revoked with it.
    let has_issuer = entry.authority.subject.name.is_like(certificate.issuer());
    has_issuer && (known.is_none() || entry.revocation.is_some())
}
