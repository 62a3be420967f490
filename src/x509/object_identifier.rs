//! Object identifiers, by their octets: X.690 section 8.19. `const-oid` accepts unneeded octets, which other decoders refuse, and shows only the lower
//! 32 bits of a number.

use std::fmt::Write as _;

use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader, Tag, TagNumber};

use super::X509Error;
use crate::signer::Hex;

/// `registeredID` of a `GeneralName` (RFC 5280 section 4.2.1.6)
const REGISTERED_ID: TagNumber = TagNumber(8);

/// Where object identifiers are searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// A structure without `GeneralName`s that are tagged implicitly.
    Structure,
    /// The value of an extension, where `[8]` is a `registeredID`.
    Extension,
}

/// What is wrong with the first object identifier in `der` that not every decoder reads, or that this program cannot. Octet strings are not searched.
pub(super) fn find_fault(der: &[u8], within: Within) -> Option<String> {
    let mut parts = vec![der];
    while let Some(part) = parts.pop() {
        let Ok(mut reader) = SliceReader::new(part) else {
            continue;
        };
        // Other code refuses what is not well-formed.
        while let Ok(element) = AnyRef::decode(&mut reader) {
            let is_identifier = match der::Tagged::tag(&element) {
                Tag::ObjectIdentifier => true,
                Tag::ContextSpecific {
                    constructed: false,
                    number,
                } => within == Within::Extension && number == REGISTERED_ID,
                tag => {
                    if tag.is_constructed() {
                        parts.push(element.value());
                    }
                    false
                }
            };
            if is_identifier && let Some(fault) = fault(element.value()) {
                return Some(fault);
            }
            if reader.is_finished() {
                break;
            }
        }
    }
    None
}

/// Refuses a structure with such an object identifier.
pub(super) fn refuse_fault(der: &[u8], what: &'static str) -> Result<(), X509Error> {
    match find_fault(der, Within::Structure) {
        None => Ok(()),
        Some(reason) => Err(X509Error::Malformed { what, reason }),
    }
}

/// What is wrong with the octets of an object identifier.
pub(super) fn fault(octets: &[u8]) -> Option<String> {
    let shown = dotted(octets);
    if numbers(octets).any(|number| number.first() == Some(&0x80)) {
        return Some(format!(
            "the object identifier {shown} has unneeded octets ({}; X.690 section 8.19.2)",
            Hex(octets)
        ));
    }
    const_oid::ObjectIdentifier::from_bytes(octets)
        .is_err()
        .then(|| format!("the object identifier {shown} is not supported"))
}

/// The identifier with all digits of its numbers, or its octets in hex if it is cut or has a number above 2¹²⁸.
pub(super) fn dotted(octets: &[u8]) -> String {
    let text = || {
        let mut text = String::new();
        for number in numbers(octets) {
            if number.last()? & 0x80 != 0 {
                return None;
            }
            let number = number.iter().try_fold(0_u128, |sum, octet| {
                Some(sum.checked_mul(128)? | u128::from(octet & 0x7f))
            })?;
            match number {
                _ if !text.is_empty() => write!(text, ".{number}").ok()?,
                0..40 => write!(text, "0.{number}").ok()?,
                40..80 => write!(text, "1.{}", number - 40).ok()?,
                _ => write!(text, "2.{}", number - 80).ok()?,
            }
        }
        (!text.is_empty()).then_some(text)
    };
    text().unwrap_or_else(|| format!("0x{}", Hex(octets)))
}

/// The octets of each number. The first stands for two.
fn numbers(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    octets.split_inclusive(|octet| octet & 0x80 == 0)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// openssl shows each identifier, or refuses it.
    #[test]
    fn openssl_shows_the_same_numbers_and_refuses_the_same_octets() {
        let long = [&[0x2a; 1][..], &[0x83; 5], &[0x03]].concat();
        let of_a_uuid = [&[0x69, 0x83][..], &[0xff; 17], &[0x7f]].concat();
        for octets in [
            &[0x55, 0x04, 0x03][..],
            &[0x00],
            &[0x27],
            &[0x28],
            &[0x4f],
            &[0x50],
            &[0x88, 0x37, 0x03],
            &[0x2a, 0x90, 0x80, 0x80, 0x80, 0x01],
            &[0x2a, 0x8f, 0xff, 0xff, 0xff, 0x7f],
            &long,
            &of_a_uuid,
            &[0x55, 0x80, 0x04, 0x03],
            &[0x80, 0x55, 0x04, 0x03],
            &[0x55, 0x04, 0x80, 0x80],
            &[0x55, 0x04, 0x83],
        ] {
            let length = u8::try_from(octets.len()).unwrap();
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("oid");
            std::fs::write(&file, [&[0x06, length], octets].concat()).unwrap();
            let output = Command::new("openssl")
                .args(["asn1parse", "-inform", "DER", "-in"])
                .arg(&file)
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let theirs = text.trim().rsplit(':').next().unwrap();
            let shown = dotted(octets);
            let found = fault(octets);
            if theirs.starts_with('[') || !output.status.success() {
                assert!(found.is_some(), "{octets:02x?}: {text}");
            } else {
                let name = const_oid::ObjectIdentifier::new("2.5.4.3").unwrap();
                let is_name = octets == name.as_bytes() && theirs == "commonName";
                assert!(shown == theirs || is_name, "{shown}, not {theirs}");
            }
        }
    }

    #[test]
    fn it_is_found_at_any_depth_and_not_in_octet_strings() {
        let padded = [0x06, 0x04, 0x55, 0x80, 0x04, 0x03];
        let wrap = |tag: u8, content: &[u8]| {
            let length = u8::try_from(content.len()).unwrap();
            [&[tag, length], content].concat()
        };
        let nested = wrap(
            0x30,
            &[&wrap(0x02, &[1])[..], &wrap(0xa0, &wrap(0x31, &padded))].concat(),
        );
        let found = find_fault(&nested, Within::Structure).unwrap();
        assert_eq!(
            found,
            "the object identifier 2.5.4.3 has unneeded octets (55800403; X.690 section 8.19.2)"
        );
        assert_eq!(
            find_fault(&wrap(0x30, &wrap(0x04, &padded)), Within::Structure),
            None
        );
        let registered = wrap(0x30, &wrap(0x88, &[0x2a, 0x80, 0x01]));
        assert_eq!(find_fault(&registered, Within::Structure), None);
        assert!(find_fault(&registered, Within::Extension).is_some());
        // Malformed input ends the search, without a panic.
        let deep = [0x30, 0x80].repeat(100_000);
        assert_eq!(find_fault(&deep, Within::Structure), None);
        assert_eq!(find_fault(&[0x06, 0x05, 0x55], Within::Structure), None);
    }
}
