//! Times in RFC 3339 form (section 5.6), or as a date alone.

use std::fmt;
use std::str::FromStr;

use der::DateTime;

use super::{LAST, UnixTime};

/// Why a text is not a usable time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeTextError {
    /// Not the form of a date or of a date and a time.
    Form,
    /// `t` or `z`.
    LowerCase,
    /// Neither `Z` nor an offset from UTC after the time.
    NoOffset,
    /// A fraction of a second, which X.509 does not allow.
    Fraction,
    /// Second 60, which neither Unix time nor DER can express.
    LeapSecond,
    /// The 30th of February, or 24:00.
    NoSuchTime,
    /// Before the year 1950, which X.509 cannot express (RFC 5280 section 4.1.2.5).
    Before1950,
    /// From 1950 to 1969: valid in X.509, but not supported by this program.
    Before1970,
    /// After the year 9999, which X.509 cannot express (RFC 5280 section 4.1.2.5).
    After9999,
}

impl fmt::Display for TimeTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => {
                "write a date or a time of RFC 3339: 2027-01-31, 2027-01-31T12:00:00Z or 2027-01-31T12:00:00+01:00"
            }
            Self::LowerCase => "write T and Z as capital letters: 2027-01-31T12:00:00Z",
            Self::NoOffset => {
                "a time needs Z or an offset from UTC after it: 2027-01-31T12:00:00Z or 2027-01-31T12:00:00+01:00"
            }
            Self::Fraction => "X.509 has only whole seconds: remove the fraction",
            Self::LeapSecond => "certificates have no leap seconds: write second 59",
            Self::NoSuchTime => "this date or time does not exist",
            Self::Before1950 => "X.509 cannot express times before the year 1950 (RFC 5280 section 4.1.2.5)",
            Self::Before1970 => "times before the year 1970 are not supported",
            Self::After9999 => "X.509 cannot express times after the year 9999 (RFC 5280 section 4.1.2.5)",
        })
    }
}

impl std::error::Error for TimeTextError {}

impl FromStr for UnixTime {
    type Err = TimeTextError;

    /// `2026-11-20T08:30:00Z`, `2026-11-20T08:30:00+01:00`, or `2026-11-20` for its first second in UTC.
    fn from_str(text: &str) -> Result<Self, TimeTextError> {
        read(text).map(|(first, _)| first)
    }
}

impl UnixTime {
    /// Like [`from_str`](Self::from_str), but a date alone means its last second in UTC.
    ///
    /// # Errors
    /// [`TimeTextError`]
    pub fn parse_last_second(text: &str) -> Result<Self, TimeTextError> {
        read(text).map(|(_, last)| last)
    }
}

/// The first and the last second of the time or date.
fn read(text: &str) -> Result<(UnixTime, UnixTime), TimeTextError> {
    let mut text = Text(text.as_bytes());
    let year = text.year()?;
    text.expect(b'-')?;
    let month = text.two_digits()?;
    text.expect(b'-')?;
    let day = text.two_digits()?;
    let at = |hour, minute, second, offset| to_unix(year?, [month, day, hour, minute, second], offset);
    match text.next() {
        None => Ok((at(0, 0, 0, 0)?, at(23, 59, 59, 0)?)),
        Some(b'T') => {
            let hour = text.two_digits()?;
            text.expect(b':')?;
            let minute = text.two_digits()?;
            text.expect(b':')?;
            let second = text.two_digits()?;
            let time = at(hour, minute, second, text.offset()?)?;
            Ok((time, time))
        }
        Some(b't') => Err(TimeTextError::LowerCase),
        Some(_) => Err(TimeTextError::Form),
    }
}

/// Month, day, hour, minute and second, which is `offset` seconds ahead of UTC.
fn to_unix(year: u16, fields: [u8; 5], offset: i64) -> Result<UnixTime, TimeTextError> {
    let [month, day, hour, minute, second] = fields;
    match year {
        ..1950 => return Err(TimeTextError::Before1950),
        1950..1970 => return Err(TimeTextError::Before1970),
        1970.. => {}
    }
    if second == 60 {
        return Err(TimeTextError::LeapSecond);
    }
    let date = DateTime::new(year, month, day, hour, minute, second);
    let local = date
        .map_err(|_| TimeTextError::NoSuchTime)?
        .unix_duration()
        .as_secs();
    match local.checked_add_signed(-offset) {
        Some(seconds) if seconds <= LAST => Ok(UnixTime(seconds)),
        Some(_) => Err(TimeTextError::After9999),
        None => Err(TimeTextError::Before1970),
    }
}

/// The rest of the text.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn expect(&mut self, byte: u8) -> Result<(), TimeTextError> {
        match self.next() {
            Some(found) if found == byte => Ok(()),
            _ => Err(TimeTextError::Form),
        }
    }

    fn digit(&mut self) -> Result<u8, TimeTextError> {
        match self.next() {
            Some(digit) if digit.is_ascii_digit() => Ok(digit - b'0'),
            _ => Err(TimeTextError::Form),
        }
    }

    fn two_digits(&mut self) -> Result<u8, TimeTextError> {
        Ok(10 * self.digit()? + self.digit()?)
    }

    /// Four digits. With more, the year is reported as too late only if the rest has the right form.
    fn year(&mut self) -> Result<Result<u16, TimeTextError>, TimeTextError> {
        let (century, year) = (self.two_digits()?, self.two_digits()?);
        let mut found = Ok(100 * u16::from(century) + u16::from(year));
        while self.0.first().is_some_and(u8::is_ascii_digit) {
            self.next();
            found = Err(TimeTextError::After9999);
        }
        Ok(found)
    }

    /// `Z` or `+01:00` and nothing after it: in seconds.
    fn offset(&mut self) -> Result<i64, TimeTextError> {
        let sign = match self.next() {
            Some(b'Z') => 0,
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(b'z') => return Err(TimeTextError::LowerCase),
            Some(b'.' | b',') => return Err(TimeTextError::Fraction),
            None => return Err(TimeTextError::NoOffset),
            Some(_) => return Err(TimeTextError::Form),
        };
        let mut seconds = 0;
        if sign != 0 {
            let hours = self.two_digits()?;
            self.expect(b':')?;
            let minutes = self.two_digits()?;
            if hours > 23 || minutes > 59 {
                return Err(TimeTextError::NoSuchTime);
            }
            seconds = 60 * (60 * i64::from(hours) + i64::from(minutes));
        }
        match self.next() {
            None => Ok(sign * seconds),
            Some(_) => Err(TimeTextError::Form),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Result<u64, TimeTextError> {
        text.parse::<UnixTime>().map(|time| time.0)
    }

    #[test]
    fn a_time_is_read_as_it_is_shown() {
        for seconds in [0, 1_000_000, 2_524_608_000, LAST] {
            assert_eq!(first(&UnixTime(seconds).to_string()), Ok(seconds));
        }
    }

    #[test]
    fn a_date_is_its_first_or_its_last_second() {
        assert_eq!(first("1970-01-02"), Ok(86_400));
        assert_eq!(
            UnixTime::parse_last_second("1970-01-02"),
            Ok(UnixTime(2 * 86_400 - 1))
        );
        assert_eq!(UnixTime::parse_last_second("9999-12-31"), Ok(UnixTime(LAST)));
        // A time names only one second.
        let noon = "1970-01-01T12:00:00Z";
        assert_eq!(UnixTime::parse_last_second(noon), Ok(UnixTime(43_200)));
        assert_eq!(first(noon), Ok(43_200));
    }

    #[test]
    fn an_offset_is_subtracted() {
        assert_eq!(first("1970-01-01T01:00:00+01:00"), Ok(0));
        assert_eq!(first("1970-01-01T00:00:00-05:30"), Ok(19_800));
        assert_eq!(first("2027-03-01T00:30:00+01:00"), first("2027-02-28T23:30:00Z"));
        // RFC 3339 section 4.3: a UTC time whose local offset is unknown.
        assert_eq!(first("1970-01-01T00:00:01-00:00"), Ok(1));
        assert_eq!(first("9999-12-31T23:59:59+23:59"), Ok(LAST - 86_340));
    }

    #[test]
    fn every_other_text_is_refused_with_its_own_reason() {
        use TimeTextError::{
            After9999, Before1950, Before1970, Form, Fraction, LeapSecond, LowerCase, NoOffset, NoSuchTime,
        };
        for (text, reason) in [
            ("", Form),
            ("tomorrow", Form),
            ("2027", Form),
            ("2027-01", Form),
            ("27-01-31", Form),
            ("20270131", Form),
            ("2027-1-31", Form),
            ("2027-01-31 ", Form),
            (" 2027-01-31", Form),
            ("+2027-01-31", Form),
            ("-2027-01-31", Form),
            ("2027-01-31T", Form),
            ("2027-01-31T12", Form),
            ("2027-01-31T12:00", Form),
            ("2027-01-31T12:00Z", Form),
            ("2027-01-31 12:00:00Z", Form),
            ("2027-01-31T12:00:00ZZ", Form),
            ("2027-01-31T12:00:00+0100", Form),
            ("2027-01-31T12:00:00+01", Form),
            ("2027-01-31T12:00:00 UTC", Form),
            ("2027-01-31T12:00:00Z[UTC]", Form),
            ("２０２７-01-31", Form),
            ("2027-01-31T12:00:00\u{2212}01:00", Form),
            ("2027-01-31\0", Form),
            ("2027-01-31t12:00:00Z", LowerCase),
            ("2027-01-31T12:00:00z", LowerCase),
            ("2027-01-31T12:00:00", NoOffset),
            ("2027-01-31T12:00:00.5Z", Fraction),
            ("2027-01-31T12:00:00,5Z", Fraction),
            ("2016-12-31T23:59:60Z", LeapSecond),
            ("2027-02-30", NoSuchTime),
            ("2027-02-29", NoSuchTime),
            ("2100-02-29", NoSuchTime),
            ("2027-00-01", NoSuchTime),
            ("2027-13-01", NoSuchTime),
            ("2027-01-00", NoSuchTime),
            ("2027-01-32", NoSuchTime),
            ("2027-01-31T24:00:00Z", NoSuchTime),
            ("2027-01-31T12:60:00Z", NoSuchTime),
            ("2027-01-31T12:00:61Z", NoSuchTime),
            ("2027-01-31T12:00:00+24:00", NoSuchTime),
            ("2027-01-31T12:00:00+01:60", NoSuchTime),
            ("0000-01-01", Before1950),
            ("1949-12-31T23:59:59Z", Before1950),
            ("1950-01-01", Before1970),
            ("1969-12-31T23:59:59Z", Before1970),
            ("1970-01-01T00:00:00+00:01", Before1970),
            ("10000-01-01", After9999),
            ("99999999999999999999-01-01T00:00:00Z", After9999),
            ("9999-12-31T23:59:59-00:01", After9999),
        ] {
            assert_eq!(first(text), Err(reason), "{text:?}");
            assert_eq!(UnixTime::parse_last_second(text), Err(reason), "{text:?}");
        }
        assert_eq!(first("2028-02-29"), Ok(1_835_395_200));
    }
}
