//! Every length form, every fault, and the limit of depth.

use super::*;

fn octets(input: &[u8]) -> Result<Vec<u8>, BerError> {
    let mut reader = Reader::new(input);
    let value = reader.expect(Tag::OCTET_STRING)?.octets()?.into_owned();
    reader.finish().map(|()| value)
}

#[test]
fn every_length_form_reads_the_same() {
    for input in [
        &[0x04, 2, 7, 9][..],
        &[0x04, 0x81, 2, 7, 9],
        &[0x04, 0x84, 0, 0, 0, 2, 7, 9],
        &[0x24, 4, 0x04, 2, 7, 9],
        &[0x24, 6, 0x04, 1, 7, 0x04, 1, 9],
        &[0x24, 0x80, 0x04, 2, 7, 9, 0, 0],
        &[0x24, 0x80, 0x04, 1, 7, 0x04, 0, 0x04, 1, 9, 0, 0],
        &[
            0x24, 0x80, 0x24, 0x80, 0x04, 1, 7, 0, 0, 0x24, 3, 0x04, 1, 9, 0, 0,
        ],
    ] {
        assert_eq!(octets(input), Ok(vec![7, 9]), "{input:02x?}");
    }
}

#[test]
fn one_piece_is_not_copied() {
    let input = [0x04, 2, 7, 9];
    let element = Reader::new(&input).element().unwrap();
    assert!(matches!(element.octets(), Ok(Cow::Borrowed([7, 9]))));
}

#[test]
fn every_fault_is_named() {
    let tag = |expected: &str, found: &str| BerError::Tag {
        expected: expected.to_owned(),
        found: found.to_owned(),
    };
    for (input, error) in [
        (&[][..], BerError::Truncated { needed: 1, left: 0 }),
        (&[0x04], BerError::Truncated { needed: 1, left: 0 }),
        (&[0x04, 2, 7], BerError::Truncated { needed: 2, left: 1 }),
        (&[0x04, 0x82, 1], BerError::Truncated { needed: 2, left: 1 }),
        (
            &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff, 1],
            BerError::Truncated {
                needed: 0xffff_ffff,
                left: 1,
            },
        ),
        (&[0x04, 0x85, 0, 0, 0, 0, 1, 1], BerError::Length { octet: 0x85 }),
        (&[0x04, 0xff], BerError::Length { octet: 0xff }),
        (&[0x1f, 0x04, 0], BerError::HighTagNumber),
        (&[0x04, 0x80, 0, 0], BerError::IndefinitePrimitive),
        (&[0, 0], BerError::EndOfContents),
        (&[0x24, 4, 0x04, 0, 0, 0], BerError::EndOfContents),
        (&[0x24, 0x80, 0, 0x81, 0], BerError::EndOfContents),
        (&[0x24, 0x80, 0, 1, 1], BerError::EndOfContents),
        (&[0x24, 0x80, 0x20, 0, 0, 0], BerError::EndOfContents),
        (&[0x24, 0x80, 0x04, 0], BerError::Truncated { needed: 1, left: 0 }),
        (&[0x05, 0], tag("OCTET STRING", "NULL")),
        (&[0x41, 0], tag("OCTET STRING", "[APPLICATION 1]")),
        (&[0x24, 2, 0x80, 0], tag("OCTET STRING", "[0]")),
        (&[0x04, 1, 7, 0, 0], BerError::Trailing { count: 2 }),
    ] {
        assert_eq!(octets(input), Err(error.clone()), "{input:02x?}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn values_of_the_wrong_form_are_refused() {
    let element = |input: &'static [u8]| Reader::new(input).element().unwrap();
    let constructed = |tag: &str| BerError::Form {
        tag: tag.to_owned(),
        constructed: true,
    };
    assert!(matches!(
        element(&[0x10, 0]).inside(),
        Err(BerError::Form {
            constructed: false,
            ..
        })
    ));
    assert_eq!(
        element(&[0x22, 3, 0x02, 1, 2]).integer(),
        Err(constructed("INTEGER"))
    );
    assert_eq!(element(&[0x25, 0]).null(), Err(constructed("NULL")));
    assert_eq!(
        element(&[0x26, 0]).object_identifier(),
        Err(constructed("OBJECT IDENTIFIER"))
    );
    assert_eq!(element(&[0x05, 1, 0]).null(), Err(BerError::Value { of: "NULL" }));
    assert!(element(&[0x06, 0]).object_identifier().is_err());
    assert!(element(&[0x06, 1, 0x80]).object_identifier().is_err());
}

#[test]
fn integers() {
    let integer = |input: &'static [u8]| Reader::new(input).element().unwrap().integer().ok();
    assert_eq!(integer(&[2, 1, 2]), Some(2));
    assert_eq!(integer(&[2, 1, 0xff]), Some(-1));
    assert_eq!(integer(&[2, 2, 0, 0x80]), Some(128));
    assert_eq!(integer(&[2, 2, 0xff, 0x7f]), Some(-129));
    assert_eq!(
        integer(&[2, 8, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        Some(-0x8000_0000_0000_0000)
    );
    for input in [
        &[2, 0][..],
        &[2, 2, 0, 2],
        &[2, 2, 0xff, 0x80],
        &[2, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
        assert_eq!(integer(input), None, "{input:02x?}");
    }
}

/// `innermost` in nested octet strings of definite or of indefinite length: `depth` elements in all.
fn nested(innermost: &[u8], depth: usize, indefinite: bool) -> Vec<u8> {
    let mut input = innermost.to_vec();
    for _ in 1..depth {
        let content = input;
        input = vec![0x24];
        if indefinite {
            input.push(0x80);
            input.extend(content);
            input.extend([0, 0]);
        } else {
            input.push(0x82);
            input.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            input.extend(content);
        }
    }
    input
}

#[test]
fn the_limit_of_depth_is_the_same_for_all_lengths() {
    for indefinite in [false, true] {
        // The deepest element may be a piece, or have no pieces.
        for (innermost, value) in [
            (&[0x04, 1, 7][..], vec![7]),
            (&[0x24, 0], vec![]),
            (&[0x24, 0x80, 0, 0], vec![]),
        ] {
            assert_eq!(octets(&nested(innermost, DEEPEST, indefinite)), Ok(value));
        }
        for depth in [DEEPEST + 1, DEEPEST + 2, 2000] {
            assert_eq!(
                octets(&nested(&[0x04, 1, 7], depth, indefinite)),
                Err(BerError::TooDeep { deepest: DEEPEST }),
                "{depth}"
            );
        }
    }
    // Elements that begin and never end.
    assert_eq!(
        octets(&[0x24, 0x80].repeat(100_000)),
        Err(BerError::TooDeep { deepest: DEEPEST })
    );
}
