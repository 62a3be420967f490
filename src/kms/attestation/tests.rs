//! Documents as the Nitro Secure Module makes them, without its signature, and every refusal.

use std::time::{Duration, Instant};

use minicbor::Encoder;

use super::*;

type Cbor = Encoder<Vec<u8>>;

fn cbor(write: impl FnOnce(&mut Cbor)) -> Vec<u8> {
    let mut encoder = Encoder::new(vec![]);
    write(&mut encoder);
    encoder.into_writer()
}

fn rsa_key(seed: u8) -> Vec<u8> {
    let mut modulus = vec![0xc0 | seed; 384];
    modulus[383] = 0x0d;
    PublicKey::from_rsa(&modulus, &[1, 0, 1]).unwrap().der().to_vec()
}

/// The entries of a document, each as key and value.
#[derive(Clone)]
struct Entry(&'static str, Vec<u8>);

fn text(value: &str) -> Vec<u8> {
    cbor(|to| {
        to.str(value).unwrap();
    })
}

fn bytes(value: &[u8]) -> Vec<u8> {
    cbor(|to| {
        to.bytes(value).unwrap();
    })
}

fn null() -> Vec<u8> {
    cbor(|to| {
        to.null().unwrap();
    })
}

const MODULE: &str = "i-0123456789abcdef0-enc0123456789abcdef";

/// In the order of the module: with null for what was not asked for.
fn entries() -> Vec<Entry> {
    let pcrs = cbor(|to| {
        to.map(16).unwrap();
        for index in 0..16 {
            to.u8(index).unwrap().bytes(&[index; 48]).unwrap();
        }
    });
    let bundle = cbor(|to| {
        to.array(4).unwrap();
        for _ in 0..4 {
            to.bytes(&[0x30; 700]).unwrap();
        }
    });
    vec![
        Entry("module_id", text(MODULE)),
        Entry("digest", text("SHA384")),
        Entry(
            "timestamp",
            cbor(|to| {
                to.u64(1_760_093_815_777).unwrap();
            }),
        ),
        Entry("pcrs", pcrs),
        Entry("certificate", bytes(&[0x30; 640])),
        Entry("cabundle", bundle),
        Entry("public_key", bytes(&rsa_key(1))),
        Entry("user_data", null()),
        Entry("nonce", null()),
    ]
}

fn payload(entries: &[Entry], indefinite: bool) -> Vec<u8> {
    let mut out = if indefinite {
        cbor(|to| {
            to.begin_map().unwrap();
        })
    } else {
        cbor(|to| {
            to.map(u64::try_from(entries.len()).unwrap()).unwrap();
        })
    };
    for Entry(key, value) in entries {
        out.extend(text(key));
        out.extend(value);
    }
    if indefinite {
        out.push(0xff);
    }
    out
}

/// `{1: -35}` (ECDSA with SHA-384), `{}`, the payload, a signature that is none.
fn sign1(payload: &[u8]) -> Vec<u8> {
    let protected = cbor(|to| {
        to.map(1).unwrap().u8(1).unwrap().i8(-35).unwrap();
    });
    cbor(|to| {
        let to = to.array(4).unwrap().bytes(&protected).unwrap().map(0).unwrap();
        to.bytes(payload).unwrap().bytes(&[0x5a; 96]).unwrap();
    })
}

fn document(change: impl FnOnce(&mut Vec<Entry>)) -> Vec<u8> {
    let mut entries = entries();
    change(&mut entries);
    sign1(&payload(&entries, false))
}

fn with(field: &str, value: Vec<u8>) -> Vec<u8> {
    document(|entries| {
        let entry = entries.iter_mut().find(|entry| entry.0 == field).unwrap();
        entry.1 = value;
    })
}

fn without(field: &str) -> Vec<u8> {
    document(|entries| entries.retain(|entry| entry.0 != field))
}

#[track_caller]
fn refused(input: &[u8]) -> AttestationError {
    let error = AttestationDocument::read(input).unwrap_err();
    assert!(!error.to_string().is_empty());
    error
}

#[track_caller]
fn assert_reads(input: &[u8], bytes: &[u8]) {
    let document = AttestationDocument::read(input).unwrap();
    assert_eq!(document.bytes(), bytes);
    assert_eq!(document.module_id(), MODULE);
    assert_eq!(document.timestamp(), 1_760_093_815_777);
    assert_eq!(document.digest(), "SHA384");
    assert_eq!(document.public_key(), Some(&rsa_key(1)[..]));
}

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
    // NitroTPM has another name for the PCRs, and there may be fields that are not known today.
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
fn the_size_is_limited_as_the_api_says() {
    let size = |found| AttestationError::Size {
        found,
        longest: LONGEST,
    };
    for empty in [&b""[..], b" \n"] {
        assert_eq!(refused(empty), size(0));
    }
    // The user data fills it up; the length of the payload takes more bytes then, too.
    let overhead = with("user_data", bytes(&[7; 200_000])).len() - 200_000;
    let most = with("user_data", bytes(&vec![7; LONGEST - overhead]));
    assert_eq!(most.len(), LONGEST);
    assert_reads(&most, &most);
    assert_reads(Base64::encode_string(&most).as_bytes(), &most);
    let longer = with("user_data", bytes(&vec![7; LONGEST - overhead + 1]));
    assert_eq!(refused(&longer), size(LONGEST + 1));
    assert_eq!(
        refused(Base64::encode_string(&longer).as_bytes()),
        size(LONGEST + 1)
    );
    assert_eq!(refused(&b"A".repeat(600_000)), size(600_000));
}

#[test]
fn what_is_no_cose_sign1_is_refused() {
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
    // Parts of another type: the protected header, the unprotected one, the payload (elsewhere), the signature.
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
fn nothing_may_follow() {
    let good = document(|_| {});
    assert_eq!(
        refused(&[&good[..], &[0]].concat()),
        AttestationError::Trailing {
            part: "COSE_Sign1",
            count: 1
        }
    );
    let payload = [payload(&entries(), false), vec![0xf6, 0xf6]].concat();
    assert_eq!(
        refused(&sign1(&payload)),
        AttestationError::Trailing {
            part: "the document",
            count: 2
        }
    );
}

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
    // The second key would be taken for the first by a reader that looks at one only.
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
fn fields_that_are_needed_are_needed() {
    for field in ["module_id", "timestamp", "digest"] {
        assert_eq!(refused(&without(field)), AttestationError::Missing { field });
        assert!(
            matches!(refused(&with(field, null())), AttestationError::Cbor { part, .. } if part == field)
        );
    }
    for none in [without("public_key"), with("public_key", null())] {
        let document = AttestationDocument::read(&none).unwrap();
        assert_eq!(document.public_key(), None);
        assert_eq!(document.carries(&rsa_key(1)), Err(AttestationError::NoPublicKey));
    }
}

#[test]
fn fields_keep_their_limits() {
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
    // A key of the document that is no text.
    assert!(matches!(
        refused(&sign1(&[0xa1, 1, 1])),
        AttestationError::Cbor {
            part: "the document",
            ..
        }
    ));
}

#[test]
fn the_document_is_for_this_key_or_refused() {
    let read = |key: &[u8]| AttestationDocument::read(&with("public_key", bytes(key))).unwrap();
    let (ours, other) = (rsa_key(1), rsa_key(2));
    assert_eq!(read(&ours).carries(&ours), Ok(()));
    let error = read(&other).carries(&ours).unwrap_err();
    assert_eq!(
        error,
        AttestationError::OtherKey {
            document: fingerprint(&other),
            token: fingerprint(&ours)
        }
    );
    let said = error.to_string();
    assert!(
        said.contains(&fingerprint(&ours)) && said.contains(&fingerprint(&other)),
        "{said}"
    );

    let curve = PublicKey::from_ec_point(
        crate::signer::Curve::P256,
        // The base point.
        &Base64::decode_vec(
            "BGsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU=",
        )
        .unwrap(),
    )
    .unwrap();
    // Without the NULL beside rsaEncryption: the same key to many a reader, and not the same bytes.
    let without_null = {
        let at = ours.windows(2).position(|two| two == [5, 0]).unwrap();
        let mut der = [&ours[..at], &ours[at + 2..]].concat();
        // Two lengths are two less: that of the whole, and that of the AlgorithmIdentifier.
        der[3] -= 2;
        der[5] -= 2;
        der
    };
    // A length in more octets than it needs: BER, not DER.
    let long_form = {
        let length = ours.len() - 4;
        let length = u32::try_from(length).unwrap().to_be_bytes();
        [&[0x30, 0x83][..], &length[1..], &ours[4..]].concat()
    };
    let trailing = [&ours[..], &[0]].concat();
    let document = KeyOwner::Document;
    let token = KeyOwner::Token;
    type Refusal = fn(KeyOwner) -> AttestationError;
    let not_rsa: Refusal = |whose| AttestationError::NotRsa {
        whose,
        algorithm: KeyAlgorithm::Ec(crate::signer::Curve::P256),
    };
    let not_der: Refusal = |whose| AttestationError::NotDer { whose };
    for (key, error) in [(curve.der(), not_rsa), (&without_null, not_der)] {
        assert_eq!(read(key).carries(&ours), Err(error(document)));
        assert_eq!(read(&ours).carries(key), Err(error(token)));
        // Not even where both have the same.
        assert_eq!(read(key).carries(key), Err(error(token)));
    }
    for key in [&long_form[..], &trailing, b"no key"] {
        for (outcome, wanted) in [
            (read(key).carries(&ours), document),
            (read(&ours).carries(key), token),
        ] {
            assert!(
                matches!(outcome, Err(AttestationError::PublicKey { whose, .. }) if whose == wanted),
                "{outcome:?}"
            );
        }
    }
    assert!(read(&ours).carries(&[]).is_err());
}

#[test]
fn nesting_bombs_and_huge_lengths_are_refused() {
    let too_deep = |part| AttestationError::TooDeep { part, deepest: 16 };
    for opener in [&[0x81][..], &[0x9f], &[0xa1, 0], &[0xbf, 0], &[0xc1]] {
        let bomb = opener.repeat(50_000);
        assert_eq!(
            refused(&with("user_data", bomb.clone())),
            too_deep("the document")
        );
        let header = [&[0x84, 0x40, 0xa1, 0][..], &bomb].concat();
        assert_eq!(refused(&header), too_deep("the unprotected header"));
    }
    // As deep as is read, and one more. The document itself is the first.
    for (depth, reads) in [(14, true), (15, false)] {
        let nested = [vec![0x81; depth], vec![0]].concat();
        let outcome = AttestationDocument::read(&with("user_data", nested));
        assert_eq!(outcome.is_ok(), reads, "{depth}");
    }
    for kind in [0x40, 0x60, 0x80, 0xa0] {
        let bomb = [&[kind | 0x1b][..], &[0xff; 8]].concat();
        refused(&with("user_data", bomb.clone()));
        refused(&with("public_key", bomb.clone()));
        refused(&sign1(&bomb));
        refused(&bomb);
        refused(&[&[0x84], &bomb[..]].concat());
    }
    for stray in [&[0xff][..], &[0x81, 0xff], &[0xa1, 0, 0xff], &[0xbf, 0, 0xff]] {
        refused(&with("user_data", stray.to_vec()));
    }
}

#[test]
fn cut_short_it_is_refused() {
    for good in [document(|_| {}), sign1(&payload(&entries(), true))] {
        for length in 0..good.len() {
            assert!(
                AttestationDocument::read(&good[..length]).is_err(),
                "cut to {length}"
            );
        }
    }
}

/// Inputs that are almost right: no panic and no long wait. That a change is seen is not claimed: the signature, which KMS
/// verifies, is for that.
#[test]
fn whatever_comes_is_read_or_refused() {
    let small = |indefinite| {
        let mut entries = entries();
        entries.retain(|entry| entry.0 != "cabundle" && entry.0 != "certificate");
        sign1(&payload(&entries, indefinite))
    };
    let good = [small(false), small(true)];
    let ours = rsa_key(1);
    // xorshift64: the same inputs every time.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(bound.max(1)).unwrap()).unwrap()
    };
    const TELLING: [u8; 12] = [
        0x00, 0x1b, 0x40, 0x5f, 0x60, 0x7f, 0x84, 0x9f, 0xa1, 0xbf, 0xd2, 0xff,
    ];
    let begun = Instant::now();
    let mut read = 0;
    for round in 0..100_000 {
        let mut input = good[round % 2].clone();
        for _ in 0..=below(4) {
            // Most of it is opaque: rather where the structure is.
            let at = if below(2) == 0 {
                below(110)
            } else {
                below(input.len())
            }
            .min(input.len());
            let byte = match below(2) {
                0 => TELLING[below(TELLING.len())],
                _ => u8::try_from(below(256)).unwrap(),
            };
            match below(4) {
                0 => input.insert(at, byte),
                1 if at < input.len() => drop(input.remove(at)),
                2 => input.truncate(at.max(input.len() - 3)),
                _ if at < input.len() => input[at] = byte,
                _ => input.push(byte),
            }
        }
        if let Ok(document) = AttestationDocument::read(&input) {
            read += 1;
            assert!(document.module_id().bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(document.timestamp() > 0);
            if document.carries(&ours).is_ok() {
                assert_eq!(document.public_key(), Some(&ours[..]));
            }
        }
    }
    assert!(read > 1000, "only {read} were read: the inputs reach too little");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn an_error_is_a_sentence() {
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
