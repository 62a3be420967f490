//! Reads entries in place. A list can have millions: each is read in one pass, and nothing is copied.

use std::collections::BTreeSet;

use const_oid::ObjectIdentifier;
use der::DateTime;

use super::CrlEntry;
use crate::x509::crl::WHAT;
use crate::x509::time::{early_generalized_date, early_utc_date};
use crate::x509::{CrlReason, UnixTime, X509Error};

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;

/// id-ce-cRLReasons (RFC 5280 section 5.3.1)
pub(super) const REASON_CODE: &[u8] = &[0x55, 0x1d, 0x15];
/// id-ce-invalidityDate (RFC 5280 section 5.3.2)
pub(super) const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 0x18];

/// The entries of `revokedCertificates`, one after the other, in place.
#[derive(Debug)]
pub(in crate::x509::crl) struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Entries<'a> {
    /// From the content of `revokedCertificates`.
    pub(in crate::x509::crl) const fn of(content: &'a [u8]) -> Self {
        Self { rest: content }
    }

    /// The bytes that are not read yet.
    pub(in crate::x509::crl) const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<CrlEntry<'a>, X509Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let whole = self.rest;
        let entry = read_entry(whole).map_err(|unread| match unread {
            Unread::Malformed(reason) => X509Error::Malformed {
                what: WHAT,
                reason: format!("an entry with {reason}"),
            },
            Unread::EarlyDate(date) => X509Error::EarlyDate { what: WHAT, date },
        });
        self.rest = match &entry {
            Ok(entry) => whole.get(entry.der.len()..).unwrap_or_default(),
            Err(_) => &[],
        };
        Some(entry)
    }
}

const NOT_DER: &str = "an element that is cut, of another type, or not in DER";
const NO_DATE: &str = "a time that DER does not have";

/// Why an entry is not read.
enum Unread {
    /// What it has, in words.
    Malformed(&'static str),
    /// A date before 1970.
    EarlyDate(String),
}

impl From<&'static str> for Unread {
    fn from(reason: &'static str) -> Self {
        Self::Malformed(reason)
    }
}

impl From<Option<String>> for Unread {
    fn from(date: Option<String>) -> Self {
        date.map_or(Self::Malformed(NO_DATE), Self::EarlyDate)
    }
}

/// The first entry of `bytes`.
fn read_entry(bytes: &[u8]) -> Result<CrlEntry<'_>, Unread> {
    let mut after = bytes;
    let mut rest = take(&mut after, SEQUENCE)?;
    let serial = take(&mut rest, INTEGER)?;
    if !is_minimal(serial) {
        return Err("a serial number that is not an INTEGER in DER".into());
    }
    let is_utc_time = rest.first() == Some(&UTC_TIME);
    let revoked_at = match is_utc_time {
        true => {
            let time = take(&mut rest, UTC_TIME)?;
            utc_time(time).ok_or_else(|| early_utc_date(time))?
        }
        false => {
            let time = take(&mut rest, GENERALIZED_TIME)?;
            generalized_time(time).ok_or_else(|| early_generalized_date(time))?
        }
    };
    let mut entry = CrlEntry {
        serial,
        revoked_at,
        reason: CrlReason::Unspecified,
        invalid_since: None,
        unprocessed_critical: None,
        der: bytes.get(..bytes.len() - after.len()).unwrap_or_default(),
        has_extensions: !rest.is_empty(),
        is_utc_time,
    };
    if entry.has_extensions {
        let extensions = take(&mut rest, SEQUENCE)?;
        read_extensions(extensions, &mut entry)?;
    }
    match rest {
        [] => Ok(entry),
        _ => Err("more than its three fields".into()),
    }
}

fn read_extensions(mut extensions: &[u8], entry: &mut CrlEntry<'_>) -> Result<(), Unread> {
    const TWICE: &str = "an extension that occurs twice";
    let (mut has_reason, mut others) = (false, BTreeSet::new());
    while !extensions.is_empty() {
        let mut rest = take(&mut extensions, SEQUENCE)?;
        let identifier = take(&mut rest, OBJECT_IDENTIFIER)?;
        let critical = match rest.first() {
            Some(&BOOLEAN) => match take(&mut rest, BOOLEAN)? {
                [0xff] => true,
                // DER omits a default value, but some programs write it.
                [0] => false,
                _ => return Err(NOT_DER.into()),
            },
            _ => false,
        };
        let value = take(&mut rest, OCTET_STRING)?;
        if !rest.is_empty() {
            return Err("an extension that goes on after its value".into());
        }
        match identifier {
            REASON_CODE if has_reason => return Err(TWICE.into()),
            REASON_CODE => {
                has_reason = true;
                let reason = match value {
                    [0x0a, 1, code] => CrlReason::from_code(*code),
                    _ => None,
                };
                entry.reason = reason.ok_or("a reasonCode that does not exist")?;
            }
            INVALIDITY_DATE if entry.invalid_since.is_some() => return Err(TWICE.into()),
            INVALIDITY_DATE => {
                let mut value = value;
                let time = take(&mut value, GENERALIZED_TIME)?;
                if !value.is_empty() {
                    return Err(NO_DATE.into());
                }
                let since = generalized_time(time).ok_or_else(|| early_generalized_date(time))?;
                entry.invalid_since = Some(since);
            }
            other => {
                let name = ObjectIdentifier::from_bytes(other).map_err(|_| NOT_DER)?;
                if !others.insert(other) {
                    return Err(TWICE.into());
                }
                if critical {
                    entry.unprocessed_critical = Some(name);
                }
            }
        }
    }
    Ok(())
}

/// The content of the first element of `rest`, which must have this tag; `rest` is moved past the element.
fn take<'a>(rest: &mut &'a [u8], tag: u8) -> Result<&'a [u8], &'static str> {
    let element = |bytes: &'a [u8]| {
        let (found, bytes) = bytes.split_first()?;
        let (length, bytes) = read_length(bytes)?;
        let (content, after) = bytes.split_at_checked(length)?;
        (*found == tag).then_some((content, after))
    };
    let (content, after) = element(rest).ok_or(NOT_DER)?;
    *rest = after;
    Ok(content)
}

/// X.690 section 10.1: definite, in as few octets as possible.
fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    let (octets, rest) = rest.split_at_checked(usize::from(*first & 0x7f))?;
    if octets.len() > 4 || *octets.first()? == 0 {
        return None;
    }
    let length = octets
        .iter()
        .fold(0_u32, |length, octet| length << 8 | u32::from(*octet));
    let length = usize::try_from(length).ok()?;
    (length >= 0x80).then_some((length, rest))
}

/// X.690 section 8.3.2: the first nine bits are not all the same.
fn is_minimal(octets: &[u8]) -> bool {
    match octets {
        [] => false,
        [0, next, ..] => next & 0x80 != 0,
        [0xff, next, ..] => next & 0x80 == 0,
        _ => true,
    }
}

/// RFC 5280 section 4.1.2.5.1: `YYMMDDHHMMSSZ`, for the years 1950 to 2049.
fn utc_time(content: &[u8]) -> Option<UnixTime> {
    let [y, z, rest @ ..] = content else { return None };
    let year = two_digits(*y, *z)?;
    let century = if year >= 50 { 1900 } else { 2000 };
    date_time(century + u16::from(year), rest)
}

/// RFC 5280 section 4.1.2.5.2: `YYYYMMDDHHMMSSZ`
fn generalized_time(content: &[u8]) -> Option<UnixTime> {
    let [c, d, y, z, rest @ ..] = content else {
        return None;
    };
    let century = u16::from(two_digits(*c, *d)?);
    date_time(century * 100 + u16::from(two_digits(*y, *z)?), rest)
}

fn date_time(year: u16, rest: &[u8]) -> Option<UnixTime> {
    let [a, b, c, d, e, f, g, h, i, j, b'Z'] = rest else {
        return None;
    };
    let (month, day) = (two_digits(*a, *b)?, two_digits(*c, *d)?);
    let (hour, minute, second) = (two_digits(*e, *f)?, two_digits(*g, *h)?, two_digits(*i, *j)?);
    let date = DateTime::new(year, month, day, hour, minute, second).ok()?;
    Some(UnixTime(date.unix_duration().as_secs()))
}

fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    let is_number = tens.is_ascii_digit() && ones.is_ascii_digit();
    is_number.then(|| (tens - b'0') * 10 + (ones - b'0'))
}
