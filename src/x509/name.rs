//! Distinguished names: copied as DER bytes, shown and read as RFC 4514 text.

mod attribute;
mod characters;
mod check;
mod fault;
mod partition;
mod string_type;

pub(super) use characters::{find_mixed_scripts, is_misleading_letter};
pub use fault::NameFault;

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use const_oid::ObjectIdentifier;
use const_oid::db::DB;
use der::asn1::{Any, Ia5StringRef, PrintableStringRef, Utf8StringRef};
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::name::RdnSequence;

use super::name_hash::read_text;
use super::{X509Error, object_identifier};
use crate::signer::Hex;
use crate::values::{Name, is_unprintable};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// x500UniqueIdentifier: the only one of X.520's attributes that is a BIT STRING.
const UNIQUE_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.45");
const EMAIL_ADDRESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");

impl Name {
    /// Keeps the encoded bytes of a decoded element, which must be a SEQUENCE.
    pub(super) fn from_any(any: &Any, what: &'static str) -> Result<Self, X509Error> {
        let der = any.to_der().map_err(X509Error::malformed(what))?;
        Self::from_der(&der).map_err(X509Error::not_a_name(what))
    }

    pub(super) fn to_any(&self) -> Result<Any, X509Error> {
        Any::from_der(self.der()).map_err(X509Error::malformed("name"))
    }

    /// Reads an RFC 4514 string, most specific part first: `CN=Example CA,O=Example\, Inc.,C=US`. Spaces around the
    /// separators are allowed, as people write them.
    ///
    /// # Errors
    /// [`X509Error::Subject`]
    pub fn from_rfc4514(text: &str) -> Result<Self, X509Error> {
        let wrong = |reason: String| X509Error::Subject {
            text: text.to_owned(),
            reason,
        };
        if text.trim().is_empty() {
            return Err(wrong("it is empty".to_owned()));
        }
        if text.starts_with('/') {
            return Err(wrong(
                "write it as CN=Example CA,O=Example,C=US, without slashes".to_owned(),
            ));
        }
        let backslashes = text
            .chars()
            .rev()
            .take_while(|character| *character == '\\')
            .count();
        if backslashes % 2 == 1 {
            return Err(wrong("it ends with a backslash".to_owned()));
        }
        if let Some(pair) = find_wrong_pair(text) {
            return Err(wrong(format!(
                "a backslash stands before a special character or two hex digits (RFC 4514 section 3), not before {pair:?}"
            )));
        }
        if let Some(character) = find_unescaped(text) {
            return Err(wrong(format!(
                "write \\{character} for {character}, with a backslash (RFC 4514 section 2.4)"
            )));
        }
        let names =
            RdnSequence::from_str(&trim_separators(text)).map_err(|_| wrong(describe_unread(text)))?;
        let mut rdns = Vec::new();
        for rdn in names.iter() {
            let mut attributes: Vec<_> = rdn.iter().cloned().collect();
            attributes.iter_mut().for_each(string_type::to_only_type);
            for attribute in &attributes {
                check::check_given(attribute).map_err(wrong)?;
            }
            let rdn = attributes.try_into();
            rdns.push(rdn.map_err(|error: der::Error| wrong(error.to_string()))?);
        }
        let der = RdnSequence::from(rdns).to_der();
        let name = Self::from_der(&der.map_err(|error| wrong(error.to_string()))?);
        let name = name.map_err(|error| wrong(error.to_string()))?;
        match name.type_faults().into_iter().next() {
            Some(fault) => Err(wrong(fault.found)),
            None => Ok(name),
        }
    }

    /// True if the two differ at most in case, spaces and string types: RFC 5280 section 7.1 treats those as one name.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self == other || self.comparable() == other.comparable()
    }

    /// Bytes that are equal for two names exactly if one [is like](Self::is_like) the other.
    pub(super) fn comparable(&self) -> Vec<u8> {
        // RDNs are SETs, and a name that cannot be folded is a SEQUENCE, so the two never collide.
        self.folded_rdns().unwrap_or_else(|| self.der().to_vec())
    }

    /// True if the name is `prefix`, or below it in the tree of directory names (RFC 5280 section 4.2.1.10); compared by section 7.1, without
    /// regard to case and spaces. `None` if one of them cannot be compared.
    #[must_use]
    pub(super) fn begins_with(&self, prefix: &Self) -> Option<bool> {
        Some(self.folded_rdns()?.starts_with(&prefix.folded_rdns()?))
    }

    /// The values of commonName, in order.
    #[must_use]
    pub(super) fn common_names(&self) -> Vec<String> {
        self.values(COMMON_NAME)
    }

    /// The values of emailAddress (RFC 2985 section 5.2.1), in order.
    #[must_use]
    pub(super) fn email_addresses(&self) -> Vec<String> {
        self.values(EMAIL_ADDRESS)
    }

    fn values(&self, kind: ObjectIdentifier) -> Vec<String> {
        let names = RdnSequence::from_der(self.der()).unwrap_or_default();
        let attributes = names.iter().flat_map(|rdn| rdn.iter());
        attributes
            .filter(|attribute| attribute.oid == kind)
            .filter_map(|attribute| text_of(&attribute.value).map(str::to_owned))
            .collect()
    }
}

/// Why the text is not a name: a type that is not known, if one is, or the form.
fn describe_unread(text: &str) -> String {
    const FORM: &str = "write TYPE=value pairs as in CN=Example CA,O=Example,C=US";
    let is_known = |attribute: &str| RdnSequence::from_str(&format!("{attribute}=x")).is_ok();
    let types = text.split([',', '+']).filter_map(|pair| pair.split_once('='));
    let mut types = types.map(|(attribute, _)| attribute.trim());
    match types.find(|attribute| !attribute.is_empty() && !is_known(attribute)) {
        Some(unknown) => format!("{unknown} is not a known type; {FORM}"),
        None => FORM.to_owned(),
    }
}

/// A character that RFC 4514 section 3 allows only with a backslash; the parser below would accept it without one.
fn find_unescaped(text: &str) -> Option<char> {
    let mut escaped = false;
    text.chars().find(|character| {
        let found = !escaped && matches!(character, '"' | ';' | '<' | '>');
        escaped = *character == '\\' && !escaped;
        found
    })
}

/// What follows a backslash, if it is neither a special character nor two hex digits. The parser drops such a backslash.
fn find_wrong_pair(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('\\') {
        let mut characters = after.chars();
        let first = characters.next()?;
        rest = characters.as_str();
        if " \"#+,;<=>\\".contains(first) {
            continue;
        }
        let second = characters.next();
        rest = characters.as_str();
        if !first.is_ascii_hexdigit() || !second.is_some_and(|second| second.is_ascii_hexdigit()) {
            return after.strip_suffix(rest);
        }
    }
    None
}

/// Spaces around an unescaped comma or plus are not part of a value (RFC 4514 section 2 has none, but people write them).
fn trim_separators(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut part = String::new();
    let mut escaped = false;
    let flush = |part: &mut String, result: &mut String| {
        // Only the ASCII space: other white space is part of the value (RFC 4514 section 2.4).
        let trimmed = part.trim_start_matches(' ');
        let kept = trimmed.trim_end_matches(' ');
        result.push_str(kept);
        if kept.ends_with('\\') && kept.len() < trimmed.len() {
            result.push(' ');
        }
        part.clear();
    };
    for character in text.chars() {
        if matches!(character, ',' | '+') && !escaped {
            flush(&mut part, &mut result);
            result.push(character);
        } else {
            part.push(character);
        }
        escaped = character == '\\' && !escaped;
    }
    flush(&mut part, &mut result);
    result
}

/// The text of the string types that can be shown unchanged.
pub(super) fn text_of(value: &Any) -> Option<&str> {
    match value.tag() {
        Tag::Utf8String => value
            .decode_as::<Utf8StringRef<'_>>()
            .ok()
            .map(|text| text.as_str()),
        Tag::PrintableString => value
            .decode_as::<PrintableStringRef<'_>>()
            .ok()
            .map(|text| text.as_str()),
        Tag::Ia5String => value
            .decode_as::<Ia5StringRef<'_>>()
            .ok()
            .map(|text| text.as_str()),
        _ => None,
    }
    .and(std::str::from_utf8(value.value()).ok())
}

/// The text of a string of any type, for display: without characters that move the cursor or hide text.
pub(super) fn shown_text(value: &Any) -> Option<String> {
    let tag = *value.to_der().ok()?.first()?;
    read_text(tag, value.value()).map(|text| visible(&text))
}

/// The short name people use for an object identifier, or its digits.
pub(super) fn describe_oid(oid: ObjectIdentifier) -> String {
    const OWN: [(ObjectIdentifier, &str); 8] = [
        (COMMON_NAME, "CN"),
        (ObjectIdentifier::new_unwrap("2.5.4.5"), "serialNumber"),
        (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
        (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
        (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
        (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
        (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
        (EMAIL_ADDRESS, "emailAddress"),
    ];
    // The table of names has hundreds of lines and no order; a batch asks for the same few in each certificate.
    static ASKED: Mutex<BTreeMap<ObjectIdentifier, &str>> = Mutex::new(BTreeMap::new());
    if let Some((_, name)) = OWN.iter().find(|(own, _)| *own == oid) {
        return (*name).to_owned();
    }
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let name = asked.get(&oid).copied().or_else(|| DB.by_oid(&oid));
    match name {
        Some(name) => {
            asked.insert(oid, name);
            name.to_owned()
        }
        None => object_identifier::dotted(oid.as_bytes()),
    }
}

impl fmt::Display for Name {
    /// RFC 4514 section 2.1: last RDN first. Values of every string type are shown as text. Control and bidirectional characters are written as hex
    /// pairs, so that a name from a stranger cannot rearrange a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(rdns) = self.attributes() else {
            return write!(f, "#{}", Hex(self.der()));
        };
        for (index, rdn) in rdns.iter().rev().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            for (index, attribute) in rdn.iter().enumerate() {
                f.write_str(if index == 0 { "" } else { "+" })?;
                write!(f, "{}=", describe_oid(attribute.kind))?;
                match attribute.text() {
                    Some(text) => write_escaped(f, &text)?,
                    None => write!(f, "#{}", Hex(attribute.value_der))?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        let at_edge = (index == 0 && matches!(character, ' ' | '#')) || (index == last && character == ' ');
        if is_unprintable(character) {
            let mut utf8 = [0; 4];
            character
                .encode_utf8(&mut utf8)
                .bytes()
                .try_for_each(|byte| write!(f, "\\{byte:02X}"))?;
        } else if at_edge || matches!(character, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            write!(f, "\\{character}")?;
        } else {
            f.write_char(character)?;
        }
    }
    Ok(())
}

/// Writes a character that could hide or reorder text as RFC 4514 does.
pub(super) fn visible(text: &str) -> String {
    let show = |character: char| {
        if !is_unprintable(character) {
            return character.to_string();
        }
        let mut utf8 = [0; 4];
        let bytes = character.encode_utf8(&mut utf8).bytes();
        bytes.map(|byte| format!("\\{byte:02X}")).collect()
    };
    text.chars().map(show).collect()
}

#[cfg(test)]
mod tests;
