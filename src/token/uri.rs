//! `pkcs11:` URIs (RFC 7512): the attributes that find a token, a key, a module or a PIN.

use std::fmt;

/// The supported parts of a `pkcs11:` URI. A missing part fits anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pkcs11Uri {
    /// `token`: the token's label.
    pub token: Option<String>,
    /// `serial`: the token's serial number.
    pub serial: Option<String>,
    /// `manufacturer`: the token's manufacturer.
    pub manufacturer: Option<String>,
    /// `model`: the token's model.
    pub model: Option<String>,
    /// `slot-id`: 64 bits, because CloudHSM's is 0x2000000000000001.
    pub slot_id: Option<u64>,
    /// `object`: the key's `CKA_LABEL`.
    pub object: Option<String>,
    /// `id`: the key's `CKA_ID`.
    pub id: Option<Vec<u8>>,
    /// `module-path`: the module's file.
    pub module_path: Option<String>,
    /// `pin-source`: where the PIN is.
    pub pin_source: Option<String>,
}

/// Why a text is not a usable URI. It never repeats the text: it could hold a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriError {
    /// It does not start with `pkcs11:`.
    Scheme,
    /// A PIN in a URI, which would show in process lists and shell histories.
    PinValue,
    /// A part without `=`, or given twice, or with a broken `%` sequence.
    Syntax {
        /// The attribute's name.
        attribute: String,
    },
    /// An unknown attribute: ignoring it could select another token than the intended one.
    Unknown {
        /// The attribute's name.
        attribute: String,
    },
    /// It names a token but no key: it has neither `object` nor `id`.
    NoKey,
    /// A `type` other than a private key, or another invalid value.
    Value {
        /// The attribute's name.
        attribute: &'static str,
    },
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => write!(f, "it does not start with pkcs11:"),
            Self::PinValue => write!(f, "a PIN must not be in a URI"),
            Self::Syntax { attribute } => {
                write!(f, "\"{attribute}\" is malformed or given twice (RFC 7512)")
            }
            Self::Unknown { attribute } => write!(f, "the attribute \"{attribute}\" is not supported"),
            Self::NoKey => write!(f, "it does not name a key: it has neither object nor id"),
            Self::Value { attribute } => write!(f, "the value of \"{attribute}\" cannot be used"),
        }
    }
}

impl std::error::Error for UriError {}

impl Pkcs11Uri {
    /// The scheme and its colon.
    pub const SCHEME: &'static str = "pkcs11:";

    /// Reads a URI by RFC 7512 section 2.3.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let rest = text.strip_prefix(Self::SCHEME).ok_or(UriError::Scheme)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        for part in path
            .split(';')
            .chain(query.split('&'))
            .filter(|part| !part.is_empty())
        {
            let (name, value) = part.split_once('=').ok_or_else(|| UriError::Syntax {
                attribute: part.chars().take_while(char::is_ascii_alphabetic).collect(),
            })?;
            uri.set(name, value)?;
        }
        Ok(uri)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), UriError> {
        let bytes = percent_decode(value).ok_or_else(|| UriError::Syntax {
            attribute: name.to_owned(),
        })?;
        let text = || {
            String::from_utf8(bytes.clone()).map_err(|_| UriError::Syntax {
                attribute: name.to_owned(),
            })
        };
        let field = match name {
            "token" => &mut self.token,
            "serial" => &mut self.serial,
            "manufacturer" => &mut self.manufacturer,
            "model" => &mut self.model,
            "object" => &mut self.object,
            "module-path" => &mut self.module_path,
            "pin-source" => &mut self.pin_source,
            "id" if self.id.is_none() => {
                self.id = Some(bytes);
                return Ok(());
            }
            "slot-id" if self.slot_id.is_none() => {
                let number = text()?
                    .parse()
                    .map_err(|_| UriError::Value { attribute: "slot-id" })?;
                self.slot_id = Some(number);
                return Ok(());
            }
            "type" if value == "private" => return Ok(()),
            "type" => return Err(UriError::Value { attribute: "type" }),
            "pin-value" => return Err(UriError::PinValue),
            "id" | "slot-id" => {
                return Err(UriError::Syntax {
                    attribute: name.to_owned(),
                });
            }
            _ => {
                return Err(UriError::Unknown {
                    attribute: name.to_owned(),
                });
            }
        };
        if field.is_some() {
            return Err(UriError::Syntax {
                attribute: name.to_owned(),
            });
        }
        *field = Some(text()?);
        Ok(())
    }
}

fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            let digits = std::str::from_utf8(&digits)
                .ok()
                .filter(|digits| !digits.starts_with('+'))?;
            u8::from_str_radix(digits, 16).ok()?
        } else {
            byte
        });
    }
    Some(decoded)
}

/// RFC 7512 section 2.3 writes an id's bytes as `%` sequences; in text, the unreserved characters of RFC 3986 section 2.3 stay.
pub(super) fn percent_encode(bytes: &[u8]) -> String {
    let is_text = std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(char::is_control));
    let stays = |byte: u8| is_text && (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    bytes.iter().fold(String::new(), |mut text, byte| {
        match char::from(*byte) {
            character if stays(*byte) => text.push(character),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_attributes_are_read() {
        let uri = Pkcs11Uri::parse(
            "pkcs11:token=My%20CA;serial=01;slot-id=2305843009213693953;object=ca;id=%00%ff;type=private\
             ?module-path=/x.so&pin-source=file:/p",
        )
        .unwrap();
        assert_eq!(uri.token.as_deref(), Some("My CA"));
        assert_eq!(uri.slot_id, Some(0x2000_0000_0000_0001));
        assert_eq!(uri.id, Some(vec![0, 0xff]));
        assert_eq!(uri.module_path.as_deref(), Some("/x.so"));
        assert_eq!(uri.pin_source.as_deref(), Some("file:/p"));
    }

    #[test]
    fn a_pin_in_a_uri_is_refused_without_repeating_it() {
        let error = Pkcs11Uri::parse("pkcs11:token=a?pin-value=hunter2").unwrap_err();
        assert_eq!(error, UriError::PinValue);
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn an_unknown_attribute_is_not_ignored() {
        for text in [
            "pkcs12:",
            "pkcs11:tokne=a",
            "pkcs11:token=a;token=b",
            "pkcs11:id=%4",
            "pkcs11:id=%+1",
            "pkcs11:slot-id=x",
            "pkcs11:type=cert",
            "pkcs11:token",
        ] {
            assert!(Pkcs11Uri::parse(text).is_err(), "{text}");
        }
    }
}
