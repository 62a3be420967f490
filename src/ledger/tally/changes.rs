//! Changes of revocations. The table has only the last one of each certificate.

use super::super::RevocationReason;

/// How an event changed the revocation of one certificate. 32 octets, because a ledger can have millions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    /// A keyed hash of authority and serial number.
    pub(super) certificate: u128,
    /// The event's number, with the kind of change in the two lowest bits.
    event: u64,
    /// The hash of the row's statement after the change.
    statement: u64,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Did {
    Revoke,
    Hold,
    Release,
}

impl Did {
    pub(super) fn with_reason(reason: RevocationReason) -> Self {
        match reason {
            RevocationReason::CertificateHold => Self::Hold,
            _ => Self::Revoke,
        }
    }
}

const DID: u64 = 0b11;

/// All changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    /// Sorted by certificate and event up to `sorted`.
    list: Vec<Change>,
    sorted: usize,
}

impl Changes {
    pub(super) fn add(&mut self, certificate: u128, sequence: u64, did: Did, statement: u128) -> Option<()> {
        let did = match did {
            Did::Revoke => 0,
            Did::Hold => 1,
            Did::Release => 2,
        };
        let event = sequence.checked_mul(DID + 1)? | did;
        self.list.push(Change {
            certificate,
            event,
            statement: shorten(statement),
        });
        Some(())
    }

    /// The sum of the last statements of all certificates. `None` if a certificate was released that was not on hold.
    pub(super) fn sum(&mut self) -> Option<u64> {
        if self.sorted < self.list.len() {
            self.list
                .sort_unstable_by_key(|change| (change.certificate, change.event));
            self.sorted = self.list.len();
        }
        let mut sum = 0_u64;
        for changes in self
            .list
            .chunk_by(|one, next| one.certificate == next.certificate)
        {
            let mut held = false;
            for change in changes {
                let released = change.event & DID == 2;
                (!released || held).then_some(())?;
                held = change.event & DID == 1;
            }
            sum = sum.wrapping_add(changes.last()?.statement);
        }
        Some(sum)
    }
}

/// Half of a statement's hash. The key is secret, so 64 bits are enough to compare one table.
pub(super) fn shorten(statement: u128) -> u64 {
    u64::try_from(statement >> 64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_of_each_certificate_counts() {
        let mut changes = Changes::default();
        let statement = |number: u128| number << 64;
        changes.add(7, 10, Did::Hold, statement(1)).unwrap();
        changes.add(9, 11, Did::Revoke, statement(10)).unwrap();
        assert_eq!(changes.sum(), Some(11));
        changes.add(7, 12, Did::Release, statement(100)).unwrap();
        assert_eq!(changes.sum(), Some(110));
        changes.add(7, 13, Did::Revoke, statement(1000)).unwrap();
        assert_eq!(changes.sum(), Some(1010));
        changes.add(7, 14, Did::Release, statement(1)).unwrap();
        assert_eq!(changes.sum(), None, "it was not on hold");
    }

    #[test]
    fn a_certificate_that_was_never_revoked_cannot_be_released() {
        let mut changes = Changes::default();
        changes.add(7, 10, Did::Release, 1).unwrap();
        assert_eq!(changes.sum(), None);
    }
}
