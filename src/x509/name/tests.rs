use super::*;

#[test]
fn the_order_is_reversed_and_spaces_between_parts_are_dropped() {
    let name = Name::from_rfc4514("CN=Example CA, O = x".replace(" = ", "=").as_str()).unwrap();
    assert_eq!(name.to_string(), "CN=Example CA,O=x");
    assert_eq!(&name.der()[..4], [0x30, 0x21, 0x31, 0x0a]);
    // Only the ASCII space: another white space is not silently removed.
    let error = Name::from_rfc4514("CN=a\u{a0} , O=x").unwrap_err();
    assert!(error.to_string().contains("U+00A0"), "{error}");
    let escaped = Name::from_rfc4514("CN=Example\\, Inc. \\+ Sons , C=US").unwrap();
    assert_eq!(escaped.to_string(), "CN=Example\\, Inc. \\+ Sons,C=US");
}

#[test]
fn an_unknown_type_is_named() {
    let said = |text: &str| Name::from_rfc4514(text).unwrap_err().to_string();
    assert!(
        said("CN=Q,FOO=x").contains("FOO is not a known type"),
        "{}",
        said("CN=Q,FOO=x")
    );
    assert!(!said("CN").contains("known type"), "{}", said("CN"));
}

#[test]
fn a_name_that_rfc_5280_does_not_allow_is_refused() {
    for text in [
        "",
        "  ",
        "/CN=a/O=b",
        "CN=",
        "CN",
        "C=usa",
        "C=us",
        "NOSUCHTYPE=a",
        "CN=a\\0Ab",
        "CN=\"a\"",
        "CN=a;O=b",
        "CN=a\\",
        "CN=a\\0",
        "CN=a\\0g",
        "CN=\\xb",
        "CN=\\é0",
        "CN=a\u{202e}b",
        "CN=a\\ ",
        "CN=www\u{ff0e}example",
        "CN=a+CN=b",
        "emailAddress=ä@example.com,CN=a",
        "DC=exämple",
        "serialNumber=a_b",
        "dnQualifier=a*b",
    ] {
        assert!(
            matches!(Name::from_rfc4514(text), Err(X509Error::Subject { .. })),
            "{text}"
        );
    }
    assert!(Name::from_rfc4514(&format!("CN={}", "a".repeat(65))).is_err());
    for kind in ["street", "sn"] {
        let with = |length: usize| Name::from_rfc4514(&format!("{kind}={}", "a".repeat(length)));
        assert!(with(1024).is_ok(), "{kind}");
        let error = with(1025).unwrap_err().to_string();
        assert!(error.contains("at most 1024"), "{error}");
    }
    assert!(Name::from_rfc4514(&format!("CN={}", "é".repeat(64))).is_ok());
}

/// RFC 5280 appendix A.1
#[test]
fn a_given_value_gets_the_string_type_of_its_attribute() {
    for (text, tag) in [
        ("C=US", 0x13),
        ("serialNumber=1", 0x13),
        ("dnQualifier=a", 0x13),
        ("2.5.4.20=\\+1 555", 0x13),
        ("2.5.4.24=123", 0x12),
        ("DC=a", 0x16),
        ("emailAddress=a@b", 0x16),
        ("CN=a", 0x0c),
        ("O=a", 0x0c),
        ("C=#0c025553", 0x13),
    ] {
        let name = Name::from_rfc4514(text).unwrap();
        let attributes = name.attributes().unwrap();
        assert_eq!(attributes[0][0].tag, tag, "{text}");
        assert_eq!(name.type_faults(), []);
    }
}

/// `CN=` with a value of that tag.
fn named(tag: u8, value: &[u8]) -> Name {
    let byte = |length: usize| u8::try_from(length).unwrap();
    let mut der = vec![0x30, byte(value.len() + 11), 0x31, byte(value.len() + 9), 0x30];
    der.extend([byte(value.len() + 7), 6, 3, 0x55, 4, 3, tag, byte(value.len())]);
    der.extend(value);
    Name::from_der(&der).unwrap()
}

#[test]
fn strings_of_every_type_are_shown_as_text() {
    for (tag, value, shown) in [
        (0x0c, "Zürich".as_bytes(), "Zürich"),
        (0x12, b"12 3", "12 3"),
        (0x13, b"Zurich @", "Zurich @"),
        (0x14, b"Z\xfcrich, CH", "Zürich\\, CH"),
        (0x16, b"a@b", "a@b"),
        (0x1c, b"\0\0\0Z\0\0\0\xfc\0\x01\xf6\x00", "Zü😀"),
        (0x1e, b"\0Z\0\xfc\xd8\x3d\xde\x00", "Zü😀"),
        (0x1e, b"\x20\x2e\0 ", "\\E2\\80\\AE\\ "),
        // Not valid strings of their types.
        (0x1e, b"\0Z\0", "#1e03005a00"),
        (0x1e, b"\xd8\x3d", "#1e02d83d"),
        (0x1c, b"\0\x11\0\0", "#1c0400110000"),
        (0x0c, b"\xff", "#0c01ff"),
        (0x16, b"\xfc", "#1601fc"),
        (0x04, b"ab", "#04026162"),
    ] {
        assert_eq!(named(tag, value).to_string(), format!("CN={shown}"));
    }
}

#[test]
fn spellings_of_one_name_are_alike_and_other_names_are_not() {
    let alike = |one: (u8, &[u8]), other: (u8, &[u8])| {
        let [one, other] = [one, other].map(|(tag, value)| named(tag, value));
        assert_eq!(one.is_like(&other), other.is_like(&one));
        one.is_like(&other)
    };
    let plain = (0x0c, &b"Example 7 CA"[..]);
    for other in [
        (0x13, &b"example 7 ca"[..]),
        (0x14, b"EXAMPLE  7 CA"),
        (0x16, b" Example 7\tCA "),
        (0x1e, b"\0E\0x\0A\0m\0p\0l\0e\0 \x007\0 \0C\0A"),
        (0x0c, "E\u{ad}xample\u{a0}7\u{3000}\u{200b}CA".as_bytes()),
    ] {
        assert!(alike(plain, other), "{other:?}");
    }
    for other in [
        (0x0c, &b"Example7 CA"[..]),
        (0x0c, b"Example 7 CAs"),
        (0x0c, b""),
        (0x04, b"Example 7 CA"),
    ] {
        assert!(!alike(plain, other), "{other:?}");
    }
    assert!(alike(
        (0x0c, "MÜLLER Straße".as_bytes()),
        (0x14, b"m\xfcller STRASSE")
    ));
    assert!(alike((0x12, b"0 12"), (0x13, b"0 12")));
    // An invalid string is equal only to itself.
    assert!(alike((0x0c, b"\xff"), (0x0c, b"\xff")) && !alike((0x0c, b"\xff"), (0x14, b"\xff")));
}

#[test]
fn a_terminal_escape_in_a_name_is_shown_as_hex() {
    let mut der = vec![
        0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x04,
    ];
    der.extend_from_slice(b"\x1b[2J");
    assert_eq!(Name::from_der(&der).unwrap().to_string(), "CN=\\1B[2J");
}
