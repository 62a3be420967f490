use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Statement {
    name: String,
    count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    because: Option<String>,
}

fn written(value: &Value) -> String {
    String::from_utf8(to_canonical(value).unwrap()).unwrap()
}

fn read(text: &str) -> Result<Value, CanonicalError> {
    from_canonical(text.as_bytes())
}

/// The sorting example of RFC 8785 section 3.2.3, with the order of names from section 3.2.4.
#[test]
fn names_are_sorted_by_utf16_code_units() {
    let value = json!({
        "\u{20ac}": "Euro Sign",
        "\r": "Carriage Return",
        "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\u{1f600}": "Emoji: Grinning Face",
        "\u{80}": "Control",
        "\u{f6}": "Latin Small Letter O With Diaeresis",
    });
    let text = written(&value);
    let expected = [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ];
    let places: Vec<usize> = expected.iter().map(|word| text.find(word).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

/// The example string of RFC 8785 section 3.2.2.2.
#[test]
fn strings_have_the_escapes_of_the_rfc() {
    let value = json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}\u{2028}\u{8}\u{c}\t\r\u{1f}");
    let expected = "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\u{2028}\\b\\f\\t\\r\\u001f\"\n";
    assert_eq!(written(&value), expected);
}

#[test]
fn integers_end_where_every_reader_still_has_them() {
    assert_eq!(
        written(&json!([0, -1, LARGEST_INTEGER])),
        "[0,-1,9007199254740991]\n"
    );
    assert_eq!(written(&json!(-9_007_199_254_740_991_i64)), "-9007199254740991\n");
    let beyond = [
        json!(1_u64 << 53),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(-9_007_199_254_740_992_i64),
    ];
    for value in beyond {
        let error = to_canonical(&json!({ "a/b": [value] })).unwrap_err();
        assert!(
            matches!(&error, CanonicalError::Integer { at, .. } if at == "/a~1b/0"),
            "{error}"
        );
    }
}

#[test]
fn fractions_and_null_are_refused_with_their_place() {
    for value in [json!(0.5), json!(1.0), json!(-0.0)] {
        let error = to_canonical(&json!([value])).unwrap_err();
        assert!(
            matches!(&error, CanonicalError::Fraction { at } if at == "/0"),
            "{error}"
        );
    }
    for text in ["1.0\n", "1e3\n", "-0\n", "1E400\n", "18446744073709551616\n"] {
        let error = read(text).unwrap_err();
        assert!(
            matches!(error, CanonicalError::Fraction { .. } | CanonicalError::Json(_)),
            "{text:?}: {error}"
        );
    }
    for text in ["null\n", "{\"a\":null}\n", "[null]\n"] {
        assert!(
            matches!(read(text).unwrap_err(), CanonicalError::Null { .. }),
            "{text:?}"
        );
    }
    // serde_json writes a number that is not finite as null.
    assert!(matches!(
        to_canonical(&f64::NAN).unwrap_err(),
        CanonicalError::Null { .. }
    ));
}

#[test]
fn another_spelling_of_the_same_value_is_refused() {
    assert_eq!(
        read("{\"a\":1,\"b\":[true,\"x\"]}\n").unwrap(),
        json!({"a": 1, "b": [true, "x"]})
    );
    for (text, byte) in [
        ("{\"a\":1}", 7),
        ("{\"a\":1}\n\n", 8),
        ("{\"a\":1}\r\n", 7),
        (" {\"a\":1}\n", 0),
        ("{\"a\": 1}\n", 5),
        ("{\"b\":1,\"a\":2}\n", 2),
        ("{\"a\":1,\"a\":1}\n", 6),
        ("{\"a\":1,\"a\":2}\n", 5),
        ("\"\\u0041\"\n", 1),
        ("\"\\/\"\n", 1),
        ("\"\\u000A\"\n", 2),
        ("\"\\u001F\"\n", 6),
        ("\"\\u20ac\"\n", 1),
    ] {
        let error = read(text).unwrap_err();
        assert!(
            matches!(error, CanonicalError::Spelling { byte: found } if found == byte),
            "{text:?}: {error:?}"
        );
    }
}

#[test]
fn what_is_not_json_is_refused() {
    for bytes in [
        &b""[..],
        b"\n",
        b"\xef\xbb\xbf1\n",
        b"{\"a\":1}\n{}\n",
        b"{\"a\":1}x",
        b"{a:1}\n",
        b"[1,]\n",
        b"01\n",
        b"+1\n",
        b"NaN\n",
        b"\"\xff\"\n",
        b"\"\xed\xa0\x80\"\n",
        b"\"\\ud800\"\n",
        b"\"\\udc00\\ud800\"\n",
        b"\"\n\"\n",
        b"\"\x00\"\n",
    ] {
        let error = from_canonical::<Value>(bytes).unwrap_err();
        assert!(matches!(error, CanonicalError::Json(_)), "{bytes:?}: {error:?}");
    }
}

/// Reader and writer have the same limit, so no input causes unlimited recursion.
#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{}{}\n", "[".repeat(depth), "]".repeat(depth));
    let deepest = nested(DEEPEST_NESTING + 1);
    assert_eq!(written(&read(&deepest).unwrap()), deepest);
    assert!(matches!(
        read(&nested(DEEPEST_NESTING + 2)),
        Err(CanonicalError::Nesting { .. })
    ));
    assert!(matches!(read(&nested(100_000)), Err(CanonicalError::Json(_))));
    let mut value = json!(1);
    for _ in 0..=DEEPEST_NESTING {
        value = json!({ "a": value });
    }
    assert!(matches!(
        to_canonical(&value),
        Err(CanonicalError::Nesting { .. })
    ));
}

#[test]
fn what_the_format_does_not_have_is_refused() {
    let good = "{\"count\":3,\"name\":\"x\"}\n";
    let statement: Statement = from_canonical(good.as_bytes()).unwrap();
    assert_eq!(
        String::from_utf8(to_canonical(&statement).unwrap()).unwrap(),
        good
    );
    // This type ignores unknown names.
    let more = "{\"count\":3,\"name\":\"x\",\"note\":\"y\"}\n";
    let error = from_canonical::<Statement>(more.as_bytes()).unwrap_err();
    assert!(matches!(error, CanonicalError::NotKept { byte: 21 }), "{error:?}");
    for wrong in [
        "{\"count\":3}\n",
        "{\"count\":\"3\",\"name\":\"x\"}\n",
        "{\"count\":-3,\"name\":\"x\"}\n",
        "[]\n",
    ] {
        let error = from_canonical::<Statement>(wrong.as_bytes()).unwrap_err();
        assert!(matches!(error, CanonicalError::Shape(_)), "{wrong:?}: {error:?}");
    }
}

#[test]
fn every_changed_byte_gives_another_value_or_a_refusal() {
    let good = b"{\"count\":31,\"name\":\"Root R1\"}\n";
    let value: Statement = from_canonical(good).unwrap();
    for place in 0..good.len() {
        for change in 1..=255_u8 {
            let mut bytes = good.to_vec();
            bytes[place] ^= change;
            if let Ok(other) = from_canonical::<Statement>(&bytes) {
                assert_ne!(other, value, "byte {place} ^ {change:#x}");
                assert_eq!(to_canonical(&other).unwrap(), bytes);
            }
        }
    }
}
