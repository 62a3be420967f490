//! Whether the ledger has revoked a certificate that someone else's path leads through.

use std::ops::ControlFlow;

use super::WorkflowError;
use super::record::{find_compromised, revocation};
use crate::ledger::{Digest, Entry, EntryFilter, EntryId, EntryState, Ledger};
use crate::x509::{Certificate, CrlReason, UnixTime};

/// What the ledger says of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedStatus {
    /// Nothing: it is not in it.
    Unknown,
    /// It is in it, signed or adopted, and not revoked.
    Good {
        /// Where.
        entry: EntryId,
    },
    /// It is revoked or on hold.
    Revoked {
        /// Where.
        entry: EntryId,
        /// When.
        revoked_at: UnixTime,
        /// Why.
        reason: CrlReason,
    },
    /// Another certificate with its key was revoked because the key is in the wrong hands.
    CompromisedKey {
        /// That one.
        entry: EntryId,
    },
}

/// Looks for `certificate` in the ledger, whichever of its CAs issued it. An entry is about it if it has its bytes; one of which only the
/// serial number is known, if it has the issuer's name, in whatever spelling.
///
/// # Errors
/// That the ledger cannot be read.
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
    // A key that is not read here fails the path itself.
    if let Ok(key) = certificate.public_key()
        && let Some(entry) = find_compromised(ledger, &key)?
    {
        return Ok(RecordedStatus::CompromisedKey { entry });
    }
    Ok(status)
}

/// A serial number that was begun may be the certificate's: what was signed then is not recorded.
fn is_about(entry: &Entry, certificate: &Certificate) -> bool {
    let known = match &entry.state {
        EntryState::Signed { sha256, .. } => Some(*sha256),
        EntryState::Adopted { sha256, .. } => *sha256,
        _ => None,
    };
    if known == Some(Digest::of(certificate.der())) {
        return true;
    }
    // A CRL names a certificate by its issuer and its serial number, so another with both is revoked with it.
    let has_issuer = entry.authority.subject.name.is_like(certificate.issuer());
    has_issuer && (known.is_none() || entry.revocation.is_some())
}
