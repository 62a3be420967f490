//! Sizes, ends and depth.

use super::*;

#[test]
fn the_size_is_limited_as_the_api_says() {
    let size = |found| AttestationError::Size {
        found,
        longest: LONGEST,
    };
    for empty in [&b""[..], b" \n"] {
        assert_eq!(refused(empty), size(0));
    }
    // The user data fills the document up; the length of the payload then takes more bytes, too.
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
fn bytes_after_the_document_are_refused() {
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
    // At the limit of depth, and one level beyond it. The document itself is the first level.
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
fn a_document_that_is_cut_short_is_refused() {
    for good in [document(|_| {}), sign1(&payload(&entries(), true))] {
        for length in 0..good.len() {
            assert!(
                AttestationDocument::read(&good[..length]).is_err(),
                "cut to {length}"
            );
        }
    }
}
