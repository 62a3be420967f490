//! Which token and which key to use: a label, or a `pkcs11:` URI.

use std::fmt;

use super::uri::percent_encode;
use super::{KeyDescription, Pkcs11Uri, TokenDescription, UriError};
use crate::signer::Hex;

/// Which token to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenSelector {
    label: Option<String>,
    serial: Option<String>,
    manufacturer: Option<String>,
    model: Option<String>,
    slot_id: Option<u64>,
}

impl TokenSelector {
    /// A label, or a `pkcs11:` URI.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if text.starts_with(Pkcs11Uri::SCHEME) {
            return Ok(Self::from(&Pkcs11Uri::parse(text)?));
        }
        Ok(Self {
            label: Some(text.to_owned()),
            ..Self::default()
        })
    }

    /// The token with this serial number, because labels change, and slots move.
    #[must_use]
    pub fn with_serial(serial: &str) -> Self {
        Self {
            serial: Some(serial.to_owned()),
            ..Self::default()
        }
    }

    /// True if `token` fits.
    #[must_use]
    pub fn fits(&self, token: &TokenDescription) -> bool {
        let same =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        same(&self.label, &token.label)
            && same(&self.serial, &token.serial)
            && same(&self.manufacturer, &token.manufacturer)
            && same(&self.model, &token.model)
            && self.slot_id.is_none_or(|slot_id| slot_id == token.slot_id)
    }
}

impl TokenSelector {
    /// The slot that it must be in, if one is named.
    pub(super) const fn slot_id(&self) -> Option<u64> {
        self.slot_id
    }
}

impl From<&Pkcs11Uri> for TokenSelector {
    fn from(uri: &Pkcs11Uri) -> Self {
        let Pkcs11Uri {
            token,
            serial,
            manufacturer,
            model,
            slot_id,
            ..
        } = uri.clone();
        Self {
            label: token,
            serial,
            manufacturer,
            model,
            slot_id,
        }
    }
}

impl fmt::Display for TokenSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = [
            ("labelled", &self.label),
            ("with serial number", &self.serial),
            ("by", &self.manufacturer),
            ("of model", &self.model),
        ];
        let mut parts: Vec<String> = texts
            .iter()
            .filter_map(|(word, text)| text.as_ref().map(|text| format!("{word} \"{text}\"")))
            .collect();
        parts.extend(self.slot_id.map(|slot_id| format!("in slot {slot_id}")));
        f.write_str(&if parts.is_empty() {
            "in any slot".to_owned()
        } else {
            parts.join(" ")
        })
    }
}

/// Which key to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySelector {
    pub(super) label: Option<String>,
    pub(super) id: Option<Vec<u8>>,
}

impl KeySelector {
    /// By `CKA_LABEL`.
    #[must_use]
    pub fn labelled(label: &str) -> Self {
        Self {
            label: Some(label.to_owned()),
            id: None,
        }
    }

    /// By `CKA_ID`.
    #[must_use]
    pub fn with_id(id: &[u8]) -> Self {
        Self {
            label: None,
            id: Some(id.to_vec()),
        }
    }

    /// A label, or a `pkcs11:` URI with `object` or `id`.
    ///
    /// # Errors
    /// [`UriError`], also for a URI that names no key.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        if !text.starts_with(Pkcs11Uri::SCHEME) {
            return Ok(Self::labelled(text));
        }
        match Pkcs11Uri::parse(text)? {
            // They would be ignored: the module and the PIN belong to the token.
            Pkcs11Uri {
                pin_source: Some(_), ..
            } => Err(UriError::Value {
                attribute: "pin-source",
            }),
            Pkcs11Uri {
                module_path: Some(_), ..
            } => Err(UriError::Value {
                attribute: "module-path",
            }),
            Pkcs11Uri {
                object: None,
                id: None,
                ..
            } => Err(UriError::NoKey),
            Pkcs11Uri {
                object: label, id, ..
            } => Ok(Self { label, id }),
        }
    }

    /// As a `pkcs11:` URI (RFC 7512).
    #[must_use]
    pub fn to_uri(&self) -> String {
        let label = self.label.iter().map(|label| ("object", label.as_bytes()));
        let id = self.id.iter().map(|id| ("id", id.as_slice()));
        let parts: Vec<_> = label
            .chain(id)
            .map(|(name, value)| format!("{name}={}", percent_encode(value)))
            .collect();
        format!("{}{}", Pkcs11Uri::SCHEME, parts.join(";"))
    }

    /// True if `key` fits.
    #[must_use]
    pub fn fits(&self, key: &KeyDescription) -> bool {
        self.label.as_ref().is_none_or(|label| *label == key.label)
            && self.id.as_ref().is_none_or(|id| *id == key.id)
    }
}

/// A `pkcs11:` URI for each key that fits no other key: by the label if that is enough, then by the id, then by both. Keys with the same label and
/// id as another are left out.
#[must_use]
pub fn tell_apart(keys: &[KeyDescription]) -> Vec<String> {
    let fits_one = |selector: &KeySelector| keys.iter().filter(|key| selector.fits(key)).count() == 1;
    let name = |key: &KeyDescription| {
        // A label with bytes that are not UTF-8 differs from the token's own.
        let label = Some(key.label.clone()).filter(|label| !label.contains(char::REPLACEMENT_CHARACTER));
        let by_label = KeySelector {
            label: label.clone().filter(|label| !label.is_empty()),
            id: None,
        };
        let by_id = KeySelector::with_id(&key.id);
        let by_both = KeySelector {
            label,
            id: Some(key.id.clone()),
        };
        let selectors = [by_label, by_id, by_both];
        let mut usable = selectors
            .iter()
            .filter(|selector| selector.label.is_some() || selector.id.is_some());
        usable
            .find(|selector| fits_one(selector))
            .map(KeySelector::to_uri)
    };
    keys.iter().filter_map(name).collect()
}

impl fmt::Display for KeySelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.label, &self.id) {
            (Some(label), None) => write!(f, "labelled \"{label}\""),
            (label, id) => {
                let label = label.as_ref().map(|label| format!("labelled \"{label}\" "));
                write!(
                    f,
                    "{}with id {}",
                    label.unwrap_or_default(),
                    Hex(id.as_deref().unwrap_or_default())
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{KeyAttributes, KeyClass};

    fn key(label: &str, id: &[u8]) -> KeyDescription {
        KeyDescription {
            class: KeyClass::Private,
            label: label.to_owned(),
            id: id.to_vec(),
            kind: "EC P-256".to_owned(),
            attributes: KeyAttributes::default(),
        }
    }

    #[test]
    fn keys_are_distinguished_by_as_little_as_is_needed() {
        let keys = [
            key("my ca; 'é'", &[]),
            key("b", &[]),
            key("c", &[1]),
            key("c", &[0xff]),
            key("", &[1]),
        ];
        let names = tell_apart(&keys);
        assert_eq!(
            names,
            [
                "pkcs11:object=my%20ca%3B%20%27%C3%A9%27",
                "pkcs11:object=b",
                "pkcs11:object=c;id=%01",
                "pkcs11:id=%FF",
                "pkcs11:object=;id=%01"
            ]
        );
        for (name, key) in names.iter().zip(&keys) {
            let selector = KeySelector::parse(name).unwrap();
            assert!(selector.fits(key), "{name}");
            assert_eq!(keys.iter().filter(|key| selector.fits(key)).count(), 1, "{name}");
        }
    }

    #[test]
    fn twins_cannot_be_distinguished() {
        assert_eq!(
            tell_apart(&[key("a", &[]), key("a", &[]), key("b", &[])]),
            ["pkcs11:object=b"]
        );
        assert!(tell_apart(&[key("a\u{fffd}", &[1]), key("a\u{fffd}", &[1])]).is_empty());
    }
}
