//! Text as other programs wrap it: UTF-16, and a PEM block inside a string of JSON or YAML.

use std::borrow::Cow;

use super::X509Error;

/// Two bytes of UTF-16 as a number.
type ReadUnit = fn([u8; 2]) -> u16;

const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The same text in UTF-8, if `input` is UTF-16: with a byte-order mark, as Windows writes it, or without one if it is plainly ASCII in two bytes
/// each. Any other input is returned unchanged, without the byte-order mark of UTF-8.
///
/// # Errors
/// [`X509Error::BrokenText`]: half a character.
pub fn to_utf8(input: &[u8]) -> Result<Cow<'_, [u8]>, X509Error> {
    let (read, rest): (ReadUnit, &[u8]) = match input {
        // UTF-32, little-endian.
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            return Err(X509Error::BrokenText { is: "UTF-32" });
        }
        [0xff, 0xfe, rest @ ..] => (u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => (u16::from_be_bytes, rest),
        _ if is_wide(input, 1) => (u16::from_le_bytes, input),
        _ if is_wide(input, 0) => (u16::from_be_bytes, input),
        _ => return Ok(Cow::Borrowed(input.strip_prefix(UTF8_MARK).unwrap_or(input))),
    };
    let (units, half) = rest.as_chunks::<2>();
    let broken = X509Error::BrokenText { is: "UTF-16" };
    if !half.is_empty() {
        return Err(broken);
    }
    let text: Result<String, _> = char::decode_utf16(units.iter().map(|unit| read(*unit))).collect();
    text.map(|text| Cow::Owned(text.into_bytes())).map_err(|_| broken)
}

/// Whether the first characters are ASCII with a zero byte each, at even or odd positions. DER never begins like that.
fn is_wide(input: &[u8], zero: usize) -> bool {
    const LOOKED_AT: usize = 16;
    let (units, _) = input.as_chunks::<2>();
    let is_ascii = |unit: &[u8; 2]| {
        let byte = unit[1 - zero];
        unit[zero] == 0 && (byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    };
    units.len() >= LOOKED_AT && units[..LOOKED_AT].iter().all(is_ascii)
}

/// Whether a PEM block that begins at `begin` is inside something else: in JSON, or in YAML after its key, a quote or an indentation.
pub(super) fn is_wrapped(text: &[u8], begin: usize) -> bool {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    let before = begin.checked_sub(1).and_then(|before| text.get(before));
    matches!(first, Some(b'{' | b'[' | b'"')) || before.is_some_and(|before| !matches!(before, b'\n' | b'\r'))
}

/// The body of a block in a string of JSON or YAML (RFC 8259 section 7, YAML 1.2 section 5.7), with the escapes that base64 and its lines need.
pub(super) fn unescape(body: &str) -> Cow<'_, str> {
    if !body.contains('\\') {
        return Cow::Borrowed(body);
    }
    let mut plain = String::with_capacity(body.len());
    let mut rest = body.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match rest.next() {
            // A line of YAML that continues in the next one.
            Some('n' | 'r' | 't' | '\n' | '\r' | ' ') => plain.push('\n'),
            Some('u') => {
                let digits: String = rest.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok();
                plain.push(code.and_then(char::from_u32).unwrap_or('\\'));
            }
            Some('/') => plain.push('/'),
            _ => plain.push('\\'),
        }
    }
    Cow::Owned(plain)
}

/// What a text without a PEM block seems to be, in a few words.
pub(super) fn describe(input: &[u8]) -> Option<&'static str> {
    let text = str::from_utf8(input).ok()?.trim();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(&byte);
    match text.as_bytes() {
        [b'{' | b'[', ..] => Some("JSON"),
        [b'<', ..] => Some("XML"),
        all if all.len() > 64 && all.iter().all(|byte| is_base64(*byte)) => {
            Some("base64 without its BEGIN line")
        }
        _ if text.contains(": ") || text.ends_with(':') => Some("text, perhaps YAML"),
        _ => Some("text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf_16_is_read_with_its_mark_and_without_it_if_it_is_plain_ascii() {
        let text = "-----BEGIN CERTIFICATE-----\r\nMAA=\r\n";
        let (little, big) = (wide(text, u16::to_le_bytes), wide(text, u16::to_be_bytes));
        for input in [
            [&[0xff, 0xfe][..], &little].concat(),
            [&[0xfe, 0xff][..], &big].concat(),
            little.clone(),
            big,
            [UTF8_MARK, text.as_bytes()].concat(),
            text.as_bytes().to_vec(),
        ] {
            assert_eq!(to_utf8(&input).unwrap(), text.as_bytes());
        }
        let half = [&[0xff, 0xfe][..], &little, &[0]].concat();
        let lone = [0xff, 0xfe, 0, 0xd8, b'a', 0];
        let wider = [0xff, 0xfe, 0, 0, b'a', 0, 0, 0];
        for broken in [&half[..], &lone, &wider] {
            assert!(matches!(to_utf8(broken), Err(X509Error::BrokenText { .. })));
        }
        // DER, and text that is not plainly UTF-16.
        let der = [0x30, 0, 0x30, 0];
        assert_eq!(to_utf8(&der).unwrap(), &der[..]);
        let short = wide("ab", u16::to_le_bytes);
        assert_eq!(to_utf8(&short).unwrap(), &short[..]);
    }

    #[test]
    fn escapes_of_json_and_yaml_are_decoded() {
        assert_eq!(unescape("\\nMA\\u002b\\/=\\n"), "\nMA+/=\n");
        assert_eq!(unescape("MA\\\n  A="), "MA\n  A=");
        assert_eq!(unescape("MAA=\\x41"), "MAA=\\41");
        assert_eq!(unescape("MAA="), "MAA=");
    }
}
