//! Times in DER: `UTCTime` and `GeneralizedTime`.

use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{DateTime, Decode, Reader, SliceReader, Tag, Tagged};
use x509_cert::time::Time;

use super::X509Error;
use crate::values::UnixTime;

impl UnixTime {
    pub(super) fn from_time(time: &Time) -> Self {
        Self(time.to_unix_duration().as_secs())
    }

    pub(super) fn from_generalized_time(time: &GeneralizedTime) -> Self {
        Self(time.to_unix_duration().as_secs())
    }

    /// For structures that only have GeneralizedTime, such as those of OCSP.
    pub(super) fn to_generalized_time(self) -> Result<GeneralizedTime, X509Error> {
        let date = self.date_time().ok_or(X509Error::Calendar)?;
        Ok(GeneralizedTime::from_date_time(date))
    }

    /// RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050.
    pub(super) fn to_time(self) -> Result<Time, X509Error> {
        let date = self.date_time().ok_or(X509Error::Calendar)?;
        match UtcTime::from_date_time(date) {
            Ok(time) if date.year() <= 2049 => Ok(Time::UtcTime(time)),
            _ => Ok(Time::GeneralTime(GeneralizedTime::from_date_time(date))),
        }
    }
}

/// The first date in `der` that cannot be read, if that is only because it lies before 1970. X.509 has dates from 1950 in a UTCTime, and from the
/// year 0 in a GeneralizedTime.
pub(super) fn find_early_date(der: &[u8]) -> Option<String> {
    first_unread(der, DEEPEST)?.ok()
}

/// Times are at most this deep in the structures that have some.
const DEEPEST: usize = 16;

/// The first time that cannot be read: its date, or `Err` if the calendar does not have it.
fn first_unread(der: &[u8], levels: usize) -> Option<Result<String, ()>> {
    let mut reader = SliceReader::new(der).ok()?;
    while !reader.is_finished() {
        let element = AnyRef::decode(&mut reader).ok()?;
        let found = match element.tag() {
            Tag::UtcTime if UtcTime::try_from(element).is_err() => {
                Some(early_utc_date(element.value()).ok_or(()))
            }
            Tag::GeneralizedTime if GeneralizedTime::try_from(element).is_err() => {
                Some(early_generalized_date(element.value()).ok_or(()))
            }
            tag if tag.is_constructed() && levels > 0 => first_unread(element.value(), levels - 1),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The date in the content of a UTCTime (RFC 5280 section 4.1.2.5.1), if it lies before 1970.
pub(super) fn early_utc_date(content: &[u8]) -> Option<String> {
    match content {
        // From 00 to 49 it is 20YY.
        [b'5'..=b'6', ..] => early_generalized_date(&[b"19", content].concat()),
        _ => None,
    }
}

/// The date in the content of a GeneralizedTime (RFC 5280 section 4.1.2.5.2), if it lies before 1970.
pub(super) fn early_generalized_date(content: &[u8]) -> Option<String> {
    /// The calendar repeats after 400 years, so a year that is this much later has the same days.
    const CYCLES: u16 = 5 * 400;
    let digits: [u8; 14] = content.strip_suffix(b"Z")?.try_into().ok()?;
    let text = str::from_utf8(&digits).ok()?;
    let year: u16 = text.get(..4)?.parse().ok()?;
    let pair = |at: usize| text.get(at..at + 2)?.parse().ok();
    if year >= 1970 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (month, day) = (pair(4)?, pair(6)?);
    DateTime::new(year + CYCLES, month, day, pair(8)?, pair(10)?, pair(12)?).ok()?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::Certificate;
    use crate::x509::fixture::{SoftwareKey, authority};

    /// What the crate does not read, and openssl does.
    #[test]
    fn a_date_before_1970_is_told_from_one_that_the_calendar_does_not_have() {
        for (text, date) in [
            ("500101000000Z", Some("1950-01-01")),
            ("691231235959Z", Some("1969-12-31")),
            ("520229000000Z", Some("1952-02-29")),
            ("530229000000Z", None),
            ("500101000060Z", None),
            ("5001010000Z", None),
            ("+50101000000Z", None),
        ] {
            assert_eq!(early_utc_date(text.as_bytes()).as_deref(), date, "{text}");
        }
        for (text, date) in [
            ("19500101000000Z", Some("1950-01-01")),
            ("00000229000000Z", Some("0000-02-29")),
            ("19000229000000Z", None),
            ("19700101000000Z", None),
            ("19500101000000.5Z", None),
            ("19500101000000", None),
        ] {
            assert_eq!(early_generalized_date(text.as_bytes()).as_deref(), date, "{text}");
        }
        // In the order of the structure: a time that no calendar has comes first, or a time that can be read.
        let early = b"\x17\x0d500101000000Z".as_slice();
        let wrong = b"\x17\x0d501301000000Z".as_slice();
        let sound = b"\x17\x0d700101000000Z".as_slice();
        let nested = |times: &[&[u8]]| {
            let content = times.concat();
            [&[0x30, u8::try_from(content.len()).unwrap()], &content[..]].concat()
        };
        assert_eq!(
            find_early_date(&nested(&[sound, early])).as_deref(),
            Some("1950-01-01")
        );
        assert_eq!(find_early_date(&nested(&[wrong, early])), None);
        assert_eq!(find_early_date(&nested(&[sound])), None);
        assert_eq!(find_early_date(&early[..9]), None);
        assert_eq!(find_early_date(&[0x30, 0x80].repeat(1000)), None);
    }

    #[test]
    fn a_certificate_with_such_a_date_is_not_called_malformed() {
        let der = authority(&SoftwareKey::generate()).der().to_vec();
        let at = der.windows(2).position(|bytes| bytes == [0x17, 13]).unwrap() + 2;
        let read = |date: &[u8; 13]| {
            let mut bent = der.clone();
            bent[at..at + 13].copy_from_slice(date);
            Certificate::from_der(&bent).map(drop)
        };
        let error = read(b"500101000000Z").unwrap_err().to_string();
        assert_eq!(
            error,
            "the certificate's date 1950-01-01 lies before 1970, which is not supported"
        );
        assert!(matches!(read(b"691231235959Z"), Err(X509Error::EarlyDate { .. })));
        assert!(matches!(read(b"500132000000Z"), Err(X509Error::Malformed { .. })));
        assert!(read(b"700101000000Z").is_ok());
    }

    #[test]
    fn the_encoding_changes_with_the_year_2050() {
        let last = UnixTime(2_524_607_999);
        assert_eq!(last.to_string(), "2049-12-31T23:59:59Z");
        assert!(matches!(last.to_time(), Ok(Time::UtcTime(_))));
        assert!(matches!(UnixTime(last.0 + 1).to_time(), Ok(Time::GeneralTime(_))));
    }

    #[test]
    fn the_calendar_ends_with_9999() {
        assert!(UnixTime(253_402_300_799).to_time().is_ok());
        assert!(matches!(
            UnixTime(253_402_300_800).to_time(),
            Err(X509Error::Calendar)
        ));
        assert!(matches!(UnixTime(u64::MAX).to_time(), Err(X509Error::Calendar)));
    }
}
