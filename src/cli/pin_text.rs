//! Extracts the PIN from a source. Editors add line ends and byte-order marks, which would make it a wrong PIN.

use std::str;

use zeroize::Zeroizing;

use super::exit::CliError;

/// Longer than any token accepts.
pub(super) const LONGEST_PIN: usize = 4096;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The PIN in the bytes that were read from `from`.
pub(super) fn decode_pin(bytes: &[u8], from: &str) -> Result<Zeroizing<String>, CliError> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(CliError::pin(format!("{from} is UTF-16: save it as UTF-8")));
    }
    let text = str::from_utf8(bytes).map_err(|_| CliError::pin(format!("{from} is not UTF-8 text")))?;
    trim_pin(text, from)
}

/// Removes a leading byte-order mark and trailing line ends. Refuses a second line, because either line could be the PIN.
pub(super) fn trim_pin(text: &str, from: &str) -> Result<Zeroizing<String>, CliError> {
    let pin = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let pin = pin.trim_end_matches(['\r', '\n']);
    let fault = if pin.is_empty() {
        "has no PIN: it is empty"
    } else if pin.len() > LONGEST_PIN {
        "has no PIN: it is too long"
    } else if pin.contains('\0') {
        "has no PIN: it contains a NUL"
    } else if pin.contains(['\r', '\n']) {
        "has more than one line; a PIN is one line"
    } else if pin.contains(BYTE_ORDER_MARK) {
        "has a byte-order mark in the middle"
    } else {
        return Ok(Zeroizing::new(pin.to_owned()));
    };
    Err(CliError::pin(format!("{from} {fault}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_and_newlines_are_not_part_of_a_pin() {
        for text in [
            "12 34",
            "12 34\n",
            "12 34\n\n",
            "12 34\r\n",
            "12 34\r\n\r\n",
            "12 34\n\r\n",
            "12 34\r",
            "\u{feff}12 34",
            "\u{feff}12 34\r\n\r\n\n",
        ] {
            assert_eq!(
                decode_pin(text.as_bytes(), "it").unwrap().as_str(),
                "12 34",
                "{text:?}"
            );
        }
        // Blanks may belong to the PIN.
        assert_eq!(trim_pin(" 1 \t\n", "it").unwrap().as_str(), " 1 \t");
    }

    #[test]
    fn what_may_be_another_pin_than_was_meant_is_refused_and_not_repeated() {
        let long = "7".repeat(LONGEST_PIN + 1);
        let texts = [
            "",
            "\n",
            "\u{feff}",
            "\u{feff}\r\n",
            "77\n78",
            "77\r78\n",
            "\n77",
            "\r\n77",
            "77\n\u{feff}",
            "\u{feff}\u{feff}77",
            "77\u{feff}78",
            "77\0",
            &long,
        ];
        for text in texts {
            let error = format!("{:?}", decode_pin(text.as_bytes(), "it").unwrap_err());
            assert!(!error.contains('7'), "{text:?}: {error}");
        }
        for bytes in [&b"\xff\xfe7\x007\x00"[..], b"\xfe\xff\x007\x007"] {
            let error = format!("{:?}", decode_pin(bytes, "it").unwrap_err());
            assert!(error.contains("UTF-16"), "{error}");
        }
        assert!(decode_pin(b"77\xff", "it").is_err());
    }
}
