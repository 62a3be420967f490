//! Taking over a CA that was kept elsewhere: atomic, repeatable, and without losing what the ledger has.

use super::*;

fn old() -> Authority {
    takeover().authority
}

#[test]
fn a_takeover_records_certificates_numbers_and_revocations() {
    let mut desk = Desk::new();
    let new = desk.ledger.take_over(&takeover(), &stamp()).unwrap();
    let expected = TakenOver {
        certificate: true,
        certificates: 1,
        serials: 2,
        revocations: 1,
        crl_number: Some(41.into()),
    };
    assert_eq!(new, expected);
    let known = desk.ledger.authority_certificates_like(&old()).unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(Some(&known[0].certificate), takeover().certificate.as_ref());
    assert_eq!(desk.ledger.authorities_like(&old()).unwrap(), [old()]);
    let listed = revoked(&desk.ledger, &old(), None);
    assert_eq!((listed.len(), &listed[0].serial), (1, &serial(102)));
    // A number without a certificate can be revoked, and is not used again.
    desk.ledger
        .revoke(
            &old(),
            &revocation(103, RevocationReason::KeyCompromise),
            &stamp(),
        )
        .unwrap();
    let again = Intent {
        authority: old(),
        ..certificate(103)
    };
    assert!(matches!(
        desk.ledger.begin(&again, &stamp()),
        Err(LedgerError::SerialUsed { .. })
    ));
    let next = desk.ledger.reserve_crl_number(&old(), None, &stamp()).unwrap();
    assert_eq!(next.number, 42.into());
    // An adopted certificate cannot be begun again.
    let same = Intent {
        authority: old(),
        ..crl(41, None, 6)
    };
    assert!(matches!(
        desk.ledger.begin(&same, &stamp()),
        Err(LedgerError::CrlNumber { .. })
    ));
    desk.assert_sound();
}

#[test]
fn a_second_takeover_adds_only_what_is_new() {
    let mut desk = Desk::new();
    desk.ledger.take_over(&takeover(), &stamp()).unwrap();
    let head = desk.ledger.head().unwrap();
    let nothing = TakenOver {
        crl_number: Some(41.into()),
        ..TakenOver::default()
    };
    assert_eq!(desk.ledger.take_over(&takeover(), &stamp()).unwrap(), nothing);
    assert_eq!(desk.ledger.head().unwrap(), head);
    // The certificate of a bare number, another number, and a later CRL.
    let mut more = takeover();
    more.certificates.push(Adoption {
        authority: old(),
        object: certificate_object(102),
        certificate: signed(102),
    });
    more.serials.push(bare(105));
    more.crl = Some(AdoptedCrl {
        object: crl(50, None, 9).object,
        der: signed(106),
    });
    let new = desk.ledger.take_over(&more, &stamp()).unwrap();
    assert_eq!(
        (new.certificates, new.serials, new.revocations, new.crl_number),
        (1, 1, 0, Some(50.into()))
    );
    let entry = desk.ledger.certificate(&old(), &serial(102)).unwrap().unwrap();
    assert_eq!(entry.state.der(), Some(&Der(signed(102))));
    assert!(entry.revocation.is_some(), "it stays revoked");
    desk.assert_sound();
}

#[test]
fn later_records_of_this_ledger_stay() {
    let mut desk = Desk::new();
    let mut held = takeover();
    held.revocations = vec![
        revocation(102, RevocationReason::CertificateHold),
        revocation(103, RevocationReason::Superseded),
    ];
    desk.ledger.take_over(&held, &stamp()).unwrap();
    desk.ledger.release(&old(), &serial(102), &stamp()).unwrap();
    let head = desk.ledger.head().unwrap();
    desk.ledger.take_over(&held, &stamp()).unwrap();
    assert_eq!(
        desk.ledger.head().unwrap(),
        head,
        "a released certificate is not put on hold again"
    );
    // A compromise replaces the reason; a lesser reason does not.
    held.revocations = vec![
        revocation(102, RevocationReason::Superseded),
        revocation(103, RevocationReason::KeyCompromise),
    ];
    assert_eq!(desk.ledger.take_over(&held, &stamp()).unwrap().revocations, 2);
    held.revocations = vec![revocation(103, RevocationReason::Superseded)];
    assert_eq!(desk.ledger.take_over(&held, &stamp()).unwrap().revocations, 0);
    desk.assert_sound();
}

#[test]
fn a_takeover_is_atomic() {
    let mut desk = Desk::new();
    desk.ledger.take_over(&takeover(), &stamp()).unwrap();
    let head = desk.ledger.head().unwrap();
    let mut wrong = takeover();
    wrong.serials.push(bare(110));
    wrong.certificates.push(Adoption {
        authority: old(),
        object: certificate_object(101),
        certificate: signed(111),
    });
    let refused = desk.ledger.take_over(&wrong, &stamp());
    assert!(
        matches!(refused, Err(LedgerError::SerialUsed { .. })),
        "{refused:?}"
    );
    assert_eq!(desk.ledger.head().unwrap(), head);
    // This key cannot revoke a number that another key of the name has issued.
    let mut other_key = takeover();
    other_key.authority = authority("new key", "CN=Old CA");
    other_key.certificate = None;
    other_key.entry = None;
    other_key.certificates.clear();
    let refused = desk.ledger.take_over(&other_key, &stamp());
    assert!(
        matches!(refused, Err(LedgerError::UnknownCertificate { .. })),
        "{refused:?}"
    );
    assert_eq!(desk.ledger.head().unwrap(), head);
}

#[test]
fn a_takeover_completes_an_open_entry_with_its_certificate() {
    let mut desk = Desk::new();
    let entry = desk.ledger.begin(&certificate(1), &stamp()).unwrap();
    let found = Takeover {
        authority: ca(),
        certificate: None,
        waived: Vec::new(),
        entry: None,
        certificates: vec![Adoption {
            authority: ca(),
            object: certificate_object(1),
            certificate: signed(1),
        }],
        serials: Vec::new(),
        revocations: Vec::new(),
        crl: None,
    };
    assert_eq!(desk.ledger.take_over(&found, &stamp()).unwrap().certificates, 1);
    let ended = desk.ledger.entry(entry).unwrap().unwrap();
    assert!(matches!(ended.state, EntryState::Signed { .. }), "{ended:?}");
    desk.assert_sound();
}

#[test]
fn a_verified_path_is_recorded_and_kept() {
    let mut desk = Desk::new();
    let with = |path| {
        let mut takeover = takeover();
        if let Some(certificate) = &mut takeover.certificate {
            certificate.path = path;
        }
        takeover
    };
    for (path, is_new) in [
        (PathCheck::NotChecked, true),
        (PathCheck::Verified, true),
        (PathCheck::NotChecked, false),
        (PathCheck::Verified, false),
    ] {
        let new = desk.ledger.take_over(&with(path), &stamp()).unwrap();
        assert_eq!(new.certificate, is_new, "{path:?}");
    }
    let known = desk.ledger.authority_certificates_like(&old()).unwrap();
    assert_eq!(known[0].certificate.path, PathCheck::Verified);
    desk.assert_sound();
}
