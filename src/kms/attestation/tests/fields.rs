//! The fields of the document, and maps with duplicate keys.

use super::*;

#[test]
fn no_map_may_have_a_key_twice() {
    for Entry(key, value) in entries() {
        let twice = document(|entries| entries.push(Entry(key, value)));
        assert_eq!(
            refused(&twice),
            AttestationError::Duplicate {
                part: "the document",
                key: Some(key.to_owned())
            }
        );
    }
    // A reader that looks at one key only would take the second for the first.
    let other = document(|entries| entries.push(Entry("public_key", bytes(&rsa_key(2)))));
    assert!(matches!(refused(&other), AttestationError::Duplicate { .. }));
    let inside = |part| AttestationError::Duplicate { part, key: None };
    let pcrs = [0xa3, 0, 0x41, 7, 1, 0x41, 7, 0, 0x41, 8];
    assert_eq!(refused(&with("pcrs", pcrs.to_vec())), inside("the document"));
    let payload = payload(&entries(), false);
    let both_headers = |protected: &[u8], unprotected: &[u8]| {
        [
            &[0x84][..],
            &bytes(protected),
            unprotected,
            &bytes(&payload),
            &[0x41, 1],
        ]
        .concat()
    };
    assert_eq!(
        refused(&both_headers(&[0xa2, 1, 0, 1, 0], &[0xa0])),
        inside("the protected header")
    );
    assert_eq!(
        refused(&both_headers(&[0xa0], &[0xbf, 1, 0, 1, 0, 0xff])),
        inside("the unprotected header")
    );
}

#[test]
fn a_missing_required_field_is_refused() {
    for field in ["module_id", "timestamp", "digest"] {
        assert_eq!(refused(&without(field)), AttestationError::Missing { field });
        assert!(
            matches!(refused(&with(field, null())), AttestationError::Cbor { part, .. } if part == field)
        );
    }
    for none in [without("public_key"), with("public_key", null())] {
        let document = AttestationDocument::read(&none).unwrap();
        assert_eq!(document.public_key, None);
        assert_eq!(document.carries(&rsa_key(1)), Err(AttestationError::NoPublicKey));
    }
}

#[test]
fn a_field_beyond_its_limits_is_refused() {
    let field = |name: &'static str, value| match refused(&with(name, value)) {
        AttestationError::Value { field, reason } => {
            assert_eq!(field, name);
            reason
        }
        other => panic!("{other}"),
    };
    let number = |value| {
        cbor(|to| {
            to.u64(value).unwrap();
        })
    };
    field("timestamp", number(0));
    field("digest", text("SHA256"));
    field("public_key", bytes(&[]));
    assert_eq!(
        field("public_key", bytes(&[1; 1025])),
        "has 1025 bytes, not 1 to 1024"
    );
    for name in ["", "two words", "\u{1b}[2J", "caf\u{e9}"] {
        field("module_id", text(name));
    }
    for (name, value) in [
        ("timestamp", vec![0x20]),
        ("timestamp", vec![0xc2, 0x41, 1]),
        ("digest", bytes(b"SHA384")),
        ("module_id", vec![0x62, 0xc3, 0x28]),
        ("module_id", vec![0x7f, 0x61, 0x61, 0xff]),
        ("public_key", vec![0x5f, 0x41, 1, 0xff]),
        ("public_key", vec![0xf7]),
    ] {
        assert!(matches!(refused(&with(name, value)), AttestationError::Cbor { part, .. } if part == name));
    }
    // A key of the document that is not text.
    assert!(matches!(
        refused(&sign1(&[0xa1, 1, 1])),
        AttestationError::Cbor {
            part: "the document",
            ..
        }
    ));
}
