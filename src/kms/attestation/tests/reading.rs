//! What is read: the `COSE_Sign1` and base64 of it.

use super::*;

#[test]
fn cbor_is_read_tagged_and_untagged() {
    let untagged = document(|_| {});
    assert_eq!(untagged[..6], [0x84, 0x44, 0xa1, 0x01, 0x38, 0x22]);
    assert_reads(&untagged, &untagged);
    let tagged = [&[0xd2][..], &untagged].concat();
    assert_reads(&tagged, &tagged);
    // The module has written maps both ways.
    let indefinite = sign1(&payload(&entries(), true));
    assert_reads(&indefinite, &indefinite);
    // NitroTPM has another name for the PCRs, and later documents may have new fields.
    let later = document(|entries| {
        entries[3].0 = "nitrotpm_pcrs";
        entries.push(Entry(
            "later",
            vec![0xc1, 0x82, 0xf9, 0x3c, 0, 0x7f, 0x61, 0x61, 0xff],
        ));
    });
    assert_reads(&later, &later);
}

#[test]
fn base64_is_read_in_one_line_or_many() {
    let cbor = document(|_| {});
    let line = Base64::encode_string(&cbor);
    assert_reads(line.as_bytes(), &cbor);
    assert_reads(format!("\n  {line}\r\n").as_bytes(), &cbor);
    let lines: Vec<_> = line.as_bytes().chunks(76).collect();
    assert_reads(&lines.join(&b"\r\n"[..]), &cbor);
    for spoilt in [
        line.replace('A', "-"),
        line[..line.len() - 1].to_owned(),
        format!("{line}="),
        "{\"document\":1}".to_owned(),
    ] {
        assert_eq!(refused(spoilt.as_bytes()), AttestationError::Base64);
    }
}

#[test]
fn a_document_that_is_not_cose_sign1_is_refused() {
    let not = |found: &str| AttestationError::NotCoseSign1 {
        found: found.to_owned(),
    };
    let good = document(|_| {});
    let tagged = |tag: &[u8]| refused(&[tag, &good[..]].concat());
    // COSE_Mac0 and COSE_Sign.
    assert_eq!(tagged(&[0xd1]), not("CBOR tag 17"));
    assert_eq!(tagged(&[0xd8, 98]), not("CBOR tag 98"));
    assert_eq!(tagged(&[0xd2, 0xd2]), not("tag"));
    assert_eq!(refused(&payload(&entries(), false)), not("map"));
    assert_eq!(refused(&[&[0x83], &good[1..]].concat()), not("an array of 3"));
    assert_eq!(refused(&[&[0x85], &good[1..]].concat()), not("an array of 5"));
    assert!(matches!(
        refused(&[&[0x9f], &good[1..], &[0xff]].concat()),
        AttestationError::NotCoseSign1 { .. }
    ));
    // Each part with a wrong type: the protected header, the unprotected one, the payload (sent separately), the signature.
    let payload = payload(&entries(), false);
    let build = |protected: &[u8], unprotected: &[u8], payload: &[u8], signature: &[u8]| {
        [&[0x84][..], protected, unprotected, payload, signature].concat()
    };
    let (header, signature) = (bytes(&[0xa1, 1, 0x38, 0x22]), bytes(&[1; 96]));
    let payload = bytes(&payload);
    let good = build(&header, &[0xa0], &payload, &signature);
    assert_reads(&good, &good);
    let empty_header = build(&[0x40], &[0xa1, 4, 0x41, 0], &payload, &signature);
    assert_reads(&empty_header, &empty_header);
    let part = |input: Vec<u8>| match refused(&input) {
        AttestationError::Cbor { part, .. } => part,
        other => panic!("{other}"),
    };
    assert_eq!(
        part(build(&[0xa0], &[0xa0], &payload, &signature)),
        "the protected header"
    );
    assert_eq!(
        part(build(&bytes(&[0x80]), &[0xa0], &payload, &signature)),
        "the protected header"
    );
    assert_eq!(
        part(build(&header, &[0x80], &payload, &signature)),
        "the unprotected header"
    );
    assert_eq!(part(build(&header, &[0xa0], &[0xf6], &signature)), "the payload");
    assert_eq!(part(build(&header, &[0xa0], &payload, &[0xf6])), "the signature");
    assert_eq!(
        refused(&build(&header, &[0xa0], &payload, &[0x40])),
        AttestationError::Missing { field: "signature" }
    );
    assert_eq!(
        refused(&build(&bytes(&[0xa0, 0]), &[0xa0], &payload, &signature)),
        AttestationError::Trailing {
            part: "the protected header",
            count: 1
        }
    );
}

#[test]
fn errors_name_the_part_and_the_fault() {
    assert_eq!(
        refused(&document(|entries| entries.push(Entry("nonce", null())))).to_string(),
        "attestation document: the document has \"nonce\" twice"
    );
    let hostile = "\u{1b}[2J".repeat(30);
    let twice = [&[0xa2][..], &text(&hostile), &[0], &text(&hostile), &[0]];
    let said = refused(&sign1(&twice.concat())).to_string();
    assert!(!said.contains('\u{1b}') && said.len() < 300, "{said}");
    assert_eq!(
        refused(&sign1(&[&[0xa1][..], &text("public_key"), &[0]].concat())).to_string(),
        "attestation document: public_key: unexpected type u8 at position 12: expected bytes (definite length)"
    );
}
