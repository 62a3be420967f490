//! A stranger's bytes: nothing panics, no altered list is accepted, and both decoders read the same.

use super::*;

fn sample(ca: &Ca) -> IssuedCrl {
    let mut numbers = Numbers(77);
    let list = loop {
        let list = numbers.revocations();
        if (4..12).contains(&list.len()) {
            break list;
        }
    };
    ca.issue(numbers.plan(), &list)
}

#[test]
fn no_list_with_a_bit_changed_is_accepted() {
    let ca = Ca::new();
    let issued = sample(&ca);
    let der = issued.list().der();
    for bit in 0..der.len() * 8 {
        let mut bent = der.to_vec();
        bent[bit / 8] ^= 1 << (bit % 8);
        assert!(issued.recheck(&bent).is_err(), "bit {bit}");
        if let Ok(read) = CertificateRevocationList::from_der(bent) {
            assert!(read.verify(&ca.certificate, LATER).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn no_list_that_is_cut_or_has_trailing_bytes_is_accepted() {
    let ca = Ca::new();
    let issued = sample(&ca);
    let der = issued.list().der();
    for length in 0..der.len() {
        assert!(CertificateRevocationList::from_der(der[..length].to_vec()).is_err());
        assert!(issued.recheck(&der[..length]).is_err());
    }
    let more = [der, &[0]].concat();
    assert!(matches!(
        CertificateRevocationList::from_der(more),
        Err(X509Error::TrailingBytes { count: 1, .. })
    ));
}

#[test]
fn no_reader_panics_on_replaced_removed_or_repeated_bytes() {
    let ca = Ca::new();
    let issued = sample(&ca);
    let der = issued.list().der();
    let mut numbers = Numbers(0xdead_beef);
    let bound = |length: usize| u64::try_from(length).unwrap();
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut bent = der.to_vec();
        for _ in 0..=numbers.below(3) {
            let at = usize::try_from(numbers.below(bound(bent.len()))).unwrap();
            let length = usize::try_from(numbers.below(8)).unwrap().min(bent.len() - at);
            match numbers.below(4) {
                0 => bent[at] = numbers.byte(),
                1 => drop(bent.drain(at..at + length)),
                2 => {
                    let piece = bent[at..at + length].to_vec();
                    bent.splice(at..at, piece);
                }
                // The length is changed.
                _ => bent[at] = [0x00, 0x7f, 0x80, 0x84, 0xff][usize::try_from(numbers.below(5)).unwrap()],
            }
        }
        let same = bent == der;
        match CertificateRevocationList::from_der(bent) {
            Ok(list) => {
                read += 1;
                assert!(list.describe_extensions().len() < 10);
                assert!(list.entries().all(|entry| !entry.der.is_empty()));
                assert_eq!(list.verify(&ca.certificate, LATER).is_ok(), same);
                // The second decoder may refuse what the first reads, but neither reads it differently without an error.
                let _ = reread::compare(&list);
            }
            Err(_) => refused += 1,
        }
    }
    assert!(read > 500 && refused > 5_000, "{read} read, {refused} refused");
}
