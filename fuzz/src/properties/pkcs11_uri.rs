//! A `pkcs11:` URI.

use std::fmt::Write;

use hsm_ca::token::{KeySelector, Pkcs11Uri, TokenSelector, UriError};

use super::shown::told;

/// A parsed URI parses the same from its text with every byte in hex; a PIN is never accepted.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    for error in [TokenSelector::parse(text).err(), KeySelector::parse(text).err()] {
        error.into_iter().for_each(told);
    }
    let uri = match Pkcs11Uri::parse(text) {
        Ok(uri) => uri,
        Err(UriError::Scheme) => return assert!(!text.starts_with(Pkcs11Uri::SCHEME)),
        Err(error) => return told(error),
    };
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let mut parts = path.split(';').chain(query.split('&'));
    assert!(!parts.any(|part| part.starts_with("pin-value=")));
    assert_eq!(Pkcs11Uri::parse(&write(&uri)), Ok(uri));
}

fn write(uri: &Pkcs11Uri) -> String {
    let text = |text: &Option<String>| text.as_ref().map(|text| text.clone().into_bytes());
    let slot = uri.slot_id.map(|slot| slot.to_string().into_bytes());
    let attribute = |(name, value): (&str, Option<Vec<u8>>)| {
        let mut written = format!("{name}=");
        for byte in value? {
            write!(written, "%{byte:02x}").ok()?;
        }
        Some(written)
    };
    let path = [
        ("token", text(&uri.token)),
        ("serial", text(&uri.serial)),
        ("manufacturer", text(&uri.manufacturer)),
        ("model", text(&uri.model)),
        ("slot-id", slot),
        ("object", text(&uri.object)),
        ("id", uri.id.clone()),
    ];
    let query = [
        ("module-path", text(&uri.module_path)),
        ("pin-source", text(&uri.pin_source)),
    ];
    let path: Vec<_> = path.into_iter().filter_map(attribute).collect();
    let query: Vec<_> = query.into_iter().filter_map(attribute).collect();
    format!("{}{}?{}", Pkcs11Uri::SCHEME, path.join(";"), query.join("&"))
}
