//! Two certificates for one request. A lost session to the ledger's server can cause that: while it was gone, other issuers did not see that this
//! one was signing.

use super::Recorder;
use crate::ledger::{DeliveryState, Entry, EntryState, RevocationState, SoleCertificate};

impl Recorder {
    /// Adds a notice for each of these certificates for whose request another process has signed one too. Of two processes, the one that records
    /// its certificate last finds the other's.
    pub(in crate::workflow) fn note_second_certificates(&mut self, sole: &[SoleCertificate]) {
        if sole.is_empty() {
            return;
        }
        // They are recorded, so they are delivered even if the ledger cannot be read now.
        for (own, other) in self.ledger().second_certificates(sole).unwrap_or_default() {
            let (own, other) = (self.ledger().entry(own), self.ledger().entry(other));
            if let (Ok(Some(own)), Ok(Some(other))) = (own, other)
                && let Some(notice) = describe(&own, &other)
            {
                self.notice(notice);
            }
        }
    }
}

fn describe(own: &Entry, other: &Entry) -> Option<String> {
    let revocation = other.revocation.as_ref().map(|revocation| &revocation.state);
    let EntryState::Signed { stamp, .. } = &other.state else {
        return None;
    };
    if matches!(revocation, Some(RevocationState::Revoked { .. })) {
        return None;
    }
    let delivered = match other.delivery {
        DeliveryState::Delivered { .. } => "delivered",
        _ => "not delivered yet",
    };
    Some(format!(
        "one request now has two certificates, because two issuers signed it at the same time: {} (entry {}) by this command, and {} \
         (entry {}, {delivered}) by {}. Use one of them, and revoke the other with the reason superseded",
        own.object.serial()?,
        own.id,
        other.object.serial()?,
        other.id,
        stamp.by
    ))
}
