//! Where the status of a certificate comes from: the ledger, and for a CA that moved to a token the index of `openssl ca`.

use crate::ledger::{Entry, EntryState, Ledger};
use crate::workflow::record::revocation;
use crate::workflow::{WorkflowError, authority_of};
use crate::x509::{Certificate, CertificateStatus, IndexStatuses, SerialNumber};

/// The records of a CA. A certificate that one of them says is revoked is revoked; otherwise it is good if one of them says so.
#[derive(Default)]
pub(super) struct StatusSource<'a> {
    /// What the CA key signed.
    pub(super) ledger: Option<&'a dyn Ledger>,
    /// What `openssl ca` issued.
    pub(super) index: Option<&'a IndexStatuses>,
}

impl StatusSource<'_> {
    pub(super) fn of(
        &self,
        authority: &Certificate,
        serial: &SerialNumber,
    ) -> Result<CertificateStatus, WorkflowError> {
        let mut all = Vec::new();
        if let Some(ledger) = self.ledger {
            let entry = ledger.certificate(&authority_of(authority)?, serial)?;
            all.push(entry.map_or(CertificateStatus::Unknown, |entry| status_of(&entry)));
        }
        all.extend(self.index.map(|index| index.of(serial)));
        let mut revoked = all
            .iter()
            .filter(|status| matches!(status, CertificateStatus::Revoked { .. }));
        Ok(match revoked.next() {
            Some(revoked) => *revoked,
            None if all.contains(&CertificateStatus::Good) => CertificateStatus::Good,
            None => CertificateStatus::Unknown,
        })
    }
}

/// For an entry that began but did not end, it is unknown whether a certificate exists: the status is unknown, until `ledger` has more. A revoked
/// one is revoked in any case.
pub(super) fn status_of(entry: &Entry) -> CertificateStatus {
    if let Some(found) = entry.revocation.as_ref().and_then(revocation) {
        return CertificateStatus::Revoked {
            revoked_at: found.revoked_at,
            reason: found.reason,
        };
    }
    match entry.state {
        EntryState::Signed { .. } | EntryState::Adopted { .. } => CertificateStatus::Good,
        _ => CertificateStatus::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{
        Authority, Digest, Intent, Name, Object, RecordedName, RevocationReason, RevocationRequest,
        SerialNumber, SqliteLedger, Stamp,
    };
    use crate::x509::{CrlReason, UnixTime};

    const AT: UnixTime = UnixTime(1_795_219_200);

    fn stamp() -> Stamp {
        Stamp {
            time: AT,
            by: "a test".to_owned(),
            tool: "a test".to_owned(),
            waived: Vec::new(),
        }
    }

    fn certificate(number: u8) -> Intent {
        let subject = RecordedName {
            text: "CN=a".to_owned(),
            name: Name::from_der(&[0x30, 0]).unwrap(),
        };
        Intent {
            authority: Authority {
                key_sha256: Digest::of(b"key"),
                subject: subject.clone(),
            },
            // Of the first element of what is signed below.
            tbs_sha256: Digest::of(&[2, 1, number]),
            object: Object::Certificate {
                serial: SerialNumber::from_octets([number]),
                subject,
                profile: "none".to_owned(),
                names_sha256: None,
                request_sha256: None,
                not_before: AT,
                not_after: UnixTime(AT.0 + 1000),
            },
            waived: Vec::new(),
        }
    }

    #[test]
    fn a_certificate_is_good_only_when_it_is_known_to_be_signed() {
        let directory = tempfile::tempdir().unwrap();
        let mut ledger = SqliteLedger::create(&directory.path().join("l.db"), &stamp()).unwrap();
        let intents: Vec<_> = (1..=5).map(certificate).collect();
        let begun = ledger.begin_many(&intents, &stamp()).unwrap();
        for number in [1, 4, 5] {
            let entry = begun[usize::from(number) - 1];
            ledger
                .complete(entry, &[0x30, 3, 2, 1, number], &stamp())
                .unwrap();
        }
        ledger.abandon(begun[1], "a test", &stamp()).unwrap();
        let authority = &intents[0].authority;
        let revoke = |number: u8, reason| RevocationRequest {
            serial: SerialNumber::from_octets([number]),
            reason,
            revoked: AT,
            invalidity_date: None,
            key_sha256: None,
        };
        for request in [
            revoke(4, RevocationReason::KeyCompromise),
            revoke(5, RevocationReason::CertificateHold),
        ] {
            ledger.revoke(authority, &request, &stamp()).unwrap();
        }
        let status = |ledger: &SqliteLedger, number: u8| {
            let serial = SerialNumber::from_octets([number]);
            status_of(&ledger.certificate(authority, &serial).unwrap().unwrap())
        };
        let revoked = |reason| CertificateStatus::Revoked {
            revoked_at: UnixTime(AT.0),
            reason,
        };
        assert_eq!(status(&ledger, 1), CertificateStatus::Good);
        assert_eq!(status(&ledger, 2), CertificateStatus::Unknown, "given up");
        assert_eq!(
            status(&ledger, 3),
            CertificateStatus::Unknown,
            "begun, but not ended"
        );
        assert_eq!(status(&ledger, 4), revoked(CrlReason::KeyCompromise));
        assert_eq!(status(&ledger, 5), revoked(CrlReason::CertificateHold));
        let held = SerialNumber::from_octets([5]);
        ledger.release(authority, &held, &stamp()).unwrap();
        assert_eq!(status(&ledger, 5), CertificateStatus::Good, "released");
        // What may have been signed can be revoked, and is then.
        let request = revoke(3, RevocationReason::Superseded);
        ledger.revoke(authority, &request, &stamp()).unwrap();
        assert_eq!(status(&ledger, 3), revoked(CrlReason::Superseded));
    }
}
