//! Every rule is broken once; every list that can be built reads back the same; altered bytes are refused.

mod bent;
mod delta;
mod entries;
mod rules;

use super::*;
use crate::output::{Encoding, Verified};
use crate::signer::Signer;
use crate::x509::fixture::{NOW, Numbers, SoftwareKey, authority};
use crate::x509::{Certificate, CrlNumber, CrlReason, SerialNumber, UnixTime, X509Error};

const HOUR: u64 = 3600;

/// A CA and its key.
struct Ca {
    key: SoftwareKey,
    certificate: Certificate,
}

impl Ca {
    fn new() -> Self {
        let key = SoftwareKey::generate();
        let certificate = authority(&key);
        Self { key, certificate }
    }

    fn build(&self, plan: CrlContent, revocations: &[Revocation]) -> CrlTbs {
        let signature = self.key.public_key().algorithm().default_signature();
        let stream = revocations.iter().cloned().map(Ok::<_, X509Error>);
        CrlTbs::build(plan, &self.certificate, signature, stream).unwrap()
    }

    fn issue(&self, plan: CrlContent, revocations: &[Revocation]) -> IssuedCrl {
        let tbs = self.build(plan, revocations);
        let checked = tbs.check(&self.certificate, None, LATER).unwrap();
        checked.sign(&self.key).unwrap()
    }
}

/// The CA is an hour old.
const LATER: UnixTime = UnixTime(NOW.0 + HOUR);

fn full() -> CrlContent {
    CrlContent {
        number: CrlNumber::from(7),
        this_update: LATER,
        next_update: LATER.plus_days(7),
        scope: CrlScope::All,
        distribution_point: None,
        kind: CrlKind::Full { freshest: None },
    }
}

fn delta_of(base: u64) -> CrlContent {
    let base = CrlNumber::from(base);
    CrlContent {
        number: CrlNumber::from(9),
        kind: CrlKind::Delta { base },
        ..full()
    }
}

fn revoked(serial: &[u8]) -> Revocation {
    Revocation {
        serial: SerialNumber::from_octets(serial),
        revoked_at: NOW,
        reason: CrlReason::KeyCompromise,
        invalid_since: None,
    }
}

impl Numbers {
    fn revocation(&mut self) -> Revocation {
        let reasons = CrlReason::ALL.map(|reason| match reason {
            CrlReason::RemoveFromCrl => CrlReason::Unspecified,
            other => other,
        });
        let index = usize::try_from(self.below(10)).unwrap();
        Revocation {
            serial: SerialNumber::from_octets(self.serial()),
            revoked_at: UnixTime(self.below(NOW.0)),
            reason: reasons[index],
            invalid_since: (self.below(3) == 0).then(|| UnixTime(self.below(NOW.0))),
        }
    }

    fn revocations(&mut self) -> Vec<Revocation> {
        let mut list: Vec<_> = (0..self.below(60)).map(|_| self.revocation()).collect();
        list.sort_by_key(|one| (one.serial.octets().len(), one.serial.octets().to_vec()));
        list.dedup_by_key(|one| one.serial.clone());
        list
    }

    fn plan(&mut self) -> CrlContent {
        let url = |numbers: &mut Self| {
            (numbers.below(2) == 0).then(|| format!("http://crl.example/{}.crl", numbers.below(1000)))
        };
        let number: Vec<_> = (0..self.below(20)).map(|_| self.byte() & 0x7f).collect();
        CrlContent {
            number: CrlNumber::from_octets(&number).unwrap(),
            next_update: UnixTime(LATER.0 + 1 + self.below(365 * 24 * HOUR)),
            scope: match self.below(3) {
                0 => CrlScope::All,
                1 => CrlScope::UserCertificates,
                _ => CrlScope::AuthorityCertificates,
            },
            distribution_point: url(self),
            kind: CrlKind::Full { freshest: url(self) },
            ..full()
        }
    }
}

#[test]
fn every_list_that_can_be_built_reads_back_the_same() {
    let ca = Ca::new();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for _ in 0..200 {
        let (plan, revocations) = (numbers.plan(), numbers.revocations());
        let issued = ca.issue(plan.clone(), &revocations);
        assert_eq!(issued.entries(), revocations.len());
        for encoding in [Encoding::Pem, Encoding::Der] {
            let content = issued.content(encoding);
            assert_eq!(issued.recheck(&content), Ok(()));
            let mut streamed = Vec::new();
            issued.write_to(encoding, &mut streamed).unwrap();
            assert_eq!(streamed, content);
            let read = CertificateRevocationList::read(content).unwrap();
            read.verify(&ca.certificate, LATER).unwrap();
            let entries: Vec<_> = read.entries().map(|entry| entry.to_revocation()).collect();
            assert_eq!(entries, revocations);
            assert_eq!(read.number().unwrap(), Some(plan.number));
            assert_eq!(read.next_update(), Some(plan.next_update));
            assert_eq!(
                read.describe_extensions().len(),
                extension::shape(&plan).len(),
                "{plan:?}"
            );
            // Built again from what was read, the same bytes would be signed.
            let again = ca.build(plan.clone(), &entries);
            assert_eq!(again.der(), read.tbs());
        }
    }
}

#[test]
fn the_reserved_space_is_enough_and_not_much_more() {
    let ca = Ca::new();
    let mut numbers = Numbers(5);
    for encoding in [Encoding::Pem, Encoding::Der] {
        let tbs = ca.build(full(), &numbers.revocations());
        let checked = tbs.check(&ca.certificate, None, LATER).unwrap();
        let asked = checked.longest_file(encoding);
        let length = checked.sign(&ca.key).unwrap().content(encoding).len();
        assert!((length..length + 300).contains(&asked), "{asked} for {length}");
    }
}

#[test]
fn an_empty_list_has_no_revoked_certificates_field() {
    let ca = Ca::new();
    let issued = ca.issue(full(), &[]);
    assert_eq!(issued.list().fields().entries, None);
    assert_eq!(issued.list().entries().count(), 0);
}

#[test]
fn dates_from_2050_on_are_generalized_time() {
    let ca = Ca::new();
    let issued = ca.issue(full(), &[revoked(&[1])]);
    // 30 0e: serial number, 17 0d: UTCTime
    assert!(issued.list().entries().all(|entry| entry.der[5] == 0x17));
    let late = Revocation {
        revoked_at: UnixTime(2_524_608_000),
        invalid_since: Some(UnixTime(0)),
        reason: CrlReason::Unspecified,
        ..revoked(&[1])
    };
    let tbs = ca.build(full(), std::slice::from_ref(&late));
    let fields = fields::Fields::read(tbs.der()).unwrap();
    let entry = &tbs.der()[fields.entries.unwrap()];
    assert_eq!(entry[5..22], *b"\x18\x0f20500101000000Z");
    // No reasonCode; invalidityDate is GeneralizedTime in 1970 too.
    assert_eq!(
        entry[22..],
        *b"\x30\x1a\x30\x18\x06\x03\x55\x1d\x18\x04\x11\x18\x0f19700101000000Z"
    );
}

/// openssl reads these dates. A list that has one is not malformed.
#[test]
fn a_date_before_1970_is_named_in_every_field_of_a_list() {
    let ca = Ca::new();
    let entry = Revocation {
        invalid_since: Some(NOW),
        ..revoked(&[1])
    };
    let issued = ca.issue(full(), std::slice::from_ref(&entry));
    let der = issued.list().der();
    let end = der.len() - 80;
    let mut found = 0;
    for at in 0..end {
        let early: &[u8] = match der[at..at + 2] {
            [0x17, 13] if der[at + 14] == b'Z' => b"55",
            [0x18, 15] if der[at + 16] == b'Z' => b"1955",
            _ => continue,
        };
        let mut bent = der.to_vec();
        bent[at + 2..at + 2 + early.len()].copy_from_slice(early);
        let error = CertificateRevocationList::from_der(bent.clone()).unwrap_err();
        let wanted = "the CRL's date 1955-11-2";
        assert!(error.to_string().starts_with(wanted), "{error}");
        assert!(
            error
                .to_string()
                .ends_with("lies before 1970, which is not supported"),
            "{error}"
        );
        assert!(matches!(error, X509Error::EarlyDate { .. }));
        // A date that the calendar does not have.
        bent[at + 2 + early.len()..at + 4 + early.len()].copy_from_slice(b"13");
        let error = CertificateRevocationList::from_der(bent).unwrap_err();
        assert!(matches!(error, X509Error::Malformed { .. }), "{error}");
        found += 1;
    }
    assert_eq!(found, 4, "thisUpdate, nextUpdate, revocationDate, invalidityDate");
}

#[test]
fn an_unusual_serial_number_of_an_old_ca_is_revoked_unchanged_and_counted() {
    let ca = Ca::new();
    let serials: [&[u8]; 4] = [&[0], &[5], &[0x80, 1], &[7; 21]];
    let list: Vec<_> = serials.iter().map(|serial| revoked(serial)).collect();
    let tbs = ca.build(full(), &list);
    let checked = tbs.check(&ca.certificate, None, LATER).unwrap();
    assert_eq!((checked.entries(), checked.unusual_serials()), (4, 3));
    let issued = checked.sign(&ca.key).unwrap();
    assert!(serials.iter().all(|serial| issued.list().find(serial).is_some()));
    assert!(issued.list().find(&[6]).is_none());
}

#[test]
fn a_wrong_signature_by_the_token_is_dropped() {
    let ca = Ca::new();
    let checked = ca
        .build(full(), &[revoked(&[1])])
        .check(&ca.certificate, None, LATER)
        .unwrap();
    assert!(matches!(
        checked.clone().sign(&SoftwareKey::generate()),
        Err(X509Error::Rule {
            rule: "signing-key",
            ..
        })
    ));
    assert!(matches!(
        checked.sign(&ca.key.that_signs_wrongly()),
        Err(X509Error::TokenSignature)
    ));
}
