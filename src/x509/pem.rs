//! Inputs are PEM or DER, recognised by content.

use std::borrow::Cow;

use base64ct::{Base64, Encoding as _};

use super::X509Error;
use super::text::{describe, is_wrapped, to_utf8, unescape};

/// The PEM label of a certificate.
pub const CERTIFICATE: &str = "CERTIFICATE";
/// The PEM label of a PKCS#10 request.
pub const CERTIFICATE_REQUEST: &str = "CERTIFICATE REQUEST";

/// The PEM label of a certificate revocation list.
pub const X509_CRL: &str = "X509 CRL";

/// The PEM label of an OCSP request, as OpenSSL and GnuTLS write it. It is sent as DER.
pub const OCSP_REQUEST: &str = "OCSP REQUEST";

/// The PEM label of an OCSP response, as OpenSSL and GnuTLS write it. It is sent as DER.
pub const OCSP_RESPONSE: &str = "OCSP RESPONSE";

/// The PEM label of a `SubjectPublicKeyInfo`.
pub const PUBLIC_KEY: &str = "PUBLIC KEY";

/// Labels that old programs write for the same structure (RFC 7468 sections 5.1 and 7).
const OLD_LABELS: [(&str, &str); 4] = [
    // RFC 7468 section 6: "Historically, the label "CRL" has rarely been used."
    ("CRL", X509_CRL),
    ("NEW CERTIFICATE REQUEST", CERTIFICATE_REQUEST),
    ("X509 CERTIFICATE", CERTIFICATE),
    ("X.509 CERTIFICATE", CERTIFICATE),
];

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// The DER bytes of the one structure in `input`: DER, or one PEM block, possibly after other text (`openssl x509 -text` writes some).
///
/// # Errors
/// [`X509Error`]: empty, no such block, several, or a broken one.
pub fn decode_one(input: &[u8], label: &'static str) -> Result<Vec<u8>, X509Error> {
    one_of(decode_all(input, label)?)
}

fn one_of(mut blocks: Vec<Vec<u8>>) -> Result<Vec<u8>, X509Error> {
    match blocks.len() {
        1 => Ok(blocks.remove(0)),
        count => Err(X509Error::SeveralPem { count }),
    }
}

/// As [`decode_one`], for files that may hold several structures, such as a chain. At least one.
///
/// # Errors
/// [`X509Error`]: empty, no such block, or one that is broken or of another kind.
pub fn decode_all(input: &[u8], label: &'static str) -> Result<Vec<Vec<u8>>, X509Error> {
    if is_der(input) {
        return Ok(vec![input.to_vec()]);
    }
    decode_text(&to_utf8(input)?, label)
}

/// The same for a text in UTF-8, so that the conversion happens only once.
fn decode_text(input: &[u8], label: &'static str) -> Result<Vec<Vec<u8>>, X509Error> {
    if input.iter().all(u8::is_ascii_whitespace) {
        return Err(X509Error::Empty);
    }
    // The part before the first block may be large and need not be text; it is not copied.
    let begin = find(input, 0, BEGIN.as_bytes()).ok_or_else(|| not_pem(input, label))?;
    // A request among the certificates of `aws cloudhsmv2 describe-clusters`. Nothing is trusted for being found there.
    let is_wrapped = label == CERTIFICATE_REQUEST && is_wrapped(input, begin);
    let text = read_text(&input[begin..]);
    let mut blocks = Vec::new();
    let mut rest = text.as_ref();
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (found, after) = after
            .split_once(DASHES)
            .filter(|(label, _)| is_label(label))
            .ok_or(X509Error::BrokenPem {
                reason: "its BEGIN line is damaged",
            })?;
        let plain = OLD_LABELS
            .iter()
            .find(|(old, _)| *old == found)
            .map_or(found, |(_, new)| new);
        if plain != label && is_wrapped {
            rest = after;
            continue;
        }
        if plain != label {
            return Err(X509Error::WrongPem {
                expected: label,
                found: found.chars().take(64).collect(),
            });
        }
        let (body, after) = after.split_once(END).ok_or(X509Error::BrokenPem {
            reason: "it has no END line",
        })?;
        let after = after
            .strip_prefix(found)
            .and_then(|after| after.strip_prefix(DASHES))
            .ok_or(X509Error::BrokenPem {
                reason: "its END line differs from its BEGIN line",
            })?;
        blocks.push(match is_wrapped {
            true => decode_body(&unescape(body))?,
            false => decode_body(body)?,
        });
        rest = after;
    }
    match blocks.is_empty() {
        true => Err(not_pem(input, label)),
        false => Ok(blocks),
    }
}

fn not_pem(input: &[u8], expected: &'static str) -> X509Error {
    X509Error::NotPem {
        expected,
        found: describe(input),
    }
}

/// Every label in use passes. Errors show the label, and the text after an unterminated BEGIN line may be a private key.
fn is_label(text: &str) -> bool {
    let is_usual = |character: char| {
        character.is_ascii_uppercase() || character.is_ascii_digit() || [' ', '.'].contains(&character)
    };
    text.chars().all(is_usual)
}

/// A SEQUENCE, by its first two bytes: the tag is also the digit "0", but a length above 127 is not ASCII. DER stays DER whatever it contains, even
/// a PEM block.
fn is_der(input: &[u8]) -> bool {
    match input {
        [0x30, length, ..] if *length < 0x80 => usize::from(*length) + 2 == input.len(),
        [0x30, _, ..] => true,
        _ => false,
    }
}

/// UTF-8, or else Latin-1, in which every byte is a character that an error can name.
fn read_text(input: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(input) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(input.iter().copied().map(char::from).collect()),
    }
}

fn decode_body(body: &str) -> Result<Vec<u8>, X509Error> {
    let base64: String = body
        .chars()
        .filter(|character| !character.is_ascii_whitespace())
        .collect();
    let der = Base64::decode_vec(&base64).map_err(|_| not_base64(body.as_bytes()))?;
    if der.is_empty() {
        Err(X509Error::Empty)
    } else {
        Ok(der)
    }
}

/// The fault in the base64 of a block: the first invalid character, and its line in the block.
fn not_base64(body: &[u8]) -> X509Error {
    let is_usual =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte) || byte.is_ascii_whitespace();
    let Some(at) = body.iter().position(|byte| !is_usual(byte)) else {
        return X509Error::BrokenPem {
            reason: "it is not base64",
        };
    };
    let character = read_text(&body[at..]);
    let lines = body[..at].iter().filter(|byte| **byte == b'\n').count();
    X509Error::NotBase64 {
        character: character.chars().next().unwrap_or(char::REPLACEMENT_CHARACTER),
        line: lines + 1,
    }
}

/// As [`decode_one`], in the bytes of the input, because a revocation list can have a hundred million.
///
/// # Errors
/// As [`decode_one`].
pub fn decode_in_place(mut input: Vec<u8>, label: &'static str) -> Result<Vec<u8>, X509Error> {
    if is_der(&input) {
        return Ok(input);
    }
    let (converted, mark) = match to_utf8(&input)? {
        Cow::Owned(text) => (Some(text), 0),
        Cow::Borrowed(text) => (None, input.len().saturating_sub(text.len())),
    };
    match converted {
        Some(text) => input = text,
        None => drop(input.drain(..mark)),
    }
    let (begin, end) = (BEGIN.as_bytes(), END.as_bytes());
    let found = find(&input, 0, begin).zip(find(&input, 0, end));
    let (Some((start, stop)), true) = (found, count(&input, begin) == 1) else {
        // Finds the fault, or the several blocks.
        return one_of(decode_text(&input, label)?);
    };
    // The first line ends with its dashes, and the block follows it.
    let is_line =
        |end: &usize| *end < stop && input[start..*end].trim_ascii_end().ends_with(DASHES.as_bytes());
    let Some(body) = find(&input, start, b"\n").filter(is_line) else {
        return one_of(decode_text(&input, label)?);
    };
    // The frame of the block, with other content, is read like any other block.
    let frame = [&input[start..=body], b"MAA=\n", &input[stop..]].concat();
    decode_text(&frame, label)?;
    input.truncate(stop);
    input.drain(..body);
    let not_base64 = not_base64(&input);
    input.retain(|byte| !byte.is_ascii_whitespace());
    // In-place decoding accepts a last group without its padding, or with bits that encode nothing.
    let last_group = input.len().saturating_sub(1) / 4 * 4;
    let Ok(length) = str::from_utf8(&input[last_group..])
        .map_err(|_| base64ct::Error::InvalidEncoding)
        .and_then(Base64::decode_vec)
        .and_then(|_| Ok(Base64::decode_in_place(&mut input)?.len()))
    else {
        return Err(not_base64);
    };
    input.truncate(length);
    if input.is_empty() {
        return Err(X509Error::Empty);
    }
    Ok(input)
}

fn find(input: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let at = input.get(from..)?.windows(wanted.len());
    at.into_iter()
        .position(|window| window == wanted)
        .map(|at| from + at)
}

fn count(input: &[u8], wanted: &[u8]) -> usize {
    input
        .windows(wanted.len())
        .filter(|window| *window == wanted)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(label: &str) -> String {
        format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n")
    }

    #[test]
    fn text_before_old_labels_crlf_and_der_are_read() {
        let text = format!(
            "Certificate Request:\n  Data: {{0}}\n{}",
            block("NEW CERTIFICATE REQUEST")
        );
        assert_eq!(
            decode_one(text.as_bytes(), CERTIFICATE_REQUEST).unwrap(),
            [0x30, 0]
        );
        let crlf = block(CERTIFICATE).replace('\n', "\r\n");
        assert_eq!(decode_one(crlf.as_bytes(), CERTIFICATE).unwrap(), [0x30, 0]);
        assert_eq!(decode_one(&[0x30, 0], CERTIFICATE).unwrap(), [0x30, 0]);
        // The text before the block need not be text.
        let binary = [&[0xff, 0x80, 0, b'-', 0xc3][..], block(CERTIFICATE).as_bytes()].concat();
        assert_eq!(decode_one(&binary, CERTIFICATE).unwrap(), [0x30, 0]);
        // DER that contains a PEM block is DER.
        let inner = block(CERTIFICATE);
        let length = u8::try_from(inner.len()).unwrap();
        let der = [&[0x30, length], inner.as_bytes()].concat();
        assert_eq!(decode_one(&der, CERTIFICATE).unwrap(), der);
    }

    #[test]
    fn the_result_is_the_same_in_place_or_not() {
        let one = block(CERTIFICATE);
        let texts = [
            one.clone(),
            format!("text\n{one}\n more text"),
            one.replace('\n', "\r\n"),
            one.replace("MAA=", "M A\nA\t="),
            one.replace("MAA=", "M*A="),
            one.replace("MAA=", "MAA"),
            one.replace("MAA=", "MAB="),
            one.replace("MAA=", "MA=="),
            one.replace("MAA=", "MB=="),
            one.replace("MAA=", "MAA==="),
            one.replace("MAA=", "MAAAMAB="),
            one.replace("MAA=", "MAB=MAA="),
            one.replace("MAA=", "MAAAM"),
            one.replace("MAA=", "MAAA="),
            one.replace("MAA=", ""),
            one.repeat(2),
            block("X.509 CERTIFICATE"),
            block("PRIVATE KEY"),
            one.replace("END CERT", "END OTHER"),
            one.replace("-----\nM", "M"),
            one.replace("-----\nM", "-----M"),
            one[..30].to_owned(),
            one[..40].to_owned(),
            "-----END CERTIFICATE-----\n".to_owned() + &one,
            " \n".to_owned(),
            "hello".to_owned(),
            "0\0".to_owned(),
        ];
        let marks: [&[u8]; 5] = [
            b"\xfe\xff\xfe\xff",
            b"\xff\xfe\xff\xfe",
            b"\xef\xbb\xbf",
            b"\xef\xbb\xbf\xef\xbb\xbf",
            b"\xfe\xff0\x80",
        ];
        for input in marks {
            let in_place = decode_in_place(input.to_vec(), CERTIFICATE).map_err(|error| error.to_string());
            let copied = decode_one(input, CERTIFICATE).map_err(|error| error.to_string());
            assert_eq!(in_place, copied, "{input:?}");
        }
        for text in texts
            .iter()
            .cloned()
            .chain(texts.iter().map(|text| format!("\u{feff}{text}")))
        {
            let [in_place, copied] = [
                decode_in_place(text.clone().into_bytes(), CERTIFICATE),
                decode_one(text.as_bytes(), CERTIFICATE),
            ]
            .map(|outcome| outcome.map_err(|error| error.to_string()));
            assert_eq!(in_place, copied, "{text:?}");
        }
    }

    #[test]
    fn every_wrong_input_has_its_own_error() {
        let one = block(CERTIFICATE);
        let of = |text: &str| decode_one(text.as_bytes(), CERTIFICATE);
        assert!(matches!(of(" \n"), Err(X509Error::Empty)));
        assert!(matches!(of("hello"), Err(X509Error::NotPem { .. })));
        assert!(matches!(
            of(&block("PRIVATE KEY")),
            Err(X509Error::WrongPem { .. })
        ));
        assert!(matches!(
            of(&one.repeat(2)),
            Err(X509Error::SeveralPem { count: 2 })
        ));
        assert!(matches!(
            of(&one.replace("MAA=", "MAA=\nM\u{2013}A=")),
            Err(X509Error::NotBase64 {
                character: '\u{2013}',
                line: 3
            })
        ));
        assert!(matches!(
            of(&one.replace("END CERT", "END OTHER")),
            Err(X509Error::BrokenPem { .. })
        ));
        assert!(matches!(of(&one[..30]), Err(X509Error::BrokenPem { .. })));
        // An Ed25519 key after a BEGIN line with four dashes.
        let key = block("PRIVATE KEY").replace("MAA=", "MC4CAQAwBQYDK2VwBCIEIAAB");
        for broken in [
            key.replacen("KEY-----", "KEY----", 1),
            key.replacen("KEY-----\n", "KEY ", 1),
            key.replace('\n', " ").replacen("KEY-----", "KEY----", 1),
        ] {
            let error = of(&broken).unwrap_err();
            assert!(matches!(error, X509Error::BrokenPem { .. }), "{error}");
        }
    }
}
