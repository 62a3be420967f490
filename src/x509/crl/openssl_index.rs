//! `index.txt`, the database of `openssl ca`: the earlier revocations of a CA that moves to a token.

mod text;

use std::io::{BufRead, Read};

use super::date::date;
use super::revocations::RevocationsError;
use super::{Revocation, Revocations};
use crate::x509::{CrlReason, SerialNumber, UnixTime, X509Error};

/// Lines of an index are short; anything longer is not an index.
const LONGEST_LINE: u64 = 64 * 1024;

/// The revoked certificates of an `index.txt`, in the order of a CRL.
#[derive(Clone, Debug)]
pub struct OpensslIndex {
    revoked: Revocations,
}

impl OpensslIndex {
    /// Reads an index to its end: tab-separated fields, of which the status, the revocation and the serial number are used. Every revoked
    /// certificate is kept, even if it has expired, as `openssl ca -gencrl` does.
    ///
    /// # Errors
    /// [`X509Error::Index`] names the line; one serial number revoked twice is refused.
    pub fn read(index: impl BufRead) -> Result<Self, X509Error> {
        let mut revoked = Revocations::default();
        let lines = each_line(index, |line| match line.status {
            LineStatus::Issued => Ok(()),
            LineStatus::Revoked => revoked
                .push(&line.revocation()?)
                .map_err(|_| "a serial number of more than 22 octets"),
        })?;
        let revoked = revoked.sorted().map_err(|error| X509Error::Index {
            line: lines,
            reason: match error {
                RevocationsError::Twice(serial) => {
                    format!("up to here, serial number {serial} is revoked twice")
                }
                RevocationsError::LongSerial => "up to here, a serial number is too long".to_owned(),
            },
        })?;
        Ok(Self { revoked })
    }

    /// How many certificates are revoked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// True if no certificate is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }

    /// The revocations, in ascending order of their serial numbers.
    pub fn revocations(&self) -> impl Iterator<Item = Revocation> {
        self.revoked.iter()
    }

    /// The same, as an owned value.
    #[must_use]
    pub fn into_revocations(self) -> Revocations {
        self.revoked
    }
}

/// The fields of a line that are used.
pub(in crate::x509) struct IndexLine<'a> {
    pub(in crate::x509) status: LineStatus,
    /// Its number, from 1.
    pub(super) number: usize,
    expiry: &'a str,
    revocation: &'a str,
    serial: &'a str,
    subject: &'a [u8],
}

/// The first field of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::x509) enum LineStatus {
    /// V, or E once `openssl ca -updatedb` has marked the certificate as expired.
    Issued,
    /// R
    Revoked,
}

impl IndexLine<'_> {
    pub(in crate::x509) fn serial(&self) -> Result<SerialNumber, &'static str> {
        // A hexadecimal number, with a minus if an old CA issued such a number.
        SerialNumber::from_hex(self.serial).ok_or("a serial number that is not hexadecimal")
    }

    /// `notAfter`
    pub(super) fn expiry(&self) -> Result<UnixTime, &'static str> {
        read_time(self.expiry)
    }

    /// The subject, if it is text.
    pub(super) fn subject(&self) -> Option<String> {
        str::from_utf8(self.subject)
            .ok()
            .filter(|subject| !subject.is_empty())
            .map(str::to_owned)
    }

    pub(in crate::x509) fn revocation(&self) -> Result<Revocation, &'static str> {
        read_revocation(self.revocation, self.serial()?)
    }
}

/// Reads an index line by line, to its end, and returns the number of lines. Empty lines and comments are skipped.
pub(in crate::x509) fn each_line(
    index: impl BufRead,
    mut each: impl FnMut(IndexLine<'_>) -> Result<(), &'static str>,
) -> Result<usize, X509Error> {
    let mut index = text::in_utf8(index)?;
    let mut text = Vec::new();
    let mut number = 0;
    loop {
        text.clear();
        let read = Read::by_ref(&mut index)
            .take(LONGEST_LINE + 1)
            .read_until(b'\n', &mut text);
        let wrong = |reason: String| X509Error::Index {
            line: number + 1,
            reason,
        };
        if read.map_err(|error| wrong(error.to_string()))? == 0 {
            return Ok(number);
        }
        if u64::try_from(text.len()).is_ok_and(|length| length > LONGEST_LINE) {
            return Err(wrong("more than 64 KiB in one line".to_owned()));
        }
        read_line(number + 1, &text)
            .and_then(|line| line.map_or(Ok(()), &mut each))
            .map_err(|reason| wrong(reason.to_owned()))?;
        number += 1;
    }
}

const NOT_SIX_FIELDS: &str = "not the six fields of an index of openssl ca";

/// `None` for an empty line or a comment.
fn read_line(number: usize, text: &[u8]) -> Result<Option<IndexLine<'_>>, &'static str> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.trim_ascii().is_empty() || text.starts_with(b"#") {
        return Ok(None);
    }
    // As in TXT_DB_read of OpenSSL: a tab after a backslash does not end a field, the last field may be empty, and a tab may follow it.
    let mut escaped = false;
    let mut fields = text.split(|byte| {
        let ends = *byte == b'\t' && !escaped;
        escaped = *byte == b'\\';
        ends
    });
    let mut field = || fields.next().ok_or(NOT_SIX_FIELDS);
    let mut text_field = || str::from_utf8(field()?).map_err(|_| "a field that is not text");
    let (status, expiry, revocation, serial) = (text_field()?, text_field()?, text_field()?, text_field()?);
    text_field()?;
    // The subject, in any encoding.
    let subject = field()?;
    if fields.any(|more| !more.is_empty()) {
        return Err(NOT_SIX_FIELDS);
    }
    let status = match status {
        "R" => LineStatus::Revoked,
        "V" | "E" => LineStatus::Issued,
        _ => return Err("a status other than V, R or E"),
    };
    Ok(Some(IndexLine {
        status,
        number,
        expiry,
        revocation,
        serial,
        subject,
    }))
}

/// `DATE[,REASON[,MORE]]`, as apps/ca.c of OpenSSL writes it.
fn read_revocation(revocation: &str, serial: SerialNumber) -> Result<Revocation, &'static str> {
    let mut parts = revocation.split(',');
    let revoked_at = read_time(parts.next().unwrap_or_default())?;
    let (name, more) = (parts.next(), parts.next());
    let mut invalid_since = None;
    let mut compromised = || {
        invalid_since = Some(read_time(more.unwrap_or_default())?);
        Ok::<_, &'static str>(())
    };
    let reason = match name {
        None => CrlReason::Unspecified,
        // The key is compromised since that time.
        Some("keyTime") => compromised().map(|()| CrlReason::KeyCompromise)?,
        Some("CAkeyTime") => compromised().map(|()| CrlReason::CaCompromise)?,
        // With an instruction code, which RFC 5280 no longer has.
        Some("holdInstruction") => CrlReason::CertificateHold,
        Some(name) => name
            .parse()
            .map_err(|_| "a reason that openssl ca does not write")?,
    };
    Ok(Revocation {
        serial,
        revoked_at,
        reason,
        invalid_since,
    })
}

/// `YYMMDDHHMMSSZ`, for the years 1950 to 2049 (RFC 5280 section 4.1.2.5.1), or `YYYYMMDDHHMMSSZ`; OpenSSL also accepts the first without seconds.
fn read_time(text: &str) -> Result<UnixTime, &'static str> {
    const WRONG: &str = "a time that is neither YYMMDDHHMMSSZ nor YYYYMMDDHHMMSSZ";
    let digits = text.strip_suffix('Z').ok_or(WRONG)?.as_bytes();
    let pair = |at: usize| match digits.get(at..at + 2) {
        Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => Ok((tens - b'0') * 10 + (ones - b'0')),
        _ => Err(WRONG),
    };
    let (year, from) = match digits.len() {
        10 | 12 => match u16::from(pair(0)?) {
            late @ 50.. => (1900 + late, 2),
            early => (2000 + early, 2),
        },
        14 => (u16::from(pair(0)?) * 100 + u16::from(pair(2)?), 4),
        _ => return Err(WRONG),
    };
    let [month, day, hour, minute] = [pair(from)?, pair(from + 2)?, pair(from + 4)?, pair(from + 6)?];
    let second = if digits.len() == from + 8 {
        0
    } else {
        pair(from + 8)?
    };
    if year < 1950 {
        return Err("a time before 1950, which X.509 does not have");
    }
    date(year, [month, day, hour, minute, second]).ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Revocation>, X509Error> {
        OpensslIndex::read(text.as_bytes()).map(|index| index.revocations().collect())
    }

    #[test]
    fn every_form_that_openssl_writes_is_read() {
        let index = "V\t350101000000Z\t\t0A\tunknown\t/CN=good\n\
            R\t350101000000Z\t261120000000Z,keyCompromise\t0100\tunknown\t/CN=a\n\
            R\t20550101000000Z\t20261120000000Z\tFF\tunknown\t/CN=b\n\
            E\t200101000000Z\t\t0B\tunknown\t/CN=old\n\
            R\t350101000000Z\t261120000000Z,CAkeyTime,20261101000000Z\t02\tunknown\t/CN=\u{e4}\n\
            R\t350101000000Z\t261120000000Z,holdInstruction,1.2.840.10040.2.1\t-03\tunknown\t/CN=c\n";
        let found = read(index).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|found| {
                (
                    found.serial.octets().to_vec(),
                    found.reason,
                    found.invalid_since.is_some(),
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (vec![2], CrlReason::CaCompromise, true),
                (vec![0xfd], CrlReason::CertificateHold, false),
                (vec![0, 0xff], CrlReason::Unspecified, false),
                (vec![1, 0], CrlReason::KeyCompromise, false),
            ]
        );
        assert!(
            found
                .iter()
                .all(|found| found.revoked_at.to_string() == "2026-11-20T00:00:00Z")
        );
    }

    #[test]
    fn the_error_names_a_line_that_cannot_be_read() {
        let good = "R\t350101000000Z\t261120000000Z\t01\tunknown\t/CN=a\n";
        assert_eq!(read(good).unwrap().len(), 1);
        for (bad, why) in [
            (good.replace("R\t", "X\t"), "status"),
            (good.replace("01\tu", "xy\tu"), "hexadecimal"),
            (good.replace("01\tu", "\tu"), "hexadecimal"),
            (
                good.replace("01\tu", &format!("{}\tu", "7f".repeat(23))),
                "22 octets",
            ),
            (good.replace("261120000000Z", "261320000000Z"), "time"),
            (good.replace("261120000000Z", ""), "time"),
            (good.replace("261120000000Z", "261120000000Z,because"), "reason"),
            (good.replace("261120000000Z", "261120000000Z,keyTime"), "time"),
            (good.replace('\t', " "), "fields"),
            (good.replace("\t/CN=a", ""), "fields"),
            (good.replace("/CN=a", "/CN=a\tmore"), "fields"),
            (good.replace("261120000000Z", "19491231235959Z"), "before 1950"),
            (good.replace("261120000000Z", "530229000000Z"), "time"),
            (good.replace("261120000000Z", "20261120000000.5Z"), "time"),
        ] {
            match read(&format!("# a comment\n\n{bad}")) {
                Err(X509Error::Index { line: 3, reason }) => assert!(reason.contains(why), "{reason}"),
                other => panic!("{bad:?}: {other:?}"),
            }
        }
        assert!(matches!(read(&good.repeat(2)), Err(X509Error::Index { .. })));
        // Longer than the longest, in one line that is the first.
        let long = good.replace("/CN=a", &"x".repeat(2_000_000));
        match read(&long) {
            Err(X509Error::Index { line: 1, reason }) => assert!(reason.contains("64 KiB"), "{reason}"),
            other => panic!("{other:?}"),
        }
        let fits = usize::try_from(LONGEST_LINE).unwrap() - good.len() + "/CN=a".len();
        assert_eq!(read(&good.replace("/CN=a", &"x".repeat(fits))).unwrap().len(), 1);
        assert!(read(&good.replace("/CN=a", &"x".repeat(fits + 1))).is_err());
        assert!(read("").unwrap().is_empty());
    }

    #[test]
    fn fields_and_dates_are_read_as_openssl_reads_them() {
        let good = "R\t350101000000Z\t261120000000Z\t01\tunknown\t/CN=a\n";
        let at = |text: &str| read(text).unwrap()[0].revoked_at.to_string();
        for (same, time) in [
            (good.to_owned(), "2026-11-20T00:00:00Z"),
            (good.replace("/CN=a", ""), "2026-11-20T00:00:00Z"),
            (good.replace("/CN=a", "/CN=a\t"), "2026-11-20T00:00:00Z"),
            (good.replace("/CN=a", "/CN=a\\\tb"), "2026-11-20T00:00:00Z"),
            (good.replace('\n', "\r\n"), "2026-11-20T00:00:00Z"),
            (
                good.replace("261120000000Z", "2611200830Z"),
                "2026-11-20T08:30:00Z",
            ),
            (
                good.replace("261120000000Z", "491231235959Z"),
                "2049-12-31T23:59:59Z",
            ),
            (
                good.replace("261120000000Z", "700101000001Z"),
                "1970-01-01T00:00:01Z",
            ),
            // Before the first second that this program supports.
            (
                good.replace("261120000000Z", "500101000000Z"),
                "1970-01-01T00:00:00Z",
            ),
            (
                good.replace("261120000000Z", "520229000000Z"),
                "1970-01-01T00:00:00Z",
            ),
            (
                good.replace("261120000000Z", "19691231235959Z"),
                "1970-01-01T00:00:00Z",
            ),
        ] {
            assert_eq!(at(&same), time, "{same:?}");
        }
        let expired = good.replace("350101000000Z", "500101000000Z");
        assert_eq!(read(&expired).unwrap().len(), 1);
    }
}
