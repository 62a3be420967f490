//! Names as text: a subject of RFC 4514, and the names of `subjectAltName`.

use hsm_ca::x509::{AlternativeName, Name};

use super::shown::{printable, told};

/// A parsed subject can be shown, and its shown text parses to a like name: text does not show string types (RFC 5280 section 7.1).
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    match Name::from_rfc4514(text) {
        Err(error) => told(error),
        Ok(name) => {
            assert_eq!(name.check_readable(), Ok(()));
            let shown = name.to_string();
            printable(&shown);
            let again = Name::from_rfc4514(&shown);
            assert!(again.is_ok_and(|again| again.is_like(&name)), "{shown}");
        }
    }
    match AlternativeName::parse(text) {
        Err(reason) => told(reason),
        Ok(name) => {
            printable(&name);
            assert!(name.to_string().is_ascii());
        }
    }
}
