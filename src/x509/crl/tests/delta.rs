//! A delta CRL and its base together say what the full list says.

use std::collections::BTreeMap;

use super::*;

fn with(serial: u8, reason: CrlReason) -> Revocation {
    Revocation {
        reason,
        ..revoked(&[serial])
    }
}

fn changes(base: &IssuedCrl, now: Vec<Revocation>) -> Vec<Revocation> {
    let now = now.into_iter().map(Ok::<_, X509Error>);
    base.list().changes(now).map(Result::unwrap).collect()
}

#[test]
fn a_delta_has_only_the_changes() {
    use CrlReason::{CertificateHold, KeyCompromise, RemoveFromCrl, Superseded};
    let ca = Ca::new();
    let base = [
        with(1, KeyCompromise),
        with(2, CertificateHold),
        with(3, CertificateHold),
        with(4, CertificateHold),
        with(5, Superseded),
        with(9, CertificateHold),
    ];
    let base = ca.issue(full(), &base);
    // 1 as before, 2 no longer held, 3 for good, 4 as before, 5 gone, 6 new, 9 no longer held.
    let now = vec![
        with(1, KeyCompromise),
        with(3, KeyCompromise),
        with(4, CertificateHold),
        with(6, Superseded),
    ];
    let wanted = [
        with(2, RemoveFromCrl),
        with(3, KeyCompromise),
        with(6, Superseded),
        with(9, RemoveFromCrl),
    ];
    assert_eq!(changes(&base, now), wanted);
    assert_eq!(changes(&ca.issue(full(), &[]), Vec::new()), []);
}

#[test]
fn base_and_delta_together_say_what_the_full_list_says() {
    let ca = Ca::new();
    let mut numbers = Numbers(4242);
    for _ in 0..100 {
        let small = |numbers: &mut Numbers| -> Vec<_> {
            let mut list = numbers.revocations();
            // Few serial numbers, so that the lists overlap.
            for one in &mut list {
                one.serial = SerialNumber::from_octets([numbers.byte() & 0x3f]);
            }
            list.sort_by_key(|one| one.serial.octets().to_vec());
            list.dedup_by_key(|one| one.serial.clone());
            list
        };
        let (before, now) = (small(&mut numbers), small(&mut numbers));
        let base = ca.issue(full(), &before);
        let delta = changes(&base, now.clone());
        ca.build(delta_of(7), &delta)
            .check(&ca.certificate, Some(base.list()), LATER)
            .unwrap();
        let by_serial = |list: &[Revocation]| -> BTreeMap<_, _> {
            let pair = |one: &Revocation| (one.serial.octets().to_vec(), one.clone());
            list.iter().map(pair).collect()
        };
        let mut together = by_serial(&before);
        for change in delta {
            match change.reason {
                CrlReason::RemoveFromCrl => drop(together.remove(change.serial.octets()).unwrap()),
                _ => drop(together.insert(change.serial.octets().to_vec(), change)),
            }
        }
        let mut wanted = by_serial(&now);
        // A permanent revocation stays permanent.
        let lost = before
            .iter()
            .filter(|one| one.reason != CrlReason::CertificateHold);
        for one in lost {
            wanted
                .entry(one.serial.octets().to_vec())
                .or_insert_with(|| one.clone());
        }
        assert_eq!(together, wanted);
    }
}
