//! Writing entries, in DER.

use der::{DateTime, Encode, Length};

use super::Revocation;
use super::read::{
    GENERALIZED_TIME, INTEGER, INVALIDITY_DATE, OBJECT_IDENTIFIER, OCTET_STRING, REASON_CODE, SEQUENCE,
    UTC_TIME,
};
use crate::x509::crl::WHAT;
use crate::x509::{CrlReason, UnixTime, X509Error};

/// The longest entry in bytes, for a serial number that RFC 5280 section 4.1.2.2 allows.
pub(in crate::x509::crl) const LONGEST_ENTRY: usize = 2 + 22 + 17 + 2 + 12 + 26;

impl Revocation {
    /// Appends the entry to `bytes`.
    pub(in crate::x509::crl) fn append_to(&self, bytes: &mut Vec<u8>) -> Result<(), X509Error> {
        append_entry(
            bytes,
            self.serial.octets(),
            self.revoked_at,
            self.reason,
            self.invalid_since,
        )
    }
}

/// RFC 5280 sections 5.1.2.6 and 5.3.
pub(super) fn append_entry(
    bytes: &mut Vec<u8>,
    serial: &[u8],
    revoked_at: UnixTime,
    reason: CrlReason,
    invalid_since: Option<UnixTime>,
) -> Result<(), X509Error> {
    let date = date_of(revoked_at)?;
    // Section 5.1.2.6: as in certificates, UTCTime through 2049.
    let is_utc_time = date.year() <= 2049;
    let date_length: u8 = if is_utc_time { 13 } else { 15 };
    // Section 5.3.1: "the reason code CRL entry extension SHOULD be absent instead of using the unspecified (0)".
    let has_reason = reason != CrlReason::Unspecified;
    let extensions = usize::from(has_reason) * 12 + usize::from(invalid_since.is_some()) * 26;
    let content = header_length(serial.len()) + serial.len() + 2 + usize::from(date_length);
    let content = content + if extensions > 0 { 2 + extensions } else { 0 };

    append_header(bytes, SEQUENCE, content)?;
    append_header(bytes, INTEGER, serial.len())?;
    bytes.extend_from_slice(serial);
    match is_utc_time {
        true => bytes.extend_from_slice(&[UTC_TIME, date_length]),
        false => bytes.extend_from_slice(&[GENERALIZED_TIME, date_length]),
    }
    append_time(bytes, &date, is_utc_time);
    if extensions > 0 {
        append_header(bytes, SEQUENCE, extensions)?;
    }
    // Sections 5.3.1 and 5.3.2: both are non-critical.
    if has_reason {
        bytes.extend_from_slice(&[SEQUENCE, 10, OBJECT_IDENTIFIER, 3]);
        bytes.extend_from_slice(REASON_CODE);
        bytes.extend_from_slice(&[OCTET_STRING, 3, 0x0a, 1, reason.code()]);
    }
    // Section 5.3.2: a GeneralizedTime, whatever the year.
    if let Some(invalid_since) = invalid_since {
        bytes.extend_from_slice(&[SEQUENCE, 24, OBJECT_IDENTIFIER, 3]);
        bytes.extend_from_slice(INVALIDITY_DATE);
        bytes.extend_from_slice(&[OCTET_STRING, 17, GENERALIZED_TIME, 15]);
        append_time(bytes, &date_of(invalid_since)?, false);
    }
    Ok(())
}

fn date_of(time: UnixTime) -> Result<DateTime, X509Error> {
    time.date_time().ok_or(X509Error::Calendar)
}

fn append_time(bytes: &mut Vec<u8>, date: &DateTime, is_utc_time: bool) {
    let [century, year] = [date.year() / 100, date.year() % 100].map(|part| u8::try_from(part).unwrap_or(0));
    let parts = [
        century,
        year,
        date.month(),
        date.day(),
        date.hour(),
        date.minutes(),
        date.seconds(),
    ];
    for part in &parts[usize::from(is_utc_time)..] {
        bytes.extend_from_slice(&[b'0' + part / 10, b'0' + part % 10]);
    }
    bytes.push(b'Z');
}

/// Bytes of a tag and a length.
const fn header_length(content: usize) -> usize {
    match content {
        0..0x80 => 2,
        0x80..0x100 => 3,
        0x100..0x1_0000 => 4,
        0x1_0000..0x100_0000 => 5,
        _ => 6,
    }
}

fn append_header(bytes: &mut Vec<u8>, tag: u8, content: usize) -> Result<(), X509Error> {
    bytes.push(tag);
    if let Ok(short @ 0..0x80) = u8::try_from(content) {
        bytes.push(short);
        return Ok(());
    }
    let written = Length::try_from(content).and_then(|length| length.encode_to_vec(bytes));
    written.map(drop).map_err(X509Error::malformed(WHAT))
}
