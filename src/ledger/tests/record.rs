//! Recording signatures, and refusals.

use super::*;

#[test]
fn a_signature_is_recorded_before_and_after() {
    let mut desk = Desk::new();
    assert_eq!(desk.ledger.head().unwrap().count, 1);
    let entry = desk.ledger.begin(&certificate(1), &stamp()).unwrap();
    let begun = desk.ledger.certificate(&ca(), &serial(1)).unwrap().unwrap();
    assert_eq!(
        (begun.id, &begun.state, &begun.begun),
        (entry, &EntryState::Begun, &stamp())
    );
    assert_eq!(desk.verify().open, 1);

    let later = Stamp {
        time: UnixTime(1_700_000_009),
        ..stamp()
    };
    desk.ledger.complete(entry, &signed(1), &later).unwrap();
    let told = desk.ledger.entry(entry).unwrap().unwrap();
    let expected = Entry {
        id: entry,
        authority: ca(),
        object: certificate_object(1),
        tbs_sha256: Some(tbs_sha256(1)),
        waived: Vec::new(),
        begun: stamp(),
        state: EntryState::Signed {
            event: 4,
            stamp: later,
            sha256: Digest::of(&signed(1)),
            der: Some(Der(signed(1))),
        },
        revocation: None,
        delivery: DeliveryState::Undelivered,
    };
    assert_eq!(told, expected);
    // Created, authority, begun, signed.
    assert_eq!((desk.ledger.head().unwrap().count, desk.verify().open), (4, 0));
    desk.assert_sound();
}

#[test]
fn the_rules_that_were_waived_are_recorded_with_the_entry() {
    let mut desk = Desk::new();
    let waiving = Intent {
        waived: vec!["second-ca-certificate".to_owned(), "clock".to_owned()],
        ..certificate(1)
    };
    let entry = desk.ledger.begin(&waiving, &stamp()).unwrap();
    assert_eq!(desk.ledger.entry(entry).unwrap().unwrap().waived, waiving.waived);
    desk.certificate(2);
    let mut exported = Vec::new();
    desk.ledger.export(&mut exported).unwrap();
    let exported = String::from_utf8(exported).unwrap();
    let said: Vec<_> = exported
        .lines()
        .filter(|line| line.contains("\"waived\""))
        .collect();
    // An entry without waived rules is written without the field, as before the field existed.
    assert_eq!(said.len(), 1, "{exported}");
    assert!(said[0].contains(r#""waived":["second-ca-certificate","clock"]"#));
    desk.assert_sound();
}

#[test]
fn many_entries_are_abandoned_together_or_not_at_all() {
    let mut desk = Desk::new();
    let [first, signed_already, last] =
        [1, 2, 3].map(|number| desk.ledger.begin(&certificate(number), &stamp()).unwrap());
    desk.ledger
        .complete(signed_already, &signed(2), &stamp())
        .unwrap();
    let head = desk.ledger.head().unwrap();
    for wrong in [signed_already, EntryId(999)] {
        let result = desk.ledger.abandon_many(&[first, wrong, last], "no", &stamp());
        assert!(
            matches!(
                result,
                Err(LedgerError::Ended { .. } | LedgerError::NoEntry { .. })
            ),
            "{result:?}"
        );
        assert_eq!(desk.ledger.head().unwrap(), head, "{wrong}: nothing is recorded");
    }
    desk.ledger
        .abandon_many(&[first, last], "the token was removed", &stamp())
        .unwrap();
    for entry in [first, last] {
        let state = desk.ledger.entry(entry).unwrap().unwrap().state;
        assert!(
            matches!(state, EntryState::Abandoned { .. }),
            "{entry}: {state:?}"
        );
    }
    assert_eq!(desk.ledger.head().unwrap().count, head.count + 2);
}

#[test]
fn an_entry_ends_once_but_the_same_end_may_be_recorded_again() {
    let mut desk = Desk::new();
    let entry = desk.certificate(1);
    let head = desk.ledger.head().unwrap();
    desk.ledger.complete(entry, &signed(1), &stamp()).unwrap();
    let other = [&signed(1)[..7], &[7]].concat();
    for result in [
        desk.ledger.complete(entry, &other, &stamp()),
        desk.ledger.abandon(entry, "no", &stamp()),
    ] {
        assert!(
            matches!(result, Err(LedgerError::Ended { state: "signed", .. })),
            "{result:?}"
        );
    }
    let given_up = desk.ledger.begin(&certificate(2), &stamp()).unwrap();
    desk.ledger
        .abandon(given_up, "the token was removed", &stamp())
        .unwrap();
    let result = desk.ledger.complete(given_up, &signed(2), &stamp());
    assert!(
        matches!(
            result,
            Err(LedgerError::Ended {
                state: "abandoned",
                ..
            })
        ),
        "{result:?}"
    );
    for wrong in [EntryId(0), EntryId(1), EntryId(99), EntryId(u64::MAX)] {
        assert!(
            desk.ledger.complete(wrong, &signed(1), &stamp()).is_err(),
            "{wrong}"
        );
        assert!(desk.ledger.abandon(wrong, "no", &stamp()).is_err(), "{wrong}");
    }
    assert_eq!(desk.ledger.head().unwrap().count, head.count + 2);
    desk.assert_sound();
}

#[test]
fn the_signed_bytes_must_be_those_that_were_begun() {
    let mut desk = Desk::new();
    let batch = desk
        .ledger
        .begin_many(&[certificate(1), certificate(2)], &stamp())
        .unwrap();
    let crossed = [
        Outcome {
            entry: batch[0],
            signed: &signed(1),
        },
        Outcome {
            entry: batch[1],
            signed: &signed(1),
        },
    ];
    let result = desk.ledger.complete_many(&crossed, &stamp());
    assert!(
        matches!(result, Err(LedgerError::OtherBytes { entry }) if entry == batch[1]),
        "{result:?}"
    );
    // None of the batch.
    assert_eq!(desk.verify().open, 2);
    desk.assert_sound();
}

#[test]
fn a_serial_number_is_used_once_for_a_name_even_if_abandoned() {
    let mut desk = Desk::new();
    let first = desk.ledger.begin(&certificate(1), &stamp()).unwrap();
    desk.ledger.abandon(first, "no", &stamp()).unwrap();
    let other_key = Intent {
        authority: authority("new key", "CN=Test CA"),
        ..certificate(1)
    };
    let batch = [certificate(3), certificate(1)];
    for intents in [
        &[certificate(1)][..],
        &[other_key],
        &batch,
        &[certificate(4), certificate(4)],
    ] {
        let result = desk.ledger.begin_many(intents, &stamp());
        assert!(
            matches!(result, Err(LedgerError::SerialUsed { .. })),
            "{result:?}"
        );
    }
    assert_eq!(desk.ledger.certificate(&ca(), &serial(3)).unwrap(), None);
    let other_name = Intent {
        authority: authority("key", "CN=Other CA"),
        ..certificate(1)
    };
    desk.ledger.begin(&other_name, &stamp()).unwrap();
    assert_eq!(
        all(
            &desk.ledger,
            &EntryFilter {
                serial: Some(serial(1)),
                ..Default::default()
            }
        )
        .len(),
        2
    );
    desk.assert_sound();
}

#[test]
fn a_certificate_from_elsewhere_is_adopted_and_can_be_revoked() {
    let mut desk = Desk::new();
    let request = revocation(7, RevocationReason::Superseded);
    let unknown = desk.ledger.revoke(&ca(), &request, &stamp());
    assert!(
        matches!(unknown, Err(LedgerError::UnknownCertificate { .. })),
        "{unknown:?}"
    );
    let adoption = Adoption {
        authority: ca(),
        object: certificate_object(7),
        certificate: signed(7),
    };
    let entry = desk.ledger.adopt(&adoption, &stamp()).unwrap();
    assert!(matches!(
        desk.ledger.adopt(&adoption, &stamp()),
        Err(LedgerError::SerialUsed { .. })
    ));
    assert!(matches!(
        desk.ledger.begin(&certificate(7), &stamp()),
        Err(LedgerError::SerialUsed { .. })
    ));
    let crl = Adoption {
        object: crl(1, None, 5).object,
        ..adoption
    };
    assert!(matches!(
        desk.ledger.adopt(&crl, &stamp()),
        Err(LedgerError::NotACertificate)
    ));
    desk.ledger.revoke(&ca(), &request, &stamp()).unwrap();
    let told = desk.ledger.entry(entry).unwrap().unwrap();
    assert_eq!(
        (told.state.name(), told.state.der()),
        ("adopted", Some(&Der(signed(7))))
    );
    assert!(matches!(
        told.revocation.unwrap().state,
        RevocationState::Revoked {
            reason: RevocationReason::Superseded,
            ..
        }
    ));
    desk.assert_sound();
}

#[test]
fn large_crls_and_ocsp_responses_are_kept_as_hashes() {
    let mut desk = Desk::new();
    let large = [&[0x30, 0x83, 2, 0, 3, 0x30, 1, 0][..], &[0; 0x2_0000]].concat();
    for (object, bytes, kept) in [(1, signed(0), true), (2, large, false), (0, signed(0), false)] {
        let intent = match object {
            0 => Intent {
                object: Object::OcspResponse {
                    serials: vec![serial(1)],
                    this_update: UnixTime(5),
                    next_update: None,
                },
                ..crl(0, None, 5)
            },
            _ => crl(
                desk.ledger
                    .reserve_crl_number(&ca(), None, &stamp())
                    .unwrap()
                    .number
                    .to_u64()
                    .unwrap(),
                None,
                5,
            ),
        };
        let entry = desk.ledger.begin(&intent, &stamp()).unwrap();
        desk.ledger.complete(entry, &bytes, &stamp()).unwrap();
        let EntryState::Signed { sha256, der, .. } = desk.ledger.entry(entry).unwrap().unwrap().state else {
            panic!("not signed");
        };
        assert_eq!((sha256, der.is_some()), (Digest::of(&bytes), kept), "{object}");
    }
    desk.assert_sound();
}

#[test]
fn the_newest_entries_come_first_in_pages() {
    let mut desk = Desk::new();
    let ids: Vec<_> = (0..5).map(|number| desk.certificate(number)).collect();
    let open = desk.ledger.begin(&certificate(9), &stamp()).unwrap();
    let filter = EntryFilter {
        limit: Some(2),
        before: Some(open),
        ..Default::default()
    };
    let page: Vec<_> = all(&desk.ledger, &filter).iter().map(|entry| entry.id).collect();
    assert_eq!(page, [ids[4], ids[3]]);
    let unended = all(
        &desk.ledger,
        &EntryFilter {
            open: true,
            ..Default::default()
        },
    );
    assert_eq!(unended.iter().map(|entry| entry.id).collect::<Vec<_>>(), [open]);
    let nobody = EntryFilter {
        authority: Some(authority("x", "y")),
        ..Default::default()
    };
    assert_eq!(all(&desk.ledger, &nobody), []);
    let mut seen = 0;
    let enough = &mut |_| {
        seen += 1;
        ControlFlow::Break(())
    };
    desk.ledger.entries(&EntryFilter::default(), enough).unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn an_export_has_the_whole_chain() {
    let mut desk = Desk::new();
    desk.certificate(1);
    let mut exported = Vec::new();
    let head = desk.ledger.export(&mut exported).unwrap();
    assert_eq!(head, desk.ledger.head().unwrap());
    let mut chain = Head::EMPTY;
    for line in exported
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        chain = chain.after(&line[83..line.len() - 1]);
        assert_eq!(&line[9..73], chain.hash.to_string().as_bytes());
        let json: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!(json["event"]["sequence"], chain.count);
    }
    assert_eq!(chain, head);
}
